/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The program that picks a lane, in the classic filter language.
 *
 * X is where the reader is in the frame.  The kernel runs the program at the
 * Ethernet header of a packet that is sent, and behind it of one that was
 * received, so X starts accordingly, and the EtherType is loaded relative to
 * the link layer.  A load beyond the end of the frame returns 0: lane 0. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/steer.h"

#include <linux/filter.h>
#include <linux/if_packet.h>

#include "util.h"
#include "xfsm/base/bytes.h"
#include "xfsm/packet/decode.h"

/* An odd number near 2^32 over the golden ratio (Knuth, The Art of Computer
 * Programming, vol. 3, 6.4), and how many of the low bits of a product, which
 * are the poor ones, are not used. */
#define MULTIPLIER 0x9e3779b1u
#define POOR_BITS 16

/* Third word of an IPv4 address in its IPv6 form. */
#define MAPPED 0xffff

/* Scratch memory of the program. */
enum { M_TYPE, M_SUM, M_AT, M_WORD };

/* Where jumps lead that cannot be told yet. */
enum label { L_NEXT, L_NONE, L_IP4, L_IP6, L_MPLS, L_PPPOE, L_SNAP, L_TYPE,
             L_LOCAL, N_LABELS = L_LOCAL + 32 };

struct assembler {
    struct sock_filter *code;
    size_t n;
    size_t n_locals;
    size_t at[N_LABELS];
    struct { uint8_t yes, no; } jumps[XFSM_STEER_CODE_MAX];
};

static void
emit(struct assembler *a, uint16_t code, uint32_t k)
{
    ovs_assert(a->n < XFSM_STEER_CODE_MAX);
    a->code[a->n++] = (struct sock_filter) BPF_STMT(code, k);
}

/* Jumps to 'yes' if A compares so to 'k', or else to 'no'. */
static void
emit_jump(struct assembler *a, uint16_t op, uint32_t k, size_t yes, size_t no)
{
    a->jumps[a->n].yes = yes;
    a->jumps[a->n].no = no;
    emit(a, BPF_JMP | op | BPF_K, k);
}

static void
emit_goto(struct assembler *a, size_t label)
{
    emit_jump(a, BPF_JEQ, 0, label, label);
}

static size_t
new_label(struct assembler *a)
{
    ovs_assert(a->n_locals < N_LABELS - L_LOCAL);
    return L_LOCAL + a->n_locals++;
}

static void
put_label(struct assembler *a, size_t label)
{
    a->at[label] = a->n;
}

/* Loads, and X += n; A is lost. */
static void
emit_load(struct assembler *a, uint16_t size, uint32_t offset)
{
    emit(a, BPF_LD | size | BPF_IND, offset);
}

static void
emit_skip(struct assembler *a, uint32_t n)
{
    emit(a, BPF_MISC | BPF_TXA, 0);
    emit(a, BPF_ALU | BPF_ADD | BPF_K, n);
    emit(a, BPF_MISC | BPF_TAX, 0);
}

static void
resolve(struct assembler *a)
{
    size_t i;

    for (i = 0; i < a->n; i++) {
        struct sock_filter *insn = &a->code[i];

        if (BPF_CLASS(insn->code) == BPF_JMP) {
            size_t yes = a->jumps[i].yes, no = a->jumps[i].no;

            yes = yes == L_NEXT ? 0 : a->at[yes] - i - 1;
            no = no == L_NEXT ? 0 : a->at[no] - i - 1;
            ovs_assert(yes <= UINT8_MAX && no <= UINT8_MAX);
            insn->jt = yes;
            insn->jf = no;
        }
    }
}

/* A is the EtherType of what is at X. */
static void
emit_start(struct assembler *a, bool bare)
{
    size_t sent = new_label(a), both = new_label(a);

    if (bare) {
        emit(a, BPF_LDX | BPF_W | BPF_IMM, 14);
        emit(a, BPF_LD | BPF_H | BPF_ABS, 12);
        return;
    }
    emit(a, BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE);
    emit_jump(a, BPF_JEQ, PACKET_OUTGOING, sent, L_NEXT);
    emit(a, BPF_LDX | BPF_W | BPF_IMM, 0);
    emit_goto(a, both);
    put_label(a, sent);
    emit(a, BPF_LDX | BPF_W | BPF_IMM, 14);
    put_label(a, both);
    emit(a, BPF_LD | BPF_H | BPF_ABS, SKF_LL_OFF + 12);
}

