/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The planner of mitigation: what it promises, on random requests under
 * random policies, and each reason for refusing.  Flows are read back with
 * Open vSwitch's own parser. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "byte-order.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-meter.h"
#include "ovs-plugin/mitigation-plan.h"
#include "tests/unit/random.h"
#include "util.h"
#include "xfsm/io/event-decode.h"
#include "xfsm/packet/field.h"

#define SAMPLES 200000

#define ALL_ACTIONS ((1u << XFSM_N_MITIGATIONS) - 1)

/* ## Requests and policies ## */

static void
set(struct mitigation_request *request, unsigned int field, const char *text)
{
    assert_true(xfsm_field_parse(&request->match, field, text,
                                 strlen(text)));
}

static struct mitigation_prefix
prefix(const char *addr, unsigned int bits)
{
    struct mitigation_prefix p = { .bits = bits };
    struct xfsm_packet packet;

    memset(&packet, 0, sizeof packet);
    assert_true(xfsm_field_parse(&packet, XFSM_F_IP_SRC, addr,
                                 strlen(addr)));
    p.addr = packet.ip_src;
    return p;
}

static const struct mitigation_port mirrors[] = {
    { "span0", 7 }, { "span1", 1 }, { "span2", 0 },
    { "span3", MITIGATION_PORT_MAX + 1 }, { "span4", MITIGATION_PORT_MAX },
};

/* A policy that allows everything, and a request that it allows. */
static void
generous(struct mitigation_policy *policy, struct mitigation_request *request,
         struct mitigation_usage *usage)
{
    memset(policy, 0, sizeof *policy);
    policy->enforce = true;
    policy->program = true;
    policy->normal = true;
    policy->actions = ALL_ACTIONS;
    policy->max_seconds = 3600;
    policy->max_rules = 10;
    policy->rules_per_minute = 5;
    policy->max_port_rules = 4;
    policy->port_rules_per_minute = 3;
    policy->in_port = 3;
    policy->mirrors = mirrors;
    policy->n_mirrors = ARRAY_SIZE(mirrors);
    memset(request, 0, sizeof *request);
    request->action = XFSM_MIT_BLOCK;
    request->seconds = 60;
    set(request, XFSM_F_IP_SRC, "10.0.0.1");
    memset(usage, 0, sizeof *usage);
    usage->next_id = 42;
}

static struct mitigation_policy policy;
static struct mitigation_request request;
static struct mitigation_usage usage;
static struct mitigation_flow flow;

static int
setup(void **state)
{
    (void) state;
    generous(&policy, &request, &usage);
    memset(&flow, 0, sizeof flow);
    return 0;
}

static void
plan(enum mitigation_refusal wanted)
{
    enum mitigation_refusal refusal = mitigation_plan(&request, &policy,
                                                      &usage, &flow);

    if (refusal != wanted) {
        fail_msg("\"%s\", not \"%s\"", mitigation_refusal_names[refusal],
                 mitigation_refusal_names[wanted]);
    }
}

#define REFUSED(REASON) plan(MITIGATION_REFUSED_##REASON)
#define ALLOWED() plan(MITIGATION_REFUSED_NONE)

static void
expect_text(const char *text)
{
    char buf[MITIGATION_TEXT_MAX];

    ALLOWED();
    mitigation_flow_format(&flow, buf);
    assert_string_equal(buf, text);
}

/* ## Cases ## */

#define COMMON(PRIORITY) \
    "cookie=0x7866736d0000002a,priority=" PRIORITY ",idle_timeout=60," \
    "hard_timeout=60,in_port=3"

static void
test_block(void **state)
{
    (void) state;
    expect_text(COMMON("40002") ",dl_type=0x0800,nw_src=10.0.0.1,"
                "actions=drop");
    assert_false(flow.dry_run);
}

static void
test_limit(void **state)
{
    char buf[MITIGATION_TEXT_MAX];

    (void) state;
    request.action = XFSM_MIT_LIMIT;
    request.rate = 100;
    set(&request, XFSM_F_PROTO, "17");
    set(&request, XFSM_F_DST_PORT, "53");
    expect_text(COMMON("40001") ",dl_type=0x0800,nw_src=10.0.0.1,"
                "nw_proto=17,udp_dst=53,actions=meter:2019950634,NORMAL");
    mitigation_meter_format(&flow, buf);
    assert_string_equal(buf, "meter=2019950634,pktps,bands=type=drop,"
                        "rate=100");
}

