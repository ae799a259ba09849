/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/run.h"

#include <math.h>

/* ## Metrics and tables ## */

static double
detector(struct xfsm_run *run, const struct xfsm_op *op)
{
    const struct xfsm_key_value *key = xfsm_run_key(run, op->key);

    if (!key) {
        run->x->stats.metric_no_key += op->code == XFSM_L_DETECTOR_UPDATE;
        return 1;
    }
    switch (op->code) {
    case XFSM_L_DETECTOR_GET:
        return xfsm_detector_get(op->m.memory, key->hash, run->ts);
    case XFSM_L_DETECTOR_SET:
        xfsm_detector_set(op->m.memory, key->hash, run->ts);
        return 0;
    default:
        return xfsm_detector_update(op->m.memory, key->hash, run->ts);
    }
}

static double
tewma_get(struct xfsm_run *run, const struct xfsm_op *op)
{
    const struct xfsm_key_value *key = xfsm_run_key(run, op->key);

    return key ? xfsm_tewma_get(op->m.memory, key->hash, run->ts) : 0;
}

static void
tewma_add(struct xfsm_run *run, const struct xfsm_op *op)
{
    const struct xfsm_key_value *key = xfsm_run_key(run, op->key);

    if (key) {
        xfsm_tewma_add(op->m.memory, key->hash, run->regs[op->a], run->ts);
    }
}

/* Adds what is in register 'c'.  Without a key both halves of an update,
 * adding and reading, are left out. */
static double
tewma_update(struct xfsm_run *run, const struct xfsm_op *op)
{
    const struct xfsm_key_value *key = xfsm_run_key(run, op->key);

    if (!key) {
        run->x->stats.metric_no_key++;
        return 0;
    }
    return xfsm_tewma_add(op->m.memory, key->hash, run->regs[op->c], run->ts);
}

/* The value under the operation's key in its table, or NULL. */
static const double *
table_find(struct xfsm_run *run, const struct xfsm_op *op)
{
    const struct xfsm_key_value *key = xfsm_run_key(run, op->key);

    return key ? xfsm_keytable_find_live(op->m.memory, key->hash, key->w,
                                         key->n, xfsm_run_seconds(run->ts))
               : NULL;
}

static double
table_get(struct xfsm_run *run, const struct xfsm_op *op)
{
    const double *value = table_find(run, op);

    return value ? *value : 0;
}

/* The value under 'key', made if it is not there; NULL if there is no
 * room. */
static double *
insert_key(struct xfsm_run *run, const struct xfsm_op *op,
           const struct xfsm_key_value *key)
{
    bool created;

    return xfsm_keytable_insert(op->m.memory, key->hash, key->w, key->n,
                                xfsm_run_seconds(run->ts), &created);
}

/* The same under the operation's key; NULL as well if there is no key. */
static double *
table_insert(struct xfsm_run *run, const struct xfsm_op *op)
{
    const struct xfsm_key_value *key = xfsm_run_key(run, op->key);

    return key ? insert_key(run, op, key) : NULL;
}

static void
counter_add(struct xfsm_run *run, const struct xfsm_op *op)
{
    double *value = table_insert(run, op);

    if (value) {
        *value += run->regs[op->a];
    }
}

static double
counter_update(struct xfsm_run *run, const struct xfsm_op *op)
{
    const struct xfsm_key_value *key = xfsm_run_key(run, op->key);
    double *value;

    if (!key) {
        run->x->stats.metric_no_key++;
        return 0;
    }
    value = insert_key(run, op, key);
    return value ? *value += op->k : 0;
}

static void
summary_add(struct xfsm_run *run, const struct xfsm_op *op)
{
    const struct xfsm_key_value *key = xfsm_run_key(run, op->key);

    if (key) {
        xfsm_summary_add(op->m.memory, key, run->regs[op->a], run->ts);
    }
}

static void
summary_item(struct xfsm_run *run, const struct xfsm_op *op)
{
    const struct xfsm_key_value *key = xfsm_run_key(run, op->key);
    const struct xfsm_key_value *item = key ? xfsm_run_key(run, op->target)
                                            : NULL;

    if (item) {
        xfsm_summary_add_item(op->m.memory, key, item, run->ts);
    }
}

/* Without a key both halves of an update are left out, without an item the
 * first. */
