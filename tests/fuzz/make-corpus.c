/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Usage: make-corpus DIR INPUT...
 *
 * Makes inputs for the fuzz targets out of captures and programs (INPUTs whose
 * name ends in ".xml"), in DIR/packet, DIR/engine, DIR/capture, DIR/xml,
 * DIR/image, DIR/event and DIR/message; what programs know after a capture, in
 * DIR/state; and messages of each type, in DIR/control.  A capture that cannot
 * be read gives what was read, and itself.  What each kind of input looks like
 * is told at the head of tests/fuzz/fuzz-KIND.c. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ovs-plugin/ipc.h"
#include "tests/fuzz/fuzz-fixed.h"
#include "xfsm/engine.h"
#include "xfsm/io/capture.h"
#include "xfsm/io/event-batch.h"
#include "xfsm/program/compile.h"

/* Bounds on what comes of one INPUT. */
#define FRAMES_MAX 40
#define FRAME_BYTES_MAX 2048
#define FILE_BYTES_MAX 65536
#define EVENTS_MAX 20

#define STEP_100MS 27               /* About: 2^27 ns. */

static const char *top;

/* Number in the names of the files written. */
static unsigned int serial;

static void
die(const char *name, const char *what)
{
    fprintf(stderr, "%s: %s\n", name, what);
    exit(1);
}

static char * __attribute__((format(printf, 1, 2)))
xasprintf(const char *format, ...)
{
    va_list args;
    char *s;

    va_start(args, format);
    if (vasprintf(&s, format, args) < 0) {
        abort();
    }
    va_end(args);
    return s;
}

/* Writes an input of 'kind': 'prefix', then 'data'. */
static void
put(const char *kind, const void *prefix, size_t prefix_len,
    const void *data, size_t len)
{
    char *path = xasprintf("%s/%s/%05u", top, kind, serial++);
    FILE *file = fopen(path, "wb");

    if (!file || (prefix_len && fwrite(prefix, prefix_len, 1, file) != 1)
        || (len && fwrite(data, len, 1, file) != 1) || fclose(file)) {
        die(path, "cannot be written");
    }
    free(path);
}

static char *
read_file(const char *path, size_t *lenp)
{
    FILE *file = fopen(path, "rb");
    char *data = malloc(FILE_BYTES_MAX);

    if (!file || !data) {
        die(path, strerror(errno));
    }
    *lenp = fread(data, 1, FILE_BYTES_MAX, file);
    fclose(file);
    return data;
}

/* ## Programs ## */

static void
add_program(const char *path)
{
    struct xfsm_diags diags;
    size_t len, image_len;
    char *text = read_file(path, &len);
    void *image;

    put("xml", NULL, 0, text, len);
    xfsm_diags_init(&diags, path);
    if (xfsm_compile_xml(text, len, "seed", &diags, &image, &image_len)) {
        put("image", NULL, 0, image, image_len);
        free(image);
    }
    xfsm_diags_destroy(&diags);
    free(text);
}

/* ## Captures ## */

/* Speaks of each packet, so that there are events. */
static const char all_packets[] =
    "<xfsm name='all'><statedef id='any'/>"
    "<event type='packet' selector='eth_type >= 0' primary-key='eth_type'>"
    "<state id='any' code='C' level='LOW' description='all'><condition "
    "expression='true' action='Publish(log, %ip_src %ip_dst %domain_name "
    "%http_host);Publish(raw, raw)'/></state></event></xfsm>";

static unsigned int n_events;

/* The event as another probe gets it. */
static void
put_heard(const struct xfsm_event *event,
          const struct xfsm_identity *identity, const char *json, size_t len)
{
    char topic[XFSM_EVENT_TOPIC_MAX];
    size_t n = xfsm_event_format_topic(event, identity, topic, sizeof topic);

    put("message", topic, n + 1, json, len);
}

static void
put_event(const struct xfsm_event *event, void *aux)
{
    const struct xfsm_identity *identity = aux;
    char json[XFSM_EVENT_JSON_MAX];

    if (n_events++ < EVENTS_MAX) {
        size_t len = xfsm_event_format_json(event, identity, json,
                                            sizeof json);

        put("event", "\0", 1, json, len);
        put_heard(event, identity, json, len);
    }
}

static struct xfsm_engine *
make_engine(struct xfsm_engine_options *options)
{
    struct xfsm_engine *engine;
    struct xfsm_diags diags;
    size_t len;
    void *image;
    char *error;

    xfsm_diags_init(&diags, "all");
    if (!xfsm_compile_xml(all_packets, strlen(all_packets), "all", &diags,
                          &image, &len)) {
        die("make-corpus", xfsm_diags_format(&diags, XFSM_DIAG_ERROR));
    }
    error = xfsm_engine_create(options, &engine);
    error = error ? error : xfsm_engine_load(engine, image, len);
    if (error) {
        die("make-corpus", error);
    }
    xfsm_diags_destroy(&diags);
    free(image);
    return engine;
}

