/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Crowds of timers that are due at once: whoever calls the engine gets back in
 * between, and results are as if it had not. */

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

#define SECOND UINT64_C(1000000000)

#define SOURCES 2000
#define LATER 40                /* Packets after the silence. */
#define PACKETS (SOURCES + LATER)

#define PROGRAM2(NAME, BODY) \
    "<xfsm name='" NAME "'>" EH_STATE("s0") EH_STATE("s1") BODY "</xfsm>"

/* Each source arms a timer of 2 s, and says so. */
#define TIMERS(NAME) PROGRAM2(NAME, \
    "<event type='timeout' class='t'>" \
    EH_IN("s1", EH_IF("true", "Publish(log, fired %ts)", "")) "</event>" \
    EH_ON("", "ip_src", \
          EH_IN("s0", EH_IF_SET("true", "Publish(log, new)", "s1", \
                                EH_TIMER("t", "ip_src", "2"))) \
          EH_IN("s1", EH_IF("true", "Publish(log, again)", ""))))

/* Says something 100 times a second. */
#define PERIODS PROGRAM2("periods", \
    "<event type='period' every='0.01'>" \
    EH_IN("s0", EH_IF("true", "Publish(log, tick)", "")) "</event>")

/* Wants a field that the others do not. */
#define TTL PROGRAM2("ttl", \
    EH_ON("", "ip_dst", \
          EH_IN("s0", EH_IF("true", "Publish(log, ttl %ip_ttl)", ""))))

/* Wants the name of the port. */
#define PORT PROGRAM2("port", \
    EH_ON("", "ip_dst", \
          EH_IN("s0", EH_IF("true", "Publish(log, on %bridge %in_port)", \
                            ""))))

static struct eh_packets packets;

/* 1000 sources a second begin; then it is silent for 10 seconds. */
static int
make_packets(void **state)
{
    (void) state;
    for (uint32_t i = 0; i < PACKETS; i++) {
        uint64_t ts = EH_EPOCH + i * (SECOND / 1000)
                      + (i < SOURCES ? 0 : 10 * SECOND);
        char scratch[XFSM_PACKET_SCRATCH];
        struct xfsm_packet packet;
        uint8_t buf[256];
        char source[32];

        snprintf(source, sizeof source, "10.0.%u.%u", i / 250, 1 + i % 250);
        pb_packet(&packet, buf,
                  pb_tcp_frame(buf, sizeof buf, source, 40000, "10.9.9.9", 80,
                               PB_SYN, "x"), ts, scratch);
        eh_packets_add(&packets, &packet);
    }
    return 0;
}

static int
free_packets(void **state)
{
    (void) state;
    eh_packets_free(&packets);
    return 0;
}

static void
load_timers(struct eh *eh)
{
    eh_init(eh);
    eh_load(eh, "one", TIMERS("one"));
    eh_load(eh, "two", TIMERS("two"));
}

/* What was done of that which is due. */
static uint64_t
fired(const struct eh *eh)
{
    struct xfsm_engine_stats stats = eh_stats(eh);

    return stats.timeouts + stats.own_events;
}

/* Runs packets 'start' to PACKETS as a probe does, calling 'between', if there
 * is one, the first time that the engine comes back before packet 'at' or
 * later.  Returns how often it came back. */
static unsigned int
run_some(struct eh *eh, size_t start, size_t at,
         void (*between)(struct eh *))
{
    struct xfsm_packet copies[PACKETS];
    unsigned int n = 0;

    memcpy(copies, packets.packets, sizeof copies);
    for (size_t i = start; i < PACKETS; ) {
        size_t batch = PACKETS - i < 50 ? PACKETS - i : 50;
        uint64_t before = fired(eh);
        size_t done = xfsm_engine_run_some(eh->engine, &copies[i], batch);

        assert_true(done <= batch);
        assert_true(fired(eh) - before <= XFSM_TIMER_BURST);
        i += done;
        n += done < batch;
        if (done < batch && between && i >= at) {
            between(eh);
            between = NULL;
        }
    }
    return n;
}

static void
assert_same(const struct eh *a, const struct eh *b)
{
    struct xfsm_engine_stats of_a = eh_stats(a);
    struct xfsm_engine_stats of_b = eh_stats(b);

    assert_int_equal(eh_lines_differ(&a->full, &b->full), SIZE_MAX);
    assert_memory_equal(&of_a, &of_b, sizeof of_a);
}

static void
test_packets(void **state)
{
    struct eh all, some;

    (void) state;
    load_timers(&all);
    load_timers(&some);
    eh_run(&all, &packets, 50);
    assert_true(fired(&all) > 8 * SOURCES);
    assert_true(run_some(&some, 0, 0, NULL) >= 8 * SOURCES / XFSM_TIMER_BURST);
    assert_same(&all, &some);
    eh_free(&all);
    eh_free(&some);
}

static void
test_time(void **state)
{
    struct eh all, some;
    unsigned int n = 0;
    bool done;

    (void) state;
    load_timers(&all);
    load_timers(&some);
    eh_load(&all, "periods", PERIODS);
    eh_load(&some, "periods", PERIODS);
    eh_run(&all, &packets, 50);
    eh_run(&some, &packets, 50);
    xfsm_engine_advance(all.engine, EH_EPOCH + 20 * SECOND);
    do {
        uint64_t before = fired(&some);

        /* Also when time does not go on in between. */
        done = xfsm_engine_advance_some(some.engine,
                                        EH_EPOCH + (20 - n % 2) * SECOND);
        assert_true(fired(&some) - before <= XFSM_TIMER_BURST);
        assert_true(done || (xfsm_engine_next_timer(some.engine)
                             <= EH_EPOCH + 20 * SECOND));
        n++;
    } while (!done);
    assert_true(n > 2 * 2 * SOURCES / XFSM_TIMER_BURST);
    assert_same(&all, &some);
    eh_free(&all);
    eh_free(&some);
}

