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

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/history.h"
#include "controller/meter.h"
#include "controller/talkers.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "util.h"

/* ## history.h ## */

#define PERIOD INT64_C(5000)
#define POINTS 360
#define START (INT64_C(1000) * POINTS * PERIOD)

static void
add(struct xfsm_history *history, const char *name, float a, float b,
    int64_t now)
{
    const float values[] = { a, b };

    assert_true(xfsm_history_add(history, name, values, 2, now));
}

/* Reads value 'i' of all points of the short range; 'expected' ends with
 * -1, and NAN is not a number. */
static void
check_short(const struct xfsm_history *history, int64_t first, size_t i,
            const float expected[])
{
    size_t n, j, n_values;
    int64_t began;
    float *points;

    n = xfsm_history_read(history, "x", XFSM_HISTORY_SHORT, &points,
                          &n_values, &began);
    assert_int_equal(n_values, 2);
    assert_true(began == first);
    for (j = 0; j < n; j++) {
        float point = points[j * 2 + i];

        assert_true(isnan(expected[j]) ? isnan(point)
                    : fabsf(point - expected[j]) < 1e-6f);
    }
    assert_true(expected[j] == -1);
    free(points);
}

/* Means of samples, gaps, values that are not known. */
static void
test_points(void **state OVS_UNUSED)
{
    struct xfsm_history *history = xfsm_history_create(1);

    add(history, "x", 1, NAN, START);
    add(history, "x", 2, 10, START + 1);
    add(history, "x", 6, NAN, START + PERIOD - 1);
    check_short(history, START, 0, (float[]) { 3, -1 });
    check_short(history, START, 1, (float[]) { 10, -1 });
    add(history, "x", 5, 0, START + 3 * PERIOD);
    check_short(history, START, 0, (float[]) { 3, NAN, NAN, 5, -1 });
    /* The clock went back: not in this range, and not for long. */
    add(history, "x", 9, 9, START);
    check_short(history, START, 0, (float[]) { 3, NAN, NAN, 5, -1 });
    add(history, "x", 9, 9, START - POINTS * PERIOD);
    check_short(history, START - POINTS * PERIOD, 0, (float[]) { 9, -1 });
    xfsm_history_destroy(history);
}

/* The ring at its limit, one past it, and after a long silence; the long range
 * has the means. */
static void
test_ring(void **state OVS_UNUSED)
{
    struct xfsm_history *history = xfsm_history_create(1);
    size_t n, n_values;
    int64_t first;
    float *points;
    int i;

    for (i = 0; i < POINTS; i++) {
        add(history, "x", i, 0, START + i * PERIOD);
    }
    n = xfsm_history_read(history, "x", XFSM_HISTORY_SHORT, &points,
                          &n_values, &first);
    assert_true(n == POINTS && first == START && points[0] == 0);
    free(points);
    add(history, "x", POINTS, 0, START + i * PERIOD);
    n = xfsm_history_read(history, "x", XFSM_HISTORY_SHORT, &points,
                          &n_values, &first);
    assert_true(n == POINTS && first == START + PERIOD && points[0] == 1
                && points[2 * (POINTS - 1)] == POINTS);
    free(points);
    n = xfsm_history_read(history, "x", XFSM_HISTORY_LONG, &points,
                          &n_values, &first);
    assert_int_equal(n, POINTS / 60 + 1);
    assert_true(fabsf(points[0] - 29.5f) < 1e-3f);
    free(points);
    add(history, "x", 7, 0, START + 5 * POINTS * PERIOD);
    check_short(history, START + 5 * POINTS * PERIOD, 0,
                (float[]) { 7, -1 });
    xfsm_history_destroy(history);
}

/* Series at the limit and one past it; they make room when they are old. */
static void
test_series(void **state OVS_UNUSED)
{
    struct xfsm_history *history = xfsm_history_create(2);
    const int64_t day = xfsm_history_period(XFSM_HISTORY_LONG) * 288;
    const float values[] = { 1, 2 };
    enum xfsm_history_range range;
    size_t n_values;
    int64_t first;
    float *points;

    add(history, "a", 1, 2, START);
    add(history, "b", 1, 2, START);
    assert_false(xfsm_history_add(history, "c", values, 2, START));
    assert_int_equal(xfsm_history_refused(history), 1);
    add(history, "a", 1, 2, START + day);
    xfsm_history_expire(history, START + day - 1);
    assert_int_equal(xfsm_history_count(history), 2);
    xfsm_history_expire(history, START + day);
    assert_int_equal(xfsm_history_count(history), 1);
    assert_int_equal(xfsm_history_read(history, "b", XFSM_HISTORY_LONG,
                                       &points, &n_values, &first), 0);
    add(history, "c", 1, 2, START + day);
    assert_true(xfsm_history_find_range("24h", &range));
    assert_int_equal(range, XFSM_HISTORY_LONG);
    assert_string_equal(xfsm_history_range_name(range), "24h");
    assert_false(xfsm_history_find_range("1h", &range));
    xfsm_history_destroy(history);
}

/* ## meter.h ## */

static void
check_rate(struct xfsm_meter *meter, int64_t counter, long long int now,
           float expected)
{
    const int64_t counters[XFSM_METER_N] = { counter, 7 };

    xfsm_meter_read(meter, counters, now);
    assert_true(isnan(expected) ? isnan(meter->rates[0])
                : fabsf(meter->rates[0] - expected) < 1e-6f);
    assert_true(isnan(expected) || meter->rates[1] == 0);
}