static void
test_mirror(void **state)
{
    (void) state;
    request.action = XFSM_MIT_MIRROR;
    strcpy(request.port, "span0");
    set(&request, XFSM_F_VLAN_ID, "5");
    expect_text(COMMON("40000") ",dl_vlan=5,dl_type=0x0800,nw_src=10.0.0.1,"
                "actions=output:7,NORMAL");
    strcpy(request.port, "span4");
    ALLOWED();
    strcpy(request.port, "span2");
    REFUSED(MIRROR);
    strcpy(request.port, "span3");
    REFUSED(MIRROR);
    strcpy(request.port, "eth0");
    REFUSED(MIRROR);
    strcpy(request.port, "span1");
    policy.in_port = 1;
    REFUSED(MIRROR);            /* Back to where it came from. */
}

static void
test_dry_run_by_default(void **state)
{
    (void) state;
    policy.enforce = false;
    ALLOWED();
    assert_true(flow.dry_run);
}

static void
test_empty_policy_refuses_all(void **state)
{
    (void) state;
    memset(&policy, 0, sizeof policy);
    REFUSED(PROGRAM);
    policy.program = true;
    REFUSED(ACTION);
}

static void
test_actions(void **state)
{
    (void) state;
    policy.actions = 1u << XFSM_MIT_LIMIT | 1u << XFSM_MIT_MIRROR;
    REFUSED(ACTION);
    request.action = XFSM_N_MITIGATIONS;
    REFUSED(MALFORMED);
}

static void
test_controller(void **state)
{
    (void) state;
    policy.normal = false;
    ALLOWED();
    request.action = XFSM_MIT_LIMIT;
    request.rate = 1;
    REFUSED(CONTROLLER);
    request.action = XFSM_MIT_MIRROR;
    strcpy(request.port, "span0");
    REFUSED(CONTROLLER);
    policy.normal = true;
    ALLOWED();
}

static void
test_in_port(void **state)
{
    (void) state;
    policy.in_port = 0;
    REFUSED(IN_PORT);
    policy.in_port = MITIGATION_PORT_MAX + 1;
    REFUSED(IN_PORT);
    policy.in_port = MITIGATION_PORT_MAX;
    ALLOWED();
}

static void
test_seconds(void **state)
{
    (void) state;
    request.seconds = 0.5;
    REFUSED(SECONDS);
    request.seconds = XFSM_MITIGATION_SECONDS_MAX + 1;
    REFUSED(SECONDS);
    request.seconds = XFSM_MITIGATION_SECONDS_MAX;
    ALLOWED();
    assert_int_equal(flow.hard_timeout, 3600);
    policy.max_seconds = 1000000;
    ALLOWED();
    assert_int_equal(flow.hard_timeout, MITIGATION_TIMEOUT_MAX);
    policy.max_seconds = 0;
    REFUSED(SECONDS);
}

static void
test_rate(void **state)
{
    (void) state;
    request.action = XFSM_MIT_LIMIT;
    request.rate = 0.5;
    REFUSED(RATE);
    request.rate = XFSM_MITIGATION_RATE_MAX + 1.0;
    REFUSED(RATE);
    request.rate = XFSM_MITIGATION_RATE_MAX;
    ALLOWED();
}

static void
test_caps(void **state)
{
    (void) state;
    usage.n_rules = 9;
    usage.n_last_minute = 4;
    ALLOWED();
    usage.n_rules = 10;
    REFUSED(RULES);
    usage.n_rules = 9;
    usage.n_last_minute = 5;
    REFUSED(RULE_RATE);
    policy.max_rules = UINT_MAX;
    policy.rules_per_minute = UINT_MAX;
    usage.n_rules = MITIGATION_RULES_MAX - 1;
    ALLOWED();
    usage.n_rules = MITIGATION_RULES_MAX;
    REFUSED(RULES);
    setup(NULL);
    usage.n_port_rules = 3;
    usage.n_port_last_minute = 2;
    ALLOWED();
    usage.n_port_rules = 4;
    REFUSED(PORT_RULES);
    usage.n_port_rules = 3;
    usage.n_port_last_minute = 3;
    REFUSED(PORT_RATE);
}

