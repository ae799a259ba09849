/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Matching and fetching.  In all of it RDI is the packet, except behind
 * a call, where RBX, which keeps it, is copied back. */

#include "xfsm/runtime/native-private.h"

#include <stddef.h>
#include <string.h>

#include "xfsm/runtime/exec.h"
#include "xfsm/sketch/countmin.h"

#define PRESENT ((int32_t) offsetof(struct xfsm_packet, present))
#define PACKET XFSM_NATIVE_PACKET
#define ROW XFSM_NATIVE_ROW
#define VALUES XFSM_NATIVE_VALUES
#define SHARED XFSM_NATIVE_SHARED
#define VALUE_HASH ((int32_t) offsetof(struct xfsm_key_value, hash))

/* Calls 'f', after which PACKET, ROW, VALUES and SHARED are as before.  Its
 * second and later arguments must be there; the first one is 'first'.  AL is
 * turned into flags: equal means false. */
static void
emit_test_of(struct xfsm_emit *e, const void *f, const void *first)
{
    static const enum xfsm_reg kept[] = { PACKET, ROW, VALUES, SHARED };
    const int n = sizeof kept / sizeof *kept;

    for (int i = 0; i < n; i++) {
        xfsm_emit_push(e, kept[i]);
    }
    xfsm_emit_push(e, XFSM_RAX);        /* Aligns the stack. */
    xfsm_emit_mov_imm(e, XFSM_RDI, (uint64_t) (uintptr_t) first);
    xfsm_emit_call(e, f);
    xfsm_emit_pop(e, XFSM_RCX);
    for (int i = n - 1; i >= 0; i--) {
        xfsm_emit_pop(e, kept[i]);
    }
    xfsm_emit_movzx8(e, XFSM_RAX, XFSM_RAX);
    xfsm_emit_alu(e, XFSM_TEST, XFSM_RAX, XFSM_RAX);
}

/* ## Matcher ## */

/* Jumps to 'label' where the field is absent. */
static void
emit_presence(struct xfsm_emit *e, const struct xfsm_match_op *op,
              uint32_t label)
{
    unsigned int bit = (unsigned int) __builtin_ctzll(op->bit);

    xfsm_emit_test8_mem(e, XFSM_RDI, PRESENT + op->word * 8
                        + (int32_t) (bit / 8), (uint8_t) (1u << bit % 8));
    xfsm_emit_jcc(e, XFSM_CC_E, label);
}

/* The condition under which an unsigned comparison does not hold. */
static enum xfsm_cc
fails(uint8_t compare)
{
    switch (compare) {
    case XFSM_OP_EQ: return XFSM_CC_NE;
    case XFSM_OP_NE: return XFSM_CC_E;
    case XFSM_OP_LT: return XFSM_CC_AE;
    case XFSM_OP_LE: return XFSM_CC_A;
    case XFSM_OP_GT: return XFSM_CC_BE;
    default: return XFSM_CC_B;
    }
}

static void
emit_uint(struct xfsm_emit *e, const struct xfsm_match_op *op, uint32_t label)
{
    emit_presence(e, op, label);
    xfsm_emit_load(e, XFSM_RAX, XFSM_RDI, op->offset, op->width);
    if (op->m.value <= INT32_MAX) {
        xfsm_emit_cmp_imm(e, XFSM_RAX, (int32_t) op->m.value);
    } else {
        xfsm_emit_mov_imm(e, XFSM_RCX, op->m.value);
        xfsm_emit_alu(e, XFSM_CMP, XFSM_RAX, XFSM_RCX);
    }
    xfsm_emit_jcc(e, fails(op->compare), label);
}

