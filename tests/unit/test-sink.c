/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Which reads of rates move behind the jump that ends a handler, and what is
 * fetched ahead then.  That results are the same is what test-lower.c,
 * test-native.c and test-reference.c see to. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/exec-pieces.h"
#include "xfsm/runtime/instance.h"

#define REPEATED "<variation_monitor status='on' type='tewma' " \
    "repeat_value='0.5'/>"
#define COUNTED EH_USE("m", "vm_update='ip_src'")
#define READ EH_USE("n", "vm_get='ip_src'")

/* A program in which 'm' and 'n' are rates of sources. */
#define PROGRAM(EVENT) \
    "<xfsm name='p'>" STATES EH_METRIC("m", EH_VM("tewma")) \
    EH_METRIC("n", EH_VM("tewma")) EH_METRIC("k", EH_VM("dleft")) \
    EH_METRIC("v", EH_VD REPEATED) EH_FEATURE("twice", "n * 2") EVENT \
    "</xfsm>"
#define ON(BODY) PROGRAM(EH_ON(SYN, "ip_src", EH_IN("s0", BODY)))

/* The instance of a program, prepared as the engine does. */
static struct xfsm_instance *
create(const char *xml)
{
    static const uint8_t entropy[16] = { 1 };
    static struct xfsm_seed seed;
    struct xfsm_instance *p;
    size_t len;
    void *image = eh_image("p", xml, &len);

    xfsm_seed_init(&seed, entropy);
    assert_null(xfsm_instance_create(image, len, &seed, &p));
    assert_true(xfsm_instance_prepare(p));
    free(image);
    return p;
}

/* Reads of rates in handler 0 that have moved. */
static unsigned int
count_sunk(const struct xfsm_instance *p)
{
    unsigned int n = 0;

    for (uint32_t i = 0; p->lowered.ops[i].code != XFSM_L_END; i++) {
        n += p->lowered.ops[i].sunk;
    }
    return n;
}

/* Is the rate of metric 'i' fetched ahead for packets of event 0? */
static bool
is_fetched(const struct xfsm_instance *p, unsigned int i)
{
    for (unsigned int j = 0; j < p->touches[0].n; j++) {
        if (p->touches[0].list[j].memory == p->metrics[i].tewma) {
            return true;
        }
    }
    return false;
}

/* Operation number 'i' from the last jump to the END on, in handler 0. */
static const struct xfsm_op *
behind_jump(const struct xfsm_instance *p, uint32_t i)
{
    const struct xfsm_op *ops = p->lowered.ops;
    uint32_t jump = 0;

    for (uint32_t j = 0; ops[j].code != XFSM_L_END; j++) {
        if (ops[j].code >= XFSM_L_JNEQ_K && ops[j].code <= XFSM_L_JNGE_K
            && ops[ops[j].target].code == XFSM_L_END) {
            jump = jump ? jump : j;
        }
    }
    return &ops[jump + i];
}

static void
test_sinks(void **state)
{
    static const char *const programs[] = {
        ON(COUNTED READ EH_IF("m > 3 and n * 3 &lt; m", "print(x)", "")),
        /* Across the update of another rate, and to a text. */
        ON(READ COUNTED EH_IF("m > 3", "print(%n)", "s1")),
        ON(EH_USE("v", "vd_update='ip_src-ip_dst' vm_update='ip_src'") READ
           EH_IF("v > 3 and n &lt; 1", "print(x)", "")),
        ON(EH_USE("k", "vm_update='ip_src'") READ
           EH_IF("k > 3 and n == 1", "print(x)", "")),
    };

    (void) state;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct xfsm_instance *p = create(programs[i]);
        const struct xfsm_op *get = behind_jump(p, 1);

        print_message("program %zu\n", i);
        assert_int_equal(count_sunk(p), 1);
        assert_int_equal(get->code, XFSM_L_TEWMA_GET);
        assert_ptr_equal(get->m.memory, p->metrics[1].tewma);
        assert_false(is_fetched(p, 1));
        assert_int_equal(is_fetched(p, 0), i < 2);
        xfsm_instance_destroy(p);
    }
}

