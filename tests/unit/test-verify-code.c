/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The verifier: instructions, each check by an image that breaks it alone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/image-victim.h"

#define NOT_HERE "is not allowed here"

static void
test_opcodes(void **state)
{
    struct victim v;
    uint32_t end, matcher;

    (void) state;
    victim_init(&v);
    end = victim_find(&v, XFSM_I_END, 0);
    matcher = v.h->matcher_len;
    REFUSES(code[end].op, XFSM_N_OPCODES, "(unknown) " NOT_HERE);
    REFUSES(code[end].op, 255, "(unknown) " NOT_HERE);
    REFUSES(code[end].op, XFSM_I_MNONE, "(mnone) " NOT_HERE);
    REFUSES(code[end].op, XFSM_I_SUSPECT, "(suspect) " NOT_HERE);
    for (int op = 0; op < XFSM_N_OPCODES; op++) {
        if (op > XFSM_I_MNONE) {
            /* Nothing but tests in the matcher... */
            REFUSES(code[0].op, op, NOT_HERE);
            REFUSES(code[matcher - 1].op, op, NOT_HERE);
        } else {
            /* ...and no tests elsewhere. */
            REFUSES(code[matcher].op, op, NOT_HERE);
            REFUSES(code[end].op, op, NOT_HERE);
        }
    }
    REFUSES(code[matcher - 1].op, XFSM_I_MJUMP, "(mjump) " NOT_HERE);
    free(v.bytes);
}

static void
test_jumps(void **state)
{
    static const enum xfsm_opcode ops[] = {
        XFSM_I_MUINT, XFSM_I_MADDR, XFSM_I_MSTR, XFSM_I_MIN, XFSM_I_MJUMP,
        XFSM_I_TGET, XFSM_I_JZ, XFSM_I_JNZ, XFSM_I_JUMP,
    };
    struct victim v;

    (void) state;
    victim_init(&v);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        uint32_t at = victim_find(&v, ops[i], 0);

        REFUSES(code[at].c, at, NOT_HERE);              /* To itself. */
        REFUSES(code[at].c, at - 1, NOT_HERE);          /* Backward. */
        REFUSES(code[at].c, 0, NOT_HERE);
        REFUSES(code[at].c, UINT16_MAX, NOT_HERE);
        if (at < v.h->matcher_len) {
            REFUSES(code[at].c, v.h->matcher_len, NOT_HERE);
        } else {
            for (uint32_t j = 0; j < v.h->sections[XFSM_S_HANDLERS].n;
                 j++) {
                uint32_t end = v.handlers[j].code + v.handlers[j].n_code;

                if (at >= v.handlers[j].code && at < end) {
                    REFUSES(code[at].c, end, NOT_HERE);
                }
            }
        }
    }
    free(v.bytes);
}

static void
test_matcher_operands(void **state)
{
    struct victim v;
    uint32_t at;

    (void) state;
    victim_init(&v);
    at = victim_find(&v, XFSM_I_MUINT, 0);
    REFUSES(code[at].a, XFSM_OP_ADD, NOT_HERE);
    REFUSES(code[at].a, 255, NOT_HERE);
    REFUSES(code[at].b, v.h->sections[XFSM_S_FIELDS].n, NOT_HERE);
    REFUSES(code[at].b, v.code[victim_find(&v, XFSM_I_MADDR, 0)].b, NOT_HERE);
    at = victim_find(&v, XFSM_I_MADDR, 0);
    REFUSES(code[at].a, XFSM_OP_AND, NOT_HERE);
    REFUSES(code[at].b, v.code[victim_find(&v, XFSM_I_MUINT, 0)].b, NOT_HERE);
    REFUSES(code[at].d, v.h->sections[XFSM_S_PREFIXES].n, NOT_HERE);
    at = victim_find(&v, XFSM_I_MSTR, 0);
    REFUSES(code[at].a, XFSM_OP_LT, NOT_HERE);
    REFUSES(code[at].b, v.code[victim_find(&v, XFSM_I_MADDR, 0)].b, NOT_HERE);
    REFUSES(code[at].k.s.off, UINT32_MAX, NOT_HERE);
    REFUSES(code[at].k.s.len, UINT32_MAX, NOT_HERE);
    REFUSES(code[at].k.s.len, v.h->sections[XFSM_S_STRINGS].n, NOT_HERE);
    at = victim_find(&v, XFSM_I_MIN, 0);
    REFUSES(code[at].b, 2, NOT_HERE);
    REFUSES(code[at].b, 1, NOT_HERE);       /* A table of another shape. */
    REFUSES(code[at].d, v.h->sections[XFSM_S_KEYS].n, NOT_HERE);
    at = victim_find(&v, XFSM_I_MEVENT, 0);
    REFUSES(code[at].b, 3, NOT_HERE);
    REFUSES(code[at].b, 0, NOT_HERE);       /* A timeout event. */
    free(v.bytes);
}

