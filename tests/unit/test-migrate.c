/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* A program that is replaced leaves its state to its successor, as engine.h
 * has it.
 *
 * Random programs on random packets are replaced now and then by themselves,
 * or by themselves with states and timer classes numbered otherwise: what they
 * publish must be what they publish if they are left alone. */

#include <inttypes.h>
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

#define SEEDS 60
#define PACKETS 600

/* ## Random programs ## */

/* Inserts 'what' into 'text' in front of the first 'where' from 'from' on.
 * Frees 'text'. */
static char *
insert(char *text, const char *from, const char *where, const char *what)
{
    const char *at = strstr(from, where);
    size_t len = strlen(text) + strlen(what) + 1;
    char *new = malloc(len);

    assert_non_null(at);
    assert_non_null(new);
    snprintf(new, len, "%.*s%s%s", (int) (at - text), text, what, at);
    free(text);
    return new;
}

/* The program of 'seed' with a state and a class in front of all others but
 * the default state. */
static char *
renumbered(uint64_t seed)
{
    char *text = random_program(seed);

    text = insert(text, text, "<event",
                  EH_TIMEOUT("extra", EH_IN("extra", EH_IF("true", "", ""))));
    return insert(text, strstr(text, "<statedef") + 1, "<",
                  "<statedef id='extra'/>");
}

static void
load(struct eh *eh, const char *xml)
{
    eh_load(eh, "random", xml);
}

/* Runs the packets, and replaces the program every 'every' packets, by
 * 'variants' in turn, if 'every' is not 0. */
static void
run(struct eh *eh, enum xfsm_backend backend, const char *const variants[2],
    const struct eh_packets *packets, size_t every)
{
    eh_init_backend(eh, backend);
    load(eh, variants[0]);
    for (size_t i = 0; i < packets->n; ) {
        struct eh_packets part = *packets;

        part.packets += i;
        part.n = every && every < packets->n - i ? every : packets->n - i;
        eh_run(eh, &part, 7);
        i += part.n;
        if (every) {
            load(eh, variants[i / every % 2]);
        }
    }
    xfsm_engine_advance(eh->engine, packets->packets[packets->n - 1].ts
                                    + UINT64_C(20000000000));
}

static void
compare_seed(uint64_t seed, bool renumber, uint64_t *events)
{
    struct eh_packets packets = { 0, 0, NULL };
    char *first = random_program(seed);
    char *second = renumber ? renumbered(seed) : random_program(seed);
    const char *const variants[2] = { first, second };

    random_packets(seed ^ UINT64_C(0x111), PACKETS, &packets);
    for (int backend = 0; backend < 2; backend++) {
        struct eh alone, replaced;
        size_t at;

        run(&alone, backend ? XFSM_BACKEND_INTERPRETER : XFSM_BACKEND_AUTO,
            variants, &packets, 0);
        run(&replaced, backend ? XFSM_BACKEND_INTERPRETER : XFSM_BACKEND_AUTO,
            variants, &packets, 97);
        at = eh_lines_differ(&alone.full, &replaced.full);
        if (at != SIZE_MAX) {
            print_error("seed %"PRIu64", event %zu:\n%s\n%s\n%s\n", seed, at,
                        at < alone.full.n ? alone.full.lines[at] : "(none)",
                        at < replaced.full.n ? replaced.full.lines[at]
                        : "(none)", second);
            fail();
        }
        *events += alone.full.n;
        eh_free(&alone);
        eh_free(&replaced);
    }
    eh_packets_free(&packets);
    free(first);
    free(second);
}

static void
test_by_itself(void **state)
{
    uint64_t events = 0;

    (void) state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        compare_seed(seed, false, &events);
    }
    assert_true(events > 1000);
}

static void
test_renumbered(void **state)
{
    uint64_t events = 0;

    (void) state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        compare_seed(seed, true, &events);
    }
    assert_true(events > 1000);
}

/* ## What is kept, and what is not ## */

/* Counts to THRESHOLD by a metric, then goes to state s1, from
 * which a timer brings it back after 10 s. */
