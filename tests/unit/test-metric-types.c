/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Execution: metrics of the types of dialect 2. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/exec-pieces.h"
#include "tests/unit/random-program.h"
#include "tests/unit/reference.h"

#define VM(TYPE, ATTRS) \
    "<variation_monitor status='on' type='" TYPE "' " ATTRS "/>"
#define DISTINCT(NAME) EH_METRIC(NAME, VM("distinct", "window='60'"))

/* One state, in which SYNs of each source are handled by BODY. */
#define PROGRAM(METRICS, BODY) \
    "<xfsm name='p'>" EH_STATE("s0") METRICS \
    EH_ON(SYN, "ip_src", EH_IN("s0", BODY)) "</xfsm>"

#define PRINT(TEXT) EH_IF("true", "print(" TEXT ")", "")

/* The number at the end of the latest event. */
static double
last_number(const struct eh *eh)
{
    assert_true(eh->brief.n > 0);
    return atof(strrchr(eh->brief.lines[eh->brief.n - 1], ' '));
}

/* ## distinct ## */

static void
test_distinct_counts_items(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(DISTINCT("m"),
                       EH_USE("m", "vm_update='ip_src' "
                              "vm_item='ip_dst-dst_port'") PRINT("%m")));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 80);       /* The same item again. */
    eh_syn(&eh, 2, A, B, 81);
    eh_syn(&eh, 3, A, C, 81);
    eh_syn(&eh, 4, B, A, 81);       /* Another key. */
    eh_syn(&eh, 5, A, C, 81);
    eh_expect(&eh, "0 log 1", "1 log 1", "2 log 2", "3 log 3", "4 log 1",
              "5 log 3", NULL);
    eh_free(&eh);
}

/* An answer is about the window that it is and the one before. */
static void
test_distinct_forgets(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(EH_METRIC("m", VM("distinct", "window='10'")),
                       EH_USE("m", "vm_update='ip_src' vm_item='dst_port'")
                       PRINT("%m")));
    eh_syn(&eh, 1, A, B, 1);
    eh_syn(&eh, 9, A, B, 2);
    eh_syn(&eh, 11, A, B, 3);       /* Next window. */
    eh_syn(&eh, 21, A, B, 3);       /* 1 and 2 are gone. */
    eh_syn(&eh, 45, A, B, 4);       /* All are. */
    eh_expect(&eh, "1 log 1", "9 log 2", "11 log 3", "21 log 1", "45 log 1",
              NULL);
    eh_free(&eh);
}

static void
test_distinct_adds_only_if_new(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(EH_METRIC("m", EH_VD VM("distinct", "window='60'")),
                       EH_USE("m", "vd_update='ip_src-ip_dst' "
                              "vm_update='ip_src' vm_item='dst_port'")
                       PRINT("%m")));
    eh_syn(&eh, 0, A, B, 1);
    eh_syn(&eh, 1, A, B, 2);        /* Not new: not added. */
    eh_syn(&eh, 2, A, C, 3);
    eh_expect(&eh, "0 log 1", "1 log 1", "2 log 2", NULL);
    eh_free(&eh);
}

static void
test_distinct_set_and_get(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(DISTINCT("m"),
                       EH_USE("m", "vm_set='ip_dst' vm_item='ip_src' "
                              "vm_get='ip_src'") PRINT("%m")));
    eh_syn(&eh, 0, A, C, 1);
    eh_syn(&eh, 1, B, C, 1);
    eh_syn(&eh, 2, C, A, 1);        /* Two have spoken to C. */
    eh_expect(&eh, "0 log 0", "1 log 0", "2 log 2", NULL);
    eh_free(&eh);
}

/* Without a field of the item nothing is added, and reading goes on.  Without
 * one of the key neither is done, which counts twice. */
