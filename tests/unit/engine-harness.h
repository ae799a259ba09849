/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_ENGINE_HARNESS_H
#define XFSM_TESTS_ENGINE_HARNESS_H 1

/* Programs on packets, in tests.
 *
 * A test compiles the text of a program, sends packets at times in seconds
 * from EH_EPOCH on, and compares what was published with lines of text:
 *
 *     struct eh eh;
 *
 *     eh_init(&eh);
 *     eh_load(&eh, "p", "<botstream>...</botstream>");
 *     eh_syn(&eh, 0, "10.0.0.1", "10.0.0.2", 80);
 *     eh_expect(&eh, "0 log hello 10.0.0.1", NULL);
 *     eh_free(&eh);
 *
 * Two forms of each event are kept.  The brief one is "SECONDS LABEL TEXT",
 * then " suspect", " lost=N", " raw=N" (bytes of the packet),
 * " {feature=value ...}" and " hops=N" where the event has these.  The full
 * one (eh_line_format()) has everything an event says and is what the
 * reference executor's events are compared with.
 *
 * Anything that goes wrong fails the test that runs.  The engine's entropy is
 * all zero, so that a run is the same every time.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/engine.h"
#include "xfsm/program/model.h"

/* How often a test repeats itself: sanitizers make it several times slower and
 * find what is wrong with memory in the first rounds. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define EH_ROUNDS(PLAIN, SANITIZED) (SANITIZED)
#else
#define EH_ROUNDS(PLAIN, SANITIZED) (PLAIN)
#endif

/* How many random cases are run: XFSM_SEEDS in the environment, or 'usual'. */
unsigned int eh_seeds(unsigned int usual);

/* When tests begin: 2026-01-01T00:00:00Z, in ns. */
#define EH_EPOCH (UINT64_C(1767225600) * 1000000000)

/* ## Programs ## */

/* Pieces of programs; attribute values are in single quotes. */
#define EH_PROGRAM(BODY) "<botstream>" BODY "</botstream>"
#define EH_STATE(NAME) "<statedef id='" NAME "'/>"
#define EH_VD "<variation_detector status='on'/>"
#define EH_VM(TYPE) "<variation_monitor status='on' type='" TYPE "'/>"
#define EH_METRIC(NAME, BODY) \
    "<metric name='" NAME "'>" BODY "</metric>"
#define EH_TABLE(NAME) "<table name='" NAME "' type='DLeft'/>"
#define EH_FEATURE(NAME, BODY) \
    "<feature name='" NAME "' body='" BODY "'/>"
#define EH_ON(SELECTOR, KEY, BODY) \
    "<event type='packet' selector='" SELECTOR "' primary-key='" KEY "'>" \
    BODY "</event>"
#define EH_TIMEOUT(CLASS, BODY) \
    "<event type='timeout' class='" CLASS "'>" BODY "</event>"
#define EH_IN(STATE, BODY) "<state id='" STATE "'>" BODY "</state>"
#define EH_USE(METRIC, OPS) "<use-metric id='" METRIC "' " OPS "/>"
#define EH_IF(EXPRESSION, ACTION, NEXT) \
    "<condition expression='" EXPRESSION "' action='" ACTION "' " \
    "next_state='" NEXT "'/>"
#define EH_IF_SET(EXPRESSION, ACTION, NEXT, TIMERS) \
    "<condition expression='" EXPRESSION "' action='" ACTION "' " \
    "next_state='" NEXT "'>" TIMERS "</condition>"
#define EH_TIMER(CLASS, KEY, VALUE) \
    "<timeout_set class='" CLASS "' key='" KEY "' value='" VALUE "'/>"
#define EH_POST(ACTION) "<post-condition-action do='" ACTION "'/>"

/* Loads a program's text into a model, or compiles it to an image, which the
 * caller destroys or frees.  'name' is what dialect 1 lacks. */
struct xfsm_program *eh_model(const char *name, const char *xml);
void *eh_image(const char *name, const char *xml, size_t *lenp);
void *eh_image_of_model(const struct xfsm_program *, size_t *lenp);

/* Fails unless compiling gives an error that contains 'part'. */
void eh_refuse(const char *xml, const char *part);

/* Reads the file 'path'.  NULL if it is not there; the caller frees it. */
char *eh_read_file(const char *path, size_t *lenp);

