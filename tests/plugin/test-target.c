/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ovs-plugin/target.h"
#include "smap.h"
#include "util.h"
#include "xfsm/base/glob.h"

static void
test_glob(void **state OVS_UNUSED)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        { "", "", true },
        { "", "a", false },
        { "*", "", true },
        { "?", "", false },
        { "vnet*", "vnet", true },
        { "vnet*", "vnet12", true },
        { "vnet*", "xvnet12", false },
        { "vnet?", "vnet1", true },
        { "vnet?", "vnet12", false },
        { "*-dhcp", "ns-dhcp-dhcp", true },
        { "*a*b*", "xxaxxbxx", true },
        { "*a*b*", "xxbxxaxx", false },
        { "a**b", "ab", true },
        { "a*b", "abc", false },
        { "[v]net", "vnet", false },
        { "a.c", "abc", false },
    };
    char text[2001], pattern[401];
    size_t i;

    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(xfsm_glob_match(cases[i].pattern, cases[i].text),
                         cases[i].matches);
    }

    /* No pattern takes longer than the product of the lengths: with
     * recursion, this one would never end. */
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (i = 0; i < 200; i++) {
        memcpy(pattern + 2 * i, "*a", 2);
    }
    strcpy(pattern + 398, "b");
    assert_false(xfsm_glob_match(pattern, text));
}

static void
test_list(void **state OVS_UNUSED)
{
    static const struct {
        const char *list;
        int64_t number;
        bool matches;
    } cases[] = {
        { "10", 10, true },
        { "10", 1, false },
        { "0", 0, true },
        { "10,20-29,4095", 20, true },
        { "10,20-29,4095", 29, true },
        { "10,20-29,4095", 30, false },
        { "10,20-29,4095", 4095, true },
        { "29-20", 25, false },
        { "", 0, false },
        { ",10", 10, false },
        { "10,", 10, true },
        { "10,", 0, false },
        { "x", 0, false },
        { "10x", 10, false },
        { "10-", 10, false },
        { "10-x", 10, false },
        { "-10", 10, false },
        { " 10", 10, false },
        { "99999", 99999, true },
        { "100000", 100000, false },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(xfsm_target_in_list(cases[i].list, cases[i].number),
                         cases[i].matches);
    }
}

/* True if a target of up to two keys matches 'at'. */
static bool
matches(const struct xfsm_target_place *at, const char *key1,
        const char *value1, const char *key2, const char *value2)
{
    struct smap target = SMAP_INITIALIZER(&target);
    bool result;

    if (key1) {
        smap_add(&target, key1, value1);
    }
    if (key2) {
        smap_add(&target, key2, value2);
    }
    result = xfsm_target_matches(&target, at);
    smap_destroy(&target);
    return result;
}