static double
summary_update(struct xfsm_run *run, const struct xfsm_op *op)
{
    const struct xfsm_key_value *key = xfsm_run_key(run, op->key);
    const struct xfsm_key_value *item;

    if (!key) {
        run->x->stats.metric_no_key++;
        return 0;
    } else if (op->code == XFSM_L_SUMMARY_UPDATE
               || op->code == XFSM_L_SUMMARY_UPDATE_NEW) {
        return xfsm_summary_update(op->m.memory, key, op->k, run->ts);
    }
    item = xfsm_run_key(run, op->target);
    return item ? xfsm_summary_update_item(op->m.memory, key, item, run->ts)
                : xfsm_summary_get(op->m.memory, key, run->ts);
}

static double
summary_get(struct xfsm_run *run, const struct xfsm_op *op)
{
    const struct xfsm_key_value *key = xfsm_run_key(run, op->key);

    return key ? xfsm_summary_get(op->m.memory, key, run->ts) : 0;
}

/* ## Arithmetic ## */

static double
divide(struct xfsm_run *run, double a, double b)
{
    if (b == 0) {
        run->x->stats.div_by_zero++;
        return 0;
    }
    return a / b;
}

static double
modulo(struct xfsm_run *run, double a, double b)
{
    if (b == 0) {
        run->x->stats.div_by_zero++;
        return 0;
    }
    return fmod(a, b);
}

static double
power(double a, double b)
{
    double value = pow(a, b);

    return isfinite(value) ? value : 0;
}

static double
load_field(const struct xfsm_run *run, unsigned int id)
{
    return xfsm_fieldset_has(&run->packet->present, id)
           ? (double) xfsm_field_uint(run->packet, id) : 0;
}

/* The value that an arithmetic operation gives to register 'a'. */
static double
compute(struct xfsm_run *run, const struct xfsm_op *op)
{
    double b = run->regs[op->b];
    double c;

    switch (op->code) {
    case XFSM_L_MOV: return b;
    case XFSM_L_NEG: return -b;
    case XFSM_L_NOT: return b == 0;
    case XFSM_L_BOOL: return b != 0;
    case XFSM_L_ABS: return fabs(b);
    case XFSM_L_LOG: return b > 0 ? log(b) : 0;
    case XFSM_L_LOG2: return b > 0 ? log2(b) : 0;
    case XFSM_L_EXP: return exp(b);
    case XFSM_L_SQRT: return b > 0 ? sqrt(b) : 0;
    case XFSM_L_FLOOR: return floor(b);
    case XFSM_L_CEIL: return ceil(b);
    default: break;
    }

    c = run->regs[op->c];
    switch (op->code) {
    case XFSM_L_ADD: return b + c;
    case XFSM_L_SUB: return b - c;
    case XFSM_L_MUL: return b * c;
    case XFSM_L_DIV: return divide(run, b, c);
    case XFSM_L_MOD: return modulo(run, b, c);
    case XFSM_L_EQ: return b == c;
    case XFSM_L_NE: return b != c;
    case XFSM_L_LT: return b < c;
    case XFSM_L_LE: return b <= c;
    case XFSM_L_GT: return b > c;
    case XFSM_L_GE: return b >= c;
    case XFSM_L_FMIN: return fmin(b, c);
    case XFSM_L_FMAX: return fmax(b, c);
    case XFSM_L_POW: return power(b, c);
    default: return 0;
    }
}

/* ## Operations ## */

