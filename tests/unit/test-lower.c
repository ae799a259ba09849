/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* What the executor makes of instructions, against a naive interpreter of
 * them: random code, jumps into everything that could be fused included,
 * which no compiler emits but any image may hold.
 *
 * XFSM_SEEDS is the number of random handlers. */

#include <inttypes.h>
#include <math.h>
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
#include "tests/unit/reference-store.h"
#include "xfsm/packet/decode.h"
#include "xfsm/packet/field.h"
#include "xfsm/program/image-builder.h"
#include "xfsm/program/image.h"

#define DEFAULT_SEEDS 2000
#define PACKETS 30

#define N_REGS 6                /* All defined at the start. */
#define N_KEYS 2
#define CODE_MAX 80

/* Targets that are not known yet. */
#define SOMEWHERE UINT16_MAX
#define TO_END (UINT16_MAX - 1)

/* Metric 0 is a detector and counters, 1 a detector and rates, 2 one
 * number. */
#define N_METRICS 3

static const struct xfsm_key keys[N_KEYS] = {
    { .n = 1, .fields = { XFSM_F_IP_SRC } },
    { .n = 1, .fields = { XFSM_F_DOMAIN_NAME } },
};

struct handler {
    struct random_source r;
    uint32_t n;
    struct xfsm_insn code[CODE_MAX];    /* Targets count from 0 here. */
};

/* ## Random code ## */

static struct xfsm_insn *
emit(struct handler *h, enum xfsm_opcode op, unsigned int a, unsigned int b,
     unsigned int c, unsigned int d)
{
    struct xfsm_insn *insn = &h->code[h->n++];

    memset(insn, 0, sizeof *insn);
    insn->op = (uint8_t) op;
    insn->a = (uint8_t) a;
    insn->b = (uint16_t) b;
    insn->c = (uint16_t) c;
    insn->d = (uint16_t) d;
    return insn;
}

static unsigned int
reg(struct handler *h)
{
    return random_below(&h->r, N_REGS);
}

static void
emit_constant(struct handler *h, unsigned int a)
{
    static const double numbers[] = { 0, 1, 2, 0.5, -1, 7 };

    emit(h, XFSM_I_LDI, a, 0, 0, 0)->k.f = numbers[random_below(&h->r, 6)];
}

/* Emits what the compiler does, and what the executor may take as one. */
static void
emit_idiom(struct handler *h)
{
    unsigned int m = random_below(&h->r, N_METRICS), k = m % N_KEYS;
    unsigned int a = reg(h), b = reg(h), c = reg(h);

    switch (random_below(&h->r, 7)) {
    case 0:
        emit(h, XFSM_I_VDGET, a, m % 2, 0, k);
        emit(h, XFSM_I_VDSET, 0, m % 2, 0, k);
        break;
    case 1:
        emit_constant(h, a);
        emit(h, XFSM_I_VMADD, a, m, 0, k);
        emit(h, XFSM_I_VMGET, b, m, 0, k);
        break;
    case 2:
        emit(h, XFSM_I_JNZ, c, 0, h->n + 3, 0);
        emit_constant(h, a);
        emit(h, XFSM_I_VMADD, a, m, 0, k);
        emit(h, XFSM_I_VMGET, b, m, 0, k);
        break;
    case 3:
        emit_constant(h, a);
        emit(h, XFSM_I_JZ, c, 0, h->n + 2, 0);
        emit_constant(h, a);
        emit(h, XFSM_I_VMADD, a, m, 0, k);
        emit(h, XFSM_I_VMGET, b, m, 0, k);
        break;
    case 4:                     /* Of a rate under the primary key. */
        if (random_below(&h->r, 2)) {
            emit_constant(h, a);
            emit(h, XFSM_I_VMADD, a, 1, 0, 0);
        }
        emit(h, XFSM_I_VMGET, reg(h), 1, 0, 0);
        if (random_below(&h->r, 2)) {
            emit(h, random_below(&h->r, 2) ? XFSM_I_VMADD : XFSM_I_RESETK,
                 reg(h), 1, 0, 0);
        }
        emit_constant(h, a);
        emit(h, XFSM_I_EQ + random_below(&h->r, 6), b, c, a, 0);
        emit(h, XFSM_I_JZ, b, 0, random_below(&h->r, 2) ? SOMEWHERE : TO_END,
             0);
        break;
    case 5:                     /* To what might be a truth value's. */
        emit_constant(h, a);
        emit(h, XFSM_I_EQ + random_below(&h->r, 6), b, c, a, 0);
        emit(h, XFSM_I_JZ, b, 0, h->n + 2, 0);
        emit_constant(h, reg(h));
        emit(h, XFSM_I_BOOL, b, random_below(&h->r, 2) ? b : reg(h), 0, 0);
        break;
    default:
        emit_constant(h, a);
        emit(h, XFSM_I_EQ + random_below(&h->r, 6), b, c, a, 0);
        emit(h, XFSM_I_JZ, b, 0, SOMEWHERE, 0);
        break;
    }
}

