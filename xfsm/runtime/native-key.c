/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Keys: their words, copied from the packet, and their hashes. */

#include "xfsm/runtime/native-private.h"

#include <stddef.h>
#include <string.h>

#define PRESENT ((int32_t) offsetof(struct xfsm_packet, present))
#define PACKET XFSM_NATIVE_PACKET
#define VALUE_HASH ((int32_t) offsetof(struct xfsm_key_value, hash))
#define VALUE_WORDS ((int32_t) offsetof(struct xfsm_key_value, w))

bool
xfsm_native_has_key(const struct xfsm_instance *p, uint16_t key)
{
    const struct xfsm_key_plan *plan = &p->lowered.keys[key];

    if (plan->has_prefixes) {
        return false;
    }
    for (unsigned int i = 0; i < plan->n_steps; i++) {
        if (!plan->steps[i].width) {
            return false;
        }
    }
    return true;
}

void
xfsm_native_emit_needs(struct xfsm_emit *e, const struct xfsm_fieldset *set,
                       uint32_t label)
{
    for (int i = 0; i < XFSM_FIELDSET_WORDS * 2; i++) {
        uint32_t bits = (uint32_t) (set->w[i / 2] >> i % 2 * 32);

        if (bits) {
            xfsm_emit_load(e, XFSM_RAX, XFSM_RDI, PRESENT + i * 4, 4);
            xfsm_emit_not(e, XFSM_RAX);
            xfsm_emit_test32_imm(e, XFSM_RAX, bits);
            xfsm_emit_jcc(e, XFSM_CC_NE, label);
        }
    }
}

/* RAX = xfsm_hash_fold(RAX, RDX). */
static void
emit_fold(struct xfsm_emit *e)
{
    xfsm_emit_mul(e, XFSM_RDX);
    xfsm_emit_alu(e, XFSM_XOR, XFSM_RAX, XFSM_RDX);
}

static unsigned int
list_words(const struct xfsm_key_plan *plan, struct xfsm_native_source *words)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < plan->n_steps; i++) {
        unsigned int width = plan->steps[i].width;

        words[n].offset = plan->steps[i].offset;
        words[n++].width = width > 8 ? 8 : width;
        if (width > 8) {
            words[n].offset = plan->steps[i].offset + 8;
            words[n++].width = 8;
        }
    }
    return n;
}

static bool
begins_with(const struct xfsm_native_source *words, unsigned int n,
            const struct xfsm_native_prefix *prefix)
{
    for (unsigned int i = 0; i < prefix->n; i++) {
        if (i >= n || words[i].offset != prefix->words[i].offset
            || words[i].width != prefix->words[i].width) {
            return false;
        }
    }
    return prefix->n != 0;
}

static void
emit_load_word(struct xfsm_emit *e, enum xfsm_reg reg,
               const struct xfsm_native_source *word)
{
    xfsm_emit_load(e, reg, PACKET, word->offset, word->width);
}

/* 'reg' becomes the word, XORed with 'value'. */
static void
emit_masked_word(struct xfsm_emit *e, enum xfsm_reg reg,
                 const struct xfsm_native_source *word, uint64_t value)
{
    if (word->width == 8) {
        xfsm_emit_mov_imm(e, reg, value);
        xfsm_emit_xor_mem(e, reg, PACKET, word->offset);
    } else {
        emit_load_word(e, reg, word);
        xfsm_emit_mov_imm(e, XFSM_RCX, value);
        xfsm_emit_alu(e, XFSM_XOR, reg, XFSM_RCX);
    }
}

/* RAX, which the prefix may be in, becomes the hash of two words more, or of
 * the last one: 'h' is where that of those before 'i' is, or NULL where
 * there are none. */