/* Behind more than one, as far as it can, and in their order. */
static void
test_sinks_far(void **state)
{
    struct xfsm_instance *p = create(
        ON(READ EH_USE("m", "vm_get='ip_src'")
           EH_USE("k", "vm_update='ip_src'")
           EH_IF("k > 3 and k &lt; 9 and n &lt; m", "print(x)", "")));
    const struct xfsm_op *op = p->lowered.ops;
    unsigned int jumps = 0;

    (void) state;
    for (; op->code != XFSM_L_TEWMA_GET; op++) {
        jumps += op->code == XFSM_L_JZ || op->code == XFSM_L_JNGT_K;
    }
    assert_int_equal(jumps, 2);
    assert_int_equal(count_sunk(p), 2);
    assert_ptr_equal(op[0].m.memory, p->metrics[1].tewma);
    assert_ptr_equal(op[1].m.memory, p->metrics[0].tewma);
    assert_int_equal(p->touches[0].n, 1);
    xfsm_instance_destroy(p);
}

static void
test_stays(void **state)
{
    static const char *const programs[] = {
        /* The first jump is about it, or about what is made of it. */
        ON(COUNTED READ EH_IF("n > 3 and m > 3", "print(x)", "")),
        ON(COUNTED READ EH_IF("m > 3 and twice > 3", "print(x)", "")),
        /* The first jump does not end the handler. */
        ON(COUNTED READ EH_IF("m > 3", "print(x)", "")
           EH_IF("m > 2", "print(%n)", "")),
        ON(COUNTED READ EH_IF("m > 3", "print(x)", "") EH_POST("print(%n)")),
        ON(COUNTED READ EH_IF("m > 3 or n > 2", "print(x)", "")),
        /* It is of another key, which packets may lack. */
        ON(COUNTED EH_USE("n", "vm_get='ip_dst'")
           EH_IF("m > 3 and n > 3", "print(x)", "")),
        /* A handler of other events. */
        PROGRAM(EH_ON(SYN, "ip_src", EH_IN("s1", ""))
                EH_TIMEOUT("t", EH_IN("s0", COUNTED READ EH_IF_SET(
                    "m > 3 and n > 3", "print(x)", "",
                    EH_TIMER("t", "ip_src", "1"))))),
        /* It is written, too. */
        ON(COUNTED EH_USE("n", "vm_update='ip_src'")
           EH_IF("m > 3 and n > 3", "print(x)", "")),
        PROGRAM("<event type='message' topic='alert' primary-key='ip_src'>"
                EH_IN("s0", COUNTED READ EH_IF("m > 3 and n > 3", "print(x)",
                                               "")) "</event>"),
        /* It is forgotten in between. */
        ON(COUNTED READ EH_IF("true", "n.reset()", "")
           EH_IF("m > 3 and n > 3", "print(x)", "")),
    };

    (void) state;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct xfsm_instance *p = create(programs[i]);

        print_message("program %zu\n", i);
        for (uint32_t j = 0; j < p->lowered.n_ops; j++) {
            assert_false(p->lowered.ops[j].sunk);
        }
        assert_int_equal(is_fetched(p, 1), i != 6);
        xfsm_instance_destroy(p);
    }
}

/* A rate that is read behind the jump and elsewhere in the handler is still
 * fetched. */
static void
test_fetched_where_written(void **state)
{
    struct xfsm_instance *p = create(
        ON(COUNTED EH_USE("n", "vm_set='ip_src'") READ
           EH_IF("m > 3 and n > 3", "print(x)", "")));

    (void) state;
    assert_int_equal(count_sunk(p), 1);
    assert_true(is_fetched(p, 1));
    xfsm_instance_destroy(p);
}