/* Makes an instruction of an idiom one that does not fit it. */
static void
spoil(struct handler *h, struct xfsm_insn *insn)
{
    bool metric = insn->op >= XFSM_I_VDGET && insn->op <= XFSM_I_VMGET;
    unsigned int what = random_below(&h->r, 3);

    if (what == 0) {
        insn->a = (uint8_t) reg(h);
    } else if (metric && what == 1) {
        insn->b = (uint16_t) random_below(&h->r, insn->op <= XFSM_I_VDSET
                                                 ? 2 : N_METRICS);
    } else if (metric) {
        insn->d = (uint16_t) random_below(&h->r, N_KEYS);
    } else if (insn->op == XFSM_I_JNZ || insn->op == XFSM_I_JZ) {
        insn->c = SOMEWHERE;
    }
}

static void
emit_any(struct handler *h)
{
    static const enum xfsm_opcode metric_ops[] = {
        XFSM_I_VDGET, XFSM_I_VDSET, XFSM_I_VMADD, XFSM_I_VMGET,
        XFSM_I_VMGET, XFSM_I_RESETK,
    };
    static const enum xfsm_opcode jumps[] = {
        XFSM_I_JZ, XFSM_I_JNZ, XFSM_I_JUMP, XFSM_I_JZ,
    };
    unsigned int what = random_below(&h->r, 12);
    uint32_t start = h->n;
    enum xfsm_opcode op;

    if (what < 4) {
        emit_idiom(h);
        if (random_below(&h->r, 2)) {
            spoil(h, &h->code[start + random_below(&h->r, h->n - start)]);
        }
    } else if (what < 6) {
        op = metric_ops[random_below(&h->r, 6)];
        emit(h, op, reg(h), random_below(&h->r, op <= XFSM_I_VDSET ? 2 : 3),
             0, random_below(&h->r, N_KEYS));
    } else if (what < 8) {
        emit(h, jumps[random_below(&h->r, 4)], reg(h), 0, SOMEWHERE, 0);
    } else if (what < 9) {
        emit(h, random_below(&h->r, 2) ? XFSM_I_TGET : XFSM_I_TSET, reg(h),
             0, SOMEWHERE, 0);
    } else if (what < 10) {
        emit_constant(h, reg(h));
    } else {
        emit(h, XFSM_I_MOV + random_below(&h->r, XFSM_I_CEIL - XFSM_I_MOV
                                          + 1), reg(h), reg(h), reg(h), 0);
    }
}

static void
make_handler(struct handler *h, uint64_t seed)
{
    memset(h, 0, sizeof *h);
    h->r.state = seed;
    for (unsigned int i = 0; i < N_REGS; i++) {
        emit_constant(h, i);
    }
    while (h->n < CODE_MAX - 8) {
        emit_any(h);
    }
    /* Jumps without a target go anywhere behind them, mostly near, and some
     * to the END. */
    for (uint32_t i = 0; i < h->n; i++) {
        bool somewhere = h->code[i].c == SOMEWHERE;

        if (h->code[i].c == TO_END
            || (somewhere && !random_below(&h->r, 16))) {
            h->code[i].c = (uint16_t) (h->n + 1);
        } else if (somewhere) {
            uint32_t left = h->n - i;

            left = random_below(&h->r, 3) && left > 5 ? 5 : left;
            h->code[i].c = (uint16_t) (i + 1 + random_below(&h->r, left));
        }
    }
    emit(h, XFSM_I_PUBLISH, 0, 0, 0, 0);
    emit(h, XFSM_I_END, 0, 0, 0, 0);
}

