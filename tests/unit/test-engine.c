/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The engine as a whole: batches, several programs, loading and unloading. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "tests/unit/engine-programs.h"
#include "tests/unit/packet-builder.h"
#include "tests/unit/random-program.h"

/* ## Batches ## */

static void
test_batches_do_not_matter(void **state)
{
    static const size_t batches[] = { 1, 2, 7, 31, 32, 33, 100, 1000 };
    struct eh_packets packets = { 0, 0, NULL };
    struct eh one;

    (void) state;
    random_packets(7, 1000, &packets);
    eh_init(&one);
    eh_load(&one, "p", all);
    eh_run(&one, &packets, 1);
    assert_true(one.full.n > 200);
    for (size_t i = 1; i < sizeof batches / sizeof *batches; i++) {
        struct xfsm_engine_stats a, b;
        struct eh other;

        eh_init(&other);
        eh_load(&other, "p", all);
        eh_run(&other, &packets, batches[i]);
        assert_true(eh_lines_differ(&one.full, &other.full) == SIZE_MAX);
        a = eh_stats(&one);
        b = eh_stats(&other);
        assert_memory_equal(&a, &b, sizeof a);
        eh_free(&other);
    }
    eh_free(&one);
    eh_packets_free(&packets);
}

static void
test_no_packets(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    xfsm_engine_run(eh.engine, NULL, 0);
    eh_load(&eh, "p", all);
    xfsm_engine_run(eh.engine, NULL, 0);
    assert_int_equal(eh_stats(&eh).packets, 0);
    eh_free(&eh);
}

/* An engine without programs counts, and one without a callback works. */
static void
test_no_program_no_callback(void **state)
{
    struct xfsm_engine_options options = {
        .identity = { .host = "", .bridge = "", .port = "" },
    };
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_syn(&eh, 0, A, B, 80);
    assert_int_equal(eh_stats(&eh).packets, 1);
    assert_int_equal(eh_stats(&eh).bytes, 55);
    xfsm_engine_destroy(eh.engine);

    assert_null(xfsm_engine_create(&options, &eh.engine));
    eh_load(&eh, "p", COUNTER("alert"));
    eh_syn(&eh, 0, A, B, 80);
    assert_int_equal(eh_stats(&eh).events, 1);
    assert_int_equal(eh_stats(&eh).alerts, 1);
    eh_free(&eh);
    xfsm_engine_destroy(NULL);
}

/* ## Several programs ## */

/* Each has its own states, metrics and tables; events come packet by packet,
 * in the order of loading. */
static void
test_programs_are_independent(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "one", COUNTER("one"));
    eh_syn(&eh, 0, A, B, 80);
    eh_load(&eh, "two", COUNTER("two"));
    eh_syn(&eh, 1, A, B, 80);
    eh_syn(&eh, 2, A, B, 80);
    eh_expect(&eh, "0 one 1", "1 one again 2", "1 two 1", "2 one again 3",
              "2 two again 2", NULL);
    eh_free(&eh);
}

/* Together they say what each says alone. */
static void
test_programs_together_as_alone(void **state)
{
    enum { N = 6 };
    struct eh_packets packets = { 0, 0, NULL };
    struct eh together;
    size_t at[N] = { 0 }, n = 0;
    struct eh alone[N];

    (void) state;
    random_packets(3, 400, &packets);
    eh_init(&together);
    for (unsigned int i = 0; i < N; i++) {
        char *xml = random_program(1000 + i);
        char name[] = { 'p', (char) ('0' + (int) i), '\0' };

        eh_load(&together, name, xml);
        eh_init(&alone[i]);
        eh_load(&alone[i], name, xml);
        eh_run(&alone[i], &packets, 32);
        n += alone[i].full.n;
        free(xml);
    }
    eh_run(&together, &packets, 32);
    assert_int_equal(together.full.n, n);
    assert_true(n > 100);
    for (size_t i = 0; i < together.full.n; i++) {
        const char *line = together.full.lines[i];
        int program = strstr(line, " p")[2] - '0';

        assert_in_range(program, 0, N - 1);
        assert_string_equal(line, alone[program].full.lines[at[program]]);
        at[program]++;
    }
    for (unsigned int i = 0; i < N; i++) {
        eh_free(&alone[i]);
    }
    eh_free(&together);
    eh_packets_free(&packets);
}