/* Address within the prefix, or not: RAX collects the bits that differ. */
static void
emit_prefix(struct xfsm_emit *e, const struct xfsm_match_op *op,
            uint32_t label)
{
    uint64_t addr[2], mask[2];

    memcpy(addr, op->m.prefix->addr, sizeof addr);
    memcpy(mask, op->m.prefix->mask, sizeof mask);
    emit_presence(e, op, label);
    for (int i = 0; i < 2; i++) {
        enum xfsm_reg to = i ? XFSM_RCX : XFSM_RAX;

        xfsm_emit_load(e, to, XFSM_RDI, op->offset + 8 * i, 8);
        if (~mask[i]) {
            xfsm_emit_mov_imm(e, XFSM_RDX, mask[i]);
            xfsm_emit_alu(e, XFSM_AND, to, XFSM_RDX);
        }
        if (addr[i]) {
            xfsm_emit_mov_imm(e, XFSM_RDX, addr[i]);
            xfsm_emit_alu(e, XFSM_XOR, to, XFSM_RDX);
        }
    }
    xfsm_emit_alu(e, XFSM_OR, XFSM_RAX, XFSM_RCX);
    xfsm_emit_jcc(e, fails(op->compare), label);
}

static void
emit_test_call(struct xfsm_emit *e, const struct xfsm_instance *p,
               const struct xfsm_match_op *op, uint32_t label)
{
    xfsm_emit_alu(e, XFSM_MOV, XFSM_RSI, PACKET);
    xfsm_emit_mov_imm(e, XFSM_RDX, (uint64_t) (uintptr_t) op);
    emit_test_of(e, (const void *) (uintptr_t) xfsm_match_test, p);
    xfsm_emit_jcc(e, XFSM_CC_E, label);
}

/* Labels of the matcher: of its instructions, of events, of no event. */
struct goals {
    uint32_t insns, events, none;
};

/* Where instruction 'i' leads to, seen from afar. */
static uint32_t
find_goal(const struct xfsm_match_op *matcher, const struct goals *goals,
          uint32_t i)
{
    while (matcher[i].code == XFSM_I_MJUMP) {
        i = matcher[i].target;
    }
    return (matcher[i].code == XFSM_I_MEVENT ? goals->events + matcher[i].event
            : matcher[i].code == XFSM_I_MNONE ? goals->none
            : goals->insns + i);
}

/* The matcher's instructions.  Instead of ending in one, goes to the label of
 * the event, 'events' + its number, or to 'none'. */
static void
emit_matcher(struct xfsm_emit *e, const struct xfsm_instance *p,
             uint32_t events, uint32_t none)
{
    const struct xfsm_match_op *matcher = p->lowered.matcher;
    uint32_t n = p->image.header->matcher_len;
    const struct goals goals = { xfsm_emit_labels(e, n), events, none };

    for (uint32_t i = 0; i < n; i++) {
        const struct xfsm_match_op *op = &matcher[i];
        uint32_t target = (xfsm_opcode_jumps(op->code)
                           ? find_goal(matcher, &goals, op->target) : 0);

        xfsm_emit_bind(e, goals.insns + i);
        switch (op->code) {
        case XFSM_I_MEVENT:
        case XFSM_I_MNONE:
        case XFSM_I_MJUMP:
            xfsm_emit_jmp(e, find_goal(matcher, &goals, i));
            break;
        case XFSM_I_MUINT:
            emit_uint(e, op, target);
            break;
        case XFSM_I_MADDR:
            if (op->compare == XFSM_OP_EQ || op->compare == XFSM_OP_NE) {
                emit_prefix(e, op, target);
                break;
            }
            /* Fall through. */
        default:
            emit_test_call(e, p, op, target);
            break;
        }
    }
}

/* ## Fetching ## */

/* Sends for line number (hash >> 32) * 'n_lines' >> 32.  The hash is in RAX,
 * and stays there. */
