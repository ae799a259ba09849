/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "tests/unit/random.h"
#include "xfsm/base/error.h"
#include "xfsm/base/hash.h"

/* SipHash-2-4-128 under key 00 01 .. 0f of the first bytes of 00 01 02 ..:
 * from the reference implementation's vectors. */
static const char *const sip_vectors[] = {
    "a3817f04ba25a8e66df67214c7550293",
    "da87c1d86b99af44347659119b22fc45",
    "8177228da4a45dc7fca38bdef60affe4",
    "9c70b60c5267a94e5f33b6b02985ed51",
    "f88164c12d9c8faf7d0f6e7c7bcd5579",
    "1368875980776f8854527a07690e9627",
    "14eeca338b208613485ea0308fd7a15e",
    "a1f1ebbed8dbc153c0b84aa61ff08239",
    "3b62a9ba6258f5610f83e264f31497b4",
    "264499060ad9baabc47f8b02bb6d71ed",
    "00110dc378146956c95447d3f3d0fbba",
    "0151c568386b6677a2b4dc6f81e5dc18",
    "d626b266905ef35882634df68532c125",
    "9869e247e9c08b10d029934fc4b952f7",
    "31fcefac66d7de9c7ec7485fe4494902",
    "5493e99933b0a8117e08ec0f97cfc3d9",
};

static struct xfsm_seed
make_seed(uint8_t first)
{
    uint8_t entropy[16] = { first };
    struct xfsm_seed seed;

    xfsm_seed_init(&seed, entropy);
    return seed;
}

static void
to_hex(const uint64_t words[2], char hex[33])
{
    int i;

    for (i = 0; i < 16; i++) {
        snprintf(hex + 2 * i, 3, "%02x",
                 (unsigned int) (words[i / 8] >> i % 8 * 8 & 0xff));
    }
}

static void
test_digest_vectors(void **state)
{
    struct xfsm_seed seed;
    uint8_t input[16];
    size_t len;

    (void) state;
    memset(&seed, 0, sizeof seed);
    seed.sip[0] = UINT64_C(0x0706050403020100);
    seed.sip[1] = UINT64_C(0x0f0e0d0c0b0a0908);
    for (len = 0; len < sizeof input; len++) {
        uint64_t out[2];
        char hex[33];

        input[len] = (uint8_t) len;
        xfsm_digest(&seed, input, len, out);
        to_hex(out, hex);
        assert_string_equal(hex, sip_vectors[len]);
    }
}

static void
test_seed(void **state)
{
    struct xfsm_seed a = make_seed(1);
    struct xfsm_seed b = make_seed(1);
    struct xfsm_seed c = make_seed(2);
    size_t i, j;

    (void) state;
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(a.sip[0] != c.sip[0] && a.sip[1] != c.sip[1]);
    for (i = 0; i < XFSM_KEY_WORDS + 2; i++) {
        assert_int_equal(a.secret[i] & 1, 1);
        assert_true(a.secret[i] != c.secret[i]);
        for (j = 0; j < i; j++) {
            assert_true(a.secret[i] != a.secret[j]);
        }
    }

    /* The same on every machine: this value is part of the contract. */
    assert_true(xfsm_hash_words(&a, 0, NULL, 0)
                == UINT64_C(0xac077564bab0bde1));
}

/* Flipping any bit of a key flips each bit of its hash in half of the cases:
 * within 6 standard deviations here. */
