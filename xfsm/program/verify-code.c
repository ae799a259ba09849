/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/verify-private.h"

#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"

/* A set of registers. */
struct regset {
    uint64_t w[XFSM_MAX_REGS / 64];
};

/* One run of instructions being verified.  Since all jumps go forward, one
 * pass from first to last visits every instruction after all that can reach
 * it; 'defined' holds, for each, the registers defined on every path there. */
struct run {
    const struct xfsm_image *image;
    uint32_t start, end;
    bool matcher;
    const struct xfsm_img_handler *handler;
    struct regset *defined;     /* By instruction, from 'start'. */
    bool *reached;
    uint32_t n_publish;
};

static bool
regset_has(const struct regset *set, unsigned int reg)
{
    return reg < XFSM_MAX_REGS && (set->w[reg / 64] >> (reg % 64) & 1);
}

/* Lets control pass to instruction 'to' with the registers 'set' defined. */
static bool
flow_to(struct run *run, uint32_t from, uint32_t to, const struct regset *set)
{
    uint32_t i = to - run->start;

    if (to <= from || to >= run->end) {
        return false;
    }
    if (!run->reached[i]) {
        run->reached[i] = true;
        run->defined[i] = *set;
    } else {
        for (size_t j = 0; j < XFSM_MAX_REGS / 64; j++) {
            run->defined[i].w[j] &= set->w[j];
        }
    }
    return true;
}

/* Have keys 'i' and 'j' one shape? */
static bool
same_shape(const struct xfsm_image *image, uint16_t i, uint16_t j)
{
    const struct xfsm_img_key *a = &image->keys[i];
    const struct xfsm_img_key *b = &image->keys[j];

    if (a->n != b->n) {
        return false;
    }
    for (unsigned int k = 0; k < a->n; k++) {
        if (xfsm_fields[image->field_ids[a->fields[k]]].type
               != xfsm_fields[image->field_ids[b->fields[k]]].type
            || !xfsm_prefix_equal(a->prefixes[k], b->prefixes[k])) {
            return false;
        }
    }
    return true;
}

bool
xfsm_verify_table_key(const struct xfsm_image *image, uint16_t table,
                      uint16_t key)
{
    return table < image->n_tables && key < image->n_keys
           && image->tables[table].key != XFSM_NONE
           && same_shape(image, image->tables[table].key, key);
}

/* Are 'metric' and 'key' usable together? */
static bool
metric_key(const struct xfsm_image *image, const struct xfsm_insn *insn)
{
    return insn->b < image->n_metrics && insn->d < image->n_keys
           && xfsm_image_key_words(image, insn->d)
              <= image->metrics[insn->b].key_words;
}

/* The same of its monitor, which lists keys of one shape if it is a topk. */
static bool
monitor_key(const struct xfsm_image *image, const struct xfsm_insn *insn)
{
    return metric_key(image, insn)
           && (image->metrics[insn->b].vm_key == XFSM_NONE
               || same_shape(image, image->metrics[insn->b].vm_key,
                             insn->d));
}

static bool
field_is(const struct xfsm_image *image, uint16_t field, bool addr, bool str)
{
    enum xfsm_field_type type;

    if (field >= image->n_fields) {
        return false;
    }
    type = xfsm_fields[image->field_ids[field]].type;
    return addr ? type == XFSM_FT_ADDR
           : str ? type == XFSM_FT_STR
           : type == XFSM_FT_UINT || type == XFSM_FT_MAC;
}

static bool
is_comparison(uint8_t op)
{
    return op >= XFSM_OP_EQ && op <= XFSM_OP_GE;
}

static bool
verify_matcher_insn(const struct run *run, const struct xfsm_insn *insn)
{
    const struct xfsm_image *image = run->image;

    switch (insn->op) {
    case XFSM_I_MUINT:
        return is_comparison(insn->a)
               && field_is(image, insn->b, false, false);
    case XFSM_I_MADDR:
        return is_comparison(insn->a) && field_is(image, insn->b, true, false)
               && insn->d < image->n_prefixes;
    case XFSM_I_MSTR:
        return (insn->a == XFSM_OP_EQ || insn->a == XFSM_OP_NE)
               && field_is(image, insn->b, false, true)
               && xfsm_verify_bytes(image, insn->k.s.off, insn->k.s.len);
    case XFSM_I_MIN:
        return xfsm_verify_table_key(image, insn->b, insn->d);
    case XFSM_I_MJUMP:
    case XFSM_I_MNONE:
        return true;
    case XFSM_I_MEVENT:
        return insn->b < image->n_events
               && image->events[insn->b].type == XFSM_EV_PACKET;
    default:
        return false;
    }
}

/* Are the registers that a text mentions defined? */
static bool
text_defined(const struct run *run, const struct regset *set, uint16_t text)
{
    const struct xfsm_img_text *t;

    if (text >= run->image->n_texts) {
        return false;
    }
    t = &run->image->texts[text];
    for (uint32_t i = 0; i < t->n; i++) {
        const struct xfsm_img_part *part = &run->image->parts[t->first + i];

        if (part->kind == XFSM_PART_REG && !regset_has(set, part->index)) {
            return false;
        }
    }
    return true;
}

