/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/xfsm-replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "xfsm/base/mem.h"
#include "xfsm/io/capture.h"

/* Packets asked of the capture at once: what the engine takes at once, so that
 * they are still in the nearest cache when it does. */
#define BATCH XFSM_BATCH

static bool
is_wanted(const struct xfsm_replay *replay, const char *label)
{
    int i;

    for (i = 0; i < replay->n_labels; i++) {
        if (!strcmp(replay->labels[i], label)) {
            return true;
        }
    }
    return !replay->n_labels;
}

static bool
is_full(const struct xfsm_replay *replay)
{
    return replay->max_events && replay->n_events >= replay->max_events;
}

void
xfsm_replay_emit(const struct xfsm_event *event, void *aux)
{
    struct xfsm_replay *replay = aux;
    char json[XFSM_EVENT_JSON_MAX];
    size_t len;
    int error;

    if (!is_wanted(replay, event->label) || is_full(replay)) {
        return;
    }
    replay->n_events++;
    len = xfsm_event_format_json(event, &replay->identity, json, sizeof json);
    error = xfsm_file_sink_write(replay->sink, json, len);
    if (error && !replay->write_error) {
        replay->write_error = error;
    }
    if (replay->pub) {
        char topic[XFSM_EVENT_TOPIC_MAX];
        size_t topic_len = xfsm_event_format_topic(event, &replay->identity,
                                                   topic, sizeof topic);

        /* What is dropped, the publisher counts. */
        xfsm_zmq_pub_send(replay->pub, topic, topic_len, json, len);
    }
}

static double
now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void
flush(struct xfsm_replay *replay)
{
    int error = xfsm_file_sink_flush(replay->sink);

    if (error && !replay->write_error) {
        replay->write_error = error;
    }
}

/* Runs all packets of 'capture'. */
static void
run_packets(struct xfsm_replay *replay, struct xfsm_engine *engine,
            struct xfsm_capture *capture)
{
    struct xfsm_packet packets[BATCH];
    int n;
    int i;

    while (!replay->write_error && !is_full(replay)
           && (n = xfsm_capture_next_batch(capture, packets, BATCH)) > 0) {
        for (i = 0; i < n; i++) {
            if (packets[i].ts > replay->last_ts) {
                replay->last_ts = packets[i].ts;
            }
        }
        xfsm_engine_run(engine, packets, n);
        if (replay->flush) {
            flush(replay);
        }
    }
}

char *
xfsm_replay_run(struct xfsm_replay *replay, struct xfsm_engine *engine,
                const char *path)
{
    struct xfsm_capture *capture;
    double start = now();
    char *error;

    error = xfsm_capture_open(path, &capture);
    if (error) {
        return error;
    }
    run_packets(replay, engine, capture);
    if (!replay->write_error && replay->last_ts && replay->linger) {
        xfsm_engine_advance(engine, replay->last_ts + replay->linger);
    }
    if (!replay->write_error) {
        xfsm_engine_stop(engine);
    }
    flush(replay);
    if (xfsm_capture_error(capture)) {
        error = strdup(xfsm_capture_error(capture));
        if (!error) {
            abort();
        }
    }
    xfsm_capture_close(capture);
    replay->seconds = now() - start;
    return error;
}

/* Prints a counter that is not 0, and what it counts. */
static void
print_counter(const char *kind, const char *name, uint64_t value,
              const char *doc)
{
    if (value) {
        fprintf(stderr, "  %s%-*s %12"PRIu64"  %s\n", kind,
                (int) (32 - strlen(kind)), name, value, doc);
    }
}

void
xfsm_replay_print_stats(const struct xfsm_replay *replay,
                        const struct xfsm_engine *engine)
{
    double seconds = replay->seconds > 1e-9 ? replay->seconds : 1e-9;
    struct xfsm_engine_stats stats;
    unsigned int i;

    xfsm_engine_get_stats(engine, &stats);
    fprintf(stderr, "%"PRIu64" packets, %"PRIu64" bytes, %"PRIu64" events in "
            "%.3f seconds: %.0f packets/s\n", stats.packets, stats.bytes,
            stats.events, replay->seconds, stats.packets / seconds);
#define PRINT_COUNTER(NAME, DOC) print_counter("", #NAME, stats.NAME, DOC);
    XFSM_ENGINE_COUNTERS(PRINT_COUNTER)
#undef PRINT_COUNTER
    for (i = 0; i < XFSM_N_DECODE_ERRORS; i++) {
        if (i != XFSM_DE_NONE) {
            print_counter("decode error ", xfsm_decode_error_names[i],
                          stats.decode_errors[i], xfsm_decode_error_docs[i]);
        }
    }
    print_counter("", "huge_page_bytes", xfsm_mem_huge_bytes(),
                  "Bytes of tables that were to be in huge pages");
    if (replay->pub) {
        print_counter("", "published", xfsm_zmq_pub_sent(replay->pub),
                      "Events that were published");
        print_counter("", "publish_dropped",
                      xfsm_zmq_pub_dropped(replay->pub),
                      "Events that could not be published");
    }
}