/* Adding an amount that depends on the detector, and reading, is one. */
static void
test_one_update(void **state)
{
    struct xfsm_instance *p = create(
        ON(EH_USE("v", "vd_update='ip_src-ip_dst' vm_update='ip_src'")
           EH_IF("v > 3", "print(x)", "")));
    const struct xfsm_op *ops = p->lowered.ops;

    (void) state;
    assert_int_equal(ops[0].code, XFSM_L_DETECTOR_UPDATE);
    assert_int_equal(ops[1].code, XFSM_L_TEWMA_UPDATE_EITHER);
    assert_int_equal(ops[1].b, ops[0].a);
    assert_true(ops[1].k == 1 && ops[1].other == 0.5);
    assert_int_equal(ops[2].code, XFSM_L_JNGT_K);
    xfsm_instance_destroy(p);
}

/* What effects read is in no program's way: it must be known of each. */
static void
test_effects_read(void **state)
{
    /* Texts 0 and 1 show registers 3 and 200, and register 4; handler 1 has
     * features that are in 5 and 255. */
    static const struct xfsm_img_part parts[] = {
        { .kind = XFSM_PART_MEMBER }, { .kind = XFSM_PART_REG, .index = 3 },
        { .kind = XFSM_PART_FIELD, .index = 7 },
        { .kind = XFSM_PART_REG, .index = 200 },
        { .kind = XFSM_PART_REG, .index = 4 },
    };
    static const struct xfsm_img_text texts[] = { { 0, 4 }, { 4, 1 } };
    static const struct xfsm_img_feature features[] = {
        { 0, 6 }, { 0, 5 }, { 0, 255 },
    };
    static const struct xfsm_img_handler handlers[] = {
        { .first_feature = 0, .n_features = 1 },
        { .first_feature = 1, .n_features = 2 },
    };
    static const struct xfsm_image image = {
        .parts = parts, .texts = texts, .features = features,
        .handlers = handlers,
    };
    static const struct {
        struct xfsm_insn insn;
        uint8_t reads[3];       /* Up to a 0. */
        uint8_t writes;         /* 0: nothing. */
    } cases[] = {
        { { .op = XFSM_I_PUBLISH, .b = 0, .c = 1 }, { 3, 200 }, 0 },
        { { .op = XFSM_I_MITIGATE, .b = 1, .c = 0 }, { 4 }, 0 },
        { { .op = XFSM_I_TTEXT, .b = 0, .c = 1 }, { 4 }, 0 },
        { { .op = XFSM_I_TIS, .a = 9, .b = 1, .c = 0 }, { 3, 200 }, 9 },
        { { .op = XFSM_I_EXPORT, .b = 0 }, { 5, 255 }, 0 },
        { { .op = XFSM_I_PUBRAW, .b = 0 }, { 0 }, 0 },
        { { .op = XFSM_I_STATE, .b = 1 }, { 0 }, 0 },
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct xfsm_op op = {
            .code = XFSM_L_EFFECT, .m.insn = &cases[i].insn,
        };
        struct xfsm_registers reads = { { 0 } }, writes = { { 0 } };
        struct xfsm_op_access access;

        for (int j = 0; j < 3 && cases[i].reads[j]; j++) {
            xfsm_registers_add(&reads, cases[i].reads[j]);
        }
        if (cases[i].writes) {
            xfsm_registers_add(&writes, cases[i].writes);
        }
        xfsm_op_find_access(&image, 1, &op, &access);
        assert_memory_equal(&access.reads, &reads, sizeof reads);
        assert_memory_equal(&access.writes, &writes, sizeof writes);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sinks),
        cmocka_unit_test(test_sinks_far),
        cmocka_unit_test(test_stays),
        cmocka_unit_test(test_fetched_where_written),
        cmocka_unit_test(test_one_update),
        cmocka_unit_test(test_effects_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