static void
emit_fetch_line(struct xfsm_emit *e, const void *lines, uint64_t n_lines)
{
    xfsm_emit_alu(e, XFSM_MOV, XFSM_RCX, XFSM_RAX);
    xfsm_emit_shr(e, XFSM_RCX, 32);
    if (n_lines <= INT32_MAX) {
        xfsm_emit_imul(e, XFSM_RCX, XFSM_RCX, (int32_t) n_lines);
    } else {
        return;                 /* Too large a sketch to be made. */
    }
    xfsm_emit_shr(e, XFSM_RCX, 32 - 6);
    xfsm_emit_and_imm8(e, XFSM_RCX, -64);
    xfsm_emit_mov_imm(e, XFSM_RDX, (uint64_t) (uintptr_t) lines);
    xfsm_emit_prefetch(e, XFSM_RDX, XFSM_RCX);
}

/* Sends for the line of the hash in RAX in both rows of 'c'.  Uses R8. */
static void
emit_fetch_rows(struct xfsm_emit *e, const struct xfsm_countmin *c)
{
    emit_fetch_line(e, c->lines, c->n_lines);
    xfsm_emit_alu(e, XFSM_MOV, XFSM_R8, XFSM_RAX);
    xfsm_emit_mov_imm(e, XFSM_RCX, XFSM_COUNTMIN_REHASH);
    xfsm_emit_mul(e, XFSM_RCX);
    xfsm_emit_alu(e, XFSM_XOR, XFSM_RAX, XFSM_RDX);
    emit_fetch_line(e, &c->lines[c->n_lines], c->n_lines);
    xfsm_emit_alu(e, XFSM_MOV, XFSM_RAX, XFSM_R8);
}

/* Sends for both buckets of the hash in RAX, or goes to 'empty' if there is no
 * such key for certain. */
static void
emit_fetch_buckets(struct xfsm_emit *e, const struct xfsm_keytable *t,
                   uint32_t empty)
{
    xfsm_emit_alu(e, XFSM_MOV, XFSM_RCX, XFSM_RAX);
    xfsm_emit_shr(e, XFSM_RCX, 35);
    xfsm_emit_and32_imm(e, XFSM_RCX, XFSM_KEYTABLE_COUNTS - 1);
    xfsm_emit_mov_imm(e, XFSM_RDX, (uint64_t) (uintptr_t) t->counts);
    xfsm_emit_cmp8_mem(e, XFSM_RDX, XFSM_RCX, 0);
    xfsm_emit_jcc(e, XFSM_CC_E, empty);
    for (unsigned int i = 0; i < 2; i++) {
        xfsm_emit_alu(e, XFSM_MOV, XFSM_RCX, XFSM_RAX);
        if (i) {
            xfsm_emit_shr(e, XFSM_RCX, 24);
        }
        xfsm_emit_and32_imm(e, XFSM_RCX, t->half - 1);
        xfsm_emit_shl(e, XFSM_RCX, 6);
        xfsm_emit_mov_imm(e, XFSM_RDX,
                          (uint64_t) (uintptr_t) &t->buckets[i * t->half]);
        xfsm_emit_prefetch(e, XFSM_RDX, XFSM_RCX);
    }
}

static void
emit_fetch(struct xfsm_emit *e, const struct xfsm_touch *touch)
{
    const struct xfsm_detector *detector = touch->memory;
    const struct xfsm_tewma *tewma = touch->memory;
    uint32_t empty;

    switch (touch->kind) {
    case XFSM_TOUCH_DETECTOR:
        emit_fetch_line(e, detector->lines, detector->n_lines);
        break;
    case XFSM_TOUCH_TEWMA:
        emit_fetch_line(e, tewma->lines, tewma->n_lines);
        break;
    case XFSM_TOUCH_COUNTMIN:
        emit_fetch_rows(e, touch->memory);
        break;
    case XFSM_TOUCH_KEYTABLE:
        empty = xfsm_emit_labels(e, 1);
        emit_fetch_buckets(e, touch->memory, empty);
        xfsm_emit_bind(e, empty);
        break;
    }
}

/* Sends for what is found under 'key', whose hash is in RAX, and either in the
 * first state alone or not. */
