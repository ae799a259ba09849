/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The native back end against the interpreter, bit for bit: single
 * operations on all kinds of numbers, random operations, matchers and keys.
 * test-native-engines.c has whole engines.
 *
 * Where there is no native code to be had, says so and skips.  XFSM_SEEDS is
 * the number of random cases. */

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "tests/unit/random-program.h"
#include "xfsm/program/compile.h"
#include "xfsm/runtime/run.h"

#define DEFAULT_SEEDS 400
#define MAX_OPS 64

/* ## Handlers by hand ## */

/* An instance with one handler of operations put there by a test, and what it
 * runs on. */
struct machine {
    struct xfsm_instance p;
    struct xfsm_exec x;
    struct xfsm_run run;
    struct xfsm_op ops[MAX_OPS];
    uint32_t first;
    struct xfsm_img_header header;
    struct xfsm_img_handler handler;
    struct xfsm_img_event event;
    struct xfsm_match_op none;
    struct xfsm_img_key keys[3];
    struct xfsm_key_plan plans[3];
    struct xfsm_seed seed;
    struct xfsm_packet packet;
    struct xfsm_key_row row;
    struct xfsm_detector *detector;
    struct xfsm_tewma *tewma;
    struct xfsm_keytable *table;
    double simple;
};

static const unsigned int key_fields[3][2] = {
    { XFSM_F_IP_SRC, XFSM_F_DST_PORT },
    { XFSM_F_IP_SRC, XFSM_F_PROTO },    /* Begins as the first does. */
    { XFSM_F_ETH_SRC, XFSM_F_TCP_SEQ },
};

static void
machine_init(struct machine *m)
{
    static const uint8_t entropy[16] = { 1, 2, 3 };

    memset(m, 0, sizeof *m);
    xfsm_seed_init(&m->seed, entropy);
    m->p.seed = &m->seed;
    m->p.tweak = 12345;
    m->p.image.header = &m->header;
    m->p.image.handlers = &m->handler;
    m->p.image.events = &m->event;
    m->p.image.n_handlers = 1;
    m->p.image.n_keys = 3;
    m->p.image.keys = m->keys;
    m->header.matcher_len = 1;
    m->none.code = XFSM_I_MNONE;
    m->p.lowered.matcher = &m->none;
    m->p.lowered.ops = m->ops;
    m->p.lowered.handlers = &m->first;
    m->p.lowered.keys = m->plans;
    for (unsigned int i = 0; i < 3; i++) {
        for (unsigned int j = 0; j < 2; j++) {
            const struct xfsm_field *f = &xfsm_fields[key_fields[i][j]];

            xfsm_fieldset_add(&m->plans[i].needs, key_fields[i][j]);
            m->plans[i].steps[j].offset = f->offset;
            m->plans[i].steps[j].width = f->width;
            m->plans[i].n_words += f->width == 16 ? 2 : 1;
        }
        m->plans[i].n_steps = 2;
        m->p.key_offsets[i + 1] = (uint16_t) (
            m->p.key_offsets[i] + xfsm_key_value_size(m->plans[i].n_words));
    }
    assert_true(xfsm_key_row_init(&m->p, &m->row));
    assert_null(xfsm_detector_create(8, 2, 1000, &m->detector));
    assert_null(xfsm_tewma_create(6, 10, &m->tewma));
    assert_null(xfsm_keytable_create(4, sizeof(double), 64, &m->table));
}

static void
machine_free(struct machine *m)
{
    xfsm_native_destroy(&m->p.native);
    xfsm_key_row_destroy(&m->row);
    xfsm_detector_destroy(m->detector);
    xfsm_tewma_destroy(m->tewma);
    xfsm_keytable_destroy(m->table);
}

/* A packet with fields drawn; some are absent. */
static void
draw_packet(struct random_source *r, struct xfsm_packet *packet)
{
    uint64_t bits = random_next(r) | random_next(r);

    memset(packet, 0, sizeof *packet);
    for (int i = 0; i < XFSM_FIELDSET_WORDS; i++) {
        packet->present.w[i] = bits | random_next(r);
    }
    packet->ip_src.b[15] = (uint8_t) random_below(r, 4);
    packet->ip_dst.b[15] = (uint8_t) random_below(r, 4);
    packet->dst_port = (uint16_t) random_below(r, 3);
    packet->src_port = (uint16_t) random_next(r);
    packet->ip_proto = (uint8_t) random_next(r);
    packet->tcp_seq = (uint32_t) random_next(r);
    packet->eth_src = random_below(r, 2) ? random_next(r) : UINT64_MAX;
    packet->ts = random_next(r);
}