static bool
write_state(const void *data, size_t len, void *stream)
{
    return fwrite(data, 1, len, stream) == len;
}

/* Adds what the fixed programs know. */
static void
put_state(struct xfsm_engine *engine)
{
    char *state = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&state, &len);
    char *error = xfsm_engine_save(engine, write_state, stream);

    fclose(stream);
    if (error) {
        die("make-corpus", error);
    }
    put("state", NULL, 0, state, len);
    free(state);
}

static void
drop_event(const struct xfsm_event *event, void *aux)
{
    (void) event;
    (void) aux;
}

static struct xfsm_engine *
make_fixed_engine(void)
{
    static const struct xfsm_engine_options options = {
        .identity = { .host = "h", .bridge = "b", .port = "p" },
        .emit = drop_event,
    };
    struct xfsm_engine *engine;
    char *error = xfsm_engine_create(&options, &engine);

    if (error) {
        die("make-corpus", error);
    }
    fuzz_fixed_load(engine);
    return engine;
}

/* Adds one packet, alone and to the sequence of all. */
static void
add_packet(const struct xfsm_packet *packet, FILE *sequence)
{
    uint32_t len = packet->caplen < FRAME_BYTES_MAX ? packet->caplen
                                                    : FRAME_BYTES_MAX;
    const uint8_t prefix[2] = { packet->link_type, 0 };
    const uint8_t record[4] = { STEP_100MS, XFSM_DIR_IN, len & 0xff,
                                len >> 8 };

    put("packet", prefix, sizeof prefix, packet->data, len);
    fwrite(record, sizeof record, 1, sequence);
    fwrite(packet->data, 1, len, sequence);
}

static void
add_capture(const char *path)
{
    struct xfsm_identity identity = { .host = "h", .bridge = "b",
                                      .port = "p" };
    struct xfsm_engine_options options = {
        .identity = identity, .emit = put_event, .aux = &identity,
    };
    struct xfsm_engine *engine = make_engine(&options);
    struct xfsm_engine *fixed = make_fixed_engine();
    struct xfsm_capture *capture;
    struct xfsm_packet packet;
    char *sequence = NULL;
    size_t len = 0;
    FILE *stream;
    char *error;
    char *file;
    int n;

    stream = open_memstream(&sequence, &len);
    error = xfsm_capture_open(path, &capture);
    if (!error) {
        n_events = 0;
        for (n = 0; n < FRAMES_MAX
                    && xfsm_capture_next(capture, &packet) > 0; n++) {
            add_packet(&packet, stream);
            xfsm_engine_run(engine, &packet, 1);
            xfsm_engine_run(fixed, &packet, 1);
        }
        xfsm_capture_close(capture);
        put_state(fixed);
    }
    free(error);
    xfsm_engine_destroy(engine);
    xfsm_engine_destroy(fixed);
    fclose(stream);
    if (len) {
        put("engine", NULL, 0, sequence, len);
        put("event", "\1", 1, sequence, len);
    }
    free(sequence);

    file = read_file(path, &len);
    put("capture", NULL, 0, file, len);
    free(file);
}

/* ## Requests for mitigation ## */

static void
add_requests(void)
{
    static const char *const fields[] = {
        "\"action\":\"block\",\"match\":{\"ip_src\":\"2001:db8::1\","
        "\"proto\":58,\"icmp_type\":135},\"seconds\":86400",
        "\"action\":\"block\",\"match\":{\"ip_dst\":\"200.0.0.1\","
        "\"proto\":17,\"src_port\":53,\"dst_port\":53},\"seconds\":1.5",
        "\"action\":\"limit\",\"match\":{\"eth_src\":\"02:00:00:00:00:01\","
        "\"eth_type\":2048,\"vlan_id\":5},\"rate\":1e3,\"seconds\":60",
        "\"action\":\"mirror\",\"match\":{\"eth_dst\":\"02:00:00:00:00:01\"},"
        "\"port\":\"span0\",\"seconds\":60",
    };
    char json[512];
    size_t i;

    for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        int len = snprintf(json, sizeof json,
                           "{\"v\":1,\"label\":\"mitigation\","
                           "\"program\":\"p\",\"fields\":{%s}}", fields[i]);

        put("event", "\0", 1, json, (size_t) len);
    }
}

/* ## Messages ## */

