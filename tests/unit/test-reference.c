/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The engine against the reference executor: all shared programs on all small
 * shared captures, then random programs on random packets.  Events must be
 * the same one by one.
 *
 * XFSM_SEEDS is the number of random programs, or FIRST-LAST. */

#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "tests/unit/random-program.h"
#include "tests/unit/reference.h"

#define DEFAULT_SEEDS 300
#define RANDOM_PACKETS 250

/* Captures up to this size are compared, up to so many packets of each. */
#define CAPTURE_MAX 600000
#define CAPTURE_PACKETS 4000

#define MAX_PROGRAMS 64

/* What the random programs did in all. */
static struct {
    uint64_t events, timeouts, suspect, raw, features, states, hops, own;
} seen;

/* Messages behind each batch of packets. */
static unsigned int messages_a_batch;

static void
send_message(struct random_source *r, struct eh *eh,
             struct reference *reference)
{
    struct xfsm_message_field fields[RANDOM_MESSAGE_FIELDS];
    struct xfsm_message message;

    for (unsigned int i = 0; i < messages_a_batch; i++) {
        random_message(r, &message, fields);
        xfsm_engine_message(eh->engine, &message);
        reference_message(reference, &message);
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

/* Loads 'program' into an engine and runs 'packets' there, in batches whose
 * lengths 'seed' chooses, and in the reference, with messages in between. */
static void
run_both(struct eh *eh, struct reference *reference,
         const struct xfsm_program *program,
         const struct eh_packets *packets, uint64_t seed)
{
    struct random_source r = { seed };
    struct eh_packets part = *packets;
    size_t len;
    void *image = eh_image_of_model(program, &len);
    char *error = xfsm_engine_load(eh->engine, image, len);

    free(image);
    if (error) {
        print_error("%s: %s\n", program->name, error);
        free(error);
        fail();
    }
    while (part.n) {
        size_t n = 1 + random_below(&r, 40);
        struct eh_packets batch = part;

        batch.n = n < part.n ? n : part.n;
        eh_run(eh, &batch, batch.n);
        for (size_t i = 0; i < batch.n; i++) {
            reference_run(reference, &batch.packets[i]);
        }
        send_message(&r, eh, reference);
        part.packets += batch.n;
        part.n -= batch.n;
    }
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

/* Runs both and compares.  False, after telling where, if they differ. */
static bool
compare(const struct xfsm_program *program, const struct eh_packets *packets,
        uint64_t seed, const char *what)
{
    uint64_t end = latest(packets);
    struct reference *reference;
    const struct eh_lines *expected;
    struct eh eh;
    size_t at;

    end = end < UINT64_MAX - UINT64_C(10000000000)
          ? end + UINT64_C(10000000000) : end;
    eh_init(&eh);
    reference = reference_create(program, &eh.identity);
    run_both(&eh, reference, program, packets, seed);
    xfsm_engine_advance(eh.engine, end);
    reference_advance(reference, end);
    xfsm_engine_stop(eh.engine);
    reference_stop(reference);

    expected = reference_events(reference);
    at = eh_lines_differ(&eh.full, expected);
    if (at != SIZE_MAX) {
        print_error("%s on %s: event %zu\n  engine    (%zu): %s\n"
                    "  reference (%zu): %s\n", program->name, what, at,
                    eh.full.n, at < eh.full.n ? eh.full.lines[at] : "(none)",
                    expected->n, at < expected->n ? expected->lines[at]
                    : "(none)");
    }
    seen.events += eh.full.n;
    seen.timeouts += reference_timeouts(reference);
    for (size_t i = 0; i < eh.full.n; i++) {
        seen.suspect += strstr(eh.full.lines[i], " suspect text=") != NULL;
        seen.raw += strstr(eh.full.lines[i], " raw=") != NULL;
        seen.hops += strstr(eh.full.lines[i], " hops=") != NULL;
        seen.features += strstr(eh.full.lines[i], " {f0=") != NULL;
        seen.states += strstr(eh.full.lines[i], " state=s0 ") == NULL;
    }
    assert_int_equal(eh_stats(&eh).events, eh.full.n);
    assert_int_equal(eh_stats(&eh).timeouts, reference_timeouts(reference));
    seen.own += eh_stats(&eh).own_events;
    assert_int_equal(eh_stats(&eh).state_evictions, 0);
    assert_int_equal(eh_stats(&eh).counter_evictions, 0);
    assert_int_equal(eh_stats(&eh).table_evictions, 0);
    reference_destroy(reference);
    eh_free(&eh);
    return at == SIZE_MAX;
}

/* ## Shared programs and captures ## */

/* Calls 'cb' for each file of 'folder' whose name ends in one of 'suffixes',
 * a NULL behind the last. */
static void
for_each_file(const char *folder, const char *const suffixes[],
              void (*cb)(const char *path, const char *name, void *aux),
              void *aux)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);

    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        char path[2048];

        snprintf(path, sizeof path, "%s/%s", folder, name);
        for (int j = 0; suffixes[j]; j++) {
            size_t len = strlen(suffixes[j]);

            if (strlen(name) > len
                && !strcmp(name + strlen(name) - len, suffixes[j])) {
                cb(path, name, aux);
                break;
            }
        }
        free(entries[i]);
    }
    free(entries);
}

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
    struct stat st;

    if (stat(path, &st) || st.st_size > CAPTURE_MAX) {
        return;
    }
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
    static const char *const pcap[] = { ".pcap", ".pcapng", NULL };
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
    for_each_file(path, xml, load_program, &programs);
    assert_true(programs.n >= 16);
    snprintf(path, sizeof path, "%s/utilities/programs", top ? top : ".");
    for_each_file(path, xml, load_program, &programs);

    memset(&seen, 0, sizeof seen);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", data, folders[i]);
        for_each_file(path, pcap, compare_capture, &programs);
    }
    print_message("%d programs, %d captures: %"PRIu64" events, %"PRIu64
                  " timeouts\n", programs.n, programs.n_captures, seen.events,
                  seen.timeouts);
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
    char *xml = messages_a_batch ? random_program2(seed)
                                 : random_program(seed);
    struct xfsm_program *program;
    char what[64];
    bool ok;

    snprintf(what, sizeof what, "packets of seed %"PRIu64, seed);
    random_packets(seed ^ UINT64_C(0x5eed), RANDOM_PACKETS, &packets);
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
    messages_a_batch = 3;
    compare_seeds();
    print_message("%"PRIu64" events of messages, %"PRIu64" handlers of "
                  "start, stop and period\n", seen.hops, seen.own);
    messages_a_batch = 0;
    if (!getenv("XFSM_SEEDS")) {
        assert_true(seen.hops > 1000);
        assert_true(seen.own > 1000);
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
