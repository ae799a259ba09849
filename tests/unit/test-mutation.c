/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Mutated images: refused with an error, or they run.  A sanitizer, if built
 * with one, sees what the verifier overlooked.
 *
 * XFSM_MUTATIONS is the number of mutations, in all about that times four. */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "tests/unit/image-victim.h"
#include "tests/unit/random-program.h"

#define DEFAULT_MUTATIONS 1000

/* What mutations came to. */
static struct {
    uint64_t refused, loaded, not_loaded;
} tally;

/* Verifies the image; what is accepted runs 'packets'. */
static void
try_image(const void *bytes, size_t len, const struct eh_packets *packets)
{
    struct xfsm_image image;
    char *error = xfsm_image_verify(bytes, len, &image);
    struct eh eh;

    if (error) {
        assert_true(strlen(error) > 10);
        free(error);
        tally.refused++;
        return;
    }
    eh_init(&eh);
    error = xfsm_engine_load(eh.engine, bytes, len);
    if (error) {
        /* It verifies, but there is no memory for it, or a sketch cannot be
         * of these sizes. */
        free(error);
        tally.not_loaded++;
    } else {
        uint64_t now = packets->packets[packets->n - 1].ts;

        tally.loaded++;
        eh_run(&eh, packets, 32);
        xfsm_engine_advance(eh.engine, now + UINT64_C(20000000000));
    }
    eh_free(&eh);
}

static unsigned int
n_mutations(void)
{
    const char *n = getenv("XFSM_MUTATIONS");

    return n ? (unsigned int) strtoul(n, NULL, 10) : DEFAULT_MUTATIONS;
}

/* Changes one byte of the image at a time, or a few, then the checksum. */
static void
mutate(const uint8_t *original, size_t len, uint64_t seed, unsigned int n,
       const struct eh_packets *packets)
{
    struct random_source r = { seed };
    uint8_t *bytes = malloc(len);
    struct xfsm_img_header *h = (struct xfsm_img_header *) (void *) bytes;

    assert_non_null(bytes);
    for (unsigned int i = 0; i < n; i++) {
        unsigned int changes = random_below(&r, 8) ? 1 : 2;

        memcpy(bytes, original, len);
        for (unsigned int j = 0; j < changes; j++) {
            static const uint8_t values[] = { 0, 1, 2, 16, 0x7f, 0xff };
            size_t at = 16 + random_below(&r, (unsigned int) len - 16);

            switch (random_below(&r, 3)) {
            case 0:
                bytes[at] ^= (uint8_t) (1 << random_below(&r, 8));
                break;
            case 1:
                bytes[at] = values[random_below(&r, sizeof values)];
                break;
            default:
                bytes[at] = (uint8_t) (bytes[at]
                                       + (random_below(&r, 2) ? 1 : 255));
            }
        }
        h->checksum = xfsm_image_checksum(bytes, len);
        try_image(bytes, len, packets);
    }
    free(bytes);
}

/* Every byte of the good image, in two ways. */
static void
test_every_byte(void **state)
{
    struct eh_packets packets = { 0, 0, NULL };
    struct victim v;

    (void) state;
    memset(&tally, 0, sizeof tally);
    random_packets(1, 60, &packets);
    victim_init(&v);
    for (size_t i = 0; i < v.len; i++) {
        uint8_t old = v.bytes[i];

        for (int j = 0; j < 2; j++) {
            v.bytes[i] = (uint8_t) (j ? old ^ 1 << i % 8 : old + 1);
            if (i < offsetof(struct xfsm_img_header, checksum)
                || i >= offsetof(struct xfsm_img_header, format)) {
                v.h->checksum = xfsm_image_checksum(v.bytes, v.len);
            }
            try_image(v.bytes, v.len, &packets);
        }
        v.bytes[i] = old;
    }
    assert_true(tally.refused > v.len / 2);
    assert_true(tally.loaded > 100);
    free(v.bytes);
    eh_packets_free(&packets);
}

static void
test_mutations_of_own_programs(void **state)
{
    struct eh_packets packets = { 0, 0, NULL };

    (void) state;
    memset(&tally, 0, sizeof tally);
    random_packets(2, 200, &packets);
    for (unsigned int seed = 0; seed < 8; seed++) {
        char *xml = random_program(seed);
        size_t len;
        void *image = eh_image("p", xml, &len);

        mutate(image, len, seed, n_mutations() / 4, &packets);
        free(image);
        free(xml);
    }
    assert_true(tally.refused > tally.loaded / 10);
    eh_packets_free(&packets);
}

static void
test_mutations_of_shared_programs(void **state)
{
    struct eh_packets packets = { 0, 0, NULL };
    const char *data = eh_shared_data();
    struct dirent **entries;
    char path[1024];
    int n, programs = 0;

    (void) state;
    if (!data) {
        skip();
    }
    memset(&tally, 0, sizeof tally);
    random_packets(3, 200, &packets);
    snprintf(path, sizeof path, "%s/programs", data);
    n = scandir(path, &entries, NULL, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;

        if (strstr(name, ".xml")) {
            char *xml;
            void *image;
            size_t len;

            snprintf(path, sizeof path, "%s/programs/%s", data, name);
            xml = eh_read_file(path, NULL);
            assert_non_null(xml);
            image = eh_image("p", xml, &len);
            mutate(image, len, (uint64_t) i, n_mutations() / 8, &packets);
            programs++;
            free(image);
            free(xml);
        }
        free(entries[i]);
    }
    free(entries);
    assert_true(programs >= 16);
    eh_packets_free(&packets);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_mutations_of_own_programs),
        cmocka_unit_test(test_mutations_of_shared_programs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