/* The folder of shared test data, NULL (with a line printed) if there is
 * none: the test should then skip(). */
const char *eh_shared_data(void);

/* Calls 'cb' for each file of 'folder' whose name ends in one of 'suffixes',
 * a NULL behind the last, in the order of their names. */
void eh_for_each_file(const char *folder, const char *const suffixes[],
                      void (*cb)(const char *path, const char *name,
                                 void *aux),
                      void *aux);

/* The same for each program of the shared test data and of the library. */
void eh_for_each_program(void (*cb)(const char *path, const char *name,
                                    void *aux),
                         void *aux);

/* ## Packets kept in memory ## */

struct eh_packets {
    size_t n, allocated;
    struct xfsm_packet *packets;    /* Source members; data owned. */
};

void eh_packets_add(struct eh_packets *, const struct xfsm_packet *);
void eh_packets_free(struct eh_packets *);

/* Adds all of a capture file.  False if there are more than 'max' packets or
 * the file cannot be read to its end; what was read is there. */
bool eh_packets_read(struct eh_packets *, const char *path, size_t max);

/* Suffixes of the names of captures, for eh_for_each_file(). */
extern const char *const eh_captures[];

/* Calls 'cb' with up to 'max' packets of each Ethernet capture of 'folder' of
 * the shared test data. */
void eh_for_each_capture(const char *folder, size_t max,
                         void (*cb)(const char *name,
                                    const struct eh_packets *));

/* ## Running ## */

struct eh_lines {
    size_t n, allocated;
    char **lines;
};

void eh_lines_add(struct eh_lines *, char *line);   /* Takes 'line'. */
void eh_lines_clear(struct eh_lines *);

struct eh {
    struct xfsm_engine *engine;
    struct eh_lines brief, full;
    struct xfsm_identity identity;
};

void eh_init(struct eh *);
void eh_init_backend(struct eh *, enum xfsm_backend);
void eh_init_port(struct eh *, const char *bridge, const char *port);
void eh_free(struct eh *);
void eh_load(struct eh *, const char *name, const char *xml);

/* Sends one frame at EH_EPOCH + 'seconds'. */
void eh_frame(struct eh *, double seconds, const void *data, size_t len);

/* Sends a TCP packet (from port 40000, with a payload of "x") or a UDP one
 * (from port 5000), or a DNS response. */
void eh_tcp(struct eh *, double seconds, const char *src, const char *dst,
            unsigned int dport, unsigned int flags);
void eh_syn(struct eh *, double seconds, const char *src, const char *dst,
            unsigned int dport);
void eh_udp(struct eh *, double seconds, const char *src, const char *dst,
            unsigned int dport);
void eh_dns(struct eh *, double seconds, const char *server,
            const char *client, unsigned int rcode, const char *name);

/* Sends all packets in batches of 'batch'.  They may be sent again. */
void eh_run(struct eh *, const struct eh_packets *, size_t batch);

/* Lets time go on to EH_EPOCH + 'seconds'. */
void eh_advance(struct eh *, double seconds);

/* Compares the brief forms of all events since the last call with the lines
 * given, a NULL behind them, and forgets them. */
void eh_expect(struct eh *, ...) __attribute__((sentinel));

/* The counters of the engine. */
struct xfsm_engine_stats eh_stats(const struct eh *);

/* ## The full form ## */

/* What a full line tells. */
struct eh_line {
    uint64_t ts;
    const char *label, *program, *state, *next_state;
    const char *code, *level, *description;
    const struct xfsm_packet *packet;   /* With the values of the key. */
    const uint8_t *key_fields;
    int n_key_fields;
    const struct xfsm_prefix_lengths *key_prefixes;
    int n_features;
    const char *const *feature_names;
    const double *feature_values;
    const uint8_t *raw;
    size_t raw_len;
    bool suspect;
    unsigned int hops;
    const char *text;
    size_t text_len;
};

/* Returns the line, which the caller frees.  Values of features have six
 * digits, so that rounding does not show. */
char *eh_line_format(const struct eh_line *);

/* Returns the index of the first line that differs, or SIZE_MAX. */
size_t eh_lines_differ(const struct eh_lines *, const struct eh_lines *);

#endif /* tests/unit/engine-harness.h */
