/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Whole engines on the native back end against such on the interpreter: random
 * programs and packets, and the shared ones.
 *
 * XFSM_SEEDS is the number of random cases. */

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
#include "xfsm/program/compile.h"
#include "xfsm/runtime/run.h"

#define DEFAULT_SEEDS 400
#define RANDOM_PACKETS 250
#define CAPTURE_MAX 600000
#define CAPTURE_PACKETS 3000
#define N_FILES 512

struct side {
    struct xfsm_engine *engine;
    struct eh_lines lines;
};

/* Everything an event says, with features to the bit. */
static void
collect(const struct xfsm_event *event, void *side_)
{
    struct side *side = side_;
    char *buf;
    size_t len;
    FILE *stream = open_memstream(&buf, &len);

    assert_non_null(stream);
    fprintf(stream, "%"PRIu64" %"PRIu64" %s %s %s %d", event->ts, event->seq,
            event->program, event->label, event->state, event->suspect);
    for (int i = 0; i < event->n_features; i++) {
        fprintf(stream, " %s=%a", event->feature_names[i],
                event->feature_values[i]);
    }
    fprintf(stream, " %zu %.*s", event->raw_len, (int) event->text_len,
            event->text);
    fclose(stream);
    eh_lines_add(&side->lines, buf);
}

static void
side_init(struct side *side, enum xfsm_backend backend)
{
    struct xfsm_engine_options options = {
        .identity = { .host = "h", .bridge = "b", .port = "p" },
        .backend = backend,
        .emit = collect,
        .aux = side,
    };

    memset(side, 0, sizeof *side);
    assert_null(xfsm_engine_create(&options, &side->engine));
}

static void
side_free(struct side *side)
{
    xfsm_engine_destroy(side->engine);
    eh_lines_clear(&side->lines);
}

static void
side_load(struct side *side, const void *image, size_t len)
{
    char *error = xfsm_engine_load(side->engine, image, len);

    if (error) {
        fail_msg("%s", error);
    }
}

/* Runs the packets in batches whose lengths 'seed' chooses. */
static void
side_run(struct side *side, const struct eh_packets *list, uint64_t seed)
{
    struct random_source r = { seed };
    uint64_t latest = 0;

    for (size_t i = 0; i < list->n; ) {
        struct xfsm_packet batch[40];
        size_t n = 1 + random_below(&r, 40);

        n = n < list->n - i ? n : list->n - i;
        memcpy(batch, &list->packets[i], n * sizeof *batch);
        for (size_t j = 0; j < n; j++) {
            latest = batch[j].ts > latest ? batch[j].ts : latest;
        }
        xfsm_engine_run(side->engine, batch, n);
        i += n;
    }
    if (latest < UINT64_MAX / 2) {
        xfsm_engine_advance(side->engine, latest + UINT64_C(10000000000));
    }
}

/* Compares what both published and counted.  False, after telling what, if
 * that differs. */
static bool
same(const struct side *native, const struct side *interpreted)
{
    size_t at = eh_lines_differ(&native->lines, &interpreted->lines);
    struct xfsm_engine_stats a, b;
    struct xfsm_program_info x, y;

    if (at != SIZE_MAX) {
        print_error("event %zu:\n  native      %s\n  interpreter %s\n", at,
                    at < native->lines.n ? native->lines.lines[at] : "(none)",
                    at < interpreted->lines.n ? interpreted->lines.lines[at]
                                              : "(none)");
        return false;
    }
    xfsm_engine_get_stats(native->engine, &a);
    xfsm_engine_get_stats(interpreted->engine, &b);
    if (memcmp(&a, &b, sizeof a)) {
        print_error("counters differ\n");
        return false;
    }
    for (unsigned int i = 0;
         xfsm_engine_get_program(native->engine, i, &x); i++) {
        assert_true(xfsm_engine_get_program(interpreted->engine, i, &y));
        assert_string_equal(y.backend, "interpreter");
        if (x.handled != y.handled || x.events != y.events
            || x.keys != y.keys || x.timers != y.timers
            || memcmp(x.state_keys, y.state_keys,
                      (size_t) x.n_states * sizeof *x.state_keys)) {
            print_error("%s: the programs' counters differ\n", x.name);
            return false;
        }
    }
    return true;
}