static void
test_matches(void **state)
{
    (void) state;
    memset(&request.match, 0, sizeof request.match);
    REFUSED(MATCH);
    set(&request, XFSM_F_VLAN_ID, "1");
    REFUSED(MATCH);             /* No host. */
    set(&request, XFSM_F_ETH_SRC, "02:00:00:00:00:01");
    ALLOWED();
    set(&request, XFSM_F_PROTO, "6");
    REFUSED(MATCH);             /* Of which version of IP? */
    set(&request, XFSM_F_IP_DST, "2001:db8::1");
    ALLOWED();
    set(&request, XFSM_F_IP_TTL, "1");
    REFUSED(MATCH);
    setup(NULL);
    set(&request, XFSM_F_DST_PORT, "80");
    REFUSED(MATCH);             /* Of which protocol? */
}

static void
test_contradictions(void **state)
{
    (void) state;
    set(&request, XFSM_F_IP_DST, "2001:db8::1");
    REFUSED(CONTRADICTION);
    setup(NULL);
    set(&request, XFSM_F_ETH_TYPE, "34525");
    REFUSED(CONTRADICTION);
    setup(NULL);
    set(&request, XFSM_F_PROTO, "47");
    set(&request, XFSM_F_SRC_PORT, "80");
    REFUSED(CONTRADICTION);
    setup(NULL);
    set(&request, XFSM_F_PROTO, "58");
    set(&request, XFSM_F_ICMP_TYPE, "8");
    REFUSED(CONTRADICTION);
    set(&request, XFSM_F_PROTO, "1");
    ALLOWED();
    setup(NULL);
    set(&request, XFSM_F_VLAN_ID, "4096");
    REFUSED(CONTRADICTION);
}

static void
test_protection(void **state)
{
    const struct mitigation_prefix prefixes[] = {
        prefix("192.168.0.0", 112), prefix("10.0.0.53", 128),
        prefix("2001:db8::", 33),
    };
    const uint64_t macs[] = { UINT64_C(0x020000000001) };

    (void) state;
    policy.prefixes = prefixes;
    policy.n_prefixes = ARRAY_SIZE(prefixes);
    policy.macs = macs;
    policy.n_macs = ARRAY_SIZE(macs);
    ALLOWED();
    set(&request, XFSM_F_IP_DST, "192.168.255.255");
    REFUSED(PROTECTED);
    set(&request, XFSM_F_IP_DST, "192.169.0.0");
    ALLOWED();
    set(&request, XFSM_F_IP_SRC, "10.0.0.53");
    REFUSED(PROTECTED);
    set(&request, XFSM_F_IP_SRC, "10.0.0.52");
    ALLOWED();
    set(&request, XFSM_F_ETH_DST, "02:00:00:00:00:01");
    REFUSED(PROTECTED);
    setup(NULL);
    policy.prefixes = prefixes;
    policy.n_prefixes = ARRAY_SIZE(prefixes);
    set(&request, XFSM_F_IP_SRC, "2001:db8:7fff::1");
    REFUSED(PROTECTED);
    set(&request, XFSM_F_IP_SRC, "2001:db8:8000::1");
    ALLOWED();
}

/* ## Events ## */

#define EVENT(FIELDS) \
    "{\"v\":1,\"label\":\"mitigation\",\"program\":\"p\"," \
    "\"fields\":{" FIELDS "}}"

static bool
decode(const char *json)
{
    struct xfsm_event_view view;

    assert_true(xfsm_event_decode(json, strlen(json), &view));
    return mitigation_request_decode(&view, &request);
}

static void
test_requests(void **state)
{
    (void) state;
    assert_true(decode(EVENT("\"action\":\"mirror\",\"match\":{\"ip_src\":"
                "\"2001:db8::1\",\"proto\":6,\"dst_port\":443},"
                "\"seconds\":2.5,\"port\":\"span0\"")));
    assert_int_equal(request.action, XFSM_MIT_MIRROR);
    assert_int_equal(request.match.dst_port, 443);
    assert_string_equal(request.port, "span0");
    assert_true(request.seconds == 2.5);
    policy.max_seconds = 2;
    ALLOWED();
    assert_int_equal(flow.hard_timeout, 2);
    assert_true(decode(EVENT("\"action\":\"limit\",\"match\":{\"eth_src\":"
                "\"02:00:00:00:00:01\"},\"rate\":1e3,\"seconds\":60")));
    assert_true(request.rate == 1000);
}