#define COUNTER(STATEDEFS, METRIC, KEY, THRESHOLD, TIMEOUT) EH_PROGRAM( \
    STATEDEFS \
    EH_METRIC("m", METRIC) \
    EH_FEATURE("f", "m") \
    EH_TIMEOUT("c", TIMEOUT) \
    EH_ON("dst_port 80", KEY, \
          EH_IN("s0", EH_USE("m", "vm_update='" KEY "'") \
                EH_IF_SET("f &gt;= " THRESHOLD, "Publish(many, %m)", "s1", \
                          EH_TIMER("c", KEY, "10")) \
                EH_IF("true", "Publish(count, %m)", "")) \
          EH_IN("s1", EH_IF("true", "print(in)", ""))))

#define BACK EH_IN("s1", EH_IF_SET("true", "print(back)", "s0", \
                                   EH_TIMER("c", "ip_src", "0")))
#define DLEFT_MONITOR EH_VM("dleft")
#define BEFORE COUNTER(STATES, DLEFT_MONITOR, "ip_src", "3", BACK)

static void
begin(struct eh *eh, unsigned int packets)
{
    start(eh, BEFORE);
    for (unsigned int i = 0; i < packets; i++) {
        eh_syn(eh, i, A, B, 80);
    }
    eh_lines_clear(&eh->brief);
}

static void
test_threshold(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, 2);
    eh_load(&eh, "p", COUNTER(STATES, DLEFT_MONITOR, "ip_src", "4",
                              BACK));
    eh_syn(&eh, 2, A, B, 80);
    eh_syn(&eh, 3, A, B, 80);
    eh_expect(&eh, "2 count 3", "3 many 4", NULL);
    eh_free(&eh);
}

static void
test_changed_metric_begins_anew(void **state)
{
    struct eh eh;

    (void) state;
    begin(&eh, 2);
    eh_load(&eh, "p", COUNTER(STATES,
        "<variation_monitor status='on' type='dleft' size='8'/>",
        "ip_src", "3", BACK));
    eh_syn(&eh, 2, A, B, 80);
    eh_expect(&eh, "2 count 1", NULL);

    /* Another key: its number is the same, what it means is not. */
    eh_load(&eh, "p", COUNTER(STATES,
        "<variation_monitor status='on' type='dleft' size='8'/>",
        "ip_dst", "3", BACK));
    eh_syn(&eh, 3, C, A, 80);
    eh_expect(&eh, "3 count 1", NULL);
    eh_free(&eh);
}

static void
test_states_by_name(void **state)
{
    struct xfsm_program_info info;
    struct eh eh;

    (void) state;
    begin(&eh, 3);
    eh_load(&eh, "p", COUNTER(EH_STATE("s0") EH_STATE("x") EH_STATE("s1"),
                              DLEFT_MONITOR, "ip_src", "3", BACK));
    assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
    assert_int_equal(info.keys, 1);
    assert_int_equal(info.state_keys[1], 0);
    assert_int_equal(info.state_keys[2], 1);
    assert_int_equal(info.timers, 1);
    eh_syn(&eh, 4, A, B, 80);
    eh_advance(&eh, 20);
    eh_expect(&eh, "4 log in", "12 log back", NULL);
    eh_free(&eh);
}

static void
test_state_that_is_gone(void **state)
{
    struct xfsm_program_info info;
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        EH_STATE("s0") EH_STATE("s1")
        EH_ON("dst_port 80", "ip_src",
              EH_IN("s0", EH_IF("true", "print(one)", "s1")))));
    eh_syn(&eh, 0, A, B, 80);
    eh_load(&eh, "p", EH_PROGRAM(
        EH_STATE("s0") EH_STATE("other")
        EH_ON("dst_port 80", "ip_src",
              EH_IN("s0", EH_IF("true", "print(two)", "other")))));
    assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
    assert_int_equal(info.keys, 0);
    eh_syn(&eh, 1, A, B, 80);
    eh_expect(&eh, "0 log one", "1 log two", NULL);
    eh_free(&eh);
}