/* ## The image ## */

static void
build_metrics(struct xfsm_builder *b)
{
    xfsm_builder_add(b, XFSM_S_METRICS, N_METRICS);
    for (uint32_t i = 0; i < N_METRICS; i++) {
        struct xfsm_img_metric *m = xfsm_builder_at(b, XFSM_S_METRICS, i);

        m->vd_slave = m->vm_key = XFSM_NONE;
        m->vd_on = i < 2;
        m->vd_size = 20;
        m->vd_nhash = 8;
        m->vm_on = 1;
        m->vm_type = (uint8_t) (i == 0 ? XFSM_MON_DLEFT
                                : i == 1 ? XFSM_MON_TEWMA : XFSM_MON_SIMPLE);
        m->vm_size = 20;
        m->vm_window = UINT64_C(60000000000);
        m->key_words = 2;
    }
}

/* The text: all registers. */
static void
build_text(struct xfsm_builder *b)
{
    uint32_t blank = xfsm_builder_bytes(b, " ", 1);
    struct xfsm_img_text *text;

    xfsm_builder_add(b, XFSM_S_PARTS, 2 * N_REGS);
    for (uint32_t i = 0; i < 2 * N_REGS; i++) {
        struct xfsm_img_part *part = xfsm_builder_at(b, XFSM_S_PARTS, i);

        part->kind = i % 2 ? XFSM_PART_LITERAL : XFSM_PART_REG;
        part->index = (uint16_t) (i / 2);
        part->text = blank;
        part->len = i % 2;
    }
    text = xfsm_builder_at(b, XFSM_S_TEXTS,
                           xfsm_builder_add(b, XFSM_S_TEXTS, 1));
    text->n = 2 * N_REGS;
}

static void
build_code(struct xfsm_builder *b, const struct handler *h)
{
    struct xfsm_img_handler *handler;
    struct xfsm_insn *code;
    uint32_t at;

    /* The matcher: event 0 takes all. */
    at = xfsm_builder_add(b, XFSM_S_CODE, 1);
    code = xfsm_builder_at(b, XFSM_S_CODE, at);
    code->op = XFSM_I_MEVENT;

    at = xfsm_builder_add(b, XFSM_S_CODE, h->n);
    code = xfsm_builder_at(b, XFSM_S_CODE, at);
    memcpy(code, h->code, h->n * sizeof *code);
    for (uint32_t i = 0; i < h->n; i++) {
        code[i].c = (uint16_t) (code[i].c
                                + (xfsm_opcode_jumps(code[i].op) ? at : 0));
    }
    handler = xfsm_builder_at(b, XFSM_S_HANDLERS,
                              xfsm_builder_add(b, XFSM_S_HANDLERS, 1));
    handler->code = at;
    handler->n_code = h->n;
}

static void *
build_image(const struct handler *h, size_t *len)
{
    struct xfsm_img_header header;
    struct xfsm_img_event *event;
    struct xfsm_img_table *table;
    struct xfsm_builder b;
    void *image;

    memset(&header, 0, sizeof header);
    xfsm_builder_init(&b);
    header.name = xfsm_builder_string(&b, "p");
    header.matcher_len = 1;
    header.state_size = XFSM_DEFAULT_STATE_SIZE;
    header.max_timers = XFSM_DEFAULT_TIMERS;
    for (int i = 0; i < N_KEYS; i++) {
        assert_int_equal(xfsm_builder_key(&b, &keys[i]), i);
    }
    xfsm_builder_add(&b, XFSM_S_STATES, 1);
    build_metrics(&b);
    table = xfsm_builder_at(&b, XFSM_S_TABLES,
                            xfsm_builder_add(&b, XFSM_S_TABLES, 1));
    table->size = 10;
    event = xfsm_builder_at(&b, XFSM_S_EVENTS,
                            xfsm_builder_add(&b, XFSM_S_EVENTS, 1));
    memset(event->handler, 0xff, sizeof event->handler);
    event->handler[0] = 0;
    build_text(&b);
    build_code(&b, h);
    xfsm_builder_bytes(&b, "", 1);
    image = xfsm_builder_finish(&b, &header, len);
    xfsm_builder_destroy(&b);
    return image;
}

