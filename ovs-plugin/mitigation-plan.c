/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "ovs-plugin/mitigation-plan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "xfsm/packet/field.h"

const char *const mitigation_refusal_names[MITIGATION_N_REFUSALS] = {
#define REFUSAL_NAME(ID, NAME, DOC) NAME,
    MITIGATION_REFUSALS(REFUSAL_NAME)
#undef REFUSAL_NAME
};

const char *const mitigation_refusal_docs[MITIGATION_N_REFUSALS] = {
#define REFUSAL_DOC(ID, NAME, DOC) DOC,
    MITIGATION_REFUSALS(REFUSAL_DOC)
#undef REFUSAL_DOC
};

enum { ETH_IP = 0x0800, ETH_IPV6 = 0x86dd };
enum {
    IP_PROTO_ICMP = 1, IP_PROTO_TCP = 6, IP_PROTO_UDP = 17,
    IP_PROTO_ICMPV6 = 58, IP_PROTO_SCTP = 132
};

static bool
has(const struct xfsm_packet *match, unsigned int field)
{
    return xfsm_fieldset_has(&match->present, field);
}

/* ## Contradictions ## */

/* The EtherType that the match is about, 0 for any; false if there can be
 * none. */
static bool
find_eth_type(const struct xfsm_packet *match, uint16_t *eth_type)
{
    uint16_t src = has(match, XFSM_F_IP_SRC)
                   ? xfsm_addr_is_ip4(&match->ip_src) ? ETH_IP : ETH_IPV6 : 0;
    uint16_t dst = has(match, XFSM_F_IP_DST)
                   ? xfsm_addr_is_ip4(&match->ip_dst) ? ETH_IP : ETH_IPV6 : 0;
    uint16_t given = has(match, XFSM_F_ETH_TYPE) ? match->eth_type : 0;
    uint16_t ip = src ? src : dst;

    if ((src && dst && src != dst)
        || (has(match, XFSM_F_ETH_TYPE) && ip && ip != given)
        || (has(match, XFSM_F_ETH_TYPE) && given < 0x600)) {
        return false;
    }
    *eth_type = ip ? ip : given;
    return true;
}

/* Do ports or types fit the protocol, and numbers their fields? */
static bool
is_possible(const struct xfsm_packet *match, uint16_t eth_type)
{
    bool ports = has(match, XFSM_F_SRC_PORT) || has(match, XFSM_F_DST_PORT);
    bool types = has(match, XFSM_F_ICMP_TYPE)
                 || has(match, XFSM_F_ICMP_CODE);
    unsigned int proto = match->ip_proto;

    if (has(match, XFSM_F_VLAN_ID) && match->vlan_id > 4095) {
        return false;
    } else if ((has(match, XFSM_F_ETH_SRC) && match->eth_src >> 48)
               || (has(match, XFSM_F_ETH_DST) && match->eth_dst >> 48)) {
        return false;
    } else if (ports && proto != IP_PROTO_TCP && proto != IP_PROTO_UDP
               && proto != IP_PROTO_SCTP) {
        return false;
    } else if (types && (eth_type == ETH_IP ? proto != IP_PROTO_ICMP
                                            : proto != IP_PROTO_ICMPV6)) {
        return false;
    }
    /* OpenFlow matches the code of a type, not a code alone. */
    return !has(match, XFSM_F_ICMP_CODE) || has(match, XFSM_F_ICMP_TYPE);
}

/* ## Protection ## */

static bool
in_prefix(const union xfsm_addr *addr, const struct mitigation_prefix *prefix)
{
    unsigned int bits = prefix->bits < 128 ? prefix->bits : 128;
    unsigned int whole = bits / 8, rest = bits % 8;

    return !memcmp(addr->b, prefix->addr.b, whole)
           && (!rest || !((addr->b[whole] ^ prefix->addr.b[whole])
                          >> (8 - rest)));
}

static bool
is_protected_addr(const struct mitigation_policy *policy,
                  const union xfsm_addr *addr)
{
    for (size_t i = 0; i < policy->n_prefixes; i++) {
        if (in_prefix(addr, &policy->prefixes[i])) {
            return true;
        }
    }
    return false;
}

static bool
is_protected_mac(const struct mitigation_policy *policy, uint64_t mac)
{
    for (size_t i = 0; i < policy->n_macs; i++) {
        if (policy->macs[i] == mac) {
            return true;
        }
    }
    return false;
}

