/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_MITIGATION_PLAN_H
#define OVS_PLUGIN_MITIGATION_PLAN_H 1

/* Mitigation, planned: from what a program asks for (an event of label
 * "mitigation", xfsm/program/mitigation.h) and what the operator allows to a
 * flow of the switch, or to the reason why there is none.
 *
 * Requests come, in the end, from packets that anybody can send.  So the
 * planner trusts nothing in them, and the bounds are inside it, not with its
 * callers.  Of every flow it plans this holds:
 *
 *   - it matches the number of the port that the probe watches, exactly: it
 *     concerns what comes in at that port, nothing else;
 *   - it matches the address of a host, and none that the operator protects:
 *     no field of the match lies in a protected prefix or is a protected MAC
 *     address.  (Packets between a blocked host and a protected one are
 *     blocked: that is what blocking a host means.);
 *   - its idle and hard timeouts are set, at most the operator's cap, so that
 *     the switch forgets it by itself if we die;
 *   - its priority and cookie are ours, by which all our flows are found; a
 *     block comes before a limit, and that before a mirror;
 *   - a limit and a mirror, which end in NORMAL, are not planned where a
 *     controller decides;
 *   - with those there are already, there are never more than the cap, nor
 *     more in a minute than that cap, for all ports together and for each one,
 *     so that a port cannot take all that there is;
 *   - unless the policy says "enforce", it is a dry run: to be logged and not
 *     to be installed.
 *
 * A flow that would need what the policy leaves at zero is refused: an empty
 * policy refuses all.
 *
 * Pure functions.  They allocate nothing and know no time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/packet/packet.h"
#include "xfsm/program/mitigation.h"

struct xfsm_event_view;

/* Our flows: all have this in the upper half of the cookie. */
#define MITIGATION_COOKIE (UINT64_C(0x7866736d) << 32)
#define MITIGATION_COOKIE_MASK (UINT64_C(0xffffffff) << 32)

/* Priorities of our flows: this one and the next, by enum xfsm_mitigation from
 * the highest, so that flows of different actions can be side by side. */
#define MITIGATION_PRIORITY 40000
#define MITIGATION_PRIORITY_MAX (MITIGATION_PRIORITY + XFSM_N_MITIGATIONS - 1)

/* Our meters: MITIGATION_METERS numbers from here on. */
#define MITIGATION_METER_BASE 0x78660000u
#define MITIGATION_METERS 4096u

/* Numbers of ports that a switch gives to ports (OFPP_MAX of OpenFlow 1.0). */
#define MITIGATION_PORT_MAX 0xfeffu

/* The most that a policy's caps can be. */
#define MITIGATION_RULES_MAX MITIGATION_METERS
#define MITIGATION_TIMEOUT_MAX 65535u   /* Seconds, of OpenFlow. */

/* What a program asks for. */
struct mitigation_request {
    enum xfsm_mitigation action;
    struct xfsm_packet match;   /* Its fields present, and no others. */
    double seconds;
    double rate;                /* XFSM_MIT_LIMIT: packets a second. */
    char port[XFSM_MAX_NAME + 1];       /* XFSM_MIT_MIRROR: name, else "". */
};

struct mitigation_prefix {
    union xfsm_addr addr;
    unsigned int bits;          /* Of 128; an IPv4 /24 is 120. */
};

struct mitigation_port {
    const char *name;
    uint32_t number;            /* OpenFlow's. */
};

/* What the operator allows.  All zero: nothing. */
struct mitigation_policy {
    bool enforce;               /* Else a dry run. */
    bool program;               /* May the program that asks do so? */
    bool normal;                /* Does NORMAL decide in the bridge? */
    unsigned int actions;       /* Bit map by enum xfsm_mitigation. */
    unsigned int max_seconds;
    unsigned int max_rules;     /* At a time... */
    unsigned int rules_per_minute;
    unsigned int max_port_rules;        /* ...and likewise of one port. */
    unsigned int port_rules_per_minute;
    uint32_t in_port;           /* Of the port that the probe watches. */
    size_t n_prefixes;
    const struct mitigation_prefix *prefixes;   /* Protected. */
    size_t n_macs;
    const uint64_t *macs;       /* Protected. */
    size_t n_mirrors;
    const struct mitigation_port *mirrors;      /* Where copies may go. */
};

