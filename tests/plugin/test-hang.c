/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "ovs-plugin/hang.h"
#include "timeval.h"

#define LIMIT 400

static struct xfsm_hang_limits limits = { LIMIT, 0 };

/* Longest that a real process is looked at. */
#define PATIENCE_MS 30000

/* A process of which each look finds what is told. */
struct look {
    char state;
    uint64_t cpu_ms;
};

/* Looks as often as there are 'looks', each when it is due.  Returns how long
 * after the question the process was found to hang, or -1. */
static long long int
judge(const struct look *looks, size_t n, unsigned int threads,
      const char **why)
{
    struct xfsm_hang h;
    size_t i;

    xfsm_hang_start(&h, 1000, limits);
    for (i = 0; i < n; i++) {
        const struct xfsm_hang_stat s = {
            .state = looks[i].state,
            .cpu_ms = looks[i].cpu_ms,
            .threads = threads,
        };
        long long int now = h.next_look;

        assert_int_equal(now, 1000 + (i + 1) * LIMIT / XFSM_HANG_LOOKS);
        *why = xfsm_hang_judge(&h, &s, now, limits);
        if (*why) {
            return now - 1000;
        }
    }
    return -1;
}

static void
test_stopped(void **state)
{
    static const struct look stopped[] = {
        { 'T', 7 }, { 'T', 7 }, { 't', 7 }, { 'T', 7 },
    };
    static const struct look again[] = {
        { 'T', 7 }, { 'T', 7 }, { 'S', 7 }, { 'T', 7 }, { 'T', 7 },
    };
    const char *why;

    (void) state;
    assert_int_equal(judge(stopped, 4, 1, &why), LIMIT);
    assert_non_null(strstr(why, "stopped"));
    assert_int_equal(judge(again, 5, 1, &why), -1);
}

/* Half of the limit on the processor is a hang, one millisecond less is not,
 * and what happened before the first look does not count. */
static void
test_spins(void **state)
{
    static const struct look spins[] = {
        { 'R', 5000 }, { 'R', 5100 }, { 'R', 5200 },
    };
    static const struct look starved[] = {
        { 'R', 5000 }, { 'R', 5060 }, { 'R', 5120 }, { 'R', 5199 },
    };
    const char *why;

    (void) state;
    assert_int_equal(judge(spins, 3, 1, &why), 3 * LIMIT / 4);
    assert_non_null(strstr(why, "circles"));
    assert_int_equal(judge(starved, 4, 1, &why), -1);
    /* With two threads it may be the other one that runs. */
    assert_int_equal(judge(spins, 3, 2, &why), -1);
}

/* One whose turns may be long is given time for that, but not while it is
 * stopped. */
static void
test_turn(void **state)
{
    static const struct look works[] = {
        { 'R', 0 }, { 'R', 200 }, { 'R', 400 }, { 'R', 999 }, { 'R', 1000 },
    };
    static const struct look stopped[] = {
        { 'T', 7 }, { 'T', 7 }, { 'T', 7 }, { 'T', 7 },
    };
    const char *why;

    (void) state;
    limits.turn = 2000;
    assert_int_equal(judge(works, 4, 1, &why), -1);
    assert_int_equal(judge(works, 5, 1, &why), 5 * LIMIT / 4);
    assert_int_equal(judge(stopped, 4, 1, &why), LIMIT);
    limits.turn = LIMIT - 1;
    assert_int_equal(judge(works, 5, 1, &why), 2 * LIMIT / 4);
    limits.turn = 0;
}

/* A process that waits, for a processor or anything else, does not hang. */
static void
test_waits(void **state)
{
    static const struct look waits[] = {
        { 'R', 9 }, { 'S', 9 }, { 'D', 9 }, { 'R', 9 }, { 'S', 9 },
        { 'R', 9 }, { 'S', 9 }, { 'D', 9 }, { 'R', 9 }, { 'S', 9 },
    };
    const char *why;

    (void) state;
    assert_int_equal(judge(waits, 10, 1, &why), -1);
}

static void
test_parse(void **state)
{
    struct xfsm_hang_stat s = { 0 };
    static const char *const bad[] = {
        "", "1", "1 (x", "1 (x)", "1 (x) R 2 3",
        "1 (x) R 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
        "1 (x) R 2 3 4 5 6 7 8 9 10 11 z 13 14 15 16 17 18 19",
    };
    size_t i;

    (void) state;
    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_false(xfsm_hang_parse(bad[i], 100, &s));
    }
    assert_int_equal(s.state, 0);
    assert_true(xfsm_hang_parse("1 (a) R (b) T 2 3 4 5 -1 7 8 9 10 11 12 13 "
                                "14 15 16 17 5 19", 100, &s));
    assert_int_equal(s.state, 'T');
    assert_int_equal(s.cpu_ms, 250);
    assert_int_equal(s.threads, 5);
}

static const char *
look_at(pid_t pid)
{
    long long int end = time_msec() + PATIENCE_MS;
    const char *why = NULL;
    struct xfsm_hang h;

    xfsm_hang_start(&h, time_msec(), limits);
    while (!why && time_msec() < end) {
        poll_timer_wait_until(h.next_look);
        poll_block();
        if (time_msec() >= h.next_look) {
            why = xfsm_hang_look(&h, pid, time_msec(), limits);
        }
    }
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return why;
}

static pid_t
start(bool spin)
{
    pid_t pid = fork();

    if (!pid) {
        while (spin) {
            volatile int i = 0;

            i++;
        }
        for (;;) {
            pause();
        }
    }
    assert_true(pid > 0);
    return pid;
}

/* Real processes. */
static void
test_processes(void **state)
{
    const char *why;
    struct xfsm_hang h;
    pid_t pid;

    (void) state;
    why = look_at(start(true));
    assert_non_null(why);
    assert_non_null(strstr(why, "circles"));

    pid = start(false);
    kill(pid, SIGSTOP);
    why = look_at(pid);
    assert_non_null(why);
    assert_non_null(strstr(why, "stopped"));

    /* None. */
    xfsm_hang_start(&h, 1000, limits);
    assert_null(xfsm_hang_look(&h, pid, 1100, limits));
    assert_true(h.next_look > 1100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_spins),
        cmocka_unit_test(test_turn),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_processes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
