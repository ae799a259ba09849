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

static bool
match_uint(const struct xfsm_packet *packet, unsigned int id,
           const struct xfsm_insn *insn)
{
    uint64_t value = xfsm_field_uint(packet, id);

    if (insn->a == XFSM_OP_EQ) {
        return value == insn->k.u;
    }
    return compare(insn->a, value < insn->k.u ? -1 : value > insn->k.u);
}

static bool
match_addr(const struct xfsm_packet *packet, unsigned int id,
           const struct xfsm_insn *insn, const struct xfsm_img_prefix *prefix)
{
    const uint8_t *addr = (const uint8_t *) packet + xfsm_fields[id].offset;
    uint8_t masked[16];

    for (int i = 0; i < 16; i++) {
        masked[i] = addr[i] & prefix->mask[i];
    }
    return compare(insn->a, memcmp(masked, prefix->addr, 16));
}

static bool
match_str(const struct xfsm_instance *p, const struct xfsm_packet *packet,
          unsigned int id, const struct xfsm_insn *insn)
{
    struct xfsm_str str;
    bool equal;

    memcpy(&str, (const char *) packet + xfsm_fields[id].offset, sizeof str);
    equal = str.len == insn->k.s.len
            && !memcmp(str.p, &p->image.strings[insn->k.s.off], str.len);
    return equal == (insn->a == XFSM_OP_EQ);
}

static bool
match_table(const struct xfsm_instance *p, const struct xfsm_packet *packet,
            const struct xfsm_insn *insn)
{
    struct xfsm_key_value key;

    return xfsm_instance_key(p, insn->d, packet, &key)
           && xfsm_keytable_find(p->tables[insn->b], key.hash, key.w, key.n);
}

uint16_t
xfsm_exec_match(const struct xfsm_instance *p,
                const struct xfsm_packet *packet)
{
    const struct xfsm_insn *code = p->image.code;
    uint32_t pc = 0;

    for (;;) {
        const struct xfsm_insn *insn = &code[pc++];
        unsigned int id;
        bool holds;

        switch (insn->op) {
        case XFSM_I_MEVENT:
            return insn->b;
        case XFSM_I_MNONE:
            return XFSM_NONE;
        case XFSM_I_MJUMP:
            pc = insn->c;
            continue;
        case XFSM_I_MIN:
            holds = match_table(p, packet, insn);
            break;
        default:
            id = p->image.field_ids[insn->b];
            holds = xfsm_fieldset_has(&packet->present, id)
                    && (insn->op == XFSM_I_MUINT
                        ? match_uint(packet, id, insn)
                        : insn->op == XFSM_I_MADDR
                        ? match_addr(packet, id, insn,
                                     &p->image.prefixes[insn->d])
                        : match_str(p, packet, id, insn));
        }
        if (!holds) {
            pc = insn->c;
        }
    }
}