static void
test_distinct_without_item(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, "<xfsm name='p'>" EH_STATE("s0") DISTINCT("m") DISTINCT("n")
          EH_ON("", "ip_src", EH_IN("s0",
                EH_USE("m", "vm_update='ip_src' vm_item='tcp_seq'")
                EH_USE("n", "vm_update='ip_dst-tcp_seq' vm_item='tcp_seq'")
                PRINT("%m %n"))) "</xfsm>");
    eh_syn(&eh, 0, A, B, 1);
    eh_udp(&eh, 1, A, B, 1);
    eh_udp(&eh, 2, B, A, 1);
    eh_expect(&eh, "0 log 1 1", "1 log 1 0", "2 log 0 0", NULL);
    assert_int_equal(eh_stats(&eh).metric_no_key, 6);
    eh_free(&eh);
}

static void
test_distinct_of_many(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(DISTINCT("m"),
                       EH_USE("m", "vm_update='ip_src' vm_item='dst_port'")
                       PRINT("%m")));
    for (unsigned int i = 0; i < 20000; i++) {
        eh_syn(&eh, 1 + i / 1000000.0, A, B, i % 10000);
    }
    assert_true(fabs(last_number(&eh) / 10000 - 1) < 0.15);
    eh_free(&eh);
}

static void
test_distinct_reset(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(DISTINCT("m"),
                       EH_USE("m", "vm_update='ip_src' vm_item='ip_dst'")
                       EH_IF("dst_port == 1", "print(%m);m.reset(ip_src)", "")
                       EH_IF("dst_port == 2", "print(%m);m.reset()", "")
                       PRINT("%m")));
    eh_syn(&eh, 0, A, B, 0);
    eh_syn(&eh, 1, B, A, 0);
    eh_syn(&eh, 2, A, C, 1);        /* Forgets A... */
    eh_syn(&eh, 3, A, B, 0);
    eh_syn(&eh, 4, B, C, 2);        /* ...but not B; then all. */
    eh_syn(&eh, 5, B, C, 0);
    eh_syn(&eh, 6, A, C, 0);
    eh_expect(&eh, "0 log 1", "1 log 1", "2 log 2", "3 log 1", "4 log 2",
              "5 log 1", "6 log 1", NULL);
    eh_free(&eh);
}

/* A timer's snapshot has the fields of the item. */
static void
test_distinct_in_timeout(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, "<xfsm name='p'>" EH_STATE("s0") DISTINCT("m")
          EH_TIMEOUT("c", EH_IN("s0",
                     EH_USE("m", "vm_update='ip_src' vm_item='dst_port'")
                     EH_IF_SET("true", "print(%m)", "",
                               EH_TIMER("c", "ip_src-dst_port", "0"))))
          EH_ON(SYN, "ip_src", EH_IN("s0",
                EH_IF_SET("true", "", "",
                          EH_TIMER("c", "ip_src-dst_port", "2"))))
          "</xfsm>");
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 1, A, B, 81);
    eh_advance(&eh, 5);
    eh_expect(&eh, "2 log 1", "3 log 2", NULL);
    eh_free(&eh);
}

/* ## countmin, rate, quantile ## */

static void
test_countmin(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(
        EH_METRIC("m", VM("countmin", "window='10' insert_value='dst_port'"))
        EH_METRIC("n", VM("countmin", "window='1000'")),
        EH_USE("m", "vm_update='ip_src'") EH_USE("n", "vm_update='ip_src'")
        EH_IF("dst_port == 7", "m.reset(ip_src);print(%m %n);n.reset", "")
        PRINT("%m %n")));
    eh_syn(&eh, 1, A, B, 100);
    eh_syn(&eh, 2, A, B, 50);
    eh_syn(&eh, 3, B, A, 3);
    eh_syn(&eh, 11, A, B, 1);       /* Next window. */
    eh_syn(&eh, 21, A, B, 1);
    eh_syn(&eh, 22, A, B, 7);
    eh_syn(&eh, 23, A, B, 2);
    eh_syn(&eh, 24, B, A, 2);
    eh_expect(&eh, "1 log 100 1", "2 log 150 2", "3 log 3 1", "11 log 151 3",
              "21 log 2 4", "22 log 9 5", "23 log 2 1", "24 log 2 1", NULL);
    eh_free(&eh);
}

/* 10 a second: the window holds 100 when it is full, and is empty 10 s
 * later. */