static void
check_avalanche(const struct xfsm_seed *seed, unsigned int n, bool sparse)
{
    enum { ROUNDS = 4096 };
    uint64_t random = n;
    unsigned int bit;

    for (bit = 0; bit < n * 64; bit += sparse ? 13 : 1) {
        unsigned int flips[64] = { 0 };
        int round;
        int i;

        for (round = 0; round < ROUNDS; round++) {
            uint64_t key[XFSM_KEY_WORDS] = { 0 };
            uint64_t differ;
            unsigned int w;

            /* Counting keys are what networks make. */
            key[0] = (uint64_t) round;
            for (w = 0; w < n && !sparse; w++) {
                key[w] = random_next(&random);
            }
            differ = xfsm_hash_words(seed, 0, key, n);
            key[bit / 64] ^= UINT64_C(1) << bit % 64;
            differ ^= xfsm_hash_words(seed, 0, key, n);
            for (i = 0; i < 64; i++) {
                flips[i] += differ >> i & 1;
            }
        }
        for (i = 0; i < 64; i++) {
            assert_in_range(flips[i], ROUNDS / 2 - 192, ROUNDS / 2 + 192);
        }
    }
}

static void
test_avalanche(void **state)
{
    struct xfsm_seed seed = make_seed(7);

    (void) state;
    check_avalanche(&seed, 1, false);
    check_avalanche(&seed, 2, false);
    check_avalanche(&seed, 3, false);
    check_avalanche(&seed, 5, true);
    check_avalanche(&seed, XFSM_KEY_WORDS, true);
}

/* Chi-square of 2^20 hashes over 2^10 bins: 1023 on average, with a standard
 * deviation of 45. */
static double
chi_square(const struct xfsm_seed *seed, unsigned int n, unsigned int word,
           unsigned int step, unsigned int shift)
{
    enum { BINS = 1024, KEYS = 1 << 20 };
    static uint32_t count[BINS];
    double sum = 0;
    uint64_t i;

    memset(count, 0, sizeof count);
    for (i = 0; i < KEYS; i++) {
        uint64_t key[XFSM_KEY_WORDS] = { 0 };

        key[word] = i << step;
        count[xfsm_hash_words(seed, 0, key, n) >> shift & (BINS - 1)]++;
    }
    for (i = 0; i < BINS; i++) {
        double off = count[i] - (double) KEYS / BINS;

        sum += off * off / ((double) KEYS / BINS);
    }
    return sum;
}

static void
test_uniformity(void **state)
{
    struct xfsm_seed seed = make_seed(9);
    static const unsigned int shifts[] = { 0, 24, 32, 48, 54 };
    static const unsigned int steps[] = { 0, 8, 16, 32, 44 };
    size_t i, j;

    (void) state;
    for (i = 0; i < sizeof shifts / sizeof *shifts; i++) {
        for (j = 0; j < sizeof steps / sizeof *steps; j++) {
            assert_true(fabs(chi_square(&seed, 1, 0, steps[j], shifts[i])
                             - 1023) < 45 * 6);
            assert_true(fabs(chi_square(&seed, 4, 3, steps[j], shifts[i])
                             - 1023) < 45 * 6);
        }
    }
}

static void
test_lengths_and_tweaks(void **state)
{
    struct xfsm_seed seed = make_seed(3);
    static const uint64_t zeros[XFSM_KEY_WORDS];
    uint64_t hash[2 * (XFSM_KEY_WORDS + 1)];
    size_t n = 0;
    unsigned int i;
    size_t j, k;

    (void) state;
    for (i = 0; i <= XFSM_KEY_WORDS; i++) {
        hash[n++] = xfsm_hash_words(&seed, 0, zeros, i);
        hash[n++] = xfsm_hash_words(&seed, 1, zeros, i);
    }
    for (j = 0; j < n; j++) {
        for (k = 0; k < j; k++) {
            assert_true(hash[j] != hash[k]);
        }
    }
}

static void
test_error_text(void **state)
{
    char *error = xfsm_error("line %d: %s", 7, "what?");

    (void) state;
    assert_string_equal(error, "line 7: what?");
    free(error);
    error = xfsm_error("%s", "");
    assert_string_equal(error, "");
    free(error);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_vectors),
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_avalanche),
        cmocka_unit_test(test_uniformity),
        cmocka_unit_test(test_lengths_and_tweaks),
        cmocka_unit_test(test_error_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
