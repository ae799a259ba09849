/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Options of mitigation: limits, and that what is not valid turns it off.  The
 * books of rules, from which the caps are kept. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "openvswitch/dynamic-string.h"
#include "ovs-plugin/mitigation-plan.h"
#include "ovs-plugin/mitigation-rules.h"
#include "ovs-plugin/mitigator.h"
#include "smap.h"
#include "util.h"

static void
read_one(const char *key, const char *value, struct mitigator_options *o)
{
    struct smap options = SMAP_INITIALIZER(&options);

    smap_add(&options, "mitigation", "enforce");
    if (key) {
        smap_replace(&options, key, value);
    }
    mitigator_options_init(o, &options);
    smap_destroy(&options);
}

static void
test_limits(void **state)
{
    static const struct {
        const char *key, *value;
        bool ok;
    } cases[] = {
        { "mitigation", "off", true },
        { "mitigation", "dry-run", true },
        { "mitigation", "Enforce", false },
        { "mitigation-max-rules", "0", false },
        { "mitigation-max-rules", "1", true },
        { "mitigation-max-rules", "4096", true },
        { "mitigation-max-rules", "4097", false },
        { "mitigation-max-port-rules", "0", false },
        { "mitigation-max-port-rules", "1", true },
        { "mitigation-max-port-rules", "4096", true },
        { "mitigation-max-port-rules", "4097", false },
        { "mitigation-max-seconds", "0", false },
        { "mitigation-max-seconds", "1", true },
        { "mitigation-max-seconds", "65535", true },
        { "mitigation-max-seconds", "65536", false },
        { "mitigation-protect", "10.0.0.1 10.1.0.0/16,2001:db8::/32", true },
        { "mitigation-protect", "02:00:00:00:00:01", true },
        { "mitigation-protect", "10.0.0.1,10.0.0", false },
        { "mitigation-protect", "10.0.0.0/33", false },
        { "mitigation-protect", "gateway", false },
        { "mitigation-actions", "block, mirror", true },
        { "mitigation-actions", "", true },
        { "mitigation-actions", "block,drop", false },
        { "mitigation-programs", "portscan synflood", true },
    };
    struct mitigator_options o;
    size_t i;

    (void) state;
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        read_one(cases[i].key, cases[i].value, &o);
        assert_int_equal(!o.error, cases[i].ok);
        if (o.error) {
            assert_non_null(strstr(o.error, cases[i].key));
            assert_int_equal(o.mode, XFSM_MITIGATION_OFF);
        }
        mitigator_options_destroy(&o);
    }
}

static void
test_defaults(void **state)
{
    struct smap none = SMAP_INITIALIZER(&none);
    struct mitigator_options o;

    (void) state;
    mitigator_options_init(&o, &none);
    assert_null(o.error);
    assert_int_equal(o.mode, XFSM_MITIGATION_DRY_RUN);
    assert_int_equal(o.max_rules, MITIGATION_MAX_RULES);
    assert_int_equal(o.max_seconds, MITIGATION_MAX_SECONDS);
    assert_int_equal(o.max_port_rules, MITIGATION_MAX_PORT_RULES);
    assert_int_equal(o.actions, (1u << XFSM_N_MITIGATIONS) - 1);
    assert_true(sset_is_empty(&o.programs));
    assert_int_equal(o.n_prefixes + o.n_macs, 0);
    mitigator_options_destroy(&o);
}

static void
test_protected(void **state)
{
    static const uint8_t ip4[16] = {
        [10] = 0xff, [11] = 0xff, [12] = 10, [13] = 1,
    };
    static const uint8_t ip6[16] = { 0x20, 0x01, 0x0d, 0xb8 };
    struct mitigator_options o;

    (void) state;
    read_one("mitigation-protect",
             "10.1.0.0/16, 02:00:00:00:00:fe 2001:db8::/32", &o);
    assert_null(o.error);
    assert_int_equal(o.mode, XFSM_MITIGATION_ENFORCE);
    assert_int_equal(o.n_prefixes, 2);
    assert_memory_equal(o.prefixes[0].addr.b, ip4, 16);
    assert_int_equal(o.prefixes[0].bits, 96 + 16);
    assert_memory_equal(o.prefixes[1].addr.b, ip6, 16);
    assert_int_equal(o.prefixes[1].bits, 32);
    assert_int_equal(o.n_macs, 1);
    assert_true(o.macs[0] == UINT64_C(0x0200000000fe));
    mitigator_options_destroy(&o);
}

/* As many protected addresses as there may be, and one more. */
static void
test_many(void **state)
{
    struct ds list = DS_EMPTY_INITIALIZER;
    struct mitigator_options o;
    int i;

    (void) state;
    for (i = 0; i < MITIGATION_PROTECTED_MAX; i++) {
        ds_put_format(&list, "10.0.%d.%d ", i / 256, i % 256);
    }
    read_one("mitigation-protect", ds_cstr(&list), &o);
    assert_null(o.error);
    assert_int_equal(o.n_prefixes, MITIGATION_PROTECTED_MAX);
    mitigator_options_destroy(&o);

    ds_put_cstr(&list, "02:00:00:00:00:01");
    read_one("mitigation-protect", ds_cstr(&list), &o);
    assert_non_null(o.error);
    assert_int_equal(o.mode, XFSM_MITIGATION_OFF);
    mitigator_options_destroy(&o);
    ds_destroy(&list);
}