/* Every instruction that reads registers, with one that nothing defined. */
static void
test_undefined_registers(void **state)
{
    static const enum xfsm_opcode reads_b[] = {
        XFSM_I_MOV, XFSM_I_NEG, XFSM_I_NOT, XFSM_I_BOOL, XFSM_I_ABS,
        XFSM_I_LOG, XFSM_I_LOG2, XFSM_I_EXP, XFSM_I_SQRT, XFSM_I_FLOOR,
        XFSM_I_CEIL,
    };
    static const enum xfsm_opcode reads_b_c[] = {
        XFSM_I_ADD, XFSM_I_SUB, XFSM_I_MUL, XFSM_I_DIV, XFSM_I_MOD,
        XFSM_I_EQ, XFSM_I_NE, XFSM_I_LT, XFSM_I_LE, XFSM_I_GT, XFSM_I_GE,
        XFSM_I_FMIN, XFSM_I_FMAX, XFSM_I_POW,
    };
    static const enum xfsm_opcode reads_a[] = {
        XFSM_I_JZ, XFSM_I_JNZ, XFSM_I_VMADD, XFSM_I_TSET,
    };
    struct victim v;
    uint32_t at;

    (void) state;
    victim_init(&v);
    at = victim_find(&v, XFSM_I_DIV, 0);
    for (size_t i = 0; i < sizeof reads_b_c / sizeof *reads_b_c; i++) {
        v.code[at].op = (uint8_t) reads_b_c[i];
        assert_null(victim_judge(&v));
        REFUSES(code[at].b, 200, NOT_HERE);
        REFUSES(code[at].c, 200, NOT_HERE);
        REFUSES(code[at].b, 256, NOT_HERE);
        REFUSES(code[at].c, UINT16_MAX, NOT_HERE);
    }
    for (size_t i = 0; i < sizeof reads_b / sizeof *reads_b; i++) {
        v.code[at].op = (uint8_t) reads_b[i];
        assert_null(victim_judge(&v));
        REFUSES(code[at].b, 200, NOT_HERE);
        REFUSES(code[at].b, 256, NOT_HERE);
    }
    v.code[at].op = XFSM_I_DIV;
    for (size_t i = 0; i < sizeof reads_a / sizeof *reads_a; i++) {
        at = victim_find(&v, reads_a[i], 0);
        REFUSES(code[at].a, 200, NOT_HERE);
    }
    at = victim_find(&v, XFSM_I_EXPORT, 0);
    REFUSES(features[v.handlers[1].first_feature].reg, 200, "(export) ");
    REFUSES(features[v.handlers[1].first_feature].reg, UINT32_MAX,
            "(export) ");

    /* Also where nothing exports it. */
    v.code[victim_find(&v, XFSM_I_EXPORT, 0)].op = XFSM_I_PUBRAW;
    REFUSES(features[v.handlers[1].first_feature].reg, XFSM_MAX_REGS,
            "name or register out of range");
    ACCEPTS(features[v.handlers[1].first_feature].reg, XFSM_MAX_REGS - 1);
    free(v.bytes);
}