static bool
features_defined(const struct run *run, const struct regset *set)
{
    const struct xfsm_img_handler *h = run->handler;

    for (uint32_t i = 0; i < h->n_features; i++) {
        if (!regset_has(set,
                        run->image->features[h->first_feature + i].reg)) {
            return false;
        }
    }
    return true;
}

/* Verifies what all instructions that publish have in common. */
static bool
verify_publish(struct run *run, const struct xfsm_insn *insn)
{
    return xfsm_verify_text(run->image, insn->k.s.off)
           && (insn->c == XFSM_NONE || insn->c < run->image->n_states)
           && ++run->n_publish <= XFSM_MAX_HANDLER_EVENTS;
}

static bool
verify_effect(struct run *run, const struct xfsm_insn *insn,
              const struct regset *set)
{
    const struct xfsm_image *image = run->image;

    switch (insn->op) {
    case XFSM_I_VDSET:
        return metric_key(image, insn) && image->metrics[insn->b].vd_on;
    case XFSM_I_VMADD:
        return monitor_key(image, insn) && image->metrics[insn->b].vm_on
               && image->metrics[insn->b].vm_type != XFSM_MON_DISTINCT
               && regset_has(set, insn->a);
    case XFSM_I_VMITEM:
        return metric_key(image, insn) && image->metrics[insn->b].vm_on
               && image->metrics[insn->b].vm_type == XFSM_MON_DISTINCT
               && insn->c < image->n_keys;
    case XFSM_I_RESET:
        return insn->b < image->n_metrics;
    case XFSM_I_RESETK:
        return monitor_key(image, insn);
    case XFSM_I_TSET:
        return xfsm_verify_table_key(image, insn->b, insn->d)
               && !image->tables[insn->b].is_text
               && regset_has(set, insn->a);
    case XFSM_I_TRESET:
        return insn->b < image->n_tables;
    case XFSM_I_PUBLISH:
        return verify_publish(run, insn) && text_defined(run, set, insn->b);
    case XFSM_I_MITIGATE:
        return verify_publish(run, insn) && insn->d < image->n_keys
               && text_defined(run, set, insn->b);
    case XFSM_I_PUBRAW:
        return verify_publish(run, insn);
    case XFSM_I_EXPORT:
        return verify_publish(run, insn) && features_defined(run, set);
    case XFSM_I_SUSPECT:
        return true;
    case XFSM_I_TIMER:
        return insn->b < image->n_classes && insn->d < image->n_keys
               && (insn->c == XFSM_NONE || insn->c < image->n_keys)
               && insn->k.u;
    case XFSM_I_CANCEL:
        return insn->b < image->n_classes && insn->d < image->n_keys;
    case XFSM_I_STATE:
        return insn->b < image->n_states && insn->c <= image->n_reasons;
    default:
        return false;
    }
}

/* Verifies what the instructions of tables of texts have in common.  They put
 * a text together, as those that publish do. */
static bool
verify_table_text(struct run *run, const struct xfsm_insn *insn,
                  const struct regset *set)
{
    const struct xfsm_image *image = run->image;
    const struct xfsm_img_text *t;

    if (!xfsm_verify_table_key(image, insn->b, insn->d)
        || !image->tables[insn->b].is_text
        || !text_defined(run, set, insn->c)
        || ++run->n_publish > XFSM_MAX_HANDLER_EVENTS) {
        return false;
    }
    t = &image->texts[insn->c];
    for (uint32_t i = 0; i < t->n; i++) {
        uint16_t kind = image->parts[t->first + i].kind;

        if (kind == XFSM_PART_MEMBER || kind == XFSM_PART_LIST) {
            return false;
        }
    }
    return true;
}

/* Verifies one instruction of a handler and adds to 'set' what it
 * defines. */
static bool
verify_handler_insn(struct run *run, const struct xfsm_insn *insn,
                    struct regset *set)
{
    const struct xfsm_image *image = run->image;