/* Adds 'w', payload alone and whole, without and with a descriptor. */
static void
put_message(const struct xfsm_ipc_writer *w, enum xfsm_ipc_type type)
{
    const uint8_t payload[2] = { type == XFSM_IPC_LOAD, (uint8_t) type };
    uint8_t whole[2] = { 1, 0 };

    put("control", payload, sizeof payload, w->buf + XFSM_IPC_HEADER_LEN,
        w->len - XFSM_IPC_HEADER_LEN);
    put("control", whole, sizeof whole, w->buf, w->len);
}

/* A message of each type. */
static void
add_messages(void)
{
    static uint8_t buf[XFSM_IPC_MAX];
    struct xfsm_ipc_writer w;
    int type;

    for (type = 1; type < XFSM_IPC_N_TYPES; type++) {
        xfsm_ipc_begin(&w, buf, (enum xfsm_ipc_type) type);
        if (type == XFSM_IPC_STATS) {
            int i, list;

            for (list = 0; list < 2; list++) {
                size_t place = xfsm_ipc_begin_list(&w);

                for (i = 0; i < 3; i++) {
                    xfsm_ipc_put_text(&w, list ? "portscan/quiet" : "events");
                    xfsm_ipc_put_u64(&w, (uint64_t) i << 40);
                }
                xfsm_ipc_end_list(&w, place, 3);
            }
            xfsm_ipc_put_text(&w, "2026-01-01T00:00:00Z alert");
        } else if (type == XFSM_IPC_PROBE || type == XFSM_IPC_ENDPOINT) {
            xfsm_ipc_put_text(&w, "tcp://*:5560");
        } else if (type == XFSM_IPC_MITIGATION) {
            xfsm_ipc_put_text(&w, "{\"label\":\"mitigation\",\"fields\":{"
                              "\"action\":\"block\",\"match\":{"
                              "\"ip_src\":\"10.0.0.1\"},\"seconds\":2}}");
        } else if (type != XFSM_IPC_PING && type != XFSM_IPC_PONG) {
            xfsm_ipc_put_u64(&w, 7);
            if (type == XFSM_IPC_READY || type == XFSM_IPC_DONE) {
                xfsm_ipc_put_u64(&w, 1);
            }
            if (type != XFSM_IPC_READY && type != XFSM_IPC_SAVE
                && type != XFSM_IPC_RESTORE) {
                xfsm_ipc_put_text(&w, "portscan");
            }
            if (type == XFSM_IPC_ACK) {
                xfsm_ipc_put_text(&w, "too large");
            }
        }
        put_message(&w, (enum xfsm_ipc_type) type);
    }
}

/* Three events of different length in one packet. */
static void
add_batch(const char *topic, const char *json)
{
    static struct xfsm_batch batch;
    const void *packet;
    size_t len;

    xfsm_batch_clear(&batch);
    for (int i = 0; i < 3; i++) {
        int n = snprintf(xfsm_batch_room(&batch), XFSM_MESSAGE_PACKET_MAX,
                         "%s%c%s", topic + i, '\0', json);

        xfsm_batch_add(&batch, (size_t) n);
    }
    packet = xfsm_batch_get(&batch, &len);
    put("message", "", 0, packet, len);
}

int
main(int argc, char *argv[])
{
    static const char *const kinds[] = {
        "packet", "engine", "capture", "xml", "image", "event", "control",
        "state", "message",
    };
    static const char alert[] =
        "{\"v\":1,\"label\":\"alert\",\"program\":\"p\",\"host\":\"h\","
        "\"bridge\":\"b\",\"port\":\"q\",\"state\":\"s\","
        "\"fields\":{\"ip_dst\":\"10.0.0.0/8\",\"o\":{\"x\":1}},"
        "\"hops\":3,\"key\":{\"ip_src\":\"2001:db8::1\",\"src_port\":7,"
        "\"eth_src\":\"02:00:00:00:00:01\",\"http_host\":\"a\\u00ff\"}}";
    static const char topics[] = "alert/portscan\0log\0alert\0a/b/c/d";
    size_t i;
    int arg;

    if (argc < 3) {
        fprintf(stderr, "usage: make-corpus DIR INPUT...\n");
        return 1;
    }
    top = argv[1];
    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char *dir = xasprintf("%s/%s", top, kinds[i]);

        if (mkdir(dir, 0777) && errno != EEXIST) {
            die(dir, strerror(errno));
        }
        free(dir);
    }
    add_requests();
    add_messages();
    put("message", "\0", 1, topics, sizeof topics);
    put("message", "alert/p/b/q", sizeof "alert/p/b/q", alert,
        strlen(alert));
    add_batch("alert/p/b/q", alert);
    for (arg = 2; arg < argc; arg++) {
        const char *end = strrchr(argv[arg], '.');

        if (end && !strcmp(end, ".xml")) {
            add_program(argv[arg]);
        } else {
            add_capture(argv[arg]);
        }
    }
    return 0;
}