static void
test_replace(void **state)
{
    struct xfsm_program_info info;
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "one", COUNTER("one"));
    eh_load(&eh, "two", COUNTER("two"));
    eh_syn(&eh, 0, A, B, 80);
    eh_load(&eh, "one", COUNTER("new"));
    eh_syn(&eh, 1, A, B, 80);       /* Its state is kept, and its place. */
    eh_expect(&eh, "0 one 1", "0 two 1", "1 new again 2", "1 two again 2",
              NULL);
    assert_true(xfsm_engine_get_program(eh.engine, 1, &info));
    assert_false(xfsm_engine_get_program(eh.engine, 2, &info));
    eh_free(&eh);
}

static void
test_unload(void **state)
{
    struct xfsm_program_info info;
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "one", COUNTER("one"));
    eh_load(&eh, "two", COUNTER("two"));
    eh_load(&eh, "three", COUNTER("three"));
    assert_false(xfsm_engine_unload(eh.engine, "none"));
    assert_true(xfsm_engine_unload(eh.engine, "one"));
    assert_false(xfsm_engine_unload(eh.engine, "one"));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 two 1", "0 three 1", NULL);
    assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
    assert_string_equal(info.name, "two");
    assert_true(xfsm_engine_unload(eh.engine, "three"));
    assert_true(xfsm_engine_unload(eh.engine, "two"));
    eh_syn(&eh, 1, A, B, 80);
    eh_expect(&eh, NULL);
    eh_free(&eh);
}

static void
test_limit_of_programs(void **state)
{
    char name[32], *error;
    void *image;
    size_t len;
    struct eh eh;

    (void) state;
    eh_init(&eh);
    for (int i = 0; i < XFSM_MAX_PROGRAMS; i++) {
        snprintf(name, sizeof name, "p%d", i);
        eh_load(&eh, name, COUNTER("log"));
    }
    eh_syn(&eh, 0, A, B, 80);
    assert_int_equal(eh.brief.n, XFSM_MAX_PROGRAMS);
    image = eh_image("more", COUNTER("log"), &len);
    error = xfsm_engine_load(eh.engine, image, len);
    assert_non_null(error);
    assert_non_null(strstr(error, "at most 64 programs"));
    free(error);
    free(image);
    eh_load(&eh, "p7", COUNTER("log"));     /* Replacing one is fine. */
    eh_free(&eh);
}

/* What does not verify changes nothing. */
static void
test_bad_image_changes_nothing(void **state)
{
    struct eh eh;
    void *image;
    char *error;
    size_t len;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", COUNTER("old"));
    eh_syn(&eh, 0, A, B, 80);
    image = eh_image("p", COUNTER("new"), &len);
    error = xfsm_engine_load(eh.engine, image, len - 1);
    assert_non_null(error);
    free(error);
    error = xfsm_engine_load(eh.engine, "", 0);
    assert_non_null(error);
    free(error);
    free(image);
    eh_syn(&eh, 1, A, B, 80);
    eh_expect(&eh, "0 old 1", "1 old again 2", NULL);
    eh_free(&eh);
}

/* The image is copied: whoever loaded it may do what he likes with his. */
static void
test_image_is_copied(void **state)
{
    struct eh eh;
    void *image;
    size_t len;

    (void) state;
    eh_init(&eh);
    image = eh_image("p", COUNTER("log"), &len);
    assert_null(xfsm_engine_load(eh.engine, image, len));
    memset(image, 0xee, len);
    free(image);
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 log 1", NULL);
    eh_free(&eh);
}

/* The image may lie anywhere. */
static void
test_unaligned_image(void **state)
{
    struct eh eh;
    char *copy;
    void *image;
    size_t len;

    (void) state;
    eh_init(&eh);
    image = eh_image("p", COUNTER("log"), &len);
    copy = malloc(len + 1);
    assert_non_null(copy);
    memcpy(copy + 1, image, len);
    assert_null(xfsm_engine_load(eh.engine, copy + 1, len));
    free(copy);
    free(image);
    eh_free(&eh);
}

/* Fields that any of the programs reads are decoded, and those that none does
 * any more are not. */