static void
test_keys(void **state OVS_UNUSED)
{
    struct smap interface_ids = SMAP_INITIALIZER(&interface_ids);
    struct smap port_ids = SMAP_INITIALIZER(&port_ids);
    struct xfsm_target_place at = {
        .bridge = "br-int", .port = "tap1?", .type = "", .tag = -1,
        .interface_ids = &interface_ids, .port_ids = &port_ids,
    };

    assert_false(matches(&at, NULL, NULL, NULL, NULL));
    assert_true(matches(&at, "port", "tap*", NULL, NULL));
    assert_true(matches(&at, "port", "tap*", "bridge", "br-*"));
    assert_false(matches(&at, "port", "tap*", "bridge", "br-ex"));

    /* Wildcards in a name stand for themselves, too. */
    assert_true(matches(&at, "port", "tap1?", NULL, NULL));
    at.port = "tap1*x";
    assert_true(matches(&at, "port", "tap1*x", NULL, NULL));

    assert_true(matches(&at, "type", "system", NULL, NULL));
    assert_false(matches(&at, "type", "internal", NULL, NULL));
    at.type = "dpdkvhostuserclient";
    assert_true(matches(&at, "type", "dpdk*", NULL, NULL));
    assert_false(matches(&at, "type", "system", NULL, NULL));

    assert_false(matches(&at, "tag", "0-4095", NULL, NULL));
    at.tag = 0;
    assert_true(matches(&at, "tag", "0-4095", NULL, NULL));
    at.tag = 100;
    assert_true(matches(&at, "tag", "7,100", NULL, NULL));
    assert_false(matches(&at, "tag", "*", NULL, NULL));

    /* The interface's ids, and else the port's. */
    smap_add(&interface_ids, "iface-id", "web-1");
    smap_add(&port_ids, "iface-id", "db-1");
    smap_add(&port_ids, "vm-id", "vm7");
    smap_add(&interface_ids, "neutron:project", "blue");
    smap_add(&interface_ids, "rack", "r7");
    assert_true(matches(&at, "iface-id", "web-*", "vm-id", "vm7"));
    assert_false(matches(&at, "iface-id", "db-*", NULL, NULL));
    assert_false(matches(&at, "vm-uuid", "*", NULL, NULL));
    assert_true(matches(&at, "neutron:project", "blue", NULL, NULL));
    assert_true(matches(&at, "external_ids:neutron:project", "blue", NULL,
                        NULL));
    assert_true(matches(&at, "external_ids:rack", "r?", NULL, NULL));
    assert_false(matches(&at, "external_ids:nosuch", "*", NULL, NULL));

    /* Which ports a tenant has is one thing, which it means another. */
    assert_true(matches(&at, "port", "tap*", "tenant:neutron:project",
                        "blue"));
    assert_false(matches(&at, "port", "tap*", "tenant:neutron:project",
                         "red"));
    assert_true(matches(&at, "port", "*", "tenant:port", "tap*"));
    assert_false(matches(&at, "port", "*", "tenant:port", "vnet*"));
    assert_false(matches(&at, "port", "vnet*", "tenant:port", "*"));
    assert_true(matches(&at, "tenant:external_ids:rack", "r7",
                        "tenant:tag", "100"));
    assert_false(matches(&at, "port", "*", "tenant:", "*"));
    assert_false(matches(&at, "port", "*", "tenant:colour", "*"));
    assert_false(matches(&at, "port", "*", "tenant:tenant:port", "*"));

    /* What is not known is not passed over. */
    assert_false(matches(&at, "rack", "r7", NULL, NULL));
    assert_false(matches(&at, "port", "tap*", "colour", "*"));
    assert_false(matches(&at, "", "*", NULL, NULL));
    smap_destroy(&interface_ids);
    smap_destroy(&port_ids);
}

/* What can match nothing is told, and nothing else. */
static void
test_check(void **state OVS_UNUSED)
{
    static const struct {
        const char *key, *value, *error;
    } cases[] = {
        { "port", "vnet*", NULL },
        { "bridge", "", NULL },
        { "external_ids:x", "y", NULL },
        { "neutron:project", "blue", NULL },
        { "tenant:neutron:project", "blue", NULL },
        { "tenant:iface-id", "*", NULL },
        { "tag", "0", NULL },
        { "tag", "10,20-29", NULL },
        { "prot", "vnet1", "target:prot is no key" },
        { "external-ids:x", "y", "target:external-ids:x is no key" },
        { "tenant:prot", "vnet1", "target:tenant:prot is no key" },
        { "tag", "", "target:tag= is no list of numbers" },
        { "tag", "ten", "target:tag=ten is no list of numbers" },
        { "tag", "10,", "target:tag=10, is no list of numbers" },
        { "tag", "10-", "target:tag=10- is no list of numbers" },
        { "tag", "10 ,20", "target:tag=10 ,20 is no list of numbers" },
        { "tag", "123456", "target:tag=123456 is no list of numbers" },
    };
    const struct smap none = SMAP_INITIALIZER(&none);
    char *error;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        struct smap target = SMAP_CONST1(&target, cases[i].key,
                                         cases[i].value);

        error = xfsm_target_check(&target);
        assert_true(nullable_string_is_equal(error, cases[i].error));
        free(error);
    }
    error = xfsm_target_check(&none);
    assert_string_equal(error, "it has no target");
    free(error);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_glob),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