/* What there is already. */
struct mitigation_usage {
    unsigned int n_rules;       /* Of ours, in the switch. */
    unsigned int n_last_minute; /* Planned in the last minute. */
    unsigned int n_port_rules;  /* Of these, how many of the same port... */
    unsigned int n_port_last_minute;    /* ...and of these. */
    uint32_t next_id;           /* Of the flow to be planned. */
};

/* R(ID, NAME, DOC): why there is no flow. */
#define MITIGATION_REFUSALS(R) \
    R(NONE, "none", "There is a flow") \
    R(MALFORMED, "malformed", "The event is no request for mitigation") \
    R(PROGRAM, "program", "The policy does not allow the program to ask") \
    R(ACTION, "action", "The policy does not allow the action") \
    R(CONTROLLER, "controller", "A controller decides in the bridge, and " \
      "the flow would get around it") \
    R(IN_PORT, "in_port", "The port has no number in the switch") \
    R(MATCH, "match", "The match is one that the language does not allow") \
    R(CONTRADICTION, "contradiction", "No packet can match") \
    R(SECONDS, "seconds", "The policy's cap on the time is below a second, " \
      "or the request's time is out of range") \
    R(RATE, "rate", "The rate is out of range") \
    R(MIRROR, "mirror", "The policy lets no copy go to that port") \
    R(PROTECTED, "protected", "The match has a protected address") \
    R(RULES, "rules", "There are as many rules as the policy allows") \
    R(RULE_RATE, "rule_rate", "There were as many new rules in the last " \
      "minute as the policy allows") \
    R(PORT_RULES, "port_rules", "There are as many rules of the port as the " \
      "policy allows") \
    R(PORT_RATE, "port_rate", "There were as many new rules of the port in " \
      "the last minute as the policy allows")

enum mitigation_refusal {
#define MITIGATION_REFUSAL_ENUM(ID, NAME, DOC) MITIGATION_REFUSED_##ID,
    MITIGATION_REFUSALS(MITIGATION_REFUSAL_ENUM)
#undef MITIGATION_REFUSAL_ENUM
    MITIGATION_N_REFUSALS
};

extern const char *const mitigation_refusal_names[MITIGATION_N_REFUSALS];
extern const char *const mitigation_refusal_docs[MITIGATION_N_REFUSALS];

/* A flow. */
struct mitigation_flow {
    bool dry_run;
    enum xfsm_mitigation action;
    uint64_t cookie;
    uint16_t priority;
    uint16_t idle_timeout, hard_timeout;        /* Seconds, never 0. */
    uint32_t in_port;
    uint16_t eth_type;          /* 0: not matched. */
    struct xfsm_packet match;   /* All but these. */
    uint32_t meter;             /* XFSM_MIT_LIMIT: its number, else 0... */
    uint32_t rate;              /* ...and packets a second. */
    uint32_t output;            /* XFSM_MIT_MIRROR: port, else 0. */
};

/* Reads a request from an event.  False if it is none. */
bool mitigation_request_decode(const struct xfsm_event_view *,
                               struct mitigation_request *);

/* Plans the flow.  Returns MITIGATION_REFUSED_NONE and fills in '*flow', or
 * why not. */
enum mitigation_refusal mitigation_plan(const struct mitigation_request *,
                                        const struct mitigation_policy *,
                                        const struct mitigation_usage *,
                                        struct mitigation_flow *flow);

/* Room for the text of a flow or a meter. */
#define MITIGATION_TEXT_MAX 1024

/* Writes a flow as ovs-ofctl(8) takes it, terminated; 'buf' has room for
 * MITIGATION_TEXT_MAX. */
void mitigation_flow_format(const struct mitigation_flow *, char *buf);

/* Writes the meter of a flow of XFSM_MIT_LIMIT likewise. */
void mitigation_meter_format(const struct mitigation_flow *, char *buf);

#endif /* ovs-plugin/mitigation-plan.h */