/* ## In the middle of a batch ## */

static void
load_ttl(struct eh *eh)
{
    eh_load(eh, "ttl", TTL);
}

static void
load_port(struct eh *eh)
{
    eh_load(eh, "port", PORT);
}

static void
unload_one(struct eh *eh)
{
    assert_true(xfsm_engine_unload(eh->engine, "one"));
}

static void
replace_two(struct eh *eh)
{
    eh_load(eh, "two", TTL);
    eh_load(eh, "one", TIMERS("one"));
}

/* Loads and unloads as often as the engine may come back. */
static void
come_and_go(struct eh *eh)
{
    load_ttl(eh);
    assert_true(xfsm_engine_unload(eh->engine, "ttl"));
}

/* 'change' between a packet and the timers before the next one. */
static void
check_change(void (*change)(struct eh *))
{
    struct eh all, some;
    struct eh_packets first = packets;

    load_timers(&all);
    load_timers(&some);
    first.n = SOURCES;
    eh_run(&all, &first, 50);
    change(&all);
    first.packets += SOURCES;
    first.n = LATER;
    eh_run(&all, &first, 50);
    run_some(&some, 0, SOURCES, change);
    assert_true(eh_stats(&some).matched >= PACKETS);
    assert_int_equal(eh_lines_differ(&all.full, &some.full), SIZE_MAX);
    assert_int_equal(eh_stats(&some).packets, PACKETS);
    assert_int_equal(eh_stats(&some).bytes, eh_stats(&all).bytes);
    eh_free(&all);
    eh_free(&some);
}

static void
test_change(void **state)
{
    (void) state;
    check_change(load_ttl);
    check_change(load_port);
    check_change(come_and_go);
}

/* What cannot be the same as after whole packets is at least sound: nothing is
 * lost or counted twice. */
static void
test_change_within(void **state)
{
    static void (*const changes[])(struct eh *) = {
        unload_one, replace_two, load_ttl,
    };

    (void) state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        for (size_t at = 0; at < PACKETS; at += PACKETS / 2) {
            struct eh eh;

            load_timers(&eh);
            run_some(&eh, 0, at, changes[i]);
            assert_int_equal(eh_stats(&eh).packets, PACKETS);
            assert_int_equal(eh_stats(&eh).decode_errors[XFSM_DE_NONE],
                             PACKETS);
            eh_free(&eh);
        }
    }
}

/* The program that is left when the last one goes, which had more to do, has
 * seen the packet at hand: not again, and the next program that comes sees
 * the next packet. */
static void
test_last_goes(void **state)
{
    struct xfsm_packet copies[PACKETS];
    struct eh eh;
    size_t done = 0;

    (void) state;
    memcpy(copies, packets.packets, sizeof copies);
    eh_init(&eh);
    eh_load(&eh, "ttl", TTL);
    eh_load(&eh, "two", TIMERS("two"));
    while (done < SOURCES) {
        done += xfsm_engine_run_some(eh.engine, &copies[done],
                                     PACKETS - done);
    }
    assert_int_equal(done, SOURCES);
    assert_int_equal(eh_stats(&eh).matched, 2 * SOURCES + 1);
    assert_true(xfsm_engine_unload(eh.engine, "two"));
    xfsm_engine_run(eh.engine, &copies[done], 1);
    assert_int_equal(eh_stats(&eh).matched, 2 * SOURCES + 1);
    eh_load(&eh, "one", TIMERS("one"));
    xfsm_engine_run(eh.engine, &copies[done + 1], PACKETS - done - 1);
    assert_int_equal(eh_stats(&eh).matched, 2 * PACKETS - 1);
    eh_free(&eh);
}

/* An engine that takes over goes on with the same packet. */
static struct xfsm_engine *old_engine;
static uint8_t saved[1 << 22];
static size_t n_saved;

static bool
save(const void *data, size_t len, void *aux)
{
    (void) aux;
    assert_true(len <= sizeof saved - n_saved);
    memcpy(&saved[n_saved], data, len);
    n_saved += len;
    return true;
}

static void
take_over(struct eh *eh)
{
    old_engine = eh->engine;
    n_saved = 0;
    assert_null(xfsm_engine_save(old_engine, save, NULL));
    assert_null(xfsm_engine_restore(old_engine, saved, n_saved,
                                    &eh->engine));
    xfsm_engine_destroy(old_engine);
}

static void
test_take_over(void **state)
{
    struct eh all, some;

    (void) state;
    load_timers(&all);
    load_timers(&some);
    eh_run(&all, &packets, 50);
    run_some(&some, 0, SOURCES, take_over);
    assert_same(&all, &some);
    eh_free(&all);
    eh_free(&some);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packets),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_change_within),
        cmocka_unit_test(test_last_goes),
        cmocka_unit_test(test_take_over),
    };

    return cmocka_run_group_tests(tests, make_packets, free_packets);
}