static void
test_fields_of_all_programs(void **state)
{
    static const char dns[] = EH_PROGRAM(EH_STATE("s0")
        EH_ON("domain_name x.example", "ip_src",
              EH_IN("s0", EH_IF("true", "print(%domain_name)", ""))));
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "one", COUNTER("one"));
    eh_load(&eh, "two", dns);
    eh_load(&eh, "three", COUNTER("three"));
    eh_dns(&eh, 0, A, B, 0, "x.example");
    eh_expect(&eh, "0 one 1", "0 log x.example", "0 three 1", NULL);
    eh_load(&eh, "one", dns);
    xfsm_engine_unload(eh.engine, "two");
    eh_dns(&eh, 1, A, B, 0, "x.example");
    eh_expect(&eh, "1 log x.example", "1 three again 2", NULL);
    eh_free(&eh);
}

/* What its tables can take, whatever they are of. */
static void
test_bytes_of_a_program(void **state)
{
    static const struct {
        const char *what;
        uint64_t least;
    } parts[] = {
        { EH_METRIC("m", EH_VM("dleft")), 1 << 24 },
        { EH_METRIC("m", EH_VM("tewma")), 1 << 23 },
        { EH_METRIC("m", EH_VD), 1 << 18 },
        { EH_TABLE("t") EH_FEATURE("f", "1"), 1 << 24 },
        { EH_TIMEOUT("c", EH_IN("s0", "")), 1 << 22 },
    };
    struct xfsm_program_info info;
    uint64_t none = 0;

    (void) state;
    for (size_t i = 0; i <= sizeof parts / sizeof *parts; i++) {
        const char *what = i ? parts[i - 1].what : "";
        char xml[1024];
        struct eh eh;

        snprintf(xml, sizeof xml, EH_PROGRAM(EH_STATE("s0") "%s"
                 EH_ON("", "ip_src", EH_IN("s0", EH_IF("%s", "", "")))),
                 what, strstr(what, "<table") ? "t(ip_src)" : "true");
        eh_init(&eh);
        eh_load(&eh, "p", xml);
        assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
        if (i) {
            assert_true(info.bytes >= none + parts[i - 1].least);
        } else {
            none = info.bytes;
            assert_int_equal(info.timers, 0);
        }
        eh_free(&eh);
    }
}

/* ## Events of an engine ## */

struct numbers {
    uint64_t last;
    bool ok;
    int n;
};

static void
check_number(const struct xfsm_event *event, void *numbers_)
{
    struct numbers *numbers = numbers_;

    numbers->ok &= event->seq == numbers->last + 1;
    numbers->last = event->seq;
    numbers->n++;
}

/* 1, 2, 3, across programs and for good. */
static void
test_events_are_numbered(void **state)
{
    struct numbers numbers = { 0, true, 0 };
    struct xfsm_engine_options options = {
        .identity = { .host = "", .bridge = "", .port = "" },
        .emit = check_number, .aux = &numbers,
    };
    struct eh eh = { .engine = NULL };

    (void) state;
    assert_null(xfsm_engine_create(&options, &eh.engine));
    eh_load(&eh, "one", COUNTER("log"));
    eh_load(&eh, "two", COUNTER("log"));
    eh_syn(&eh, 0, A, B, 80);
    xfsm_engine_unload(eh.engine, "one");
    eh_syn(&eh, 1, A, B, 80);
    eh_load(&eh, "one", COUNTER("log"));
    eh_syn(&eh, 2, A, B, 80);
    assert_true(numbers.ok);
    assert_int_equal(numbers.n, 5);
    eh_free(&eh);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches_do_not_matter),
        cmocka_unit_test(test_no_packets),
        cmocka_unit_test(test_no_program_no_callback),
        cmocka_unit_test(test_programs_are_independent),
        cmocka_unit_test(test_programs_together_as_alone),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_unload),
        cmocka_unit_test(test_limit_of_programs),
        cmocka_unit_test(test_bad_image_changes_nothing),
        cmocka_unit_test(test_image_is_copied),
        cmocka_unit_test(test_unaligned_image),
        cmocka_unit_test(test_fields_of_all_programs),
        cmocka_unit_test(test_bytes_of_a_program),
        cmocka_unit_test(test_events_are_numbered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