static void
test_no_requests(void **state)
{
    static const char *const events[] = {
        "{}", "{\"label\":\"mitigation\"}", EVENT(""),
        "{\"label\":\"alert\",\"fields\":{\"action\":\"block\",\"match\":"
        "{\"ip_src\":\"10.0.0.1\"},\"seconds\":60}}",
        EVENT("\"action\":\"block\",\"seconds\":60"),
        EVENT("\"match\":{\"ip_src\":\"10.0.0.1\"},\"seconds\":60"),
        EVENT("\"action\":\"blow\",\"match\":{\"ip_src\":\"10.0.0.1\"},"
              "\"seconds\":60"),
        EVENT("\"action\":\"block\",\"match\":\"ip_src\",\"seconds\":60"),
        EVENT("\"action\":\"block\",\"match\":{\"ip_src\":1},\"seconds\":60"),
        EVENT("\"action\":\"block\",\"match\":{\"proto\":\"6\"},"
              "\"seconds\":60"),
        EVENT("\"action\":\"block\",\"match\":{\"ip_src\":\"10.0.0\"},"
              "\"seconds\":60"),
        EVENT("\"action\":\"block\",\"match\":{\"ip_src\":{\"a\":1}},"
              "\"seconds\":60"),
        EVENT("\"action\":\"block\",\"match\":{\"ip_ttl\":1},\"seconds\":60"),
        EVENT("\"action\":\"block\",\"match\":{\"nothing\":1},"
              "\"seconds\":60"),
        EVENT("\"action\":\"block\",\"match\":{\"ip_src\":\"10.0.0.1\","
              "\"ip_src\":\"10.0.0.2\"},\"seconds\":60"),
        EVENT("\"action\":\"block\",\"match\":{\"ip_src\":\"10.0.0.1\"},"
              "\"seconds\":\"60\""),
        EVENT("\"action\":\"block\",\"match\":{\"ip_src\":\"10.0.0.1\"},"
              "\"seconds\":-60"),
        EVENT("\"action\":\"block\",\"match\":{\"ip_src\":\"10.0.0.1\"},"
              "\"seconds\":60,\"seconds\":61"),
        EVENT("\"action\":\"block\",\"match\":{\"ip_src\":\"10.0.0.1\"},"
              "\"seconds\":60,\"rate\":1"),
        EVENT("\"action\":\"block\",\"match\":{\"ip_src\":\"10.0.0.1\"},"
              "\"seconds\":60,\"unknown\":1"),
        EVENT("\"action\":\"mirror\",\"match\":{\"ip_src\":\"10.0.0.1\"},"
              "\"seconds\":60,\"port\":\"a\\\"b\""),
        EVENT("\"action\":\"mirror\",\"match\":{\"ip_src\":\"10.0.0.1\"},"
              "\"seconds\":60,\"port\":\"0123456789012345678901234567890123456"
              "789012345678901234567890123\""),
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
        if (decode(events[i])) {
            fail_msg("taken: %s", events[i]);
        }
    }
}

/* ## Properties ## */

static uint64_t source = 1;

static unsigned int
below(unsigned int n)
{
    return (unsigned int) random_below(&source, n);
}

static void
random_addr(union xfsm_addr *addr)
{
    memset(addr, 0, sizeof *addr);
    if (below(3)) {
        addr->b[10] = addr->b[11] = 0xff;
        addr->b[12] = 10;
    } else {
        addr->b[0] = 0x20;
        addr->b[3] = (uint8_t) below(2);
    }
    addr->b[15] = (uint8_t) below(8);
    addr->b[14] = (uint8_t) below(2);
}