/* ## The naive interpreter ## */

struct naive {
    struct ref_detector detectors[2];
    struct ref_monitor monitors[N_METRICS];
    struct ref_map table;
    double r[N_REGS];
};

static double
calculate(enum xfsm_opcode op, double b, double c)
{
    double value;

    switch ((int) op) {
    case XFSM_I_MOV: return b;
    case XFSM_I_NEG: return -b;
    case XFSM_I_NOT: return b == 0;
    case XFSM_I_BOOL: return b != 0;
    case XFSM_I_ADD: return b + c;
    case XFSM_I_SUB: return b - c;
    case XFSM_I_MUL: return b * c;
    case XFSM_I_DIV: return c == 0 ? 0 : b / c;
    case XFSM_I_MOD: return c == 0 ? 0 : fmod(b, c);
    case XFSM_I_EQ: return b == c;
    case XFSM_I_NE: return b != c;
    case XFSM_I_LT: return b < c;
    case XFSM_I_LE: return b <= c;
    case XFSM_I_GT: return b > c;
    case XFSM_I_GE: return b >= c;
    case XFSM_I_ABS: return fabs(b);
    case XFSM_I_FMIN: return fmin(b, c);
    case XFSM_I_FMAX: return fmax(b, c);
    case XFSM_I_LOG: return b > 0 ? log(b) : 0;
    case XFSM_I_LOG2: return b > 0 ? log2(b) : 0;
    case XFSM_I_EXP: return exp(b);
    case XFSM_I_SQRT: return b > 0 ? sqrt(b) : 0;
    case XFSM_I_POW:
        value = pow(b, c);
        return isfinite(value) ? value : 0;
    case XFSM_I_FLOOR: return floor(b);
    case XFSM_I_CEIL: return ceil(b);
    default: abort();
    }
}

/* Does one instruction and returns the next. */
static uint32_t
step(struct naive *n, const struct xfsm_insn *insn, uint32_t pc,
     const struct xfsm_packet *packet)
{
    struct ref_monitor *m = &n->monitors[insn->b % N_METRICS];
    struct ref_key k, *key = NULL;
    struct ref_node *node;
    double *a = &n->r[insn->a];

    if (insn->d < N_KEYS && ref_key_build(&keys[insn->d], packet, &k)) {
        key = &k;
    }
    pc++;
    switch ((int) insn->op) {
    case XFSM_I_LDI: *a = insn->k.f; break;
    case XFSM_I_JZ: pc = *a == 0 ? insn->c : pc; break;
    case XFSM_I_JNZ: pc = *a != 0 ? insn->c : pc; break;
    case XFSM_I_JUMP: pc = insn->c; break;
    case XFSM_I_VDGET:
        *a = !key || ref_detector_get(&n->detectors[insn->b], key,
                                      packet->ts);
        break;
    case XFSM_I_VDSET:
        if (key) {
            ref_detector_set(&n->detectors[insn->b], key, packet->ts);
        }
        break;
    case XFSM_I_VMADD: ref_monitor_add(m, key, *a, packet->ts); break;
    case XFSM_I_VMGET: *a = ref_monitor_get(m, key, packet->ts); break;
    case XFSM_I_RESETK:
        if (key) {
            ref_monitor_reset_key(m, key);
        }
        break;
    case XFSM_I_TGET:
        node = key ? ref_map_find(&n->table, key) : NULL;
        *a = node ? node->value : 0;
        pc = node ? pc : insn->c;
        break;
    case XFSM_I_TSET:
        if (key) {
            ref_map_add(&n->table, key)->value = *a;
        }
        break;
    default:
        *a = calculate(insn->op, n->r[insn->b], n->r[insn->c]);
        break;
    }
    if (key) {
        ref_key_free(key);
    }
    return pc;
}

static void
naive_init(struct naive *n)
{
    struct xfsm_metric metric = {
        .vd_size = 20, .vd_nhash = 8, .vd_slave = XFSM_NONE,
        .vm_window = UINT64_C(60000000000),
    };

    memset(n, 0, sizeof *n);
    for (int i = 0; i < N_METRICS; i++) {
        metric.vm_type = i == 0 ? XFSM_MON_DLEFT
                         : i == 1 ? XFSM_MON_TEWMA : XFSM_MON_SIMPLE;
        ref_monitor_init(&n->monitors[i], &metric);
    }
    ref_detector_init(&n->detectors[0], &metric);
    ref_detector_init(&n->detectors[1], &metric);
}

