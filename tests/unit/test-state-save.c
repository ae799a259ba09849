/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* An engine's state goes on in another engine, and what is no such state is
 * refused or does no harm. */

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
#include "xfsm/base/state-io.h"

#define SEEDS EH_ROUNDS(40, 10)
#define PACKETS 600
#define MUTATIONS EH_ROUNDS(2000, 300)

/* What is saved, in memory. */
struct saved {
    uint8_t *data;
    size_t len, allocated;
    size_t limit;               /* Refuse to hold more, if not 0. */
};

static bool
save_bytes(const void *data, size_t len, void *saved_)
{
    struct saved *saved = saved_;

    if (saved->limit && saved->len + len > saved->limit) {
        return false;
    }
    if (saved->len + len > saved->allocated) {
        saved->allocated = 2 * (saved->len + len);
        saved->data = realloc(saved->data, saved->allocated);
        assert_non_null(saved->data);
    }
    memcpy(saved->data + saved->len, data, len);
    saved->len += len;
    return true;
}

static void
save(struct eh *eh, struct saved *saved)
{
    char *error;

    memset(saved, 0, sizeof *saved);
    error = xfsm_engine_save(eh->engine, save_bytes, saved);
    if (error) {
        print_error("%s\n", error);
        free(error);
        fail();
    }
}

/* Puts the state into 'eh'.  Returns the error, which the caller frees. */
static char *
restore(struct eh *eh, const void *data, size_t len)
{
    struct xfsm_engine *new;
    char *error = xfsm_engine_restore(eh->engine, data, len, &new);

    if (!error) {
        xfsm_engine_destroy(eh->engine);
        eh->engine = new;
    }
    return error;
}

/* Computes the checksum anew. */
static void
seal(struct saved *saved)
{
    struct saved copy = { NULL, 0, 0, 0 };
    struct xfsm_state_io io;

    xfsm_state_begin_write(&io, save_bytes, &copy);
    xfsm_state_bytes(&io, saved->data, saved->len - 8);
    assert_null(xfsm_state_end(&io));
    free(saved->data);
    *saved = copy;
}

static void
run_part(struct eh *eh, const struct eh_packets *packets, size_t from,
         size_t to)
{
    struct eh_packets part = *packets;

    part.packets += from;
    part.n = to - from;
    eh_run(eh, &part, 11);
}

static void
finish(struct eh *eh, const struct eh_packets *packets)
{
    xfsm_engine_advance(eh->engine, packets->packets[packets->n - 1].ts
                                    + UINT64_C(20000000000));
}

/* Where the clock is: behind magic, version and secret. */
#define CLOCK_AT (8 + 8 + 16)

/* Loads both programs, of which the second one has another name. */
static void
load(struct eh *eh, const char *one, const char *two)
{
    eh_load(eh, "one", one);
    eh_load(eh, "two", two);
}

/* ## It goes on ## */

static void
compare_seed(uint64_t seed, uint64_t *events)
{
    struct eh_packets packets = { 0, 0, NULL };
    size_t middle = PACKETS / 4 + seed * 7 % (PACKETS / 2);
    char *one = seed % 3 ? random_program(seed) : random_program2(seed);
    char *two = random_program(seed + 1000);
    struct eh whole, first, second;
    struct saved saved;
    char *error;
    size_t at;

    random_packets(seed ^ UINT64_C(0x222), PACKETS, &packets);
    if (seed % 2) {
        random_clocks(seed, &packets);
    }
    eh_init(&whole);
    load(&whole, one, two);
    run_part(&whole, &packets, 0, packets.n);
    finish(&whole, &packets);

    eh_init(&first);
    load(&first, one, two);
    run_part(&first, &packets, 0, middle);
    save(&first, &saved);

    /* The other one has the programs in another order, and knows something
     * else already. */
    eh_init_backend(&second, XFSM_BACKEND_INTERPRETER);
    load(&second, one, two);
    assert_true(xfsm_engine_unload(second.engine, "one"));
    eh_load(&second, "one", one);
    run_part(&second, &packets, middle / 2, packets.n);
    eh_lines_clear(&second.full);
    error = restore(&second, saved.data, saved.len);
    if (error) {
        print_error("seed %"PRIu64": %s\n", seed, error);
        fail();
    }
    run_part(&second, &packets, middle, packets.n);
    finish(&second, &packets);
    for (size_t i = 0; i < second.full.n; i++) {
        eh_lines_add(&first.full, strdup(second.full.lines[i]));
    }
    at = eh_lines_differ(&whole.full, &first.full);
    if (at != SIZE_MAX) {
        print_error("seed %"PRIu64", event %zu:\n%s\n%s\n%s\n", seed, at,
                    at < whole.full.n ? whole.full.lines[at] : "(none)",
                    at < first.full.n ? first.full.lines[at] : "(none)", one);
        fail();
    }
    *events += second.full.n;
    eh_free(&whole);
    eh_free(&first);
    eh_free(&second);
    eh_packets_free(&packets);
    free(saved.data);
    free(one);
    free(two);
}

