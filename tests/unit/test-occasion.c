/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Events that come without a packet of the port: start, stop and period; and
 * what is refused of all.  Messages are in test-occasion-message.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "tests/unit/occasion.h"
#include "tests/unit/packet-builder.h"
#include "xfsm/runtime/exec.h"

/* ## Start, stop ## */

static void
test_start_runs_once_at_first_time(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p",
          ON("start", "", EH_IN("s0", SAY("first %ts")))
          ON("start", "", EH_IN("s0", SAY("second")))
          ON("packet", "primary-key='ip_src'", EH_IN("s0", SAY("%ip_src")))));
    eh_expect(&eh, NULL);
    eh_syn(&eh, 1, A, B, 80);
    eh_syn(&eh, 2, A, B, 80);
    eh_expect(&eh, "1 log first 1767225601000000000", "1 log second",
              "1 log 10.0.0.1", "2 log 10.0.0.1", NULL);
    assert_int_equal(eh_stats(&eh).own_events, 2);
    eh_free(&eh);
}

static void
test_start_runs_when_time_passes_without_packet(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p", ON("start", "", EH_IN("s0", SAY("up")))));
    assert_true(!xfsm_engine_next_timer(eh.engine));
    eh_advance(&eh, 3);
    eh_advance(&eh, 4);
    eh_expect(&eh, "3 log up", NULL);
    assert_true(xfsm_engine_next_timer(eh.engine) == UINT64_MAX);
    eh_free(&eh);
}

static void
test_stop_runs_once(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p", ON("stop", "", EH_IN("s0", SAY("down")))));
    eh_advance(&eh, 3);
    xfsm_engine_stop(eh.engine);
    xfsm_engine_stop(eh.engine);
    eh_expect(&eh, "3 log down", NULL);
    assert_true(xfsm_engine_unload(eh.engine, "p"));
    eh_expect(&eh, NULL);
    eh_free(&eh);
}

static void
test_stop_runs_on_unload_and_replacement(void **state)
{
    const char *xml = PROGRAM2("p",
        ON("start", "", EH_IN("s0", SAY("up")))
        ON("stop", "", EH_IN("s0", SAY("down"))));
    struct eh eh;

    (void) state;
    begin(&eh, xml);
    eh_advance(&eh, 1);
    eh_load(&eh, "p", xml);
    eh_expect(&eh, "1 log up", "1 log down", NULL);
    eh_advance(&eh, 2);
    assert_true(xfsm_engine_unload(eh.engine, "p"));
    eh_expect(&eh, "2 log up", "2 log down", NULL);
    eh_free(&eh);
}

static void
test_stop_needs_a_start(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p", ON("stop", "", EH_IN("s0", SAY("down")))));
    xfsm_engine_stop(eh.engine);
    eh_expect(&eh, NULL);
    eh_free(&eh);
}

/* Has no memory of more than 'bytes' be mapped from now on in one piece, by
 * leaving that much address space. */
