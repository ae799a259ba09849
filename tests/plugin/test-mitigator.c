/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Options of mitigation: limits, and that what is not valid turns it off. */

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
        { "mitigation-max-seconds", "0", false },
        { "mitigation-max-seconds", "1", true },
        { "mitigation-max-seconds", "65535", true },
        { "mitigation-max-seconds", "65536", false },
        { "mitigation-protect", "10.0.0.1 10.1.0.0/16,2001:db8::/32", true },
        { "mitigation-protect", "02:00:00:00:00:01", true },
        { "mitigation-protect", "10.0.0.1,10.0.0", false },
        { "mitigation-protect", "10.0.0.0/33", false },
        { "mitigation-protect", "gateway", false },
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_protected),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