bool
xfsm_interpret_op(struct xfsm_run *run, const struct xfsm_op *op)
{
    double *r = run->regs;
    const double *found;
    double *slot;

    switch (op->code) {
    case XFSM_L_EFFECT:
        xfsm_effect(run, op->m.insn);
        break;
    case XFSM_L_DETECTOR_GET:
    case XFSM_L_DETECTOR_UPDATE:
        r[op->a] = detector(run, op);
        break;
    case XFSM_L_DETECTOR_SET:
        detector(run, op);
        break;
    case XFSM_L_TEWMA_ADD:
        tewma_add(run, op);
        break;
    case XFSM_L_TEWMA_GET:
        r[op->a] = tewma_get(run, op);
        break;
    case XFSM_L_TEWMA_UPDATE_NEW:
        if (r[op->b] != 0) {
            r[op->a] = tewma_get(run, op);
            break;
        }
        /* Fall through. */
    case XFSM_L_TEWMA_UPDATE:
        r[op->c] = op->k;
        r[op->a] = tewma_update(run, op);
        break;
    case XFSM_L_TEWMA_UPDATE_EITHER:
        r[op->c] = r[op->b] == 0 ? op->k : op->other;
        r[op->a] = tewma_update(run, op);
        break;
    case XFSM_L_COUNTER_ADD:
        counter_add(run, op);
        break;
    case XFSM_L_COUNTER_GET:
        r[op->a] = table_get(run, op);
        break;
    case XFSM_L_COUNTER_UPDATE_NEW:
        if (r[op->b] != 0) {
            r[op->a] = table_get(run, op);
            break;
        }
        /* Fall through. */
    case XFSM_L_COUNTER_UPDATE:
        r[op->c] = op->k;
        r[op->a] = counter_update(run, op);
        break;
    case XFSM_L_SIMPLE_ADD:
        *(double *) op->m.memory += r[op->a];
        break;
    case XFSM_L_SIMPLE_GET:
        r[op->a] = *(double *) op->m.memory;
        break;
    case XFSM_L_SUMMARY_ADD:
        summary_add(run, op);
        break;
    case XFSM_L_SUMMARY_ITEM:
        summary_item(run, op);
        break;
    case XFSM_L_SUMMARY_GET:
        r[op->a] = summary_get(run, op);
        break;
    case XFSM_L_SUMMARY_UPDATE_NEW:
        if (r[op->b] != 0) {
            r[op->a] = summary_get(run, op);
            break;
        }
        /* Fall through. */
    case XFSM_L_SUMMARY_UPDATE:
        r[op->c] = op->k;
        r[op->a] = summary_update(run, op);
        break;
    case XFSM_L_SUMMARY_ITEM_UPDATE_NEW:
        if (r[op->b] != 0) {
            r[op->a] = summary_get(run, op);
            break;
        }
        /* Fall through. */
    case XFSM_L_SUMMARY_ITEM_UPDATE:
        r[op->a] = summary_update(run, op);
        break;
    case XFSM_L_TGET:
        found = table_find(run, op);
        r[op->a] = found ? *found : 0;
        return found != NULL;
    case XFSM_L_TSET:
        slot = table_insert(run, op);
        if (slot) {
            *slot = r[op->a];
        }
        break;
    case XFSM_L_LDI:
        r[op->a] = op->k;
        break;
    case XFSM_L_LDF:
        r[op->a] = load_field(run, (unsigned int) op->m.field);
        break;
    default:
        r[op->a] = compute(run, op);
        break;
    }
    return true;
}

/* Compares with a constant, keeps what the fused instructions would have left
 * in their registers, and goes on at 'next' or where the jump leads. */
#define COMPARE_CONSTANT(OPERATOR) \
    do { \
        bool holds = r[op->b] OPERATOR op->k; \
        r[op->c] = op->k; \
        r[op->a] = holds; \
        op = holds ? op + 1 : &ops[op->target]; \
    } while (0)

void
xfsm_interpret(struct xfsm_run *run, uint32_t index)
{
    const struct xfsm_op *ops = run->p->lowered.ops;
    const struct xfsm_op *op = &ops[run->p->lowered.handlers[index]];
    double *r = run->regs;

    for (;;) {
        switch (op->code) {
        case XFSM_L_END:
            return;
        case XFSM_L_JUMP:
            op = &ops[op->target];
            break;
        case XFSM_L_JZ:
            op = r[op->a] == 0 ? &ops[op->target] : op + 1;
            break;
        case XFSM_L_JNZ:
            op = r[op->a] != 0 ? &ops[op->target] : op + 1;
            break;
        case XFSM_L_JNEQ_K: COMPARE_CONSTANT(==); break;
        case XFSM_L_JNNE_K: COMPARE_CONSTANT(!=); break;
        case XFSM_L_JNLT_K: COMPARE_CONSTANT(<); break;
        case XFSM_L_JNLE_K: COMPARE_CONSTANT(<=); break;
        case XFSM_L_JNGT_K: COMPARE_CONSTANT(>); break;
        case XFSM_L_JNGE_K: COMPARE_CONSTANT(>=); break;
        case XFSM_L_TGET:
            op = xfsm_interpret_op(run, op) ? op + 1 : &ops[op->target];
            break;
        case XFSM_L_LDI: r[op->a] = op->k; op++; break;
        case XFSM_L_MOV: r[op->a] = r[op->b]; op++; break;
        case XFSM_L_ADD: r[op->a] = r[op->b] + r[op->c]; op++; break;
        case XFSM_L_SUB: r[op->a] = r[op->b] - r[op->c]; op++; break;
        case XFSM_L_MUL: r[op->a] = r[op->b] * r[op->c]; op++; break;
        default:
            xfsm_interpret_op(run, op);
            op++;
            break;
        }
    }
}
