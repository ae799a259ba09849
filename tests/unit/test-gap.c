/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Finding lost events. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "xfsm/io/gap.h"

static const uint8_t entropy[16] = { 1 };

/* Returns how many events are missing before number 'seq'. */
static uint64_t
note(struct xfsm_gap_tracker *tracker, const char *host, const char *bridge,
     const char *port, uint64_t epoch, uint64_t seq)
{
    const struct xfsm_str names[] = {
        { host, strlen(host) },
        { bridge, strlen(bridge) },
        { port, strlen(port) },
    };
    struct xfsm_gap gap = xfsm_gap_follow(tracker, names, 3, epoch,
                                          (int64_t) seq - 1, seq);

    return gap.to ? gap.to - gap.from + 1 : 0;
}

static void
test_sequence(void **state)
{
    struct xfsm_gap_tracker *t = xfsm_gap_create(entropy);

    (void) state;
    /* Where one comes in does not matter. */
    assert_int_equal(note(t, "h", "b", "p", 5, 100), 0);
    assert_int_equal(note(t, "h", "b", "p", 5, 101), 0);
    assert_int_equal(note(t, "h", "b", "p", 5, 103), 1);
    assert_int_equal(note(t, "h", "b", "p", 5, 1000), 896);
    /* Repeated and late events are no gap and hide none. */
    assert_int_equal(note(t, "h", "b", "p", 5, 102), 0);
    assert_int_equal(note(t, "h", "b", "p", 5, 1000), 0);
    assert_int_equal(note(t, "h", "b", "p", 5, 1002), 1);
    xfsm_gap_destroy(t);
}

static void
test_epochs(void **state)
{
    struct xfsm_gap_tracker *t = xfsm_gap_create(entropy);

    (void) state;
    assert_int_equal(note(t, "h", "b", "p", 5, 9), 0);
    /* A new life starts with 1. */
    assert_int_equal(note(t, "h", "b", "p", 6, 1), 0);
    assert_int_equal(note(t, "h", "b", "p", 7, 4), 3);
    /* A late event of a former life changes nothing. */
    assert_int_equal(note(t, "h", "b", "p", 6, 50), 0);
    assert_int_equal(note(t, "h", "b", "p", 7, 5), 0);
    /* 0 is no number of an event. */
    assert_int_equal(note(t, "h", "b", "p", 7, 0), 0);
    assert_int_equal(note(t, "h", "b", "p", 7, 6), 0);
    xfsm_gap_destroy(t);
}

static void
test_sources(void **state)
{
    struct xfsm_gap_tracker *t = xfsm_gap_create(entropy);

    (void) state;
    /* Names that read the same when joined are different probes. */
    assert_int_equal(note(t, "ab", "c", "", 1, 1), 0);
    assert_int_equal(note(t, "a", "bc", "", 1, 10), 0);
    assert_int_equal(note(t, "", "ab", "c", 1, 20), 0);
    assert_int_equal(note(t, "ab", "c", "", 1, 2), 0);
    assert_int_equal(note(t, "a", "bc", "", 1, 12), 1);
    assert_int_equal(note(t, "", "ab", "c", 1, 21), 0);
    xfsm_gap_destroy(t);
}

/* With more probes than are remembered, the tracker forgets, counts it, and
 * goes on. */
static void
test_limit(void **state)
{
    struct xfsm_gap_tracker *t = xfsm_gap_create(entropy);
    char port[16];
    int i;

    (void) state;
    for (i = 0; i < 2 * XFSM_GAP_SOURCES; i++) {
        sprintf(port, "p%d", i);
        assert_int_equal(note(t, "h", "b", port, 1, 1), 0);
    }
    assert_true(xfsm_gap_forgotten(t) >= XFSM_GAP_SOURCES);
    /* The last one is still known. */
    assert_int_equal(note(t, "h", "b", port, 1, 3), 1);
    xfsm_gap_destroy(t);
}

/* Numbers of one topic have gaps of their own, which "prev" tells. */
static void
test_chain(void **state)
{
    const struct xfsm_str names[] = { { "h", 1 }, { "alert/x", 7 } };
    struct xfsm_gap_tracker *t = xfsm_gap_create(entropy);
    struct xfsm_gap gap;
    uint64_t epoch, seq;

    (void) state;
    assert_false(xfsm_gap_last(t, names, 2, &epoch, &seq));
    gap = xfsm_gap_follow(t, names, 2, 5, 4, 9);
    assert_int_equal(gap.to, 0);
    gap = xfsm_gap_follow(t, names, 2, 5, 9, 15);
    assert_int_equal(gap.to, 0);
    gap = xfsm_gap_follow(t, names, 2, 5, 20, 30);
    assert_int_equal(gap.from, 16);
    assert_int_equal(gap.to, 20);
    gap = xfsm_gap_follow(t, names, 2, 5, -1, 40);
    assert_int_equal(gap.to, 0);
    gap = xfsm_gap_follow(t, names, 2, 5, 20, 30);
    assert_true(gap.repeated);
    /* A heartbeat: 50 was given. */
    gap = xfsm_gap_follow(t, names, 2, 5, 50, 50);
    assert_int_equal(gap.from, 41);
    assert_int_equal(gap.to, 50);
    gap = xfsm_gap_follow(t, names, 2, 5, 50, 50);
    assert_true(gap.repeated);
    /* A new life, in which 3 was the first. */
    gap = xfsm_gap_follow(t, names, 2, 6, 0, 3);
    assert_int_equal(gap.to, 0);
    gap = xfsm_gap_follow(t, names, 2, 7, 4, 6);
    assert_int_equal(gap.from, 1);
    assert_int_equal(gap.to, 4);
    gap = xfsm_gap_follow(t, names, 2, 6, 3, 4);
    assert_true(gap.repeated);
    assert_true(xfsm_gap_last(t, names, 2, &epoch, &seq));
    assert_int_equal(epoch, 7);
    assert_int_equal(seq, 6);
    xfsm_gap_destroy(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