static void
emit_touches(struct xfsm_emit *e, const struct xfsm_touches *touches,
             uint16_t key, bool first)
{
    for (unsigned int i = 0; i < touches->n; i++) {
        const struct xfsm_touch *touch = &touches->list[i];

        if (touch->key == key && touch->first == first) {
            emit_fetch(e, touch);
        }
    }
}

/* Builds the words of a key that so far has its hash alone, and tells so. */
static void
emit_words_late(struct xfsm_emit *e, const struct xfsm_instance *p,
                uint16_t key)
{
    xfsm_native_emit_words(e, p, key, VALUES, p->key_offsets[key]);
    xfsm_emit_load(e, XFSM_RCX, ROW, offsetof(struct xfsm_key_row, built), 8);
    xfsm_emit_bts(e, XFSM_RCX, (uint8_t) key);
    xfsm_emit_store(e, ROW, offsetof(struct xfsm_key_row, built), XFSM_RCX);
}

/* Sends for what is found under the primary key, whose hash is in RAX.  Where
 * the key may be in the state table, builds its words if it is 'hashed' and
 * has none yet, and goes on at label 'done', which it binds where that is
 * 0. */
static void
emit_primary_fetches(struct xfsm_emit *e, const struct xfsm_instance *p,
                     uint32_t event, bool hashed, uint32_t done)
{
    const struct xfsm_touches *touches = &p->touches[event];
    uint16_t key = p->image.events[event].primary;
    uint32_t empty = xfsm_emit_labels(e, 2);
    uint32_t here = empty + 1;

    emit_touches(e, touches, key, false);
    emit_fetch_buckets(e, p->states, empty);
    if (hashed) {
        emit_words_late(e, p, key);
    }
    if (done || touches->firsts) {
        xfsm_emit_jmp(e, done ? done : here);
    }
    xfsm_emit_bind(e, empty);
    emit_touches(e, touches, key, true);
    xfsm_emit_bind(e, here);
}

/* Sends for what is found under another key, whose hash is in RAX. */
static void
emit_fetches(struct xfsm_emit *e, const struct xfsm_instance *p,
             uint32_t event, uint16_t key)
{
    emit_touches(e, &p->touches[event], key, false);
    emit_touches(e, &p->touches[event], key, true);
}

/* ## Functions ## */

static void
emit_event_key(struct xfsm_emit *e, const struct xfsm_instance *p,
               uint32_t event, uint16_t key)
{
    uint32_t absent = xfsm_emit_labels(e, 1);
    int32_t offset = p->key_offsets[key];

    if (xfsm_native_has_key(p, key)) {
        xfsm_native_emit_value(e, p, key, VALUES, offset, absent);
    } else {
        xfsm_emit_mov_imm(e, XFSM_RSI, key);
        xfsm_emit_alu(e, XFSM_MOV, XFSM_RDX, PACKET);
        xfsm_emit_lea(e, XFSM_RCX, VALUES, offset);
        emit_test_of(e, (const void *) (uintptr_t) xfsm_instance_key, p);
        xfsm_emit_jcc(e, XFSM_CC_E, absent);
        xfsm_emit_load(e, XFSM_RAX, VALUES, offset + VALUE_HASH, 8);
    }
    xfsm_emit_bts(e, SHARED, (uint8_t) key);
    if (key == p->image.events[event].primary) {
        emit_primary_fetches(e, p, event, false, 0);
    } else {
        emit_fetches(e, p, event, key);
    }
    xfsm_emit_bind(e, absent);
}

/* The keys of the event: its primary one and those of its touches. */
static uint64_t
event_keys(const struct xfsm_instance *p, uint32_t event)
{
    const struct xfsm_touches *touches = &p->touches[event];
    uint64_t keys = UINT64_C(1) << p->image.events[event].primary;

    for (unsigned int i = 0; i < touches->n; i++) {
        keys |= UINT64_C(1) << touches->list[i].key;
    }
    return keys;
}