static void
random_request(void)
{
    static const unsigned int fields[] = {
#define FIELD(ID, NEEDS_PROTO) XFSM_F_##ID,
        XFSM_MITIGATION_FIELDS(FIELD)
#undef FIELD
        XFSM_F_IP_TTL, XFSM_F_TCP_FLAGS,
    };
    static const uint8_t protos[] = { 1, 6, 17, 58, 132, 47 };
    static const uint16_t types[] = { 0x0800, 0x86dd, 0x0806, 5 };
    static const double numbers[] = {
        -1, 0, 0.5, 1, 60, 4000, 86400, 86401, 1e300,
    };

    memset(&request, 0, sizeof request);
    request.action = below(XFSM_N_MITIGATIONS + (below(10) == 0));
    request.seconds = below(3) ? 60 : numbers[below(ARRAY_SIZE(numbers))];
    request.rate = numbers[below(ARRAY_SIZE(numbers))];
    snprintf(request.port, sizeof request.port, "span%u", below(6));
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (below(100) < (i < ARRAY_SIZE(fields) - 2 ? 30 : 2)) {
            xfsm_fieldset_add(&request.match.present, fields[i]);
        }
    }
    random_addr(&request.match.ip_src);
    random_addr(&request.match.ip_dst);
    request.match.eth_src = UINT64_C(0x020000000000) + below(4);
    request.match.eth_dst = UINT64_C(0x020000000000) + below(4)
                            + ((uint64_t) (below(20) == 0) << 48);
    request.match.eth_type = types[below(ARRAY_SIZE(types))];
    request.match.vlan_id = (uint16_t) below(4100);
    request.match.ip_proto = protos[below(ARRAY_SIZE(protos))];
    request.match.src_port = (uint16_t) below(65536);
    request.match.dst_port = (uint16_t) below(65536);
    request.match.icmp_type = (uint8_t) below(256);
    request.match.icmp_code = (uint8_t) below(256);
}

static struct mitigation_prefix random_prefixes[3];
static uint64_t random_macs[2];

static void
random_policy(void)
{
    static const unsigned int caps[] = { 0, 1, 5, 60, 100000 };

    memset(&policy, 0, sizeof policy);
    policy.enforce = below(2);
    policy.program = below(20) != 0;
    policy.normal = below(4) != 0;
    policy.actions = below(4) ? ALL_ACTIONS : below(ALL_ACTIONS + 1);
    policy.max_seconds = below(3) ? 60 : caps[below(ARRAY_SIZE(caps))];
    policy.max_rules = caps[below(ARRAY_SIZE(caps))];
    policy.rules_per_minute = caps[below(ARRAY_SIZE(caps))];
    policy.max_port_rules = caps[below(ARRAY_SIZE(caps))];
    policy.port_rules_per_minute = caps[below(ARRAY_SIZE(caps))];
    policy.in_port = below(10) ? 1 + below(10) : below(0x20000);
    policy.mirrors = mirrors;
    policy.n_mirrors = below(ARRAY_SIZE(mirrors) + 1);
    policy.prefixes = random_prefixes;
    policy.n_prefixes = below(ARRAY_SIZE(random_prefixes) + 1);
    for (size_t i = 0; i < policy.n_prefixes; i++) {
        random_addr(&random_prefixes[i].addr);
        random_prefixes[i].bits = 120 + below(9);
    }
    policy.macs = random_macs;
    policy.n_macs = below(ARRAY_SIZE(random_macs) + 1);
    for (size_t i = 0; i < policy.n_macs; i++) {
        random_macs[i] = UINT64_C(0x020000000000) + below(4);
    }
    usage.n_rules = below(3) ? below(6) : below(10000);
    usage.n_last_minute = below(3) ? below(6) : below(10000);
    usage.n_port_rules = below(usage.n_rules + 1);
    usage.n_port_last_minute = below(usage.n_last_minute + 1);
    usage.next_id = (uint32_t) random_next(&source);
}

/* Bit by bit, unlike the planner. */
static bool
lies_in(const uint8_t addr[16], const struct mitigation_prefix *p)
{
    for (unsigned int i = 0; i < p->bits; i++) {
        if ((addr[i / 8] ^ p->addr.b[i / 8]) >> (7 - i % 8) & 1) {
            return false;
        }
    }
    return true;
}

static void
check_addr(const uint8_t addr[16])
{
    for (size_t i = 0; i < policy.n_prefixes; i++) {
        assert_false(lies_in(addr, &policy.prefixes[i]));
    }
}

static void
check_addr4(ovs_be32 addr, ovs_be32 mask)
{
    uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };

    if (mask) {
        assert_int_equal(mask, OVS_BE32_MAX);
        memcpy(mapped + 12, &addr, 4);
        check_addr(mapped);
    }
}

static void
check_addr6(const struct in6_addr *addr, const struct in6_addr *mask)
{
    static const struct in6_addr none;

    if (memcmp(mask, &none, sizeof none)) {
        check_addr((const uint8_t *) addr);
    }
}