static void
naive_free(struct naive *n)
{
    for (int i = 0; i < N_METRICS; i++) {
        ref_monitor_reset(&n->monitors[i]);
    }
    ref_detector_reset(&n->detectors[0]);
    ref_detector_reset(&n->detectors[1]);
    ref_map_clear(&n->table);
}

/* Runs the handler on 'packet' and returns the text of what it publishes, or
 * false if it does not. */
static bool
naive_run(struct naive *n, const struct handler *h,
          const struct xfsm_packet *packet, char *text, size_t size)
{
    size_t len = 0;

    for (uint32_t pc = 0; h->code[pc].op != XFSM_I_PUBLISH; ) {
        pc = step(n, &h->code[pc], pc, packet);
        if (h->code[pc].op == XFSM_I_END) {
            return false;
        }
    }
    for (int i = 0; i < N_REGS; i++) {
        double value = n->r[i];

        len += (size_t) snprintf(
            text + len, size - len,
            value == floor(value) && fabs(value) < 0x1p53 ? "%.0f " : "%.6g ",
            isfinite(value) && value != 0 ? value : 0);
    }
    return true;
}

/* ## The test ## */

static uint64_t n_published;    /* Events, over all seeds. */

static void
print_code(const struct handler *h)
{
    for (uint32_t i = 0; i < h->n; i++) {
        const struct xfsm_insn *insn = &h->code[i];

        print_error("%3u %-12s a=%u b=%u c=%u d=%u k=%g\n", i,
                    xfsm_opcode_names[insn->op], insn->a, insn->b, insn->c,
                    insn->d, insn->k.f);
    }
}

static bool
compare(uint64_t seed, const struct eh_packets *packets)
{
    static const struct xfsm_fieldset want = { { UINT64_MAX, UINT64_MAX } };
    size_t len, next = 0;
    struct handler h;
    struct naive n;
    struct eh eh;
    void *image;
    char *error;
    bool ok = true;

    make_handler(&h, seed);
    image = build_image(&h, &len);
    eh_init(&eh);
    error = xfsm_engine_load(eh.engine, image, len);
    if (error) {
        print_code(&h);
        fail_msg("seed %"PRIu64": %s", seed, error);
    }
    eh_run(&eh, packets, 7);
    naive_init(&n);
    for (size_t i = 0; i < packets->n && ok; i++) {
        struct xfsm_packet packet = packets->packets[i];
        char text[512];

        xfsm_decode(&packet, &want);
        if (!xfsm_fieldset_has(&packet.present, XFSM_F_IP_SRC)) {
            continue;
        }
        if (!naive_run(&n, &h, &packet, text, sizeof text)) {
            continue;
        }
        ok = next < eh.full.n
             && !strcmp(strstr(eh.full.lines[next], "text=") + 5, text);
        if (!ok) {
            print_error("seed %"PRIu64", packet %zu: engine \"%s\", naive "
                        "\"%s\"\n", seed, i,
                        next < eh.full.n ? eh.full.lines[next] : "", text);
            print_code(&h);
        }
        next++;
    }
    if (ok && next != eh.full.n) {
        print_error("seed %"PRIu64": engine %zu events, naive %zu\n", seed,
                    eh.full.n, next);
        print_code(&h);
        ok = false;
    }
    n_published += next;
    naive_free(&n);
    eh_free(&eh);
    free(image);
    return ok;
}

static void
test_random_code(void **state)
{
    uint64_t n = eh_seeds(DEFAULT_SEEDS);
    struct eh_packets packets = { 0, 0, NULL };

    (void) state;
    random_packets(1, PACKETS, &packets);
    for (size_t i = 1; i < packets.n; i++) {        /* None late. */
        if (packets.packets[i].ts < packets.packets[i - 1].ts) {
            packets.packets[i].ts = packets.packets[i - 1].ts;
        }
    }
    for (uint64_t seed = 0; seed < n; seed++) {
        assert_true(compare(seed, &packets));
    }
    assert_true(n_published > n * packets.n / 4);
    eh_packets_free(&packets);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