/* Takes VLAN tags off. */
static void
emit_vlans(struct assembler *a)
{
    int i;

    for (i = 0; i < XFSM_VLAN_MAX; i++) {
        size_t tag = new_label(a);

        emit_jump(a, BPF_JEQ, 0x8100, tag, L_NEXT);
        emit_jump(a, BPF_JEQ, 0x88a8, tag, L_NEXT);
        emit_jump(a, BPF_JEQ, 0x9100, L_NEXT, L_TYPE);
        put_label(a, tag);
        emit_load(a, BPF_H, 2);
        emit(a, BPF_ST, M_TYPE);
        emit_skip(a, 4);
        emit(a, BPF_LD | BPF_MEM, M_TYPE);
    }
}

/* Goes on by the EtherType in A, to 'other' if it is none of ours. */
static void
emit_types(struct assembler *a, size_t other)
{
    emit_jump(a, BPF_JEQ, 0x0800, L_IP4, L_NEXT);
    emit_jump(a, BPF_JEQ, 0x86dd, L_IP6, L_NEXT);
    emit_jump(a, BPF_JEQ, 0x8847, L_MPLS, L_NEXT);
    emit_jump(a, BPF_JEQ, 0x8848, L_MPLS, L_NEXT);
    emit_jump(a, BPF_JEQ, 0x8864, L_PPPOE, other);
}

static void
emit_snap(struct assembler *a)
{
    put_label(a, L_SNAP);
    emit_jump(a, BPF_JGE, 0x600, L_NONE, L_NEXT);
    emit_load(a, BPF_W, 0);
    emit_jump(a, BPF_JEQ, 0xaaaa0300, L_NEXT, L_NONE);
    emit_load(a, BPF_H, 4);
    emit_jump(a, BPF_JEQ, 0, L_NEXT, L_NONE);
    emit_load(a, BPF_H, 6);
    emit(a, BPF_ST, M_TYPE);
    emit_skip(a, 8);
    emit(a, BPF_LD | BPF_MEM, M_TYPE);
    emit_types(a, L_NONE);
}

static void
emit_pppoe(struct assembler *a)
{
    size_t protocol = new_label(a), no_control = new_label(a);
    size_t ip4 = new_label(a), ip6 = new_label(a), one = new_label(a);
    size_t one_ip6 = new_label(a);

    put_label(a, L_PPPOE);
    emit_load(a, BPF_H, 0);
    emit_jump(a, BPF_JEQ, 0x1100, L_NEXT, L_NONE);
    emit_skip(a, 6);
    emit_load(a, BPF_H, 0);
    emit_jump(a, BPF_JEQ, 0xff03, L_NEXT, no_control);
    emit_skip(a, 2);
    put_label(a, no_control);
    put_label(a, protocol);
    emit_load(a, BPF_H, 0);
    emit_jump(a, BPF_JEQ, 0x0021, ip4, L_NEXT);
    emit_jump(a, BPF_JEQ, 0x0057, ip6, L_NEXT);
    emit_load(a, BPF_B, 0);
    emit_jump(a, BPF_JEQ, 0x21, one, L_NEXT);
    emit_jump(a, BPF_JEQ, 0x57, one_ip6, L_NONE);
    put_label(a, one);
    emit_skip(a, 1);
    emit_goto(a, L_IP4);
    put_label(a, one_ip6);
    emit_skip(a, 1);
    emit_goto(a, L_IP6);
    put_label(a, ip4);
    emit_skip(a, 2);
    emit_goto(a, L_IP4);
    put_label(a, ip6);
    emit_skip(a, 2);
    emit_goto(a, L_IP6);
}