static void
check_mac(struct eth_addr mac, struct eth_addr mask)
{
    static const struct eth_addr none;
    uint64_t value = 0;

    for (int i = 0; i < 6; i++) {
        value = value << 8 | mac.ea[i];
    }
    for (size_t i = 0; i < policy.n_macs
                       && memcmp(&mask, &none, sizeof none); i++) {
        assert_true(value != policy.macs[i]);
    }
}

/* Checks what the switch would do, as its own parser sees it. */
static void
check_flow(void)
{
    char text[MITIGATION_TEXT_MAX];
    enum ofputil_protocol protocols;
    struct ofputil_flow_mod fm;
    struct match match;
    char *error;

    mitigation_flow_format(&flow, text);
    error = parse_ofp_flow_mod_str(&fm, text, NULL, NULL, OFPFC_ADD,
                                   &protocols);
    if (error) {
        fail_msg("%s: %s", text, error);
    }
    minimatch_expand(&fm.match, &match);

    assert_int_equal(match.wc.masks.in_port.ofp_port, OFP_PORT_C(0xffff));
    assert_int_equal(match.flow.in_port.ofp_port, policy.in_port);
    assert_in_range(fm.idle_timeout, 1, policy.max_seconds);
    assert_in_range(fm.hard_timeout, 1, policy.max_seconds);
    assert_true((ntohll(fm.new_cookie) & MITIGATION_COOKIE_MASK)
                == MITIGATION_COOKIE);
    assert_in_range(fm.priority, MITIGATION_PRIORITY,
                    MITIGATION_PRIORITY_MAX);
    check_addr4(match.flow.nw_src, match.wc.masks.nw_src);
    check_addr4(match.flow.nw_dst, match.wc.masks.nw_dst);
    check_addr6(&match.flow.ipv6_src, &match.wc.masks.ipv6_src);
    check_addr6(&match.flow.ipv6_dst, &match.wc.masks.ipv6_dst);
    check_mac(match.flow.dl_src, match.wc.masks.dl_src);
    check_mac(match.flow.dl_dst, match.wc.masks.dl_dst);
    if (flow.output) {
        assert_true(flow.output != policy.in_port);
    }
    free(CONST_CAST(struct ofpact *, fm.ofpacts));
    minimatch_destroy(&fm.match);
}

static void
test_promises(void **state)
{
    unsigned int seen[MITIGATION_N_REFUSALS] = { 0 };
    unsigned int n_enforced = 0;

    (void) state;
    for (int i = 0; i < SAMPLES; i++) {
        enum mitigation_refusal refusal;

        random_request();
        random_policy();
        refusal = mitigation_plan(&request, &policy, &usage, &flow);
        assert_true(refusal < MITIGATION_N_REFUSALS);
        seen[refusal]++;
        if (refusal) {
            continue;
        }
        assert_true(policy.actions >> flow.action & 1);
        assert_true(usage.n_rules < policy.max_rules);
        assert_true(usage.n_rules < MITIGATION_RULES_MAX);
        assert_true(usage.n_last_minute < policy.rules_per_minute);
        assert_true(usage.n_port_rules < policy.max_port_rules);
        assert_true(usage.n_port_last_minute < policy.port_rules_per_minute);
        assert_true(policy.program);
        assert_true(policy.normal || flow.action == XFSM_MIT_BLOCK);
        assert_int_equal(flow.dry_run, !policy.enforce);
        n_enforced += !flow.dry_run;
        check_flow();
    }
    for (int i = 0; i < MITIGATION_N_REFUSALS; i++) {
        print_message("%8u %s: %s\n", seen[i], mitigation_refusal_names[i],
                      mitigation_refusal_docs[i]);
        assert_true(seen[i] > 10);
    }
    assert_true(n_enforced > 100);
}

int
main(void)
{
#define CASE(NAME) cmocka_unit_test_setup(NAME, setup)
    const struct CMUnitTest tests[] = {
        CASE(test_block), CASE(test_limit), CASE(test_mirror),
        CASE(test_dry_run_by_default), CASE(test_empty_policy_refuses_all),
        CASE(test_actions), CASE(test_controller), CASE(test_in_port),
        CASE(test_seconds), CASE(test_rate), CASE(test_caps),
        CASE(test_matches), CASE(test_contradictions), CASE(test_protection),
        CASE(test_requests), CASE(test_no_requests), CASE(test_promises),
    };
#undef CASE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