/* Prepares a run at 'ts', with some keys built. */
static void
machine_start(struct machine *m, const struct xfsm_packet *packet,
              uint64_t ts, const double *regs, uint64_t built)
{
    m->packet = *packet;
    m->row.built = m->row.complete = 0;
    m->p.keys = &m->row;
    m->run.x = &m->x;
    m->run.p = &m->p;
    m->run.packet = &m->packet;
    m->run.ts = ts;
    memcpy(m->run.regs, regs, sizeof m->run.regs);
    for (uint16_t i = 0; i < 3; i++) {
        if (built >> i & 1) {
            xfsm_exec_row_key(&m->p, &m->row, &m->packet, i);
        }
    }
}

static bool
same_number(double a, double b)
{
    return (isnan(a) && isnan(b)) || !memcmp(&a, &b, sizeof a);
}

static void
assert_same(const struct machine *native, const struct machine *interpreted,
            bool registers)
{
    for (unsigned int i = 0; registers && i < XFSM_MAX_REGS; i++) {
        if (!same_number(native->run.regs[i], interpreted->run.regs[i])) {
            fail_msg("r%u: native %.17g, interpreter %.17g", i,
                     native->run.regs[i], interpreted->run.regs[i]);
        }
    }
    assert_memory_equal(&native->x.stats, &interpreted->x.stats,
                        sizeof native->x.stats);
    assert_int_equal(native->row.built, interpreted->row.built);
    assert_int_equal(native->row.complete, interpreted->row.complete);
    assert_true(same_number(native->simple, interpreted->simple));
}

/* Compiles 'm', or skips the test. */
static void
machine_compile(struct machine *m)
{
    if (!xfsm_native_compile(&m->p)) {
        print_message("no native code here: skipped\n");
        skip();
    }
}

/* Numbers that break comparisons and conversions. */
static double
draw_number(struct random_source *r)
{
    static const double special[] = {
        0.0, -0.0, 1.0, -1.0, 0.5, INFINITY, -INFINITY, NAN, 5e-324, 1e308,
        4294967296.0, 18446744073709551615.0, 3.5,
    };
    unsigned int i = random_below(r, 20);

    return i < sizeof special / sizeof *special
           ? special[i] : (double) (int64_t) random_next(r) / 1e12;
}

/* A register: few, so that they meet, on both sides of what one byte of
 * displacement reaches. */
static uint8_t
draw_reg(struct random_source *r)
{
    static const uint8_t regs[] = { 0, 1, 2, 8, 9, 10, 15, 16, 17, 127, 128,
                                    255 };

    return regs[random_below(r, sizeof regs)];
}

static bool
is_jump(uint8_t code)
{
    return code == XFSM_L_JUMP || code == XFSM_L_JZ || code == XFSM_L_JNZ
           || code == XFSM_L_TGET
           || (code >= XFSM_L_JNEQ_K && code <= XFSM_L_JNGE_K);
}

/* Operation number 'i' of 'n', with code 'code'. */
static void
draw_op(struct random_source *r, uint8_t code, uint32_t i, uint32_t n,
        struct xfsm_op *op)
{
    static const unsigned int fields[] = {
        XFSM_F_IP_SRC, XFSM_F_DST_PORT, XFSM_F_PROTO, XFSM_F_TCP_SEQ,
        XFSM_F_ETH_SRC, XFSM_F_TS, XFSM_F_SRC_PORT,
    };

    memset(op, 0, sizeof *op);
    op->code = code;
    op->a = draw_reg(r);
    op->b = draw_reg(r);
    op->c = draw_reg(r);
    op->key = (uint16_t) random_below(r, 3);
    op->k = draw_number(r);
    op->other = draw_number(r);
    if (is_jump(code)) {
        op->target = (uint16_t) (i + 1 + random_below(r, n - i - 1));
    }
    op->m.field = code == XFSM_L_LDF ? fields[1 + random_below(r, 6)] : 0;
}