static void
test_rate(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(EH_METRIC("m", VM("rate", "window='10'")),
                       EH_USE("m", "vm_update='ip_src'") PRINT("%m")));
    for (unsigned int i = 0; i < 300; i++) {
        eh_syn(&eh, i / 10.0, A, B, 1);
        if (i < 20) {
            assert_true(fabs(last_number(&eh) - (i + 1) / 10.0) < 1e-3);
        }
    }
    assert_true(fabs(last_number(&eh) - 10) < 0.2);
    eh_syn(&eh, 45, A, B, 1);
    assert_true(fabs(last_number(&eh) - 0.1) < 1e-3);
    eh_free(&eh);
}

static void
test_quantile(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(
        EH_METRIC("m", VM("quantile", "insert_value='dst_port' "
                          "quantile='0.9'"))
        EH_METRIC("n", VM("quantile", "insert_value='dst_port' "
                          "quantile='$p'"))
        "<param name='p' default='0.5'/>",
        EH_USE("m", "vm_update='ip_src'") EH_USE("n", "vm_update='ip_src'")
        EH_IF("dst_port == 2000", "print(%m)", "")
        EH_IF("dst_port == 2001", "print(%n)", "")
        EH_IF("dst_port == 2002", "m.reset(ip_src);n.reset", "")
        EH_IF("dst_port == 2003", "print(%m %n)", "")));
    for (unsigned int i = 1; i <= 1000; i++) {
        eh_syn(&eh, 1 + i / 1000.0, A, B, 1 + i * 7919 % 1000);
    }
    eh_syn(&eh, 3, A, B, 2000);
    assert_true(fabs(last_number(&eh) / 900 - 1) < 0.025);
    eh_syn(&eh, 4, A, B, 2001);
    assert_true(fabs(last_number(&eh) / 500 - 1) < 0.025);
    eh_syn(&eh, 5, A, B, 2002);
    eh_syn(&eh, 6, A, B, 2003);
    assert_true(fabs(last_number(&eh) / 2003 - 1) < 0.02);
    assert_int_equal(eh.brief.n, 3);
    eh_free(&eh);
}

/* What the detector has seen adds repeat_value, also where its key cannot be
 * built; what it is not asked for adds nothing. */
static void
test_repeat_value(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(
        "<param name='p' default='0.25'/>"
        EH_METRIC("m", EH_VD VM("dleft", "repeat_value='$p'"))
        EH_METRIC("n", EH_VD VM("simple", "insert_value='dst_port' "
                                "repeat_value='-1'"))
        EH_METRIC("r", EH_VD VM("tewma", "insert_value='2' "
                                "repeat_value='0.5'"))
        EH_METRIC("x", EH_VD VM("dleft", "repeat_value='5'"))
        EH_METRIC("y", EH_VD VM("dleft", "repeat_value='5'")),
        EH_USE("m", "vd_update='ip_src-dst_port' vm_update='ip_src'")
        EH_USE("n", "vd_update='ip_src-dst_port' vm_update='ip_src'")
        EH_USE("r", "vd_update='ip_src-dst_port' vm_update='ip_src'")
        EH_USE("x", "vd_update='domain_name' vm_update='ip_src'")
        EH_USE("y", "vd_set='ip_src' vm_update='ip_src'")
        PRINT("%m %n %r %x %y")));
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 0, A, B, 80);
    eh_syn(&eh, 0, A, C, 80);
    eh_syn(&eh, 0, A, B, 81);
    eh_expect(&eh, "0 log 1 80 0.401341 5 0", "0 log 1.25 79 0.501677 10 0",
              "0 log 1.5 78 0.602012 15 0", "0 log 2.5 159 1.00335 20 0",
              NULL);
    eh_free(&eh);
}

/* Asked about before anything was added. */
static void
test_nothing_reads_0(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(
        DISTINCT("d") EH_METRIC("c", VM("countmin", ""))
        EH_METRIC("r", VM("rate", ""))
        EH_METRIC("q", VM("quantile", "insert_value='len' quantile='1'")),
        EH_USE("d", "vm_get='ip_src'") EH_USE("c", "vm_get='ip_src'")
        EH_USE("r", "vm_get='ip_src'") EH_USE("q", "vm_get='ip_src'")
        PRINT("%d %c %r %q")));
    eh_syn(&eh, 0, A, B, 1);
    eh_expect(&eh, "0 log 0 0 0 0", NULL);
    eh_free(&eh);
}

