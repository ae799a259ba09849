/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Which messages are sent again when a connection breaks. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "xfsm/io/syslog-flight.h"

static struct xfsm_flight f;

static int
setup(void **state)
{
    (void) state;
    memset(&f, 0, sizeof f);
    return 0;
}

static int
teardown(void **state)
{
    (void) state;
    xfsm_flight_destroy(&f);
    return 0;
}

/* Adds message 'i', which ends at byte 10 * i. */
static void
add(unsigned int i, int64_t now)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%u", i);

    xfsm_flight_add(&f, text, (size_t) n, 10 * i, now);
}

/* Sends again what is to be: 'from' to 'to'. */
static void
expect_again(unsigned int from, unsigned int to, int64_t now)
{
    const struct xfsm_flight_message *m;

    for (; from <= to; from++) {
        char text[16];
        int n = snprintf(text, sizeof text, "%u", from);

        m = xfsm_flight_next(&f);
        assert_non_null(m);
        assert_int_equal(m->len, n);
        assert_memory_equal(m->text, text, m->len);
        xfsm_flight_sent(&f, 5, now);
    }
    assert_null(xfsm_flight_next(&f));
}

static void
test_settled(void **state)
{
    (void) state;
    add(1, 1000);
    add(2, 1500);
    add(3, 1500);
    xfsm_flight_settle(&f, 20, 1000 + XFSM_FLIGHT_SETTLE_MS - 1);
    assert_int_equal(f.n, 3);
    xfsm_flight_settle(&f, 20, 1000 + XFSM_FLIGHT_SETTLE_MS);
    assert_int_equal(f.n, 2);

    /* The third is not acknowledged, however old. */
    xfsm_flight_settle(&f, 29, 100000);
    assert_int_equal(f.n, 1);
    xfsm_flight_break(&f, 100000);
    expect_again(3, 3, 100000);
    assert_int_equal(f.resent, 1);
    assert_int_equal(f.uncertain, 0);
}

/* It breaks again meanwhile: what was sent again is, too, in its new place. */
static void
test_breaks_again(void **state)
{
    (void) state;
    add(1, 0);
    add(2, 0);
    xfsm_flight_break(&f, 0);
    xfsm_flight_sent(&f, 5, 10);        /* 1. */
    xfsm_flight_break(&f, 20);
    xfsm_flight_break(&f, 20);
    assert_memory_equal(xfsm_flight_next(&f)->text, "2", 1);
    xfsm_flight_sent(&f, 5, 30);
    expect_again(1, 1, 30);
    assert_int_equal(f.resent, 3);
}

static void
test_limit(void **state)
{
    unsigned int i;

    (void) state;
    for (i = 1; i <= XFSM_FLIGHT_MAX; i++) {
        add(i, 0);
    }
    xfsm_flight_break(&f, 0);
    assert_int_equal(f.uncertain, 0);
    expect_again(1, XFSM_FLIGHT_MAX, 0);

    /* One more, a moment before; some more, long before. */
    add(i, 5000);
    xfsm_flight_break(&f, 5000 + XFSM_FLIGHT_SETTLE_MS - 1);
    assert_int_equal(f.uncertain, 1);
    expect_again(2, XFSM_FLIGHT_MAX + 1, 0);
    add(i, 10000);
    add(i, 10000);
    xfsm_flight_break(&f, 10000 + XFSM_FLIGHT_SETTLE_MS);
    assert_int_equal(f.uncertain, 1);
    xfsm_flight_break(&f, 10000);
    assert_int_equal(f.uncertain, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_settled, setup, teardown),
        cmocka_unit_test_setup_teardown(test_breaks_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