static void
test_goes_on(void **state)
{
    uint64_t events = 0;

    (void) state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        compare_seed(seed, &events);
    }
    assert_true(events > 10 * SEEDS);
}

/* ## What is refused ## */

struct victim {
    struct eh eh;
    struct eh_packets packets;
    struct saved saved;
};

static void
victim_init(struct victim *v, uint64_t seed)
{
    char *one = random_program(seed);
    char *two = random_program(seed + 1000);

    memset(v, 0, sizeof *v);
    random_packets(seed, PACKETS, &v->packets);
    eh_init(&v->eh);
    load(&v->eh, one, two);
    run_part(&v->eh, &v->packets, 0, PACKETS / 2);
    save(&v->eh, &v->saved);
    free(one);
    free(two);
}

static void
victim_free(struct victim *v)
{
    eh_free(&v->eh);
    eh_packets_free(&v->packets);
    free(v->saved.data);
}

static void
refuse(struct victim *v, const void *data, size_t len, const char *part)
{
    char *error = restore(&v->eh, data, len);

    assert_non_null(error);
    if (!strstr(error, part)) {
        print_error("%s\n", error);
        fail();
    }
    free(error);
}

/* Has one byte, at 'at', be 'value'. */
static void
refuse_byte(struct victim *v, size_t at, uint8_t value, const char *part)
{
    uint8_t before = v->saved.data[at];

    v->saved.data[at] = value;
    seal(&v->saved);
    refuse(v, v->saved.data, v->saved.len, part);
    v->saved.data[at] = before;
    seal(&v->saved);
}

static void
test_refused(void **state)
{
    struct victim v;
    char *xml;

    (void) state;
    victim_init(&v, 3);
    refuse(&v, "", 0, "longer");
    refuse(&v, "1234567", 7, "longer");
    for (size_t len = 8; len < v.saved.len; len += 1 + len / 7) {
        refuse(&v, v.saved.data, len, "checksum");
    }
    for (size_t i = 0; i < v.saved.len; i += 1 + i / 7) {
        v.saved.data[i] ^= 1;
        refuse(&v, v.saved.data, v.saved.len, "checksum");
        v.saved.data[i] ^= 1;
    }
    v.saved.data[0]++;
    seal(&v.saved);
    refuse(&v, v.saved.data, v.saved.len, "something else");
    v.saved.data[0]--;
    v.saved.data[8]++;
    seal(&v.saved);
    refuse(&v, v.saved.data, v.saved.len, "another version");
    v.saved.data[8]--;
    seal(&v.saved);

    refuse_byte(&v, CLOCK_AT + 7, 0x7f, "clock");       /* The year 2262. */
    refuse_byte(&v, CLOCK_AT + 24, 0x7f, "clock");      /* 127 strays. */

    xml = random_program(77);
    eh_load(&v.eh, "one", xml);
    free(xml);
    refuse(&v, v.saved.data, v.saved.len, "another program");
    assert_true(xfsm_engine_unload(v.eh.engine, "one"));
    refuse(&v, v.saved.data, v.saved.len, "other programs");
    victim_free(&v);
}

static void
test_cannot_write(void **state)
{
    struct saved small = { NULL, 0, 0, 1000 };
    struct victim v;
    char *error;

    (void) state;
    victim_init(&v, 3);
    error = xfsm_engine_save(v.eh.engine, save_bytes, &small);
    assert_non_null(error);
    free(error);
    free(small.data);
    victim_free(&v);
}

/* A few bytes are changed, the checksum is right: refused, or it runs. */
static void
test_mutated(void **state)
{
    unsigned int refused = 0, restored = 0;

    (void) state;
    for (uint64_t seed = 0; seed < MUTATIONS / 100; seed++) {
        struct random_source r = { seed };
        struct victim v;

        victim_init(&v, seed);
        for (int i = 0; i < 100; i++) {
            struct saved copy = { NULL, 0, 0, 0 };
            unsigned int n = 1 + random_below(&r, 3);
            char *error;

            save_bytes(v.saved.data, v.saved.len, &copy);
            while (n--) {
                copy.data[random_below(&r, (unsigned int) copy.len - 8)]
                    = (uint8_t) random_next(&r);
            }
            seal(&copy);
            error = restore(&v.eh, copy.data, copy.len);
            refused += error != NULL;
            restored += !error;
            if (!error) {
                run_part(&v.eh, &v.packets, PACKETS / 2, PACKETS / 2 + 60);
                finish(&v.eh, &v.packets);
                eh_lines_clear(&v.eh.full);
                eh_lines_clear(&v.eh.brief);
            }
            free(error);
            free(copy.data);
        }
        victim_free(&v);
    }
    print_message("%u refused, %u restored\n", refused, restored);
    assert_true(refused > 100 && restored > 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cannot_write),
        cmocka_unit_test(test_mutated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