static void
emit_two_words(struct xfsm_emit *e, const struct xfsm_instance *p,
               const struct xfsm_native_source *words, unsigned int i,
               unsigned int n, const enum xfsm_reg *h)
{
    const uint64_t *secret = p->seed->secret;
    enum xfsm_reg word = h && *h == XFSM_RAX ? XFSM_R8 : XFSM_RAX;

    emit_masked_word(e, word, &words[i],
                     secret[i + 1] ^ (h ? 0 : secret[0] ^ p->tweak));
    if (h) {
        xfsm_emit_alu(e, XFSM_XOR, XFSM_RAX, word == XFSM_RAX ? *h : word);
    }
    if (i + 1 < n) {
        emit_masked_word(e, XFSM_RDX, &words[i + 1], secret[i + 2]);
    } else {
        xfsm_emit_mov_imm(e, XFSM_RDX, secret[i + 2]);
    }
    emit_fold(e);
}

/* RAX = xfsm_hash_words() of the words, at least one.  'prefix', if there is
 * one, is used where the words begin with it, and is theirs afterwards where
 * it was none.  Uses RAX, RCX, RDX and R8. */
static void
emit_hash(struct xfsm_emit *e, const struct xfsm_instance *p,
          const struct xfsm_native_source *words, unsigned int n,
          struct xfsm_native_prefix *prefix)
{
    static const enum xfsm_reg rax = XFSM_RAX;
    const enum xfsm_reg *h = NULL;
    unsigned int i = 0;

    if (prefix && begins_with(words, n, prefix)) {
        h = &prefix->reg;
        i = prefix->n;
        if (i == n) {
            xfsm_emit_alu(e, XFSM_MOV, XFSM_RAX, prefix->reg);
        }
    }
    for (; i < n; i += 2) {
        emit_two_words(e, p, words, i, n, h);
        h = &rax;
        if (prefix && !prefix->n && i + 4 > n && i + 2 <= n) {
            xfsm_emit_alu(e, XFSM_MOV, prefix->reg, XFSM_RAX);
            prefix->n = i + 2;
            memcpy(prefix->words, words, prefix->n * sizeof *words);
        }
    }
    xfsm_emit_xor_imm(e, XFSM_RAX, (int32_t) n);
    xfsm_emit_mov_imm(e, XFSM_RDX, p->seed->secret[XFSM_KEY_WORDS + 1]);
    emit_fold(e);
}

void
xfsm_native_emit_hash(struct xfsm_emit *e, const struct xfsm_instance *p,
                      uint16_t key, enum xfsm_reg base, int32_t disp,
                      struct xfsm_native_prefix *prefix)
{
    struct xfsm_native_source words[XFSM_KEY_WORDS];
    unsigned int n = list_words(&p->lowered.keys[key], words);

    emit_hash(e, p, words, n, prefix);
    xfsm_emit_store(e, base, disp + VALUE_HASH, XFSM_RAX);
}

void
xfsm_native_emit_words(struct xfsm_emit *e, const struct xfsm_instance *p,
                       uint16_t key, enum xfsm_reg base, int32_t disp)
{
    struct xfsm_native_source words[XFSM_KEY_WORDS];
    unsigned int n = list_words(&p->lowered.keys[key], words);

    for (unsigned int i = 0; i < n; i++) {
        emit_load_word(e, XFSM_RCX, &words[i]);
        xfsm_emit_store(e, base, disp + VALUE_WORDS + (int32_t) i * 8,
                        XFSM_RCX);
    }
}

void
xfsm_native_emit_value(struct xfsm_emit *e, const struct xfsm_instance *p,
                       uint16_t key, enum xfsm_reg base, int32_t disp,
                       uint32_t absent)
{
    xfsm_native_emit_needs(e, &p->lowered.keys[key].needs, absent);
    xfsm_native_emit_words(e, p, key, base, disp);
    xfsm_native_emit_hash(e, p, key, base, disp, NULL);
}

uint32_t
xfsm_native_emit_key(struct xfsm_emit *e, const struct xfsm_instance *p,
                     uint16_t key)
{
    uint32_t start = xfsm_native_begin(e);
    uint32_t absent = xfsm_emit_labels(e, 1);

    xfsm_native_emit_value(e, p, key, XFSM_RSI, 0, absent);
    xfsm_emit_mov_imm(e, XFSM_RAX, 1);
    xfsm_emit_ret(e);
    xfsm_emit_bind(e, absent);
    xfsm_emit_mov_imm(e, XFSM_RAX, 0);
    xfsm_emit_ret(e);
    return start;
}
