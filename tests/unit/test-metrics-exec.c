/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Execution: one test for each rule about metrics and features. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/exec-pieces.h"

/* ## Rule 3: metrics ## */

static void
test_vm_update_is_set_then_get(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES DLEFT("m") EH_ON(SYN, "ip_src",
        EH_IN("s0", EH_USE("m", "vm_update='ip_dst'")
              EH_IF("true", "print(%m)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, C, B, 80);
    eh_syn(&eh, 2, A, C, 80);
    eh_expect(&eh, "0 log 1", "1 log 2", "2 log 1", NULL);
    eh_free(&eh);
}

static void
test_vm_set_and_get_of_different_keys(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES DLEFT("m") EH_ON(SYN, "ip_src",
        EH_IN("s0", EH_USE("m", "vm_set='ip_src' vm_get='ip_dst'")
              EH_IF("true", "print(%m)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, B, A, 80);       /* A has sent once. */
    eh_syn(&eh, 2, A, B, 80);
    eh_expect(&eh, "0 log 0", "1 log 1", "2 log 1", NULL);
    eh_free(&eh);
}

/* With the monitor off the value is the detector's: 0 new, 1 seen. */
static void
test_detector_alone(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_METRIC("m", EH_VD) EH_ON(SYN, "ip_src",
        EH_IN("s0", EH_USE("m", "vd_update='ip_src-dst_port'")
              EH_IF("true", "print(%m)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, C, 80);
    eh_syn(&eh, 2, A, B, 81);
    eh_expect(&eh, "0 log 0", "1 log 1", "2 log 0", NULL);
    eh_free(&eh);
}

/* Asked first, then told: and only what is told is seen. */
static void
test_vd_get_without_vd_set(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_METRIC("m", EH_VD) EH_ON(SYN, "ip_src",
        EH_IN("s0", EH_USE("m", "vd_get='ip_src'")
              EH_IF("true", "print(%m)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 80);
    eh_expect(&eh, "0 log 0", "1 log 0", NULL);
    eh_free(&eh);
}

static void
test_vd_get_and_set_of_different_keys(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(STATES EH_METRIC("m", EH_VD) EH_ON(SYN, "ip_src",
        EH_IN("s0", EH_USE("m", "vd_get='ip_dst' vd_set='ip_src'")
              EH_IF("true", "print(%m)", "")))));
    eh_syn(&eh, 0, A, B, 80);       /* A is known from here on. */
    eh_syn(&eh, 1, B, A, 80);
    eh_syn(&eh, 2, A, A, 80);
    eh_syn(&eh, 3, A, C, 80);
    eh_expect(&eh, "0 log 0", "1 log 1", "2 log 1", "3 log 0", NULL);
    eh_free(&eh);
}

/* On, but not asked: not new. */
static void
test_vd_set_alone_is_not_new(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES EH_METRIC("d", EH_VD) EH_METRIC("m", EH_VD EH_VM("dleft"))
        EH_ON(SYN, "ip_src",
              EH_IN("s0", EH_USE("d", "vd_set='ip_src'")
                    EH_USE("m", "vd_set='ip_src' vm_update='ip_src'")
                    EH_IF("true", "print(%d %m)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 80);
    eh_expect(&eh, "0 log 1 0", "1 log 1 0", NULL);
    eh_free(&eh);
}

static void
test_monitor_adds_only_if_new(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES EH_METRIC("m", EH_VD EH_VM("dleft"))
        EH_ON(SYN, "ip_src",
              EH_IN("s0", EH_USE("m", "vd_update='ip_src-dst_port' "
                                 "vm_update='ip_src'")
                    EH_IF("true", "print(%m)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 80);
    eh_syn(&eh, 2, A, B, 81);
    eh_syn(&eh, 3, A, C, 81);
    eh_syn(&eh, 4, C, A, 81);
    eh_expect(&eh, "0 log 1", "1 log 1", "2 log 2", "3 log 2", "4 log 1",
              NULL);
    eh_free(&eh);
}

static void
test_both_off_reads_the_field(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES EH_METRIC("m", "") EH_METRIC("n", "")
        EH_ON("", "ip_src",
              EH_IN("s0", EH_USE("m", "vm_get='dst_port'")
                    EH_USE("n", "vm_get='icmp_type'")
                    EH_IF("true", "print(%m %n)", "")))));
    eh_syn(&eh, 0, A, B, 80);       /* A field that is absent reads 0. */
    eh_expect(&eh, "0 log 80 0", NULL);
    eh_free(&eh);
}

static void
test_unused_metric_reads_0(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES DLEFT("m") EH_FEATURE("f", "m + 1")
        EH_ON("dst_port 80", "ip_src",
              EH_IN("s0", EH_USE("m", "vm_update='ip_src'")
                    EH_IF("true", "print(%m %f)", "")))
        EH_ON("dst_port 81", "ip_src",
              EH_IN("s0", EH_IF("m == 0 and f == 1", "print(%m %f)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 81);
    eh_expect(&eh, "0 log 1 2", "1 log 0 1", NULL);
    eh_free(&eh);
}

static void
test_insert_value(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_METRIC("n", "<variation_monitor status='on' type='dleft' "
                  "insert_value='2.5'/>")
        EH_METRIC("f", "<variation_monitor status='on' type='dleft' "
                  "insert_value='dst_port'/>")
        EH_METRIC("absent", "<variation_monitor status='on' type='simple' "
                  "insert_value='icmp_type'/>")
        EH_ON("", "ip_src",
              EH_IN("s0", EH_USE("n", "vm_update='ip_src'")
                    EH_USE("f", "vm_update='ip_src'")
                    EH_USE("absent", "vm_update='ip_src'")
                    EH_IF("true", "print(%n %f %absent)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 443);
    eh_expect(&eh, "0 log 2.5 80 0", "1 log 5 523 0", NULL);
    eh_free(&eh);
}

/* One number for all keys. */
static void
test_simple_monitor(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES EH_METRIC("m", EH_VM("simple"))
        EH_ON(SYN, "ip_src",
              EH_IN("s0", EH_USE("m", "vm_update='ip_src'")
                    EH_IF("true", "print(%m)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, B, A, 80);
    eh_syn(&eh, 2, C, A, 80);
    eh_expect(&eh, "0 log 1", "1 log 2", "2 log 3", NULL);
    eh_free(&eh);
}

/* beta = 1 - 2 / (window / 6 + 1): for 60 s, 9/11.  Adding 1 gives -ln(beta),
 * and a second makes beta of it. */
static void
test_tewma_decays(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_METRIC("m", "<variation_monitor status='on' type='tewma' "
                  "window='60'/>")
        EH_METRIC("short", "<variation_monitor status='on' type='tewma' "
                  "window='4'/>")
        EH_ON("dst_port 80", "ip_src",
              EH_IN("s0", EH_USE("m", "vm_update='ip_src'")
                    EH_USE("short", "vm_update='ip_src'")
                    EH_IF("true", "print(%m %short)", "")))
        EH_ON("", "ip_src",
              EH_IN("s0", EH_USE("m", "vm_get='ip_src'")
                    EH_USE("short", "vm_get='ip_src'")
                    EH_IF("true", "print(%m %short)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 81);
    eh_syn(&eh, 1.5, A, B, 81);
    eh_syn(&eh, 2, A, B, 80);
    eh_syn(&eh, 3, C, B, 81);
    eh_expect(&eh, "0 log 0.200671 0.25", "1 log 0.164185 0.1947",
              "1.5 log 0.148511 0.171822", "2 log 0.335004 0.401633",
              "3 log 0 0", NULL);
    eh_free(&eh);
}

/* A steady stream of r per second reads r. */
static void
test_tewma_reads_the_rate(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES EH_METRIC("m", EH_VM("tewma"))
        EH_ON("dst_port 80", "ip_src",
              EH_IN("s0", EH_USE("m", "vm_update='ip_src'")))
        EH_ON("", "ip_src",
              EH_IN("s0", EH_USE("m", "vm_get='ip_src'")
                    EH_IF("m &gt; 99 and m &lt; 101", "print(good)", "")
                    EH_IF("true", "print(%m)", "")))));
    for (int i = 0; i < 10000; i++) {
        eh_syn(&eh, i * 0.01, A, B, 80);
    }
    eh_syn(&eh, 100, A, B, 81);
    eh_expect(&eh, "100 log good", NULL);
    eh_free(&eh);
}

static void
test_metric_of_incomplete_key(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES DLEFT("m") EH_METRIC("d", EH_VD EH_VM("simple"))
        EH_ON("", "ip_src",
              EH_IN("s0", EH_USE("m", "vm_update='domain_name'")
                    EH_USE("d", "vd_update='domain_name' "
                           "vm_update='ip_src'")
                    EH_IF("true", "print(%m %d)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_dns(&eh, 1, A, B, 0, "x.example");
    eh_expect(&eh, "0 log 0 0", "1 log 1 1", NULL);
    assert_int_equal(eh_stats(&eh).metric_no_key, 4);
    eh_free(&eh);
}

/* The pair of filters forgets what is older than one to two times
 * reset_after, and takes its slave along. */
static void
test_detector_reset_after_and_slave(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES
        EH_METRIC("m", "<variation_detector status='on' reset_after='10' "
                  "slave='s'/>")
        EH_METRIC("s", EH_VD)
        EH_ON("", "ip_src",
              EH_IN("s0", EH_USE("m", "vd_update='ip_src'")
                    EH_USE("s", "vd_update='ip_dst'")
                    EH_IF("true", "print(%m %s)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 9, A, B, 80);
    eh_syn(&eh, 10, A, B, 80);      /* The first swap: in the other one. */
    eh_syn(&eh, 45, A, B, 80);      /* More than two: forgotten. */
    eh_syn(&eh, 46, A, B, 80);
    eh_expect(&eh, "0 log 0 0", "9 log 1 1", "10 log 1 1", "45 log 0 0",
              "46 log 1 1", NULL);
    eh_free(&eh);
}

/* ## Rule 4: features ## */

static void
test_features_of_features(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES DLEFT("m")
        EH_FEATURE("twice", "2 * m") EH_FEATURE("more", "twice + 0.5")
        EH_ON(SYN, "ip_src",
              EH_IN("s0", EH_USE("m", "vm_update='ip_src'")
                    EH_IF("more &gt; 3", "print(%more)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 80);
    eh_expect(&eh, "1 log 4.5", NULL);
    eh_free(&eh);
}

/* Computed once, before the conditions: what an action does later does not
 * show. */
static void
test_features_are_computed_before_actions(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES DLEFT("m") EH_FEATURE("f", "m")
        EH_ON(SYN, "ip_src",
              EH_IN("s0", EH_USE("m", "vm_update='ip_src'")
                    EH_IF("f == 2", "m.reset(ip_src);print(%f %m)", "")
                    EH_IF("true", "print(%f)", "")))));
    for (int i = 0; i < 3; i++) {
        eh_syn(&eh, i, A, B, 80);
    }
    eh_expect(&eh, "0 log 1", "1 log 2 2", "2 log 1", NULL);
    eh_free(&eh);
}

static void
test_division_by_zero_is_0_and_counted(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES DLEFT("m") DLEFT("z")
        EH_FEATURE("q", "m / z") EH_FEATURE("r", "m % z")
        EH_FEATURE("unused", "1 / z")
        EH_ON(SYN, "ip_src",
              EH_IN("s0", EH_USE("m", "vm_update='ip_src'")
                    EH_USE("z", "vm_get='ip_src'")
                    EH_IF("true", "print(%q %r)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 log 0 0", NULL);
    assert_int_equal(eh_stats(&eh).div_by_zero, 2);
    eh_free(&eh);
}

/* ## Reset ## */

/* A keyed reset forgets that key's counter, and the detector nothing. */
static void
test_keyed_reset(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES EH_METRIC("m", EH_VD EH_VM("dleft"))
        EH_METRIC("r", EH_VM("tewma"))
        EH_ON("dst_port 9", "ip_src", EH_IN("s0",
              EH_IF("true", "m.reset(ip_src);r.reset(ip_src)", "")))
        EH_ON("", "ip_src",
              EH_IN("s0", EH_USE("m", "vd_update='ip_src-dst_port' "
                                 "vm_update='ip_src'")
                    EH_USE("r", "vm_update='ip_src'")
                    EH_IF("true", "print(%ip_src %m %r)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 0, A, B, 81);
    eh_syn(&eh, 0, C, B, 80);
    eh_syn(&eh, 0, A, B, 9);        /* Resets A. */
    eh_syn(&eh, 0, A, B, 80);       /* Seen before still: not counted. */
    eh_syn(&eh, 0, A, B, 82);
    eh_syn(&eh, 0, C, B, 81);
    eh_expect(&eh, "0 log 10.0.0.1 1 0.200671", "0 log 10.0.0.1 2 0.401341",
              "0 log 10.0.0.3 1 0.200671", "0 log 10.0.0.1 0 0.200671",
              "0 log 10.0.0.1 1 0.401341", "0 log 10.0.0.3 2 0.401341",
              NULL);
    eh_free(&eh);
}

/* A plain reset clears detector and monitor, of all keys. */
static void
test_plain_reset(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES EH_METRIC("m", EH_VD EH_VM("dleft"))
        EH_METRIC("r", EH_VM("tewma")) EH_METRIC("s", EH_VM("simple"))
        EH_ON("dst_port 9", "ip_src", EH_IN("s0",
              EH_IF("true", "m.reset(); r.reset, s.reset()", "")))
        EH_ON("", "ip_src",
              EH_IN("s0", EH_USE("m", "vd_update='ip_src-dst_port' "
                                 "vm_update='ip_src'")
                    EH_USE("r", "vm_update='ip_src'")
                    EH_USE("s", "vm_update='ip_src'")
                    EH_IF("true", "print(%m %r %s)", "")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 0, C, B, 80);
    eh_syn(&eh, 0, A, B, 9);
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 0, C, B, 80);
    eh_expect(&eh, "0 log 1 0.200671 1", "0 log 1 0.200671 2",
              "0 log 1 0.200671 1", "0 log 1 0.200671 2", NULL);
    eh_free(&eh);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vm_update_is_set_then_get),
        cmocka_unit_test(test_vm_set_and_get_of_different_keys),
        cmocka_unit_test(test_detector_alone),
        cmocka_unit_test(test_vd_get_without_vd_set),
        cmocka_unit_test(test_vd_get_and_set_of_different_keys),
        cmocka_unit_test(test_vd_set_alone_is_not_new),
        cmocka_unit_test(test_monitor_adds_only_if_new),
        cmocka_unit_test(test_both_off_reads_the_field),
        cmocka_unit_test(test_unused_metric_reads_0),
        cmocka_unit_test(test_insert_value),
        cmocka_unit_test(test_simple_monitor),
        cmocka_unit_test(test_tewma_decays),
        cmocka_unit_test(test_tewma_reads_the_rate),
        cmocka_unit_test(test_metric_of_incomplete_key),
        cmocka_unit_test(test_detector_reset_after_and_slave),
        cmocka_unit_test(test_features_of_features),
        cmocka_unit_test(test_features_are_computed_before_actions),
        cmocka_unit_test(test_division_by_zero_is_0_and_counted),
        cmocka_unit_test(test_keyed_reset),
        cmocka_unit_test(test_plain_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