static void
emit_mpls(struct assembler *a)
{
    size_t bottom = new_label(a);
    int i;

    put_label(a, L_MPLS);
    for (i = 0; i < XFSM_MPLS_MAX; i++) {
        emit_load(a, BPF_W, 0);
        emit_jump(a, BPF_JSET, 0x100, bottom,
                  i < XFSM_MPLS_MAX - 1 ? L_NEXT : L_NONE);
        if (i < XFSM_MPLS_MAX - 1) {
            emit_skip(a, 4);
        }
    }
    put_label(a, bottom);
    emit_skip(a, 4);
    emit_load(a, BPF_B, 0);
    emit(a, BPF_ALU | BPF_AND | BPF_K, 0xf0);
    emit_jump(a, BPF_JEQ, 0x40, L_IP4, L_NEXT);
    emit_jump(a, BPF_JEQ, 0x60, L_IP6, L_NONE);
}

/* M_SUM += address of 'words' words at 'offset', folded. */
static void
emit_address(struct assembler *a, uint32_t offset, int words)
{
    int i;

    emit(a, BPF_LDX | BPF_MEM, M_AT);
    emit_load(a, BPF_W, offset);
    if (words == 1) {
        emit(a, BPF_ALU | BPF_XOR | BPF_K, MAPPED);
    }
    for (i = 1; i < words; i++) {
        emit(a, BPF_ST, M_WORD);
        emit(a, BPF_LDX | BPF_MEM, M_AT);
        emit_load(a, BPF_W, offset + 4 * i);
        emit(a, BPF_LDX | BPF_MEM, M_WORD);
        emit(a, BPF_ALU | BPF_XOR | BPF_X, 0);
    }
    emit(a, BPF_LDX | BPF_MEM, M_SUM);
    emit(a, BPF_ALU | BPF_ADD | BPF_X, 0);
    emit(a, BPF_ST, M_SUM);
}

/* Returns the hash of the addresses that 'steer' is about. */
static void
emit_ip(struct assembler *a, enum xfsm_steer steer, size_t label,
        uint32_t src, uint32_t dst, int words)
{
    put_label(a, label);
    emit(a, BPF_STX, M_AT);
    emit(a, BPF_LD | BPF_IMM, 0);
    emit(a, BPF_ST, M_SUM);
    if (steer != XFSM_STEER_DST) {
        emit_address(a, src, words);
    }
    if (steer != XFSM_STEER_SRC) {
        emit_address(a, dst, words);
    }
    emit(a, BPF_ALU | BPF_MUL | BPF_K, MULTIPLIER);
    emit(a, BPF_ALU | BPF_RSH | BPF_K, POOR_BITS);
    emit(a, BPF_RET | BPF_A, 0);
}

size_t
xfsm_steer_code(enum xfsm_steer steer, bool bare,
                struct sock_filter code[XFSM_STEER_CODE_MAX])
{
    struct assembler a = { .code = code };

    if (steer != XFSM_STEER_NONE) {
        emit_start(&a, bare);
        emit_vlans(&a);
        put_label(&a, L_TYPE);
        emit_types(&a, L_SNAP);
        emit_snap(&a);
        emit_pppoe(&a);
        emit_mpls(&a);
        emit_ip(&a, steer, L_IP4, 12, 16, 1);
        emit_ip(&a, steer, L_IP6, 8, 24, 4);
        put_label(&a, L_NONE);
    }
    emit(&a, BPF_RET | BPF_K, 0);
    resolve(&a);
    return a.n;
}

static uint32_t
fold(const union xfsm_addr *addr)
{
    return (xfsm_load_be32(&addr->b[0]) ^ xfsm_load_be32(&addr->b[4])
            ^ xfsm_load_be32(&addr->b[8]) ^ xfsm_load_be32(&addr->b[12]));
}

uint32_t
xfsm_steer_hash(enum xfsm_steer steer, const struct xfsm_packet *p)
{
    uint32_t sum = ((steer != XFSM_STEER_DST ? fold(&p->ip_src) : 0)
                    + (steer != XFSM_STEER_SRC ? fold(&p->ip_dst) : 0));

    return (steer == XFSM_STEER_NONE ? 0
            : (uint32_t) (sum * MULTIPLIER) >> POOR_BITS);
}