/* The same operation for one of the two machines. */
static void
set_memory(struct machine *m, struct xfsm_op *op)
{
    switch (op->code) {
    case XFSM_L_DETECTOR_GET: case XFSM_L_DETECTOR_SET:
    case XFSM_L_DETECTOR_UPDATE:
        op->m.memory = m->detector;
        break;
    case XFSM_L_TEWMA_ADD: case XFSM_L_TEWMA_GET: case XFSM_L_TEWMA_UPDATE:
    case XFSM_L_TEWMA_UPDATE_NEW: case XFSM_L_TEWMA_UPDATE_EITHER:
        op->m.memory = m->tewma;
        break;
    case XFSM_L_COUNTER_ADD: case XFSM_L_COUNTER_GET:
    case XFSM_L_COUNTER_UPDATE: case XFSM_L_COUNTER_UPDATE_NEW:
    case XFSM_L_TGET: case XFSM_L_TSET:
        op->m.memory = m->table;
        break;
    case XFSM_L_SIMPLE_ADD: case XFSM_L_SIMPLE_GET:
        op->m.memory = &m->simple;
        break;
    default:
        break;
    }
}

/* An instruction that nobody knows, which might look at all registers: code
 * that comes to it must have kept them. */
static const struct xfsm_insn look = { .op = XFSM_I_END };

/* Runs 'n' operations, END included, on both machines some times.  'looked'
 * tells that they all come to 'look' before the END.  Half of the programs
 * are for packets, which have the primary key, number 0. */
static void
compare_ops(struct random_source *r, const struct xfsm_op *ops, uint32_t n,
            int times, bool looked)
{
    struct machine *m = calloc(2, sizeof *m);
    bool packets = random_below(r, 2);
    uint64_t ts = 1000000000;

    assert_non_null(m);
    for (int i = 0; i < 2; i++) {
        machine_init(&m[i]);
        memcpy(m[i].ops, ops, n * sizeof *ops);
        m[i].event.type = packets ? XFSM_EV_PACKET : XFSM_EV_TIMEOUT;
        m[i].p.lowered.n_ops = n;
        for (uint32_t j = 0; j < n; j++) {
            set_memory(&m[i], &m[i].ops[j]);
        }
    }
    machine_compile(&m[0]);
    while (times--) {
        double regs[XFSM_MAX_REGS];
        struct xfsm_packet packet;
        uint64_t built = random_next(r);

        for (unsigned int i = 0; i < XFSM_MAX_REGS; i++) {
            regs[i] = draw_number(r);
        }
        draw_packet(r, &packet);
        if (packets) {
            xfsm_fieldset_add(&packet.present, key_fields[0][0]);
            xfsm_fieldset_add(&packet.present, key_fields[0][1]);
            built |= 1;
        }
        ts += random_below(r, 400);
        machine_start(&m[0], &packet, ts, regs, built);
        machine_start(&m[1], &packet, ts, regs, built);
        m[0].p.native.handlers[0](&m[0].run, m[0].p.keys);
        xfsm_interpret(&m[1].run, 0);
        assert_same(&m[0], &m[1], looked);
    }
    machine_free(&m[0]);
    machine_free(&m[1]);
    free(m);
}

/* Left to the tests of engines. */
#define NEEDS_ENGINE(CODE) ((CODE) == XFSM_L_EFFECT \
    || ((CODE) >= XFSM_L_SUMMARY_ADD \
        && (CODE) <= XFSM_L_SUMMARY_ITEM_UPDATE_NEW))

/* Each operation alone, with a mark that tells whether it jumped. */
static void
test_each_operation(void **state)
{
    struct random_source r = { 1 };

    (void) state;
    for (unsigned int code = 0; code < XFSM_N_LOWERED; code++) {
        if (NEEDS_ENGINE(code)) {
            continue;
        }
        for (int i = 0; i < 40; i++) {
            struct xfsm_op ops[4];

            draw_op(&r, (uint8_t) code, 0, 3, &ops[0]);
            draw_op(&r, XFSM_L_LDI, 1, 3, &ops[1]);
            ops[1].k = 77;
            draw_op(&r, XFSM_L_EFFECT, 2, 3, &ops[2]);
            ops[2].m.insn = &look;
            draw_op(&r, XFSM_L_END, 3, 4, &ops[3]);
            ops[0].target = is_jump((uint8_t) code) ? 2 : 0;
            compare_ops(&r, ops, 4, 60, code != XFSM_L_END);
        }
    }
}