/* Only what is listed is allowed. */
static void
test_allowed(void **state)
{
    struct mitigator_options o;

    (void) state;
    read_one("mitigation-actions", "mirror,block", &o);
    assert_int_equal(o.actions, 1u << XFSM_MIT_BLOCK | 1u << XFSM_MIT_MIRROR);
    mitigator_options_destroy(&o);
    read_one("mitigation-actions", "", &o);
    assert_int_equal(o.actions, 0);
    mitigator_options_destroy(&o);
    read_one("mitigation-programs", "portscan, synflood", &o);
    assert_int_equal(sset_count(&o.programs), 2);
    assert_true(sset_contains(&o.programs, "synflood"));
    mitigator_options_destroy(&o);
}

/* ## The books ## */

/* Adds a rule at time 'now', for an address that tells its number. */
static struct mitigation_rule *
add(struct mitigation_books *books, const char *interface, bool dry_run,
    long long int now)
{
    struct mitigation_usage usage = mitigation_books_usage(books, interface,
                                                           dry_run, now);
    struct mitigation_request request = { .action = XFSM_MIT_BLOCK };
    struct mitigation_flow flow = {
        .dry_run = dry_run,
        .cookie = MITIGATION_COOKIE | usage.next_id,
        .priority = MITIGATION_PRIORITY_MAX,
        .hard_timeout = 60,
        .in_port = usage.next_id,
    };

    return mitigation_books_add(books, &request, &flow, interface, "br0", "p",
                                now);
}

/* No number is 0, and no two rules have the same meter. */
static void
test_ids(void **state)
{
    static bool seen[MITIGATION_METERS];
    struct mitigation_books books;
    struct mitigation_rule *rule, *first;
    size_t i;

    (void) state;
    mitigation_books_init(&books, UINT32_MAX - 10);
    for (i = 0; i < MITIGATION_METERS; i++) {
        rule = add(&books, "eth0", false, 1);
        assert_int_not_equal(rule->id, 0);
        assert_false(seen[rule->id % MITIGATION_METERS]);
        seen[rule->id % MITIGATION_METERS] = true;
        assert_ptr_equal(mitigation_books_find(&books, rule->id), rule);
    }
    first = CONTAINER_OF(ovs_list_front(&books.rules), struct mitigation_rule,
                         node);
    i = first->id % MITIGATION_METERS;
    mitigation_rule_destroy(first);
    rule = add(&books, "eth0", false, 1);
    assert_int_equal(rule->id % MITIGATION_METERS, i);
    mitigation_books_destroy(&books);
}

/* Rules are counted by port, those of dry runs apart, and for a minute. */
static void
test_usage(void **state)
{
    struct mitigation_usage usage;
    struct mitigation_books books;
    struct mitigation_rule *rule;

    (void) state;
    mitigation_books_init(&books, 1);
    rule = add(&books, "eth0", false, 1000);
    add(&books, "eth0", false, 2000);
    add(&books, "eth1", false, 3000);
    add(&books, "eth0", true, 3000);
    usage = mitigation_books_usage(&books, "eth0", false, 60999);
    assert_int_equal(usage.n_rules, 3);
    assert_int_equal(usage.n_port_rules, 2);
    assert_int_equal(usage.n_last_minute, 3);
    assert_int_equal(usage.n_port_last_minute, 2);
    assert_true(mitigation_books_has(&books, rule->key, false));
    assert_false(mitigation_books_has(&books, rule->key, true));
    mitigation_rule_destroy(rule);
    usage = mitigation_books_usage(&books, "eth0", false, 61000);
    assert_int_equal(usage.n_rules, 2);
    assert_int_equal(usage.n_port_rules, 1);
    assert_int_equal(usage.n_last_minute, 2);
    assert_int_equal(usage.n_port_last_minute, 1);
    usage = mitigation_books_usage(&books, "eth1", true, 61000);
    assert_int_equal(usage.n_rules, 1);
    assert_int_equal(usage.n_port_rules, 0);
    assert_int_equal(usage.n_port_last_minute, 0);
    mitigation_books_destroy(&books);
}

/* As many as there may be in a minute are all remembered. */
static void
test_minute(void **state)
{
    struct mitigation_books books;
    int i;

    (void) state;
    mitigation_books_init(&books, 1);
    for (i = 0; i < MITIGATION_PER_MINUTE; i++) {
        add(&books, "eth0", false, 1000 + i);
    }
    assert_int_equal(mitigation_books_usage(&books, "eth0", false,
                                            60000).n_last_minute,
                     MITIGATION_PER_MINUTE);
    assert_int_equal(mitigation_books_usage(&books, "eth0", false,
                                            61000).n_last_minute,
                     MITIGATION_PER_MINUTE - 1);
    mitigation_books_destroy(&books);
}

/* The same match is the same rule, unless the action is another. */
static void
test_key(void **state)
{
    struct mitigation_flow flow = {
        .cookie = MITIGATION_COOKIE | 1, .priority = MITIGATION_PRIORITY,
        .idle_timeout = 1, .hard_timeout = 1, .in_port = 1,
    };
    struct mitigation_flow other = flow;
    char *key = mitigation_key(&flow, "br0");
    char *same, *differs;

    (void) state;
    other.cookie++;
    other.hard_timeout = 9;
    same = mitigation_key(&other, "br0");
    assert_string_equal(key, same);
    other.priority++;
    differs = mitigation_key(&other, "br0");
    assert_string_not_equal(key, differs);
    free(differs);
    differs = mitigation_key(&flow, "br1");
    assert_string_not_equal(key, differs);
    free(differs);
    free(same);
    free(key);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_protected),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_minute),
        cmocka_unit_test(test_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
