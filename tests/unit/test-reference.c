/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The engine against the reference executor: all programs, shared ones and
 * those of the library, on all shared captures, then random programs on random
 * packets.  Events must be the same one by one, as machine code and
 * interpreted, however the packets are cut into batches.
 *
 * XFSM_SEEDS is the number of random programs, or FIRST-LAST. */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "tests/unit/random-program.h"
#include "tests/unit/reference.h"

#define DEFAULT_SEEDS EH_ROUNDS(200, 50)
#define RANDOM_PACKETS 250

/* So many packets of each capture are compared: the reference executor looks
 * through lists. */
#define CAPTURE_PACKETS EH_ROUNDS(4000, 300)

/* Ways to run the engine.  Packets come in batches of 'batch'; 0: of lengths
 * by chance, up to 40. */
static const struct way {
    enum xfsm_backend backend;
    size_t batch;
} ways[] = {
    { XFSM_BACKEND_AUTO, 0 },
    { XFSM_BACKEND_AUTO, SIZE_MAX },
    { XFSM_BACKEND_INTERPRETER, 1 },
};

#define N_WAYS (sizeof ways / sizeof ways[0])

#define MAX_PROGRAMS 64

/* What the random programs did in all. */
static struct {
    uint64_t events, timeouts, suspect, raw, features, states, hops, own;
    uint64_t rebased, lists, inexact;
} seen;

/* Packets between two rounds of messages; 0: there are none. */
static size_t message_gap;

/* Messages in a round. */
#define MESSAGES 3

/* Sends the messages of the round behind packet 'at' to an engine or to the
 * reference, the other being NULL. */
static void
send_messages(uint64_t seed, size_t at, struct eh *eh,
              struct reference *reference)
{
    struct random_source r = { seed ^ (at + 1) };

    for (unsigned int i = 0; i < MESSAGES; i++) {
        struct xfsm_message_field fields[RANDOM_MESSAGE_FIELDS];
        struct xfsm_message message;

        random_message(&r, &message, fields);
        if (eh) {
            xfsm_engine_message(eh->engine, &message);
        } else {
            reference_message(reference, &message);
        }
    }
}

/* Makes sketches so large that they are exact for the keys of a test. */
static void
enlarge(struct xfsm_program *program)
{
    for (int i = 0; i < program->n_metrics; i++) {
        struct xfsm_metric *metric = &program->metrics[i];

        if (metric->vm_on && metric->vm_type == XFSM_MON_TEWMA) {
            metric->vm_size = 26;
        }
        if (metric->vd_on && metric->vd_size > 10) {
            metric->vd_size = 28;
        }
    }
}

/* Loads 'program' into an engine and runs 'packets' in batches whose lengths
 * 'way' tells or 'seed' chooses, with messages in between, then lets time go
 * on until 'end'. */
static void
run_engine(struct eh *eh, const struct xfsm_program *program,
           const struct eh_packets *packets, const struct way *way,
           uint64_t seed, uint64_t end)
{
    struct random_source r = { seed };
    size_t round = message_gap ? message_gap : packets->n;
    size_t n;
    void *image = eh_image_of_model(program, &n);
    char *error;

    eh_init_backend(eh, way->backend);
    error = xfsm_engine_load(eh->engine, image, n);
    free(image);
    if (error) {
        print_error("%s: %s\n", program->name, error);
        free(error);
        fail();
    }
    for (size_t i = 0; i < packets->n; i += n) {
        struct eh_packets batch = *packets;
        size_t left = round - i % round;

        left = left < packets->n - i ? left : packets->n - i;
        n = way->batch ? way->batch : 1 + random_below(&r, 40);
        n = n < left ? n : left;
        batch.packets += i;
        batch.n = n;
        eh_run(eh, &batch, n);
        if (message_gap && n == left) {
            send_messages(seed, i + n, eh, NULL);
        }
    }
    xfsm_engine_advance(eh->engine, end);
    xfsm_engine_stop(eh->engine);
}

/* The same with the reference. */
static void
run_reference(struct reference *reference, const struct eh_packets *packets,
              uint64_t seed, uint64_t end)
{
    for (size_t i = 0; i < packets->n; i++) {
        reference_run(reference, &packets->packets[i]);
        if (message_gap
            && (!((i + 1) % message_gap) || i + 1 == packets->n)) {
            send_messages(seed, i + 1, NULL, reference);
        }
    }
    reference_advance(reference, end);
    reference_stop(reference);
}