/* What a program does of itself: it goes to a state of its own and arms a
 * timer, both without a key. */
#define OF_ITSELF(CLASSES) \
    "<xfsm>" EH_STATE("s0") EH_STATE("s1") CLASSES \
    EH_TIMEOUT("c", EH_IN("s1", EH_IF("true", "print(fired)", ""))) \
    "<event type='start'>" \
    EH_IN("s0", EH_IF_SET("true", "print(start)", "s1", \
                          EH_TIMER("c", "ts", "10"))) \
    "</event></xfsm>"

static void
test_of_itself(void **state)
{
    struct xfsm_program_info info;
    struct eh eh;

    (void) state;
    start(&eh, OF_ITSELF(""));
    eh_syn(&eh, 0, A, B, 80);
    eh_expect(&eh, "0 log start", NULL);

    /* The state begins anew, and counts once. */
    eh_load(&eh, "p", OF_ITSELF(""));
    eh_syn(&eh, 4, A, B, 80);
    assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
    assert_int_equal(info.keys, 1);
    assert_int_equal(info.state_keys[1], 1);
    assert_int_equal(info.timers, 2);

    /* Timers go along when their class has another number. */
    eh_load(&eh, "p", OF_ITSELF(
        EH_TIMEOUT("b", EH_IN("s1", EH_IF("true", "print(b)", "")))));
    eh_syn(&eh, 8, A, B, 80);
    assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
    assert_int_equal(info.state_keys[1], 1);
    assert_int_equal(info.timers, 3);
    eh_advance(&eh, 15);
    eh_expect(&eh, "4 log start", "8 log start", "10 log fired",
              "14 log fired", NULL);
    eh_free(&eh);
}

/* A handler of timeouts that reads more of the packet has nothing to read it
 * from: the timers go. */
static void
test_snapshots_differ(void **state)
{
    struct xfsm_program_info info;
    struct eh eh;

    (void) state;
    begin(&eh, 3);
    eh_load(&eh, "p", COUNTER(STATES, DLEFT_MONITOR, "ip_src", "3",
        EH_IN("s1", EH_IF("true", "print(back %src_port)", "s0"))));
    assert_true(xfsm_engine_get_program(eh.engine, 0, &info));
    assert_int_equal(info.keys, 1);
    assert_int_equal(info.timers, 0);
    eh_free(&eh);
}

static void
test_anew(void **state)
{
    struct eh eh;
    size_t len;
    void *image;
    char *error;

    (void) state;
    begin(&eh, 2);
    image = eh_image("p", BEFORE, &len);
    error = xfsm_engine_load_anew(eh.engine, image, len);
    assert_null(error);
    free(image);
    eh_syn(&eh, 2, A, B, 80);
    eh_expect(&eh, "2 count 1", NULL);
    eh_free(&eh);
}

/* In two steps: nothing has changed before the second, or without it. */
static void
test_prepared(void **state)
{
    struct xfsm_engine_load *load;
    struct eh eh;
    size_t len;
    void *image;
    char *error;

    (void) state;
    begin(&eh, 2);
    image = eh_image("p", BEFORE, &len);
    error = xfsm_engine_prepare(eh.engine, image, len, false, &load);
    assert_null(error);
    xfsm_engine_cancel(load);
    eh_syn(&eh, 2, A, B, 80);
    eh_expect(&eh, "2 many 3", NULL);
    error = xfsm_engine_prepare(eh.engine, image, len, false, &load);
    assert_null(error);
    xfsm_engine_commit(load);
    eh_syn(&eh, 3, A, B, 80);
    eh_expect(&eh, "3 log in", NULL);
    free(image);
    eh_free(&eh);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_itself),
        cmocka_unit_test(test_renumbered),
        cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_changed_metric_begins_anew),
        cmocka_unit_test(test_states_by_name),
        cmocka_unit_test(test_state_that_is_gone),
        cmocka_unit_test(test_of_itself),
        cmocka_unit_test(test_snapshots_differ),
        cmocka_unit_test(test_anew),
        cmocka_unit_test(test_prepared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