/* Each operation between a detector's and one that asks what it told, and
 * between one that leaves its result in a register of the processor and one
 * that takes it from there, or behind both; a jump may pass over the first. */
static void
test_each_between(void **state)
{
    static const uint8_t pairs[][2] = {
        { XFSM_L_DETECTOR_UPDATE, XFSM_L_TEWMA_UPDATE_NEW },
        { XFSM_L_DETECTOR_GET, XFSM_L_TEWMA_UPDATE_EITHER },
        { XFSM_L_TEWMA_GET, XFSM_L_ADD },
        { XFSM_L_TEWMA_UPDATE, XFSM_L_JNGT_K },
        { XFSM_L_SUB, XFSM_L_MOV },
    };
    struct random_source r = { 2 };

    (void) state;
    for (unsigned int i = 0; i < XFSM_N_LOWERED * 16u; i++) {
        uint8_t code = (uint8_t) (i / 16);
        unsigned int taker = 2 + i % 2, other = 5 - taker;

        for (size_t j = 0; j < sizeof pairs / sizeof *pairs
                           && !NEEDS_ENGINE(code) && code != XFSM_L_END; j++) {
            struct xfsm_op ops[6];

            draw_op(&r, XFSM_L_JZ, 0, 5, &ops[0]);
            draw_op(&r, pairs[j][0], 1, 5, &ops[1]);
            draw_op(&r, code, other, 5, &ops[other]);
            draw_op(&r, pairs[j][1], taker, 5, &ops[taker]);
            ops[taker].b = ops[1].a;
            ops[taker].key = 0;
            draw_op(&r, XFSM_L_EFFECT, 4, 5, &ops[4]);
            ops[4].m.insn = &look;
            draw_op(&r, XFSM_L_END, 5, 6, &ops[5]);
            compare_ops(&r, ops, 6, 15, true);
        }
    }
}

static void
test_random_operations(void **state)
{
    (void) state;
    for (unsigned int seed = 0; seed < eh_seeds(DEFAULT_SEEDS); seed++) {
        struct random_source r = { seed };
        uint32_t n = 3 + random_below(&r, MAX_OPS - 2);
        bool looked = random_below(&r, 4);
        struct xfsm_op ops[MAX_OPS];

        for (uint32_t i = 0; i < n; i++) {
            uint8_t code = (uint8_t) random_below(&r, XFSM_N_LOWERED);

            if (NEEDS_ENGINE(code) || code == XFSM_L_END
                || (looked && i == n - 2)) {
                code = XFSM_L_MOV;
            }
            draw_op(&r, i == n - 1 ? XFSM_L_END : code, i,
                    i < n - 1 && looked ? n - 1 : n, &ops[i]);
        }
        if (looked) {
            memset(&ops[n - 2], 0, sizeof ops[n - 2]);
            ops[n - 2].code = XFSM_L_EFFECT;
            ops[n - 2].m.insn = &look;
        }
        compare_ops(&r, ops, n, 100, looked);
    }
}

/* ## Matchers and keys by hand ## */

static void
draw_test(struct random_source *r, const struct xfsm_img_prefix *prefixes,
          struct xfsm_match_op *op)
{
    static const unsigned int uints[] = {
        XFSM_F_DST_PORT, XFSM_F_PROTO, XFSM_F_TCP_SEQ, XFSM_F_ETH_SRC,
    };
    static const uint64_t values[] = {
        0, 1, 2, 255, 65535, INT32_MAX, UINT64_C(0x80000000), UINT32_MAX,
        UINT64_C(0x100000000), INT64_MAX, UINT64_MAX,
    };
    bool addr = random_below(r, 3) == 0;
    unsigned int id = addr ? XFSM_F_IP_SRC : uints[random_below(r, 4)];

    op->code = addr ? XFSM_I_MADDR : XFSM_I_MUINT;
    op->compare = (uint8_t) (XFSM_OP_EQ + random_below(r, 6));
    op->width = xfsm_fields[id].width;
    op->offset = xfsm_fields[id].offset;
    op->word = (uint8_t) (id / 64);
    op->bit = UINT64_C(1) << id % 64;
    if (addr) {
        op->m.prefix = &prefixes[random_below(r, 3)];
    } else {
        op->m.value = values[random_below(r, sizeof values
                                             / sizeof *values)];
    }
}