static uint64_t
latest(const struct eh_packets *packets)
{
    uint64_t ts = 0;

    for (size_t i = 0; i < packets->n; i++) {
        ts = packets->packets[i].ts > ts ? packets->packets[i].ts : ts;
    }
    return ts;
}

static void
count_seen(const struct eh *eh, uint64_t timeouts)
{
    seen.events += eh->full.n;
    seen.timeouts += timeouts;
    seen.rebased += eh_stats(eh).time_rebased;
    for (size_t i = 0; i < eh->full.n; i++) {
        const char *line = eh->full.lines[i];

        seen.suspect += strstr(line, " suspect text=") != NULL;
        seen.raw += strstr(line, " raw=") != NULL;
        seen.features += strstr(line, " {f0=") != NULL;
        seen.states += strstr(line, " state=s0 ") == NULL;
        seen.hops += strstr(line, " hops=") != NULL;
        line = strstr(line, " text=src=");
        seen.lists += line && strchr(line, '(');
    }
    seen.own += eh_stats(eh).own_events;
}

/* Compares 'eh', run as ways[way] says, with the reference executor. */
static bool
compare_events(const struct eh *eh, const struct reference *reference,
               const char *program, const char *what, size_t way)
{
    const struct eh_lines *expected = reference_events(reference);
    size_t at = eh_lines_differ(&eh->full, expected);
    struct xfsm_engine_stats stats = eh_stats(eh);

    /* A list whose keys do not all have counters is not exact. */
    if (stats.topk_replaced && eh->full.n == expected->n) {
        seen.inexact += at != SIZE_MAX;
        at = SIZE_MAX;
    }
    if (at != SIZE_MAX) {
        print_error("%s on %s, way %zu: event %zu\n"
                    "  engine    (%zu): %s\n"
                    "  reference (%zu): %s\n", program, what, way, at,
                    eh->full.n, at < eh->full.n ? eh->full.lines[at]
                    : "(none)", expected->n, at < expected->n
                    ? expected->lines[at] : "(none)");
    }
    assert_int_equal(stats.events, eh->full.n);
    assert_int_equal(stats.timeouts, reference_timeouts(reference));
    assert_int_equal(stats.state_evictions, 0);
    assert_int_equal(stats.counter_evictions, 0);
    assert_int_equal(stats.table_evictions, 0);
    return at == SIZE_MAX;
}

/* Runs the reference executor and the engine, in each way, and compares.
 * False, after telling where, if they differ. */
static bool
compare(const struct xfsm_program *program, const struct eh_packets *packets,
        uint64_t seed, const char *what)
{
    uint64_t end = latest(packets);
    struct xfsm_identity identity;
    struct reference *reference;
    bool ok = true;
    struct eh eh;

    end = end < UINT64_MAX - UINT64_C(10000000000)
          ? end + UINT64_C(10000000000) : end;
    eh_init(&eh);
    identity = eh.identity;
    eh_free(&eh);
    reference = reference_create(program, &identity);
    run_reference(reference, packets, seed, end);

    for (size_t way = 0; way < N_WAYS; way++) {
        run_engine(&eh, program, packets, &ways[way], seed, end);
        ok &= compare_events(&eh, reference, program->name, what, way);
        if (!way) {
            count_seen(&eh, reference_timeouts(reference));
        }
        eh_free(&eh);
    }
    reference_destroy(reference);
    return ok;
}

/* ## Shared programs and captures ## */

struct programs {
    int n;
    struct xfsm_program *models[MAX_PROGRAMS];
    int n_captures;
    bool ok;
};

static void
load_program(const char *path, const char *name, void *programs_)
{
    struct programs *programs = programs_;
    char *text = eh_read_file(path, NULL);

    assert_non_null(text);
    assert_true(programs->n < MAX_PROGRAMS);
    programs->models[programs->n] = eh_model(name, text);
    enlarge(programs->models[programs->n++]);
    free(text);
}

static void
compare_capture(const char *path, const char *name, void *programs_)
{
    struct programs *programs = programs_;
    struct eh_packets packets = { 0, 0, NULL };

    eh_packets_read(&packets, path, CAPTURE_PACKETS);
    for (int i = 0; i < programs->n && packets.n; i++) {
        programs->ok &= compare(programs->models[i], &packets, 1, name);
    }
    programs->n_captures += packets.n > 0;
    eh_packets_free(&packets);
}