/* ## Memory ## */

/* Keys beyond what there is room for go, and are counted; what memory there
 * can be is told. */
static void
test_memory(void **state)
{
    static const struct {
        const char *monitor, *use;
        uint64_t evictions;         /* At least, of 1000 keys. */
        uint64_t small, large;      /* Bytes of size 4 and 16, at least. */
    } types[] = {
        { VM("distinct", "size='%d'"), "vm_item='ip_dst'", 900,
          1 << 10, 1 << 22 },
        { VM("countmin", "size='%d'"), "", 0, 1 << 7, 1 << 19 },
        { VM("rate", "size='%d'"), "", 900, 1 << 10, 1 << 22 },
        { VM("quantile", "size='%d' quantile='0' insert_value='len'"), "",
          900, 1 << 14, 1 << 26 },
    };

    (void) state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct xfsm_program_info info;
        uint64_t bytes[2];

        for (int large = 0; large < 2; large++) {
            char monitor[256], xml[1024];
            struct eh eh;

            snprintf(monitor, sizeof monitor, types[i].monitor,
                     large ? 16 : 4);
            snprintf(xml, sizeof xml,
                     PROGRAM("<metric name='m'>%s</metric>",
                             "<use-metric id='m' vm_update='dst_port' %s/>"
                             PRINT("%%m")), monitor, types[i].use);
            start(&eh, xml);
            for (unsigned int j = 0; j < 1000; j++) {
                eh_syn(&eh, j / 100.0, A, B, j);
            }
            assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
            bytes[large] = info.bytes;
            assert_in_range(eh_stats(&eh).counter_evictions,
                            large ? 0 : types[i].evictions,
                            large ? 0 : types[i].evictions ? 1000 : 0);
            eh_free(&eh);
        }
        assert_true(bytes[1] - bytes[0] >= types[i].large - types[i].small);
        assert_true(bytes[0] >= types[i].small);
    }
}

/* ## Against the reference ## */

static const char all_types[] =
    "<xfsm name='p'>" EH_STATE("s0") EH_STATE("s1")
    EH_METRIC("d", VM("distinct", "window='3'"))
    EH_METRIC("n", EH_VD VM("distinct", "window='2.5' size='10'"))
    EH_METRIC("c", VM("countmin", "window='4' size='22' "
                      "insert_value='dst_port'"))
    EH_METRIC("r", VM("rate", "window='5' insert_value='len'"))
    EH_METRIC("k", EH_VD VM("countmin", "window='4' size='22' "
                            "insert_value='2.5'"))
    EH_METRIC("l", VM("rate", "window='2'"))
    EH_FEATURE("rate", "floor(r * 1000 + 0.37)")
    EH_TIMEOUT("t", EH_IN("s0",
          EH_USE("d", "vm_update='ip_dst' vm_item='src_port'")
          EH_USE("c", "vm_update='ip_src'")
          EH_USE("r", "vm_get='ip_src'")
          EH_IF("true", "print(%d %c %rate)", "s1")))
    EH_ON("proto udp", "ip_src-ip_dst",
          EH_IN("s0", EH_USE("d", "vm_set='ip_dst' vm_get='ip_src' "
                             "vm_item='src_port-domain_name'")
                EH_USE("n", "vd_update='ip_src-dst_port' vm_update='ip_src' "
                       "vm_item='ip_dst'")
                EH_USE("r", "vm_update='ip_src'")
                EH_USE("k", "vd_update='ip_dst-dst_port' vm_update='ip_src'")
                EH_IF_SET("n &gt; 2 and rate &gt; 1", "print(%d %n %rate);"
                          "d.reset(ip_src)", "s1",
                          EH_TIMER("t", "ip_dst", "1.5"))
                EH_IF("d &gt; 3", "print(%d %n %rate);r.reset(ip_dst)", ""))
          EH_IN("s1", EH_USE("c", "vm_update='ip_dst'")
                EH_USE("k", "vd_update='ip_dst-dst_port' vm_update='ip_src'")
                EH_USE("l", "vm_update='ip_src-tcp_seq'")
                EH_IF("c &gt; 9000", "print(%c %k);c.reset(ip_dst)", "s0")
                EH_IF("l * 2 == 3", "print(%k)", "s0")
                EH_IF("true", "print(%c %k)", "")))
    EH_ON("", "ip_src",
          EH_IN("s0", EH_USE("d", "vm_update='ip_src' vm_item='ip_dst'")
                EH_USE("c", "vm_update='ip_src'")
                EH_USE("r", "vm_update='ip_dst'")
                EH_USE("l", "vm_update='ip_src'")
                EH_IF("floor(l * 10 + 0.37) &gt; 30", "print(%d %c);l.reset",
                      "")
                EH_IF_SET("d &gt; 4", "print(%d %c %rate);d.reset", "s1",
                          EH_TIMER("t", "ip_src", "0.5"))
                EH_IF("true", "print(%d %c %rate)", ""))
          EH_IN("s1", EH_USE("r", "vm_update='ip_src'")
                EH_IF("rate &gt; 200000", "print(%rate);r.reset", "s0")
                EH_IF("true", "print(%rate)", "s0")))
    "</xfsm>";