/* Has none of the keys strings? */
static bool
are_native(const struct xfsm_instance *p, uint64_t keys)
{
    for (uint16_t key = 0; key < p->image.n_keys; key++) {
        if (keys >> key & 1 && !xfsm_native_has_key(p, key)) {
            return false;
        }
    }
    return true;
}

/* Those of them of which an operation needs the words and not just the hash,
 * as tables do. */
static uint64_t
event_word_keys(const struct xfsm_instance *p, uint32_t event)
{
    const struct xfsm_lowered *lowered = &p->lowered;
    uint64_t keys = 0;

    for (uint32_t i = 0; i < p->image.n_handlers; i++) {
        const struct xfsm_op *op = &lowered->ops[lowered->handlers[i]];
        const struct xfsm_op *end = &lowered->ops[
            i + 1 < p->image.n_handlers ? lowered->handlers[i + 1]
                                        : lowered->n_ops];

        for (; p->image.handlers[i].event == event && op < end; op++) {
            if (op->code >= XFSM_L_COUNTER_ADD && op->code <= XFSM_L_TSET) {
                keys |= UINT64_C(1) << op->key;
            }
        }
    }
    return keys;
}

/* The keys of an event, looking at each whether the packet has its fields. */
static void
emit_keys_one_by_one(struct xfsm_emit *e, const struct xfsm_instance *p,
                     uint32_t event, uint64_t keys)
{
    xfsm_emit_mov_imm(e, XFSM_RAX, keys);
    xfsm_emit_store(e, ROW, offsetof(struct xfsm_key_row, built), XFSM_RAX);
    xfsm_emit_mov_imm(e, SHARED, 0);
    for (uint16_t key = 0; key < p->image.n_keys; key++) {
        if (keys >> key & 1) {
            emit_event_key(e, p, event, key);
        }
    }
    xfsm_emit_store(e, ROW, offsetof(struct xfsm_key_row, complete), SHARED);
}

/* Notes in the row that 'keys' are complete, and those in 'words' built. */
static void
emit_note_keys(struct xfsm_emit *e, uint64_t keys, uint64_t words)
{
    xfsm_emit_mov_imm(e, XFSM_RAX, keys & words);
    xfsm_emit_store(e, ROW, offsetof(struct xfsm_key_row, built), XFSM_RAX);
    xfsm_emit_mov_imm(e, XFSM_RAX, keys);
    xfsm_emit_store(e, ROW, offsetof(struct xfsm_key_row, complete),
                    XFSM_RAX);
}

/* Builds a key in the row, which the packet has all fields of: its words only
 * if it is in 'words'. */
static void
emit_row_key(struct xfsm_emit *e, const struct xfsm_instance *p, uint16_t key,
             uint64_t words, struct xfsm_native_prefix *prefix)
{
    if (words >> key & 1) {
        xfsm_native_emit_words(e, p, key, VALUES, p->key_offsets[key]);
    }
    xfsm_native_emit_hash(e, p, key, VALUES, p->key_offsets[key], prefix);
}

/* Builds 'keys', and sends for what is found under them. */
static void
emit_other_keys(struct xfsm_emit *e, const struct xfsm_instance *p,
                uint32_t event, uint64_t keys, uint64_t words,
                struct xfsm_native_prefix *prefix)
{
    for (uint16_t key = 0; key < p->image.n_keys; key++) {
        if (keys >> key & 1) {
            emit_row_key(e, p, key, words, prefix);
            emit_fetches(e, p, event, key);
        }
    }
}

/* The same of a packet that has all fields of all of them, as most do; others
 * go to 'partial'.  Those that only keys in the first state need come last, so
 * that they can be left out.  Sketches need no more of a key than its hash,
 * and most keys have no state, so words are built only where they are known to
 * be needed.  Whoever needs more then builds it: xfsm_exec_row_key(). */