/* Counters of our own, which may begin anew. */
static void
test_counters(void **state OVS_UNUSED)
{
    struct xfsm_meter meter = { .sums = false };

    check_rate(&meter, 100, 1000, NAN);
    check_rate(&meter, 110, 2000, 10);
    check_rate(&meter, 111, 2000, 10);  /* No time has gone by. */
    check_rate(&meter, 115, 4000, 2.5);
    check_rate(&meter, 115, 5000, 0);
    check_rate(&meter, 6, 7000, 3);
}

/* Sums of others, each five seconds, and one host that is gone. */
static void
test_sums(void **state OVS_UNUSED)
{
    struct xfsm_meter meter = { .sums = true, .hold = 12500 };

    check_rate(&meter, 100, 1000, NAN);
    check_rate(&meter, 100, 6000, NAN);
    check_rate(&meter, 200, 11000, 10);
    check_rate(&meter, 200, 16000, 10);
    check_rate(&meter, 200, 23499, 10);
    check_rate(&meter, 200, 23500, 0);
    check_rate(&meter, 300, 33500, 10);
    check_rate(&meter, 50, 38500, 0);
}

/* ## talkers.h ## */

static void
take(struct xfsm_talkers *talkers, const char *program, const char *fields,
     long long int now)
{
    char *event = xasprintf("{\"v\":1,\"time\":\"now\",\"label\":\"feature\","
                            "\"program\":\"%s\",\"port\":\"p\","
                            "\"fields\":{%s}}", program, fields);

    xfsm_talkers_take(talkers, "h", "blue,", event, strlen(event), now);
    free(event);
}

#define ENTRY "{\"key\":{\"ip_src\":\"10.0.0.1\"},\"count\":5,\"error\":0}"

/* What is a list, and what is none. */
static void
test_lists(void **state OVS_UNUSED)
{
    struct xfsm_talkers *talkers = xfsm_talkers_create(10);
    const struct xfsm_talkers_list *list;

    take(talkers, "a", "\"n\":3,\"top\":[" ENTRY "],\"last\":[" ENTRY ","
         ENTRY "],\"s\":\"\\\"count\\\":[\"", 1);
    assert_int_equal(shash_count(&talkers->lists), 2);
    list = shash_find_data(&talkers->lists, "h/p/a/last");
    assert_int_equal(json_array(list->entries)->n, 2);
    assert_string_equal(list->time, "now");
    assert_string_equal(list->owners, "blue,");
    take(talkers, "a", "\"last\":[" ENTRY "]", 2);
    list = shash_find_data(&talkers->lists, "h/p/a/last");
    assert_int_equal(json_array(list->entries)->n, 1);
    assert_int_equal(list->updated, 2);
    assert_int_equal(shash_count(&talkers->lists), 2);

    take(talkers, "b", "\"x\":[]", 3);
    take(talkers, "b", "\"x\":[{\"count\":1}]", 3);
    take(talkers, "b", "\"x\":[1,{\"count\":1}]", 3);
    take(talkers, "b", "\"x\":{\"count\":1}", 3);
    take(talkers, "b", "\"x\":[{\"key\":1,\"count\":1,\"error\":0}]", 3);
    take(talkers, "b", "\"x\":[{\"key\":{},\"count\":\"\",\"error\":0}]", 3);
    xfsm_talkers_take(talkers, "h", "", "{\"count\":", 9, 3);
    assert_int_equal(shash_count(&talkers->lists), 2);
    xfsm_talkers_destroy(talkers);
}

/* Lists at the limit and one past it, in number, length and age. */
static void
test_bounds(void **state OVS_UNUSED)
{
    struct xfsm_talkers *talkers = xfsm_talkers_create(2);
    char *fields;

    take(talkers, "a", "\"x\":[" ENTRY "]", 5);
    take(talkers, "b", "\"x\":[" ENTRY "]", 3);
    assert_int_equal(talkers->evicted, 0);
    take(talkers, "c", "\"x\":[" ENTRY "]", 6);
    assert_int_equal(talkers->evicted, 1);
    assert_null(shash_find(&talkers->lists, "h/p/b/x"));
    assert_non_null(shash_find(&talkers->lists, "h/p/a/x"));

    /* Brackets and white space make up the length. */
    fields = xasprintf("\"x\":[" ENTRY "%*s]", (int) (
        XFSM_TALKERS_MAX_BYTES - strlen("[" ENTRY "]")), "");
    take(talkers, "c", fields, 7);
    assert_int_equal(talkers->too_long, 0);
    free(fields);
    fields = xasprintf("\"x\":[" ENTRY "%*s]", (int) (
        XFSM_TALKERS_MAX_BYTES + 1 - strlen("[" ENTRY "]")), "");
    take(talkers, "c", fields, 8);
    assert_int_equal(talkers->too_long, 1);
    free(fields);

    xfsm_talkers_expire(talkers, 5 + XFSM_TALKERS_MAX_AGE);
    assert_int_equal(shash_count(&talkers->lists), 2);
    xfsm_talkers_expire(talkers, 6 + XFSM_TALKERS_MAX_AGE);
    assert_int_equal(shash_count(&talkers->lists), 1);
    xfsm_talkers_destroy(talkers);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_series),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