    switch (insn->op) {
    case XFSM_I_VDGET:
        if (!metric_key(image, insn) || !image->metrics[insn->b].vd_on) {
            return false;
        }
        break;
    case XFSM_I_VMGET:
        if (!monitor_key(image, insn) || !image->metrics[insn->b].vm_on) {
            return false;
        }
        break;
    case XFSM_I_TGET:
        if (!xfsm_verify_table_key(image, insn->b, insn->d)
            || image->tables[insn->b].is_text) {
            return false;
        }
        break;
    case XFSM_I_TIS:
        if (!verify_table_text(run, insn, set) || insn->k.u > 1) {
            return false;
        }
        break;
    case XFSM_I_TTEXT:
        return verify_table_text(run, insn, set);
    case XFSM_I_LDI:
        break;
    case XFSM_I_LDF:
        if (!field_is(image, insn->b, false, false)) {
            return false;
        }
        break;
    case XFSM_I_MOV: case XFSM_I_NEG: case XFSM_I_NOT: case XFSM_I_BOOL:
    case XFSM_I_ABS: case XFSM_I_LOG: case XFSM_I_LOG2: case XFSM_I_EXP:
    case XFSM_I_SQRT: case XFSM_I_FLOOR: case XFSM_I_CEIL:
        if (!regset_has(set, insn->b)) {
            return false;
        }
        break;
    case XFSM_I_ADD: case XFSM_I_SUB: case XFSM_I_MUL: case XFSM_I_DIV:
    case XFSM_I_MOD: case XFSM_I_EQ: case XFSM_I_NE: case XFSM_I_LT:
    case XFSM_I_LE: case XFSM_I_GT: case XFSM_I_GE: case XFSM_I_FMIN:
    case XFSM_I_FMAX: case XFSM_I_POW:
        if (!regset_has(set, insn->b) || !regset_has(set, insn->c)) {
            return false;
        }
        break;
    case XFSM_I_JZ: case XFSM_I_JNZ:
        return regset_has(set, insn->a);
    case XFSM_I_JUMP: case XFSM_I_END:
        return true;
    default:
        return verify_effect(run, insn, set);
    }
    set->w[insn->a / 64] |= UINT64_C(1) << (insn->a % 64);
    return true;
}

static bool
ends(uint8_t op)
{
    return op == XFSM_I_MEVENT || op == XFSM_I_MNONE || op == XFSM_I_END;
}

static char *
verify_run(struct run *run)
{
    struct regset none;

    memset(&none, 0, sizeof none);
    run->reached[0] = true;
    run->defined[0] = none;
    for (uint32_t pc = run->start; pc < run->end; pc++) {
        const struct xfsm_insn *insn = &run->image->code[pc];
        struct regset set;
        bool ok;

        if (!run->reached[pc - run->start]) {
            /* Dead code is allowed and never runs, but must be well formed
             * for those who print or translate it. */
            memset(&run->defined[pc - run->start], 0xff, sizeof none);
        }
        set = run->defined[pc - run->start];
        ok = insn->op < XFSM_N_OPCODES
             && (run->matcher ? verify_matcher_insn(run, insn)
                              : verify_handler_insn(run, insn, &set));
        if (ok && xfsm_opcode_jumps(insn->op)) {
            ok = flow_to(run, pc, insn->c, &set);
        }
        if (ok && !ends(insn->op) && insn->op != XFSM_I_JUMP
            && insn->op != XFSM_I_MJUMP) {
            ok = flow_to(run, pc, pc + 1, &set);
        }
        if (!ok) {
            return xfsm_error("instruction %u (%s) is not allowed here", pc,
                              insn->op < XFSM_N_OPCODES
                              ? xfsm_opcode_names[insn->op] : "unknown");
        }
    }
    return NULL;
}

char *
xfsm_verify_code(const struct xfsm_image *image)
{
    uint32_t max = image->n_code ? image->n_code : 1;
    struct run run = {
        .image = image,
        .end = image->header->matcher_len,
        .matcher = true,
        .defined = calloc(max, sizeof *run.defined),
        .reached = calloc(max, sizeof *run.reached),
    };
    char *error = NULL;

    if (!run.defined || !run.reached) {
        error = xfsm_error("out of memory");
    } else if (!run.end || run.end > image->n_code) {
        error = xfsm_error("matcher lies outside the code");
    } else {
        error = verify_run(&run);
    }

    for (uint32_t i = 0; i < image->n_handlers && !error; i++) {
        const struct xfsm_img_handler *h = &image->handlers[i];

        if (!xfsm_verify_text(image, h->state_code)
            || !xfsm_verify_text(image, h->level)
            || !xfsm_verify_text(image, h->description)
            || !xfsm_verify_text(image, h->attack)
            || h->event >= image->n_events || h->state >= image->n_states
            || h->first_feature > image->n_features
            || h->n_features > image->n_features - h->first_feature
            || h->n_features > XFSM_MAX_FEATURES
            || h->code != run.end || !h->n_code
            || h->n_code > image->n_code - h->code
            || h->n_code > XFSM_MAX_HANDLER_CODE) {
            error = xfsm_error("handler %u: index out of range, or not "
                               "behind the one before it", i);
            break;
        }
        run.matcher = false;
        run.handler = h;
        run.start = h->code;
        run.end = h->code + h->n_code;
        run.n_publish = 0;
        memset(run.reached, 0, h->n_code * sizeof *run.reached);
        error = verify_run(&run);
    }
    if (!error && run.end != image->n_code) {
        error = xfsm_error("there is code behind the last handler");
    }
    for (uint32_t i = 0; i < image->n_features && !error; i++) {
        if (!xfsm_verify_text(image, image->features[i].name)
            || image->features[i].reg >= XFSM_MAX_REGS) {
            error = xfsm_error("feature %u: name or register out of range",
                               i);
        }
    }
    free(run.defined);
    free(run.reached);
    return error;
}