_Static_assert(XFSM_OP_NE == XFSM_OP_EQ + 1 && XFSM_OP_LT == XFSM_OP_EQ + 2
               && XFSM_OP_LE == XFSM_OP_EQ + 3 && XFSM_OP_GT == XFSM_OP_EQ + 4
               && XFSM_OP_GE == XFSM_OP_EQ + 5, "comparisons are in order");

/* The code for each key alone does as xfsm_instance_key().  The row has of
 * 'keys' complete those that the packet has the fields of: of 'words' and of
 * those that are built, with their words; of others so far the hash. */
static void
check_keys(struct machine *m, uint64_t keys, uint64_t words)
{
    uint64_t complete = 0;

    assert_int_equal(m->row.built & ~keys, 0);
    assert_int_equal(words & ~m->row.built, 0);

    for (uint16_t i = 0; i < 3; i++) {
        struct xfsm_key_value *built = xfsm_key_row_value(&m->p, &m->row, i);
        struct xfsm_key_value key, native;
        bool there = xfsm_instance_key(&m->p, i, &m->packet, &key);

        assert_int_equal(m->p.native.keys[i](&m->packet, &native), there);
        if (there) {
            assert_int_equal(native.hash, key.hash);
            assert_memory_equal(native.w, key.w, key.n * 8);
        }
        if (there && keys >> i & 1) {
            complete |= UINT64_C(1) << i;
            assert_int_equal(built->hash, key.hash);
            assert_int_equal(built->spec, key.spec);
            assert_int_equal(built->n, key.n);
            if (m->row.built >> i & 1) {
                assert_memory_equal(built->w, key.w, key.n * 8);
            }
            memset(&built->hash, 0, sizeof built->hash);
            memset(built->w, 0, m->row.built >> i & 1 ? 0 : key.n * 8);
        }
    }
    assert_int_equal(m->row.complete, complete);
}

/* Whoever needs more of the keys than their hash gets it. */
static void
check_late_keys(struct machine *m, uint64_t keys)
{
    for (uint16_t i = 0; i < 3; i++) {
        bool built = m->row.built >> i & 1;
        struct xfsm_key_value key;
        const struct xfsm_key_value *late;

        if (keys >> i & 1) {
            late = xfsm_exec_row_key(&m->p, &m->row, &m->packet, i);
            assert_int_equal(late != NULL,
                             xfsm_instance_key(&m->p, i, &m->packet, &key));
            if (late) {
                assert_int_equal(late->hash, built ? 0 : key.hash);
                assert_memory_equal(late->w, key.w, key.n * 8);
            }
        }
    }
    assert_int_equal(m->row.built, keys);
}

/* The keys that are built ahead for the packet, one of 'event': those that are
 * fetched for the first state alone not where the primary one may be in the
 * state table, if the packet has all that they are made of. */
static uint64_t
expected_keys(const struct machine *m, uint16_t event)
{
    uint16_t primary = m->p.image.events[event].primary;
    uint64_t keys = (UINT64_C(1) << primary) | (event % 2 ? 7 : 0);
    struct xfsm_key_value key;

    for (uint16_t i = 0; i < 3; i++) {
        if (keys >> i & 1
            && !xfsm_instance_key(&m->p, i, &m->packet, &key)) {
            return keys;
        }
    }
    xfsm_instance_key(&m->p, primary, &m->packet, &key);
    return (xfsm_keytable_may_have(m->p.states, key.hash)
            ? keys & ~xfsm_instance_first_keys(&m->p, event) : keys);
}

/* Puts the packet's primary key of 'event' into the state table. */
static void
add_state(struct machine *m, uint16_t event)
{
    struct xfsm_key_value key;
    bool created;

    if (xfsm_instance_key(&m->p, m->p.image.events[event].primary, &m->packet,
                          &key)) {
        xfsm_keytable_insert(m->p.states, key.hash, key.w, key.n, 0,
                             &created);
    }
}

