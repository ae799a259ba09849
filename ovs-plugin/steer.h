/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_STEER_H
#define OVS_PLUGIN_STEER_H 1

/* Which of a probe's lanes (probe-lanes.h) a packet goes to.
 *
 * Each lane has an engine, and so the state, of its own.  A program's results
 * stay those of one engine if all packets that touch the same key go to the
 * same lane.  So packets are told apart by an address that is in all keys of
 * all programs: the pair of source and destination, whichever way round, or
 * the source, or the destination.
 *
 *   - A key is a row of values, and a structure may be used with keys of
 *     different names (ip_src in a request, ip_dst in the answer).  So it is
 *     not enough that an address is in every key: it must be in the same
 *     place in all keys of the structure.
 *   - Programs with something that all packets share cannot be split at all:
 *     a counter for all keys, a reset of a whole metric or table, a list of a
 *     metric's keys, packet_no, events other than of packets and their timers.
 *   - Ports would split more finely, but later fragments have none.
 *
 * If no way does for all programs, everything goes to lane 0.
 *
 * The kernel picks the lane by a program in its classic filter language
 * (PACKET_FANOUT_CBPF), which finds the addresses where the decoder does:
 * behind VLAN tags, SNAP, MPLS and PPPoE too.  What has none goes to lane 0.
 *
 * Approximations are per lane: with several lanes, a sketch or a Bloom filter
 * has the memory that is declared once for each, and so errs less often.
 *
 * Thread-safety: none needed, there is no state. */

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xfsm_image;
struct xfsm_packet;

/* S(ID, TEXT): ways to tell packets apart, the finest first. */
#define XFSM_STEERS(S) \
    S(PAIR, "by the pair of IP addresses") \
    S(SRC, "by the source address") \
    S(DST, "by the destination address") \
    S(NONE, "not at all")

enum xfsm_steer {
#define XFSM_STEER_ENUM(ID, TEXT) XFSM_STEER_##ID,
    XFSM_STEERS(XFSM_STEER_ENUM)
#undef XFSM_STEER_ENUM
};

/* All ways, as a set. */
#define XFSM_STEER_ALL ((1u << XFSM_STEER_NONE) - 1)

/* A buffer of this many instructions takes any steering program. */
#define XFSM_STEER_CODE_MAX 256

const char *xfsm_steer_text(enum xfsm_steer);

/* Returns the ways in which packets of the program may be told apart, as a set
 * of bits 1 << enum xfsm_steer.  Where that is empty and 'whyp' is nonnull,
 * stores the reason there, which the caller frees. */
unsigned int xfsm_steer_of_image(const struct xfsm_image *, char **whyp);

/* Picks a way that is in the set 'may': 'now', if it is (but not NONE), so
 * that keys stay where they are, or else the finest one. */
enum xfsm_steer xfsm_steer_pick(unsigned int may, enum xfsm_steer now);

/* Writes the program that picks a lane (modulo the number of lanes) at 'code'
 * and returns its number of instructions.  With 'bare' it is for frames in
 * memory, as pcap's bpf_filter() takes them, and otherwise for the kernel. */
size_t xfsm_steer_code(enum xfsm_steer, bool bare,
                       struct sock_filter code[XFSM_STEER_CODE_MAX]);

/* What the program returns, by the addresses of a decoded packet. */
uint32_t xfsm_steer_hash(enum xfsm_steer, const struct xfsm_packet *);

#endif /* ovs-plugin/steer.h */