/* Runs images on packets, in one engine per back end.  Returns whether both
 * did the same. */
static bool
compare_engines(void *const images[], const size_t lens[], unsigned int n,
                const struct eh_packets *packets, uint64_t seed)
{
    struct side native, interpreted;
    bool ok;

    side_init(&native, XFSM_BACKEND_AUTO);
    side_init(&interpreted, XFSM_BACKEND_INTERPRETER);
    for (unsigned int i = 0; i < n; i++) {
        side_load(&native, images[i], lens[i]);
        side_load(&interpreted, images[i], lens[i]);
    }
    side_run(&native, packets, seed);
    side_run(&interpreted, packets, seed + 1);
    ok = same(&native, &interpreted);
    side_free(&native);
    side_free(&interpreted);
    return ok;
}

static void
test_random_programs(void **state)
{
    (void) state;
    for (uint64_t seed = 0; seed < eh_seeds(DEFAULT_SEEDS); seed++) {
        char *xml = random_program(seed);
        struct eh_packets packets = { 0 };
        size_t len;
        void *image = eh_image("p", xml, &len);

        random_packets(seed, RANDOM_PACKETS, &packets);
        if (!compare_engines(&image, &len, 1, &packets, seed)) {
            fail_msg("random program %"PRIu64, seed);
        }
        eh_packets_free(&packets);
        free(image);
        free(xml);
    }
}

/* Compiles the programs of a folder; those that do not compile are left
 * out. */
static unsigned int
read_programs(const char *folder, void *images[], size_t lens[],
              unsigned int max)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    unsigned int n = 0;

    while (dir && n < max && (entry = readdir(dir))) {
        struct xfsm_diags diags;
        size_t len;
        char *path, *xml;

        assert_true(asprintf(&path, "%s/%s", folder, entry->d_name) > 0);
        xml = strstr(path, ".xml") ? eh_read_file(path, &len) : NULL;
        free(path);
        if (!xml) {
            continue;
        }
        xfsm_diags_init(&diags, entry->d_name);
        n += xfsm_compile_xml(xml, len, entry->d_name, &diags, &images[n],
                              &lens[n]);
        xfsm_diags_destroy(&diags);
        free(xml);
    }
    if (dir) {
        closedir(dir);
    }
    return n;
}

/* All shared programs, together in one engine, on the small captures. */
static void
test_shared(void **state)
{
    const char *shared = eh_shared_data();
    void *images[XFSM_MAX_PROGRAMS];
    size_t lens[XFSM_MAX_PROGRAMS];
    unsigned int n, n_files = 0;
    char *folder, *path;
    struct dirent *entry;
    DIR *dir;

    (void) state;
    if (!shared) {
        skip();
    }
    assert_true(asprintf(&folder, "%s/programs", shared) > 0);
    n = read_programs(folder, images, lens, XFSM_MAX_PROGRAMS);
    free(folder);
    assert_true(n > 0);
    assert_true(asprintf(&folder, "%s/captures", shared) > 0);
    dir = opendir(folder);
    while (dir && n_files < N_FILES && (entry = readdir(dir))) {
        struct eh_packets packets = { 0 };
        struct stat s;

        assert_true(asprintf(&path, "%s/%s", folder, entry->d_name) > 0);
        if (!stat(path, &s) && S_ISREG(s.st_mode)
            && s.st_size <= CAPTURE_MAX) {
            eh_packets_read(&packets, path, CAPTURE_PACKETS);
        }
        free(path);
        if (packets.n && !compare_engines(images, lens, n, &packets,
                                          n_files)) {
            fail_msg("%s", entry->d_name);
        }
        n_files += packets.n > 0;
        eh_packets_free(&packets);
    }
    if (dir) {
        closedir(dir);
    }
    free(folder);
    assert_true(n_files > 0);
    while (n) {
        free(images[--n]);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_programs),
        cmocka_unit_test(test_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
