/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Ten million flows, each of one packet: memory stays within what a program
 * is said to need, and what finds no room is counted. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "tests/unit/packet-builder.h"

#define FLOWS EH_ROUNDS(10000000, 300000)
#define LIBRARY_FLOWS EH_ROUNDS(2000000, 100000)

/* Nanoseconds from packet to packet. */
#define GAP 200

/* What sanitizers add to each block of memory is not the engine's. */
#define CAN_MEASURE EH_ROUNDS(true, false)

/* Keeps all that can be kept of a flow. */
static const char greedy[] =
    "<xfsm name='greedy' version='1'>"
    "<statedef id='new'/><statedef id='known'/>"
    "<state-table memory='4M'/><timers max='20000'/>"
    "<table name='seen' memory='1M'/>"
    "<metric name='n'>"
    "<variation_detector status='on' memory='1M'/>"
    "<variation_monitor status='on' type='dleft' memory='4M'/></metric>"
    "<metric name='d'><variation_monitor status='on' type='distinct'"
    " size='12'/></metric>"
    "<event type='timeout' class='later'><state id='known'>"
    "<condition expression='false' action=''/></state></event>"
    "<event type='packet' selector='proto tcp'"
    " primary-key='ip_src-src_port-ip_dst-dst_port'>"
    "<state id='new'>"
    "<use-metric id='n' vd_update='ip_src-src_port'"
    " vm_update='ip_src-src_port'/>"
    "<use-metric id='d' vm_update='ip_src' vm_item='dst_port'/>"
    "<condition expression='n + d &gt;= 0' next_state='known'"
    " action='seen(ip_src)=1'>"
    "<timeout_set class='later' key='ip_src-src_port-ip_dst-dst_port'"
    " value='3600'/></condition></state></event></xfsm>";

/* Forgets what peak() was. */
static void
reset_peak(void)
{
    FILE *stream = fopen("/proc/self/clear_refs", "w");

    assert_non_null(stream);
    fputs("5\n", stream);
    fclose(stream);
}

/* Largest memory that this process had so far, in bytes. */
static uint64_t
peak(void)
{
    FILE *stream = fopen("/proc/self/status", "r");
    unsigned long kib = 0;
    char line[256];

    assert_non_null(stream);
    while (fgets(line, sizeof line, stream)
           && sscanf(line, "VmHWM: %lu", &kib) != 1) {
        continue;
    }
    fclose(stream);
    assert_int_not_equal(kib, 0);
    return kib * UINT64_C(1024);
}

static void
ignore(const struct xfsm_event *event, void *aux)
{
    (void) event;
    (void) aux;
}

static void
put_be32(uint8_t *p, uint32_t x)
{
    p[0] = x >> 24;
    p[1] = x >> 16;
    p[2] = x >> 8;
    p[3] = x;
}

/* Runs packet number 'i' and those behind it, a batch in all. */
static void
run_batch(struct xfsm_engine *engine, const uint8_t *frame, size_t len,
          uint32_t i)
{
    static uint8_t frames[XFSM_BATCH][128];
    struct xfsm_packet packets[XFSM_BATCH];

    for (uint32_t j = 0; j < XFSM_BATCH; j++) {
        uint32_t n = i + j;
        uint8_t *f = frames[j];

        memcpy(f, frame, len);
        put_be32(&f[26], n * UINT32_C(2654435761));     /* Source, ... */
        put_be32(&f[30], 0x0a000000 | (n & 63));        /* destination, ... */
        put_be32(&f[34], n * UINT32_C(40503));          /* ports. */
        pb_packet(&packets[j], f, len, EH_EPOCH + (uint64_t) n * GAP, NULL);
    }
    xfsm_engine_run(engine, packets, XFSM_BATCH);
}

/* The memory that the programs of 'engine' are said to take at most. */
static uint64_t
stated(const struct xfsm_engine *engine)
{
    struct xfsm_program_info info;
    uint64_t bytes = 0;

    for (unsigned int i = 0; xfsm_engine_get_program(engine, i, &info); i++) {
        bytes += info.bytes;
    }
    return bytes;
}

static struct xfsm_engine_stats
flood(const char *name, const char *xml, uint32_t n)
{
    struct xfsm_engine_options options = {
        .identity = { .host = "", .bridge = "", .port = "" },
        .emit = ignore,
    };
    struct xfsm_engine_stats stats;
    struct xfsm_engine *engine;
    uint64_t before, grown;
    uint8_t frame[128];
    size_t len, frame_len;
    void *image = eh_image(name, xml, &len);

    frame_len = pb_tcp_frame(frame, sizeof frame, "1.2.3.4", 1, "10.0.0.1", 1,
                             PB_SYN, "");
    reset_peak();
    before = peak();
    assert_null(xfsm_engine_create(&options, &engine));
    assert_null(xfsm_engine_load(engine, image, len));
    for (uint32_t i = 0; i < n; i += XFSM_BATCH) {
        run_batch(engine, frame, frame_len, i);
    }
    grown = peak() - before;
    print_message("%s: %.1f MiB, said to need up to %.1f MiB\n", name,
                  (double) grown / (1 << 20),
                  (double) stated(engine) / (1 << 20));
    if (CAN_MEASURE) {
        assert_true(grown <= stated(engine) + stated(engine) / 10);
    }
    xfsm_engine_get_stats(engine, &stats);
    assert_true(stats.packets >= n);
    xfsm_engine_destroy(engine);
    free(image);
    return stats;
}

static void
test_greedy(void **state)
{
    struct xfsm_engine_stats stats = flood("greedy", greedy, FLOWS);

    (void) state;
    assert_true(stats.state_evictions > 0);
    assert_true(stats.table_evictions > 0);
    assert_true(stats.counter_evictions > 0);
    assert_true(stats.timers_refused > 0);
    assert_true(stats.handled > FLOWS / 10 * 9);
}

static void
flood_library(const char *name)
{
    const char *top = getenv("top_srcdir");
    char path[1024];
    size_t len;
    char *xml;

    snprintf(path, sizeof path, "%s/utilities/programs/%s.xml",
             top ? top : ".", name);
    xml = eh_read_file(path, &len);
    assert_non_null(xml);
    flood(name, xml, LIBRARY_FLOWS);
    free(xml);
}

static void
test_portscan(void **state)
{
    (void) state;
    flood_library("portscan");
}

static void
test_synflood(void **state)
{
    (void) state;
    flood_library("synflood");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_portscan),
        cmocka_unit_test(test_synflood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
