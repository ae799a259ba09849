/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_BASE_HASH_H
#define XFSM_BASE_HASH_H 1

/* Keyed hashing.
 *
 * Every key that a packet can choose is hashed under a secret seed drawn when
 * the process starts, so that nobody outside can aim at one bucket.
 *
 *   - xfsm_hash_words() is the table hash: 64-bit multiply-and-fold over
 *     words, each word mixed with its own secret (the construction of
 *     wyhash; folding multiplication is analysed in Lemire and Kaser,
 *     "Faster 64-bit universal hashing using carry-less multiplications",
 *     2015).  Not a MAC: its strength is that nobody sees its output.
 *
 *   - xfsm_digest() is SipHash-2-4 with 128-bit output (Aumasson and
 *     Bernstein, "SipHash: a fast short-input PRF", 2012): it stands in for a
 *     string in a key, so that keys have a fixed size.  Two different strings
 *     share a digest with probability 2^-128.
 *
 * Thread-safety: a seed is read-only after xfsm_seed_init(). */

#include <stddef.h>
#include <stdint.h>

/* Longest key, in 64-bit words. */
#define XFSM_KEY_WORDS 16

struct xfsm_seed {
    uint64_t sip[2];                        /* Key of xfsm_digest(). */
    uint64_t secret[XFSM_KEY_WORDS + 2];    /* Of xfsm_hash_words(), odd. */
};

/* Expands the 16 random bytes at 'entropy' into 'seed'.  The same bytes give
 * the same seed on every machine. */
void xfsm_seed_init(struct xfsm_seed *seed, const uint8_t entropy[16]);

/* SipHash-2-4-128 of the 'len' bytes at 'p' into 'out'. */
void xfsm_digest(const struct xfsm_seed *seed, const void *p, size_t len,
                 uint64_t out[2]);

static inline uint64_t
xfsm_hash_fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128) a * b;

    return (uint64_t) product ^ (uint64_t) (product >> 64);
}

/* Hash of the 'n' words at 'key', n at most XFSM_KEY_WORDS.  Keys of
 * different length hash apart.  'tweak' separates users of the same seed
 * (programs, tables). */
static inline uint64_t
xfsm_hash_words(const struct xfsm_seed *seed, uint64_t tweak,
                const uint64_t *key, unsigned int n)
{
    uint64_t h = seed->secret[0] ^ tweak;
    unsigned int i;

    for (i = 0; i + 2 <= n; i += 2) {
        h = xfsm_hash_fold(key[i] ^ seed->secret[i + 1] ^ h,
                           key[i + 1] ^ seed->secret[i + 2]);
    }
    if (i < n) {
        h = xfsm_hash_fold(key[i] ^ seed->secret[i + 1] ^ h,
                           seed->secret[i + 2]);
    }
    return xfsm_hash_fold(h ^ n, seed->secret[XFSM_KEY_WORDS + 1]);
}

#endif /* xfsm/base/hash.h */