static void
assert_same(const struct eh_lines *a, const struct eh_lines *b,
            uint64_t seed, const char *what)
{
    size_t at = eh_lines_differ(a, b);

    if (at != SIZE_MAX) {
        fail_msg("seed %u, %s: event %zu\n  %s\n  %s", (unsigned int) seed,
                 what, at, at < a->n ? a->lines[at] : "(none)",
                 at < b->n ? b->lines[at] : "(none)");
    }
}

static void
test_against_reference(void **state)
{
    struct xfsm_program *program = eh_model("p", all_types);
    uint64_t n_events = 0, n_timeouts = 0;

    (void) state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct eh_packets packets = { 0, 0, NULL };
        struct reference *reference;
        struct eh sides[2];
        struct xfsm_engine_stats stats[2];
        uint64_t end;

        random_packets(seed, 400, &packets);
        end = packets.packets[packets.n - 1].ts + UINT64_C(30000000000);
        for (int i = 0; i < 2; i++) {
            eh_init_backend(&sides[i], i ? XFSM_BACKEND_INTERPRETER
                                         : XFSM_BACKEND_AUTO);
            eh_load(&sides[i], "p", all_types);
            eh_run(&sides[i], &packets, 1 + seed % 40);
            xfsm_engine_advance(sides[i].engine, end);
            xfsm_engine_get_stats(sides[i].engine, &stats[i]);
        }
        assert_memory_equal(&stats[0], &stats[1], sizeof stats[0]);
        assert_true(stats[0].metric_no_key > 0);
        reference = reference_create(program, &sides[0].identity);
        for (size_t i = 0; i < packets.n; i++) {
            reference_run(reference, &packets.packets[i]);
        }
        reference_advance(reference, end);
        assert_same(&sides[0].full, &sides[1].full, seed, "interpreter");
        assert_same(&sides[0].full, reference_events(reference), seed,
                    "reference");
        n_events += sides[0].full.n;
        n_timeouts += reference_timeouts(reference);
        reference_destroy(reference);
        eh_free(&sides[0]);
        eh_free(&sides[1]);
        eh_packets_free(&packets);
    }
    assert_true(n_events > 1000);
    assert_true(n_timeouts > 20);
    xfsm_program_destroy(program);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distinct_counts_items),
        cmocka_unit_test(test_distinct_forgets),
        cmocka_unit_test(test_distinct_adds_only_if_new),
        cmocka_unit_test(test_distinct_set_and_get),
        cmocka_unit_test(test_distinct_without_item),
        cmocka_unit_test(test_distinct_of_many),
        cmocka_unit_test(test_distinct_reset),
        cmocka_unit_test(test_distinct_in_timeout),
        cmocka_unit_test(test_countmin),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_quantile),
        cmocka_unit_test(test_repeat_value),
        cmocka_unit_test(test_nothing_reads_0),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_against_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