static void
limit_memory(struct rlimit *before, size_t bytes)
{
    struct rlimit limit;
    unsigned long pages;
    FILE *stream = fopen("/proc/self/statm", "r");

    assert_non_null(stream);
    assert_int_equal(fscanf(stream, "%lu", &pages), 1);
    fclose(stream);
    assert_int_equal(getrlimit(RLIMIT_AS, before), 0);
    limit = *before;
    limit.rlim_cur = pages * (size_t) sysconf(_SC_PAGESIZE) + bytes;
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

static void
test_no_stop_without_memory_for_the_successor(void **state)
{
    const char *stop = ON("stop", "", EH_IN("s0", SAY("down")));
    struct rlimit before;
    char large[512];
    struct eh eh;
    void *image;
    size_t len;
    char *error;

    (void) state;
    if (EH_ROUNDS(0, 1)) {
        skip();                 /* Shadow memory needs the address space. */
    }
    snprintf(large, sizeof large,
             PROGRAM2("p", "<state-table memory='1G'/>%s%s"),
             ON("packet", "primary-key='ip_src'",
                EH_IN("s0", EH_IF("true", "", "s1"))), stop);
    begin(&eh, PROGRAM2("p", ON("stop", "", EH_IN("s0", SAY("down")))));
    eh_advance(&eh, 1);
    image = eh_image("p", large, &len);
    limit_memory(&before, 64 << 20);
    error = xfsm_engine_load(eh.engine, image, len);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_non_null(strstr(error, "no address space"));
    free(error);
    eh_expect(&eh, NULL);       /* It goes on. */

    error = xfsm_engine_load(eh.engine, image, len);
    assert_null(error);
    eh_expect(&eh, "1 log down", NULL);
    free(image);
    eh_free(&eh);
}

/* A program that is loaded into two engines is in both or in neither: where
 * there is memory for one, the old ones go on in both, with what they know. */
static void
test_two_engines_or_none(void **state)
{
    const char *stop = ON("stop", "", EH_IN("s0", SAY("down")));
    const char *hello = ON("packet", "primary-key='ip_src'",
                           EH_IN("s0", EH_IF("true", "print(new)", "s1"))
                           EH_IN("s1", EH_IF("true", "print(old)", "")));
    struct xfsm_engine_load *loads[2];
    struct rlimit before;
    char small[1024], large[1024];
    struct eh eh[2];
    void *image;
    size_t len;
    char *error;
    int i;

    (void) state;
    if (EH_ROUNDS(0, 1)) {
        skip();                 /* Shadow memory needs the address space. */
    }
    snprintf(small, sizeof small, PROGRAM2("p", "%s%s"), hello, stop);
    snprintf(large, sizeof large,
             PROGRAM2("p", "<state-table memory='1G'/>%s%s"), hello, stop);
    image = eh_image("p", large, &len);
    for (i = 0; i < 2; i++) {
        begin(&eh[i], small);
        eh_syn(&eh[i], 1, A, B, 80);
        eh_expect(&eh[i], "1 log new", NULL);
    }

    error = xfsm_engine_prepare(eh[0].engine, image, len, false, &loads[0]);
    assert_null(error);
    limit_memory(&before, 64 << 20);
    error = xfsm_engine_prepare(eh[1].engine, image, len, false, &loads[1]);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_non_null(strstr(error, "no address space"));
    free(error);
    xfsm_engine_cancel(loads[0]);
    xfsm_engine_cancel(NULL);
    for (i = 0; i < 2; i++) {
        eh_syn(&eh[i], 2, A, B, 80);
        eh_expect(&eh[i], "2 log old", NULL);
    }

    for (i = 0; i < 2; i++) {
        error = xfsm_engine_prepare(eh[i].engine, image, len, i, &loads[i]);
        assert_null(error);
    }
    for (i = 0; i < 2; i++) {
        xfsm_engine_commit(loads[i]);
        eh_expect(&eh[i], "2 log down", NULL);
        eh_syn(&eh[i], 3, A, B, 80);
        eh_expect(&eh[i], i ? "3 log new" : "3 log old", NULL);
        eh_free(&eh[i]);
    }
    free(image);
}

/* ## Period ## */

static void
test_period_on_packets_and_advance(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p", TICK("2", EH_IN("s0", SAY("tick")))));
    eh_syn(&eh, 1, A, B, 80);
    eh_syn(&eh, 2.9, A, B, 80);
    eh_expect(&eh, NULL);
    assert_true(xfsm_engine_next_timer(eh.engine) == EH_EPOCH + 3 * SECOND);
    eh_syn(&eh, 3, A, B, 80);
    eh_expect(&eh, "3 log tick", NULL);
    eh_advance(&eh, 8);
    eh_expect(&eh, "5 log tick", "7 log tick", NULL);
    eh_free(&eh);
}

/* In order of time with timers, which go first, and with each other. */
static void
test_periods_and_timers_in_order(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p",
          TICK("2", EH_IN("s0", SAY("two")))
          TICK("3", EH_IN("s0", SAY("three")))
          EH_TIMEOUT("t", EH_IN("s1", SAY("timer")))
          EH_ON("dst_port 80", "ip_src",
                EH_IN("s0", EH_IF_SET("true", "", "s1",
                                      EH_TIMER("t", "ip_src", "1.5"))))));
    eh_syn(&eh, 0, A, B, 80);
    eh_advance(&eh, 6);
    eh_expect(&eh, "1.5 log timer", "2 log two", "3 log timer", "3 log three",
              "4 log two", "4.5 log timer", "6 log timer", "6 log two",
              "6 log three", NULL);
    eh_free(&eh);
}