static void
test_random_matchers(void **state)
{
    static const struct xfsm_img_prefix prefixes[3] = {
        { .addr = { 0 }, .mask = { 0 } },
        { .addr = { [15] = 2 }, .mask = { [15] = 0xff, [0] = 0xff } },
        { .addr = { [15] = 1 }, .mask = { 255, 255, 255, 255, 255, 255, 255,
                                          255, 255, 255, 255, 255, 255, 255,
                                          255, 255 } },
    };

    (void) state;
    for (unsigned int seed = 0; seed < eh_seeds(DEFAULT_SEEDS); seed++) {
        struct random_source r = { seed };
        struct machine *m = calloc(1, sizeof *m);
        struct xfsm_img_event events[4] = { 0 };
        struct xfsm_match_op ops[16] = { 0 };
        uint32_t n = 2 + random_below(&r, 14);

        assert_non_null(m);
        machine_init(m);
        for (uint32_t i = 0; i < n; i++) {
            if (i == n - 1 || !random_below(&r, 4)) {
                ops[i].code = random_below(&r, 2) ? XFSM_I_MEVENT
                                                  : XFSM_I_MNONE;
                ops[i].event = (uint16_t) random_below(&r, 4);
            } else {
                draw_test(&r, prefixes, &ops[i]);
                ops[i].target = (uint16_t) (i + 1
                                            + random_below(&r, n - i - 1));
            }
        }
        for (uint16_t i = 0; i < 4; i++) {
            events[i].primary = i % 3;
        }
        m->p.image.events = events;
        m->p.image.n_events = 4;
        m->p.lowered.matcher = ops;
        m->header.matcher_len = n;
        m->p.lowered.n_ops = 2;
        m->ops[0].code = XFSM_L_COUNTER_GET;
        m->ops[0].key = 2;
        m->ops[1].code = XFSM_L_END;
        m->handler.event = 1;
        for (uint16_t i = 0; i < 6; i++) {
            struct xfsm_touches *touches = &m->p.touches[i % 2 * 2 + 1];

            touches->list[touches->n++] = (struct xfsm_touch) {
                .kind = XFSM_TOUCH_TEWMA, .key = i / 2, .memory = m->tewma,
                .first = random_below(&r, 2),
            };
        }
        m->p.touches[1].firsts = m->p.touches[3].firsts = true;
        assert_null(xfsm_keytable_create(4, 8, 64, &m->p.states));
        for (int i = 0; i < XFSM_KEYTABLE_COUNTS; i++) {
            m->p.states->counts[i] = (uint8_t) random_below(&r, 2);
        }
        machine_compile(m);
        for (int i = 0; i < 200; i++) {
            uint16_t event;

            draw_packet(&r, &m->packet);
            event = xfsm_exec_match(&m->p, &m->packet);
            assert_int_equal(m->p.native.match(&m->packet), event);
            assert_int_equal(m->p.native.prepare(&m->packet, &m->row), event);
            if (event != XFSM_NONE) {
                uint16_t primary = events[event].primary;
                uint64_t keys = expected_keys(m, event);
                uint64_t words = keys & (event == 1 ? 4 : 0);
                uint64_t hash = xfsm_key_row_value(&m->p, &m->row,
                                                   primary)->hash;

                if (m->row.complete >> primary & 1
                    && xfsm_keytable_may_have(m->p.states, hash)) {
                    words |= UINT64_C(1) << primary;
                }
                check_keys(m, keys, words);
                check_late_keys(m, keys);
                if (!random_below(&r, 20)) {
                    add_state(m, event);
                }
            }
        }
        xfsm_keytable_destroy(m->p.states);
        machine_free(m);
        free(m);
    }
}

/* Code is executable and not writable. */
static void
test_code_is_not_writable(void **state)
{
    struct machine *m = calloc(1, sizeof *m);
    unsigned long from, to;
    bool found = false;
    char line[512], rights[5];
    FILE *maps;

    (void) state;
    assert_non_null(m);
    machine_init(m);
    m->p.lowered.n_ops = 1;
    m->ops[0].code = XFSM_L_END;
    machine_compile(m);
    maps = fopen("/proc/self/maps", "r");
    if (maps) {
        while (fgets(line, sizeof line, maps)) {
            if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) == 3
                && from <= (uintptr_t) m->p.native.code
                && (uintptr_t) m->p.native.code < to) {
                assert_string_equal(rights, "r-xp");
                found = true;
            }
        }
        fclose(maps);
        assert_true(found);
    }
    machine_free(m);
    free(m);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_operation),
        cmocka_unit_test(test_each_between),
        cmocka_unit_test(test_random_operations),
        cmocka_unit_test(test_random_matchers),
        cmocka_unit_test(test_code_is_not_writable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