static bool
is_protected(const struct mitigation_policy *policy,
             const struct xfsm_packet *match)
{
    return (has(match, XFSM_F_IP_SRC)
            && is_protected_addr(policy, &match->ip_src))
           || (has(match, XFSM_F_IP_DST)
               && is_protected_addr(policy, &match->ip_dst))
           || (has(match, XFSM_F_ETH_SRC)
               && is_protected_mac(policy, match->eth_src))
           || (has(match, XFSM_F_ETH_DST)
               && is_protected_mac(policy, match->eth_dst));
}

/* ## The plan ## */

static uint32_t
find_mirror(const struct mitigation_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->n_mirrors; i++) {
        const struct mitigation_port *port = &policy->mirrors[i];

        if (!strcmp(port->name, name) && port->number
            && port->number <= MITIGATION_PORT_MAX
            && port->number != policy->in_port) {
            return port->number;
        }
    }
    return 0;
}

/* Seconds that the flow lives, 0 if it must not. */
static uint16_t
plan_timeout(const struct mitigation_request *request,
             const struct mitigation_policy *policy)
{
    double seconds = request->seconds;
    unsigned int cap = policy->max_seconds < MITIGATION_TIMEOUT_MAX
                       ? policy->max_seconds : MITIGATION_TIMEOUT_MAX;

    if (!(seconds >= XFSM_MITIGATION_SECONDS_MIN
          && seconds <= XFSM_MITIGATION_SECONDS_MAX)) {
        return 0;
    }
    return (uint16_t) (seconds < cap ? seconds : cap);
}

/* Fills in what depends on the action. */
static enum mitigation_refusal
plan_action(const struct mitigation_request *request,
            const struct mitigation_policy *policy,
            const struct mitigation_usage *usage,
            struct mitigation_flow *flow)
{
    switch (request->action) {
    case XFSM_MIT_BLOCK:
        return MITIGATION_REFUSED_NONE;
    case XFSM_MIT_LIMIT:
        if (!(request->rate >= XFSM_MITIGATION_RATE_MIN
              && request->rate <= XFSM_MITIGATION_RATE_MAX)) {
            return MITIGATION_REFUSED_RATE;
        }
        flow->rate = (uint32_t) request->rate;
        flow->meter = MITIGATION_METER_BASE
                      + usage->next_id % MITIGATION_METERS;
        return MITIGATION_REFUSED_NONE;
    case XFSM_MIT_MIRROR:
        flow->output = find_mirror(policy, request->port);
        return flow->output ? MITIGATION_REFUSED_NONE
                            : MITIGATION_REFUSED_MIRROR;
    default:
        return MITIGATION_REFUSED_MALFORMED;
    }
}

/* What is wrong with the match. */
static enum mitigation_refusal
plan_match(const struct mitigation_request *request,
           const struct mitigation_policy *policy,
           struct mitigation_flow *flow)
{
    if (xfsm_mitigation_check(&request->match.present)) {
        return MITIGATION_REFUSED_MATCH;
    } else if (!find_eth_type(&request->match, &flow->eth_type)
               || !is_possible(&request->match, flow->eth_type)) {
        return MITIGATION_REFUSED_CONTRADICTION;
    }
    flow->match = request->match;
    return is_protected(policy, &request->match)
           ? MITIGATION_REFUSED_PROTECTED : MITIGATION_REFUSED_NONE;
}

static enum mitigation_refusal
plan_caps(const struct mitigation_policy *policy,
          const struct mitigation_usage *usage)
{
    return usage->n_port_rules >= policy->max_port_rules
           ? MITIGATION_REFUSED_PORT_RULES
           : usage->n_port_last_minute >= policy->port_rules_per_minute
           ? MITIGATION_REFUSED_PORT_RATE
           : usage->n_rules >= policy->max_rules
             || usage->n_rules >= MITIGATION_RULES_MAX
           ? MITIGATION_REFUSED_RULES
           : usage->n_last_minute >= policy->rules_per_minute
           ? MITIGATION_REFUSED_RULE_RATE : MITIGATION_REFUSED_NONE;
}

enum mitigation_refusal
mitigation_plan(const struct mitigation_request *request,
                const struct mitigation_policy *policy,
                const struct mitigation_usage *usage,
                struct mitigation_flow *flowp)
{
    struct mitigation_flow flow = {
        .dry_run = !policy->enforce,
        .action = request->action,
        .cookie = MITIGATION_COOKIE | usage->next_id,
        .priority = (uint16_t) (MITIGATION_PRIORITY_MAX
                                - (unsigned int) request->action),
        .in_port = policy->in_port,
    };
    enum mitigation_refusal refusal;

