/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/base/hash.h"

#include <endian.h>
#include <string.h>

struct sip {
    uint64_t v[4];
};

static inline uint64_t
load_le64(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return le64toh(word);
}

static inline uint64_t
rotate(uint64_t x, unsigned int n)
{
    return x << n | x >> (64 - n);
}

static inline void
sip_rounds(struct sip *s, unsigned int n)
{
    while (n--) {
        s->v[0] += s->v[1];
        s->v[2] += s->v[3];
        s->v[1] = rotate(s->v[1], 13) ^ s->v[0];
        s->v[3] = rotate(s->v[3], 16) ^ s->v[2];
        s->v[0] = rotate(s->v[0], 32);

        s->v[2] += s->v[1];
        s->v[0] += s->v[3];
        s->v[1] = rotate(s->v[1], 17) ^ s->v[2];
        s->v[3] = rotate(s->v[3], 21) ^ s->v[0];
        s->v[2] = rotate(s->v[2], 32);
    }
}

static inline void
sip_absorb(struct sip *s, uint64_t word)
{
    s->v[3] ^= word;
    sip_rounds(s, 2);
    s->v[0] ^= word;
}

static inline uint64_t
sip_output(const struct sip *s)
{
    return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

static void
sip_hash(const uint64_t key[2], const uint8_t *p, size_t len, uint64_t out[2])
{
    /* The constants are "somepseudorandomlygeneratedbytes"; 0xee marks the
     * 128-bit variant. */
    struct sip s = { {
        key[0] ^ UINT64_C(0x736f6d6570736575),
        key[1] ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
        key[0] ^ UINT64_C(0x6c7967656e657261),
        key[1] ^ UINT64_C(0x7465646279746573),
    } };
    uint64_t last = (uint64_t) len << 56;
    size_t left;

    for (left = len; left >= 8; left -= 8) {
        sip_absorb(&s, load_le64(p));
        p += 8;
    }
    while (left) {
        left--;
        last |= (uint64_t) p[left] << (8 * left);
    }
    sip_absorb(&s, last);

    s.v[2] ^= 0xee;
    sip_rounds(&s, 4);
    out[0] = sip_output(&s);
    s.v[1] ^= 0xdd;
    sip_rounds(&s, 4);
    out[1] = sip_output(&s);
}

void
xfsm_seed_init(struct xfsm_seed *seed, const uint8_t entropy[16])
{
    const size_t n_secrets = sizeof seed->secret / sizeof seed->secret[0];
    uint64_t key[2] = { load_le64(entropy), load_le64(entropy + 8) };
    uint64_t pair[2];
    size_t i;

    /* SipHash of a counter, under the entropy, is the generator. */
    sip_hash(key, (const uint8_t *) "k", 1, seed->sip);
    for (i = 0; i < n_secrets; i++) {
        uint8_t counter = (uint8_t) i;

        sip_hash(key, &counter, 1, pair);
        seed->secret[i] = pair[0] | 1;
    }
}

void
xfsm_digest(const struct xfsm_seed *seed, const void *p, size_t len,
            uint64_t out[2])
{
    sip_hash(seed->sip, p, len, out);
}
