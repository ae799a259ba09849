/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_MITIGATION_H
#define XFSM_PROGRAM_MITIGATION_H 1

/* Mitigation: what a program of dialect 2 may ask the switch for.
 *
 *     Block(MATCH, SECONDS)          drop packets that match
 *     Limit(MATCH, RATE, SECONDS)    let RATE packets a second pass
 *     Mirror(MATCH, PORT, SECONDS)   send a copy to a port
 *
 * MATCH is fields joined by "-", those of XFSM_MITIGATION_FIELDS, whose values
 * are taken from the packet: "ip_src-ip_dst".  Ports of TCP, UDP and SCTP
 * and types of ICMP need "proto" beside them, and that an address of IP, or a
 * match would not say of what.  SECONDS and RATE are constants or parameters.
 *
 * A probe publishes a structured event, label "mitigation", and tells the
 * agent of it:
 *
 *     "fields":{"action":"limit","match":{"ip_src":"10.0.0.1"},
 *               "seconds":60,"rate":100}
 *
 * with "port" for a mirror.  Where the packet lacks a field of the match there
 * is no event, and the engine counts it: a match is never wider than it is
 * written.  Whether the switch is told anything, and within which bounds, is
 * the operator's policy (ovs-plugin/mitigation-plan.h). */

#include "xfsm/program/parse.h"

#define XFSM_LABEL_MITIGATION "mitigation"

/* Named limits. */
#define XFSM_MITIGATION_SECONDS_MIN 1
#define XFSM_MITIGATION_SECONDS_MAX 86400
#define XFSM_MITIGATION_RATE_MIN 1          /* Packets a second. */
#define XFSM_MITIGATION_RATE_MAX 10000000

/* F(ID, NEEDS_PROTO): fields that a match may have, by XFSM_F_ID. */
#define XFSM_MITIGATION_FIELDS(F) \
    F(ETH_SRC, false) F(ETH_DST, false) F(ETH_TYPE, false) \
    F(VLAN_ID, false) \
    F(IP_SRC, false) F(IP_DST, false) F(PROTO, false) \
    F(SRC_PORT, true) F(DST_PORT, true) F(ICMP_TYPE, true) F(ICMP_CODE, true)

/* A(ID, VERB, NAME): actions, in programs and in events. */
#define XFSM_MITIGATION_ACTIONS(A) \
    A(BLOCK, "Block", "block") \
    A(LIMIT, "Limit", "limit") \
    A(MIRROR, "Mirror", "mirror")

enum xfsm_mitigation {
#define XFSM_MITIGATION_ENUM(ID, VERB, NAME) XFSM_MIT_##ID,
    XFSM_MITIGATION_ACTIONS(XFSM_MITIGATION_ENUM)
#undef XFSM_MITIGATION_ENUM
    XFSM_N_MITIGATIONS
};

extern const char *const xfsm_mitigation_verbs[XFSM_N_MITIGATIONS];
extern const char *const xfsm_mitigation_names[XFSM_N_MITIGATIONS];

/* Prefix of the names of members that make up the object "match". */
#define XFSM_MITIGATION_MATCH "match."

/* Is the field one of XFSM_MITIGATION_FIELDS? */
bool xfsm_mitigation_has_field(unsigned int field);

/* Is the match one that the rules above allow?  Returns NULL, or what is
 * wrong with it. */
const char *xfsm_mitigation_check(const struct xfsm_fieldset *match);

/* Parses what stands in the parentheses of action 'kind', the 'len' bytes at
 * 's', into 'action'.  False after reporting an error. */
bool xfsm_mitigation_parse(struct xfsm_parse *, enum xfsm_mitigation kind,
                           const char *s, size_t len,
                           struct xfsm_action *action);

#endif /* xfsm/program/mitigation.h */