static void
test_period_catches_up_at_most_so_far(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p", TICK("1", EH_IN("s0", SAY("tick")))));
    eh_advance(&eh, 0);
    eh_advance(&eh, XFSM_TIMER_CATCH_UP + 1);
    assert_int_equal(eh.brief.n, XFSM_TIMER_CATCH_UP + 1);
    assert_int_equal(eh_stats(&eh).timers_skipped, 0);
    eh_lines_clear(&eh.brief);
    eh_advance(&eh, 2 * XFSM_TIMER_CATCH_UP + 3);
    assert_int_equal(eh.brief.n, XFSM_TIMER_CATCH_UP + 1);
    assert_int_equal(eh_stats(&eh).timers_skipped, 1);
    assert_string_equal(eh.brief.lines[0], "1003 log tick");
    eh_free(&eh);
}

/* Time at the end of time. */
static void
test_period_never_overflows(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p", TICK("1000000", EH_IN("s0", SAY("tick")))));
    xfsm_engine_advance(eh.engine, UINT64_MAX - 5);
    xfsm_engine_advance(eh.engine, UINT64_MAX);
    assert_int_equal(eh.brief.n, 0);
    eh_free(&eh);
}

/* ## The program's own state ## */

static void
test_own_state(void **state)
{
    struct xfsm_program_info info;
    struct eh eh;

    (void) state;
    begin(&eh, "<xfsm name='p'>" EH_STATE("s0")
          "<statedef id='s1' timeout='1.5' next_state='s0'/>"
          ON("start", "", EH_IN("s0", EH_IF("true", "", "s1")))
          TICK("1", EH_IN("s0", SAY("idle")) EH_IN("s1", SAY("fresh")))
          ON("packet", "primary-key='ip_src'",
             EH_IN("s0", SAY("packet in s0"))) "</xfsm>");
    eh_syn(&eh, 0, A, B, 80);
    assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
    assert_int_equal(info.keys, 1);
    assert_int_equal(info.state_keys[1], 1);
    eh_advance(&eh, 2);
    eh_expect(&eh, "0 log packet in s0", "1 log fresh", "2 log idle", NULL);
    assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
    assert_int_equal(info.keys, 0);
    assert_int_equal(info.state_keys[1], 0);
    eh_free(&eh);
}