    if ((unsigned int) request->action >= XFSM_N_MITIGATIONS) {
        return MITIGATION_REFUSED_MALFORMED;
    } else if (!policy->program) {
        return MITIGATION_REFUSED_PROGRAM;
    } else if (!(policy->actions >> request->action & 1)) {
        return MITIGATION_REFUSED_ACTION;
    } else if (request->action != XFSM_MIT_BLOCK && !policy->normal) {
        return MITIGATION_REFUSED_CONTROLLER;
    } else if (!policy->in_port || policy->in_port > MITIGATION_PORT_MAX) {
        return MITIGATION_REFUSED_IN_PORT;
    }
    flow.hard_timeout = flow.idle_timeout = plan_timeout(request, policy);
    refusal = flow.hard_timeout ? MITIGATION_REFUSED_NONE
                                : MITIGATION_REFUSED_SECONDS;
    refusal = refusal ? refusal : plan_match(request, policy, &flow);
    refusal = refusal ? refusal : plan_action(request, policy, usage, &flow);
    refusal = refusal ? refusal : plan_caps(policy, usage);
    if (!refusal) {
        *flowp = flow;
    }
    return refusal;
}

/* ## As text ## */

struct text {
    char *buf;
    size_t len;
};

static void put(struct text *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text->len += (size_t) vsnprintf(text->buf + text->len,
                                    MITIGATION_TEXT_MAX - text->len, format,
                                    args);
    va_end(args);
}

/* ",NAME=VALUE", if the match has the field. */
static void
put_field(struct text *text, const struct xfsm_packet *match,
          const char *prefix, const char *name, unsigned int field)
{
    char value[XFSM_FIELD_TEXT_MAX];

    if (has(match, field)) {
        put(text, ",%s%s=%.*s", prefix, name,
            (int) xfsm_field_format(match, field, value, sizeof value),
            value);
    }
}

static void
put_match(struct text *text, const struct mitigation_flow *flow)
{
    const struct xfsm_packet *match = &flow->match;
    bool ip6 = flow->eth_type == ETH_IPV6;
    const char *ip = ip6 ? "ipv6_" : "nw_";
    const char *l4 = match->ip_proto == IP_PROTO_TCP ? "tcp_"
                     : match->ip_proto == IP_PROTO_UDP ? "udp_" : "sctp_";
    const char *icmp = ip6 ? "icmpv6_" : "icmp_";

    put_field(text, match, "", "dl_vlan", XFSM_F_VLAN_ID);
    put_field(text, match, "", "dl_src", XFSM_F_ETH_SRC);
    put_field(text, match, "", "dl_dst", XFSM_F_ETH_DST);
    if (flow->eth_type) {
        put(text, ",dl_type=0x%04x", flow->eth_type);
    }
    put_field(text, match, ip, "src", XFSM_F_IP_SRC);
    put_field(text, match, ip, "dst", XFSM_F_IP_DST);
    put_field(text, match, "", "nw_proto", XFSM_F_PROTO);
    put_field(text, match, l4, "src", XFSM_F_SRC_PORT);
    put_field(text, match, l4, "dst", XFSM_F_DST_PORT);
    put_field(text, match, icmp, "type", XFSM_F_ICMP_TYPE);
    put_field(text, match, icmp, "code", XFSM_F_ICMP_CODE);
}

void
mitigation_flow_format(const struct mitigation_flow *flow, char *buf)
{
    struct text text = { .buf = buf };

    put(&text, "cookie=0x%"PRIx64",priority=%u,idle_timeout=%u,"
        "hard_timeout=%u,in_port=%"PRIu32, flow->cookie, flow->priority,
        flow->idle_timeout, flow->hard_timeout, flow->in_port);
    put_match(&text, flow);
    switch (flow->action) {
    case XFSM_MIT_LIMIT:
        put(&text, ",actions=meter:%"PRIu32",NORMAL", flow->meter);
        break;
    case XFSM_MIT_MIRROR:
        put(&text, ",actions=output:%"PRIu32",NORMAL", flow->output);
        break;
    default:
        put(&text, ",actions=drop");
        break;
    }
}

void
mitigation_meter_format(const struct mitigation_flow *flow, char *buf)
{
    struct text text = { .buf = buf };

    put(&text, "meter=%"PRIu32",pktps,bands=type=drop,rate=%"PRIu32,
        flow->meter, flow->rate);
}