static void
emit_keys_at_once(struct xfsm_emit *e, const struct xfsm_instance *p,
                  uint32_t event, uint64_t keys, uint32_t partial)
{
    uint16_t primary = p->image.events[event].primary;
    uint64_t firsts = xfsm_instance_first_keys(p, event);
    uint64_t others = keys & ~firsts & ~(UINT64_C(1) << primary);
    uint32_t done = firsts ? xfsm_emit_labels(e, 1) : 0;
    struct xfsm_native_prefix prefix = { .reg = SHARED };
    struct xfsm_fieldset needs = { { 0 } };
    uint64_t words = keys & event_word_keys(p, event);

    for (uint16_t key = 0; key < p->image.n_keys; key++) {
        for (int i = 0; keys >> key & 1 && i < XFSM_FIELDSET_WORDS; i++) {
            needs.w[i] |= p->lowered.keys[key].needs.w[i];
        }
    }
    xfsm_native_emit_needs(e, &needs, partial);
    emit_note_keys(e, keys & ~firsts, words);
    emit_other_keys(e, p, event, others, words, &prefix);
    emit_row_key(e, p, primary, words, &prefix);
    emit_primary_fetches(e, p, event, !(words >> primary & 1), done);
    if (firsts) {
        emit_note_keys(e, keys, words);
        emit_other_keys(e, p, event, firsts, words, &prefix);
        xfsm_emit_bind(e, done);
    }
}

/* What follows once the event is known. */
static void
emit_event(struct xfsm_emit *e, const struct xfsm_instance *p, uint32_t event)
{
    uint64_t keys = event_keys(p, event);
    uint32_t partial = xfsm_emit_labels(e, 1);

    if (are_native(p, keys)) {
        emit_keys_at_once(e, p, event, keys, partial);
        xfsm_emit_mov_imm(e, XFSM_RAX, event);
        xfsm_emit_ret(e);
    }
    xfsm_emit_bind(e, partial);
    xfsm_emit_mov_imm(e, XFSM_RAX, keys);
    xfsm_emit_store(e, ROW, offsetof(struct xfsm_key_row, built), XFSM_RAX);
    emit_keys_one_by_one(e, p, event, keys);
    xfsm_emit_mov_imm(e, XFSM_RAX, event);
    xfsm_emit_ret(e);
}

uint32_t
xfsm_native_emit_prepare(struct xfsm_emit *e, const struct xfsm_instance *p)
{
    uint32_t start = xfsm_native_begin(e);
    uint32_t events = xfsm_emit_labels(e, p->image.n_events + 1);
    uint32_t none = events + p->image.n_events;

    xfsm_emit_alu(e, XFSM_MOV, ROW, XFSM_RSI);
    xfsm_emit_load(e, VALUES, XFSM_RSI,
                   offsetof(struct xfsm_key_row, values), 8);
    emit_matcher(e, p, events, none);
    for (uint32_t i = 0; i < p->image.n_events; i++) {
        xfsm_emit_bind(e, events + i);
        if (p->image.events[i].primary != XFSM_NONE) {
            emit_event(e, p, i);        /* Timeout events are not matched. */
        }
    }
    xfsm_emit_bind(e, none);
    xfsm_emit_mov_imm(e, XFSM_RAX, XFSM_NONE);
    xfsm_emit_ret(e);
    return start;
}

uint32_t
xfsm_native_emit_match(struct xfsm_emit *e, const struct xfsm_instance *p)
{
    uint32_t start = xfsm_native_begin(e);
    uint32_t events = xfsm_emit_labels(e, p->image.n_events + 1);
    uint32_t none = events + p->image.n_events;

    emit_matcher(e, p, events, none);
    for (uint32_t i = 0; i <= p->image.n_events; i++) {
        xfsm_emit_bind(e, events + i);
        xfsm_emit_mov_imm(e, XFSM_RAX,
                          i < p->image.n_events ? i : XFSM_NONE);
        xfsm_emit_ret(e);
    }
    return start;
}