/* Such an event has "ts" and no other field; metrics that need none count. */
static void
test_own_events_have_no_packet(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p",
          EH_METRIC("all", EH_VM("simple")) EH_FEATURE("n", "all")
          TICK("1", EH_IN("s0", EH_USE("all", "vm_get='ts'")
                          EH_IF("true", "Publish(log, n=n, src=%ip_src);"
                                "Publish(raw, raw);all.reset()", "")))
          ON("packet", "primary-key='ip_src'",
             EH_IN("s0", EH_USE("all", "vm_update='ip_src'")
                   EH_IF("n &lt; 0", "", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 0.5, C, B, 80);
    eh_advance(&eh, 1);
    eh_advance(&eh, 2);
    eh_expect(&eh, "1 log n=2", "1 raw ", "2 log n=0", "2 raw ", NULL);
    eh_free(&eh);
}

/* A timer armed there has no key but "ts"; it concerns the program's own
 * state. */
static void
test_timer_of_own_event(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, PROGRAM2("p",
          EH_TIMEOUT("t", EH_IN("s1", SAY("timer %ip_src%raw")))
          EH_TIMEOUT("u", EH_IN("s1", EH_IF("true", "Publish(raw, raw)",
                                            "")))
          ON("start", "", EH_IN("s0", EH_IF_SET("true", "", "s1",
             EH_TIMER("t", "ts", "1") EH_TIMER("u", "ts", "1")
             EH_TIMER("t", "ip_src", "1"))))));
    eh_advance(&eh, 0);
    eh_advance(&eh, 1);
    eh_expect(&eh, "1 log timer %raw", "1 raw ", NULL);
    eh_free(&eh);
}

/* ## Errors ## */

static void
test_errors(void **state)
{
    char topic[XFSM_MAX_TOPIC + 2], xml[1024];

    (void) state;
    eh_refuse(PROGRAM2("p", ON("start", "primary-key='ip_src'",
                               EH_IN("s0", ""))),
              "a start event comes without a packet");
    eh_refuse(PROGRAM2("p", ON("period", "", EH_IN("s0", ""))), "every");
    eh_refuse(PROGRAM2("p", ON("period", "every='0.0001'",
                               EH_IN("s0", ""))), "a period is 0.001 to");
    eh_refuse(PROGRAM2("p", ON("period", "every='9999999'",
                               EH_IN("s0", ""))), "a period is 0.001 to");
    eh_refuse(PROGRAM2("p", ON("message", "topic='a'", EH_IN("s0", ""))),
              "primary-key");
    eh_refuse(PROGRAM2("p", ON("message", "primary-key='ip_src'",
                               EH_IN("s0", ""))), "topic");
    eh_refuse(PROGRAM2("p", HEAR("a/", "ip_src", EH_IN("s0", ""))),
              "not the beginning of a topic");
    eh_refuse(PROGRAM2("p", HEAR("a//b", "ip_src", EH_IN("s0", ""))),
              "not the beginning of a topic");
    eh_refuse(PROGRAM2("p", HEAR("a/b/c/d/e", "ip_src", EH_IN("s0", ""))),
              "not the beginning of a topic");
    eh_refuse(PROGRAM2("p", ON("mesage", "", EH_IN("s0", ""))),
              "did you mean \"message\"?");
    eh_refuse(EH_PROGRAM(EH_STATE("s0") ON("start", "", EH_IN("s0", ""))),
              "of dialect 2");

    memset(topic, 'a', sizeof topic);
    topic[XFSM_MAX_TOPIC + 1] = '\0';
    snprintf(xml, sizeof xml, PROGRAM2("p", HEAR("%s", "ip_src",
             EH_IN("s0", ""))), topic);
    eh_refuse(xml, "not the beginning of a topic");
    topic[XFSM_MAX_TOPIC] = '\0';
    snprintf(xml, sizeof xml, PROGRAM2("p", HEAR("%s", "ip_src",
             EH_IN("s0", SAY("x")))), topic);
    xfsm_program_destroy(eh_model("p", xml));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_runs_once_at_first_time),
        cmocka_unit_test(test_start_runs_when_time_passes_without_packet),
        cmocka_unit_test(test_stop_runs_once),
        cmocka_unit_test(test_stop_runs_on_unload_and_replacement),
        cmocka_unit_test(test_stop_needs_a_start),
        cmocka_unit_test(test_no_stop_without_memory_for_the_successor),
        cmocka_unit_test(test_two_engines_or_none),
        cmocka_unit_test(test_period_on_packets_and_advance),
        cmocka_unit_test(test_periods_and_timers_in_order),
        cmocka_unit_test(test_period_catches_up_at_most_so_far),
        cmocka_unit_test(test_period_never_overflows),
        cmocka_unit_test(test_own_state),
        cmocka_unit_test(test_own_events_have_no_packet),
        cmocka_unit_test(test_timer_of_own_event),
        cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