static void
test_shared_programs_on_shared_captures(void **state)
{
    static const char *const xml[] = { ".xml", NULL };
    static const char *const folders[] = { "captures", "programs",
                                           "hostile" };
    const char *data = eh_shared_data();
    struct programs programs = { .ok = true };
    const char *top = getenv("top_srcdir");
    char path[1024];

    (void) state;
    if (!data) {
        skip();
    }
    snprintf(path, sizeof path, "%s/programs", data);
    eh_for_each_file(path, xml, load_program, &programs);
    assert_true(programs.n >= 16);
    snprintf(path, sizeof path, "%s/utilities/programs", top ? top : ".");
    eh_for_each_file(path, xml, load_program, &programs);

    memset(&seen, 0, sizeof seen);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", data, folders[i]);
        eh_for_each_file(path, eh_captures, compare_capture, &programs);
    }
    print_message("%d programs, %d captures: %"PRIu64" events, %"PRIu64
                  " timeouts; %"PRIu64" lists too long to be exact\n",
                  programs.n, programs.n_captures, seen.events, seen.timeouts,
                  seen.inexact);
    assert_true(seen.inexact <= 10 * N_WAYS);
    assert_true(programs.n_captures > 100);
    assert_true(seen.events > 1000);
    for (int i = 0; i < programs.n; i++) {
        xfsm_program_destroy(programs.models[i]);
    }
    assert_true(programs.ok);
}

/* ## Random programs ## */

static bool
compare_seed(uint64_t seed)
{
    struct eh_packets packets = { 0, 0, NULL };
    char *xml = message_gap ? random_program2(seed) : random_program(seed);
    struct xfsm_program *program;
    char what[64];
    bool ok;

    snprintf(what, sizeof what, "packets of seed %"PRIu64, seed);
    random_packets(seed ^ UINT64_C(0x5eed), RANDOM_PACKETS, &packets);
    if (seed % 4 == 0) {
        random_clocks(seed, &packets);
    }
    program = eh_model("random", xml);
    enlarge(program);
    ok = compare(program, &packets, seed, what);
    if (!ok) {
        print_error("seed %"PRIu64":\n%s", seed, xml);
    }
    xfsm_program_destroy(program);
    eh_packets_free(&packets);
    free(xml);
    return ok;
}

static void
compare_seeds(void)
{
    const char *seeds = getenv("XFSM_SEEDS");
    uint64_t first = 0, last = DEFAULT_SEEDS - 1;
    int failures = 0;
    char *end;

    if (seeds) {
        last = strtoull(seeds, &end, 10);
        if (*end == '-') {
            first = last;
            last = strtoull(end + 1, NULL, 10);
        } else if (last) {
            last--;
        }
    }
    memset(&seen, 0, sizeof seen);
    for (uint64_t seed = first; seed <= last && failures < 3; seed++) {
        failures += !compare_seed(seed);
    }
    print_message("seeds %"PRIu64" to %"PRIu64": %"PRIu64" events, %"PRIu64
                  " timeouts\n", first, last, seen.events, seen.timeouts);
    assert_int_equal(failures, 0);
    if (!seeds) {
        /* The generator must not rot into programs that do nothing. */
        assert_true(seen.events > 10000);
        assert_true(seen.timeouts > 5000);
        assert_true(seen.suspect > 100);
        assert_true(seen.raw > 100);
        assert_true(seen.features > 100);
        assert_true(seen.states > 1000);
        assert_true(seen.rebased > 20);
    }
}

static void
test_random_programs_on_random_packets(void **state)
{
    (void) state;
    compare_seeds();
}

static void
test_random_programs_on_messages(void **state)
{
    (void) state;
    message_gap = 20;
    compare_seeds();
    print_message("%"PRIu64" events of messages, %"PRIu64" handlers of "
                  "start, stop and period, %"PRIu64" events with lists\n",
                  seen.hops, seen.own, seen.lists);
    message_gap = 0;
    if (!getenv("XFSM_SEEDS")) {
        assert_true(seen.hops > EH_ROUNDS(500, 50));
        assert_true(seen.own > EH_ROUNDS(600, 100));
        assert_true(seen.lists > EH_ROUNDS(60, 10));
        assert_int_equal(seen.inexact, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_programs_on_shared_captures),
        cmocka_unit_test(test_random_programs_on_random_packets),
        cmocka_unit_test(test_random_programs_on_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
