/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/exec.h"

#include <string.h>

static bool
compare(enum xfsm_expr_op op, int order)
{
    switch (op) {
    case XFSM_OP_EQ: return order == 0;
    case XFSM_OP_NE: return order != 0;
    case XFSM_OP_LT: return order < 0;
    case XFSM_OP_LE: return order <= 0;
    case XFSM_OP_GT: return order > 0;
    default: return order >= 0;
    }
}

static uint64_t
load(const struct xfsm_packet *packet, const struct xfsm_match_op *op)
{
    const uint8_t *p = (const uint8_t *) packet + op->offset;

    switch (op->width) {
    case 1: return *p;
    case 2: return *(const uint16_t *) (const void *) p;
    case 4: return *(const uint32_t *) (const void *) p;
    default: return *(const uint64_t *) (const void *) p;
    }
}

static bool
match_uint(const struct xfsm_packet *packet, const struct xfsm_match_op *op)
{
    uint64_t value = load(packet, op);

    if (op->compare == XFSM_OP_EQ) {
        return value == op->m.value;
    }
    return compare(op->compare,
                   value < op->m.value ? -1 : value > op->m.value);
}

static bool
match_addr(const struct xfsm_packet *packet, const struct xfsm_match_op *op)
{
    const struct xfsm_img_prefix *prefix = op->m.prefix;
    const uint8_t *addr = (const uint8_t *) packet + op->offset;
    uint8_t masked[16];

    for (int i = 0; i < 16; i++) {
        masked[i] = addr[i] & prefix->mask[i];
    }
    return compare(op->compare, memcmp(masked, prefix->addr, 16));
}

static bool
match_str(const struct xfsm_packet *packet, const struct xfsm_match_op *op)
{
    struct xfsm_str str;
    bool equal;

    memcpy(&str, (const char *) packet + op->offset, sizeof str);
    equal = str.len == op->len && !memcmp(str.p, op->m.text, str.len);
    return equal == (op->compare == XFSM_OP_EQ);
}

static bool
match_table(const struct xfsm_instance *p, const struct xfsm_packet *packet,
            const struct xfsm_match_op *op)
{
    struct xfsm_key_value key;

    return xfsm_instance_key(p, op->key, packet, &key)
           && xfsm_keytable_find_live(op->m.table, key.hash, key.w, key.n,
                                      p->seconds);
}

bool
xfsm_match_test(const struct xfsm_instance *p,
                const struct xfsm_packet *packet,
                const struct xfsm_match_op *op)
{
    if (op->code == XFSM_I_MIN) {
        return match_table(p, packet, op);
    }
    return packet->present.w[op->word] & op->bit
           && (op->code == XFSM_I_MUINT ? match_uint(packet, op)
               : op->code == XFSM_I_MADDR ? match_addr(packet, op)
               : match_str(packet, op));
}

uint16_t
xfsm_exec_match(const struct xfsm_instance *p,
                const struct xfsm_packet *packet)
{
    const struct xfsm_match_op *ops = p->lowered.matcher;
    const struct xfsm_match_op *op = ops;

    for (;;) {
        bool holds;

        switch (op->code) {
        case XFSM_I_MEVENT:
            return op->event;
        case XFSM_I_MNONE:
            return XFSM_NONE;
        case XFSM_I_MJUMP:
            holds = false;
            break;
        default:
            holds = xfsm_match_test(p, packet, op);
            break;
        }
        op = holds ? op + 1 : &ops[op->target];
    }
}