/* Defined on one way to an instruction, not on the other. */
static void
test_register_defined_on_one_path(void **state)
{
    struct victim v;
    struct xfsm_insn *code;
    uint32_t at;

    (void) state;
    victim_init(&v);
    code = &v.code[v.handlers[2].code];
    at = v.handlers[2].code;
    assert_true(v.handlers[2].n_code >= 6);
    memset(code, 0, v.handlers[2].n_code * sizeof *code);
    for (uint32_t i = 0; i < v.handlers[2].n_code; i++) {
        code[i].op = XFSM_I_END;
    }
    code[0].op = XFSM_I_LDI;
    code[0].a = 1;
    code[1].op = XFSM_I_JZ;
    code[1].a = 1;
    code[1].c = (uint16_t) (at + 3);
    code[2].op = XFSM_I_LDI;
    code[2].a = 2;
    code[3].op = XFSM_I_NEG;
    code[3].a = 3;
    code[3].b = 1;
    assert_null(victim_judge(&v));
    REFUSES(code[at + 3].b, 2, "(neg) " NOT_HERE);
    REFUSES(code[at + 3].b, 3, "(neg) " NOT_HERE);  /* By itself. */

    /* On both. */
    code[1].c = (uint16_t) (at + 2);
    code[3].b = 2;
    assert_null(victim_judge(&v));
    free(v.bytes);
}

/* Code that nothing reaches must be well formed too, and jumps out of it
 * define nothing. */
static void
test_dead_code(void **state)
{
    struct xfsm_insn *code;
    struct victim v;
    uint32_t at;

    (void) state;
    victim_init(&v);
    at = v.handlers[2].code;
    code = &v.code[at];
    memset(code, 0, v.handlers[2].n_code * sizeof *code);
    for (uint32_t i = 0; i < v.handlers[2].n_code; i++) {
        code[i].op = XFSM_I_END;
    }
    code[0].op = XFSM_I_JUMP;
    code[0].c = (uint16_t) (at + 3);
    code[1].op = XFSM_I_LDI;            /* Dead. */
    code[2].op = XFSM_I_JUMP;
    code[2].c = (uint16_t) (at + 3);
    code[3].op = XFSM_I_END;
    assert_null(victim_judge(&v));
    REFUSES(code[at + 3].op, XFSM_I_NEG, "(neg) " NOT_HERE);
    REFUSES(code[at + 1].op, 99, "(unknown) " NOT_HERE);
    REFUSES(code[at + 2].c, at, "(jump) " NOT_HERE);
    free(v.bytes);
}

static void
test_metric_operands(void **state)
{
    static const enum xfsm_opcode keyed[] = {
        XFSM_I_VDGET, XFSM_I_VDSET, XFSM_I_VMADD, XFSM_I_VMGET,
        XFSM_I_RESETK,
    };
    struct victim v;
    uint32_t at;

    (void) state;
    victim_init(&v);
    for (size_t i = 0; i < sizeof keyed / sizeof *keyed; i++) {
        at = victim_find(&v, keyed[i], 0);
        REFUSES(code[at].b, 4, NOT_HERE);
        REFUSES(code[at].b, UINT16_MAX, NOT_HERE);
        REFUSES(code[at].d, v.h->sections[XFSM_S_KEYS].n, NOT_HERE);
        REFUSES(code[at].d, UINT16_MAX, NOT_HERE);
        REFUSES(metrics[v.code[at].b].key_words, 1, NOT_HERE);
    }
    REFUSES(metrics[0].key_words, 2, "(vd_get) " NOT_HERE);
    at = victim_find(&v, XFSM_I_VDGET, 0);
    REFUSES(metrics[v.code[at].b].vd_on, 0, "(vd_get) ");
    at = victim_find(&v, XFSM_I_VDSET, 1);
    REFUSES(code[at].b, 2, "(vd_set) ");        /* Whose detector is off. */
    at = victim_find(&v, XFSM_I_VMADD, 0);
    REFUSES(code[at].b, 1, "(vm_add) ");        /* Whose monitor is off. */
    REFUSES(code[at].op, XFSM_I_VMITEM, "(vm_item) ");
    REFUSES(metrics[v.code[at].b].vm_type, XFSM_MON_DISTINCT, "(vm_add) ");
    v.metrics[v.code[at].b].vm_type = XFSM_MON_DISTINCT;
    v.code[at].op = XFSM_I_VMITEM;
    ACCEPTS(code[at].c, v.h->sections[XFSM_S_KEYS].n - 1);
    REFUSES(code[at].c, v.h->sections[XFSM_S_KEYS].n, "(vm_item) ");
    REFUSES(code[at].c, UINT16_MAX, "(vm_item) ");
    REFUSES(code[at].d, UINT16_MAX, "(vm_item) ");
    v.metrics[v.code[at].b].vm_type = XFSM_MON_DLEFT;
    v.code[at].op = XFSM_I_VMADD;
    v.code[at].c = 0;
    at = victim_find(&v, XFSM_I_VMGET, 0);
    REFUSES(code[at].b, 1, "(vm_get) ");
    at = victim_find(&v, XFSM_I_RESET, 0);
    REFUSES(code[at].b, 4, "(reset) ");
    free(v.bytes);
}

static void
test_table_operands(void **state)
{
    struct victim v;
    uint32_t at;

    (void) state;
    victim_init(&v);
    for (int i = 0; i < 2; i++) {
        at = victim_find(&v, i ? XFSM_I_TSET : XFSM_I_TGET, 0);
        REFUSES(code[at].b, 2, NOT_HERE);
        REFUSES(code[at].b, 1, NOT_HERE);       /* Of another shape. */
        REFUSES(code[at].d, v.h->sections[XFSM_S_KEYS].n, NOT_HERE);
        REFUSES(code[at].d, v.events[1].primary, NOT_HERE);
    }
    at = victim_find(&v, XFSM_I_TRESET, 0);
    REFUSES(code[at].b, 2, "(treset) ");
    at = victim_find(&v, XFSM_I_LDF, 0);
    REFUSES(code[at].b, v.h->sections[XFSM_S_FIELDS].n, "(ldf) ");
    REFUSES(code[at].b, v.code[victim_find(&v, XFSM_I_MADDR, 0)].b, "(ldf) ");
    REFUSES(code[at].b, v.code[victim_find(&v, XFSM_I_MSTR, 0)].b, "(ldf) ");
    free(v.bytes);
}

static void
test_effect_operands(void **state)
{
    struct victim v;
    uint32_t at, strings, keys;

    (void) state;
    victim_init(&v);
    strings = v.h->sections[XFSM_S_STRINGS].n;
    keys = v.h->sections[XFSM_S_KEYS].n;
    at = victim_find(&v, XFSM_I_PUBLISH, 0);
    REFUSES(code[at].b, v.h->sections[XFSM_S_TEXTS].n, "(publish) ");
    REFUSES(code[at].k.s.off, strings, "(publish) ");
    at = victim_find(&v, XFSM_I_PUBRAW, 0);
    REFUSES(code[at].k.s.off, strings, "(publish_raw) ");
    at = victim_find(&v, XFSM_I_EXPORT, 0);
    REFUSES(code[at].k.s.off, UINT32_MAX, "(export) ");
    for (int op = XFSM_I_PUBLISH; op <= XFSM_I_EXPORT; op++) {
        at = victim_find(&v, (enum xfsm_opcode) op, 0);
        REFUSES(code[at].c, 3, "(");
        ACCEPTS(code[at].c, 2);
        ACCEPTS(code[at].c, XFSM_NONE);
    }
    at = victim_find(&v, XFSM_I_TIMER, 0);
    REFUSES(code[at].b, 1, "(timer) ");
    REFUSES(code[at].c, keys, "(timer) ");
    REFUSES(code[at].d, keys, "(timer) ");
    REFUSES(code[at].d, XFSM_NONE, "(timer) ");
    REFUSES(code[at].k.u, 0, "(timer) ");
    ACCEPTS(code[at].c, XFSM_NONE);
    ACCEPTS(code[at].c, 0);
    ACCEPTS(code[at].k.u, UINT64_MAX);
    at = victim_find(&v, XFSM_I_CANCEL, 0);
    REFUSES(code[at].b, 1, "(cancel) ");
    REFUSES(code[at].d, keys, "(cancel) ");
    at = victim_find(&v, XFSM_I_STATE, 0);
    REFUSES(code[at].b, 3, "(state) ");
    REFUSES(code[at].b, XFSM_NONE, "(state) ");
    REFUSES(code[at].c, v.h->sections[XFSM_S_REASONS].n + 1, "(state) ");
    ACCEPTS(code[at].c, v.h->sections[XFSM_S_REASONS].n);
    ACCEPTS(code[at].c, 0);
    free(v.bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opcodes),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_matcher_operands),
        cmocka_unit_test(test_undefined_registers),
        cmocka_unit_test(test_register_defined_on_one_path),
        cmocka_unit_test(test_dead_code),
        cmocka_unit_test(test_metric_operands),
        cmocka_unit_test(test_table_operands),
        cmocka_unit_test(test_effect_operands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
