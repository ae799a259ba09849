/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* How much room keys have: "memory", "ttl" and "on-full" of dialect 2, from
 * the attribute to what becomes of keys. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "tests/unit/engine-harness.h"
#include "tests/unit/program-fixture.h"
#include "xfsm/program/compile.h"
#include "xfsm/program/footprint.h"
#include "xfsm/runtime/instance.h"
#include "xfsm/runtime/summary.h"

/* ## Key tables ## */

static struct xfsm_seed seed;

static void *
put(struct xfsm_keytable *t, uint64_t key, uint32_t now)
{
    bool created;

    return xfsm_keytable_insert(t, xfsm_hash_words(&seed, 0, &key, 1), &key,
                                1, now, &created);
}

static bool
lives(const struct xfsm_keytable *t, uint64_t key, uint32_t now)
{
    return xfsm_keytable_find_live(t, xfsm_hash_words(&seed, 0, &key, 1),
                                   &key, 1, now) != NULL;
}

static struct xfsm_keytable *
create_table(enum xfsm_keytable_full on_full, uint32_t ttl)
{
    static const uint8_t entropy[16] = "room";
    struct xfsm_keytable *t;

    xfsm_seed_init(&seed, entropy);
    assert_null(xfsm_keytable_create(1, 8, 16, &t));
    xfsm_keytable_set_policy(t, on_full, ttl);
    return t;
}

static struct xfsm_keytable_stats
table_stats(const struct xfsm_keytable *t)
{
    struct xfsm_keytable_stats stats;

    xfsm_keytable_get_stats(t, &stats);
    return stats;
}

static void
test_ttl(void **state)
{
    struct xfsm_keytable *t = create_table(XFSM_KEYTABLE_EVICT, 10);
    uint64_t *record;

    (void) state;
    record = put(t, 1, 100);
    *record = 7;
    assert_true(lives(t, 1, 110));
    assert_false(lives(t, 1, 111));
    assert_true(lives(t, 1, 50));           /* A late look. */

    assert_int_equal(*(uint64_t *) put(t, 1, 110), 7);
    assert_true(lives(t, 1, 120));
    assert_int_equal(*(uint64_t *) put(t, 1, 121), 0);      /* Anew. */
    xfsm_keytable_destroy(t);
}

static void
test_expired_first(void **state)
{
    struct xfsm_keytable *t = create_table(XFSM_KEYTABLE_REFUSE, 0);

    (void) state;
    /* 16 slots: one bucket left, one right.  Key 5 alone has a deadline, and
     * is not the oldest. */
    xfsm_keytable_set_lifetime(t, 3, 10);
    for (uint64_t key = 0; key < 16; key++) {
        void *record = put(t, key, (uint32_t) (100 + key));

        assert_non_null(record);
        xfsm_keytable_stamp(t, record, 0, key == 5 ? 3 : 0);
    }
    assert_null(put(t, 99, 115));
    assert_int_equal(table_stats(t).refused, 1);
    assert_true(lives(t, 5, 115));

    assert_non_null(put(t, 99, 116));
    assert_false(lives(t, 5, 116));
    for (uint64_t key = 0; key < 16; key++) {
        assert_int_equal(lives(t, key, 116), key != 5);
    }
    assert_int_equal(table_stats(t).expired, 1);
    assert_int_equal(table_stats(t).evictions, 0);
    assert_int_equal(table_stats(t).n, 16);

    /* Without a deadline that has passed, the policy decides. */
    assert_null(put(t, 100, 5000));
    assert_int_equal(table_stats(t).refused, 2);
    xfsm_keytable_set_policy(t, XFSM_KEYTABLE_EVICT, 0);
    assert_non_null(put(t, 100, 5000));
    assert_false(lives(t, 0, 5000));
    assert_int_equal(table_stats(t).evictions, 1);
    xfsm_keytable_destroy(t);
}

/* ## Footprints ## */

static uint64_t
actual_bytes(struct xfsm_img_metric *m)
{
    struct xfsm_keytable_stats table;
    struct xfsm_keytable *counters;
    struct xfsm_summary *summary;
    struct xfsm_tewma *tewma;
    uint64_t bytes;

    switch (m->vm_type) {
    case XFSM_MON_DLEFT:
        assert_null(xfsm_keytable_create(m->key_words, sizeof(double),
                                         (size_t) 1 << m->vm_size,
                                         &counters));
        xfsm_keytable_get_stats(counters, &table);
        xfsm_keytable_destroy(counters);
        return table.bytes;
    case XFSM_MON_TEWMA:
        assert_null(xfsm_tewma_create(m->vm_size, 60, &tewma));
        bytes = xfsm_tewma_bytes(tewma);
        xfsm_tewma_destroy(tewma);
        return bytes;
    default:
        assert_null(xfsm_summary_create(m, &summary));
        bytes = xfsm_summary_bytes(summary);
        xfsm_summary_destroy(summary);
        return bytes;
    }
}

static void
assert_near(uint64_t footprint, uint64_t bytes)
{
    assert_in_range(bytes, footprint, footprint + XFSM_FOOTPRINT_FIXED);
}

static void
test_footprints(void **state)
{
    (void) state;
    for (unsigned int type = 0; type < XFSM_N_MONITORS; type++) {
        const struct xfsm_monitor_sizes *sizes = &xfsm_monitor_sizes[type];
        struct xfsm_img_metric m = {
            .vm_on = 1, .vm_type = (uint8_t) type, .vm_quantile = 0.5,
            .vm_window = UINT64_C(60000000000), .key_words = 4,
        };

        if (type == XFSM_MON_SIMPLE) {
            continue;
        }
        for (unsigned int size = sizes->min; size <= sizes->max; size += 3) {
            m.vm_size = (uint8_t) size;
            assert_near(xfsm_footprint_monitor(type, 4, size),
                        actual_bytes(&m));
        }
    }
    for (unsigned int size = 6; size <= 28; size++) {
        struct xfsm_detector_stats stats;
        struct xfsm_detector *d;

        assert_null(xfsm_detector_create(size, 8, 0, &d));
        xfsm_detector_get_stats(d, &stats);
        assert_near(xfsm_footprint_detector(size, 8), stats.bytes);
        xfsm_detector_destroy(d);
    }
    assert_true(sizeof(struct xfsm_state_entry) == XFSM_STATE_RECORD);
}

/* ## The language ## */

#define ROOT(BODY) \
    "<xfsm name='p'><statedef id='a'/><statedef id='b'/>" BODY \
    "<event type='packet' primary-key='ip_src' selector='proto udp'>" \
    "<state id='a'>" \
    "<use-metric id='m' vm_update='ip_src'/>" \
    "<condition expression='m &gt;= 2 or !t(ip_src)' " \
    "action='t(ip_src)=1; Publish(log, %m)'/>" \
    "</state></event></xfsm>"

#define METRIC(ATTRS) \
    "<metric name='m'><variation_monitor status='on' type='dleft' " ATTRS \
    "/></metric>"
#define TABLE(ATTRS) "<table name='t' " ATTRS "/>"

static void
load(struct fixture *fx, const char *xml)
{
    fixture_load(fx, "%s", xml);
    fixture_assert_loaded(fx, false);
}

static void
test_attributes(void **state)
{
    struct fixture fx;

    (void) state;
    load(&fx, ROOT(METRIC("memory='64K' ttl='7' on-full='refuse'")
                   TABLE("memory='2M' ttl='9' on-full='evict-oldest'")
                   "<state-table memory='1G' ttl='30' on-full='refuse'/>"
                   "<timers max='4000000'/>"));
    assert_int_equal(fx.program->metrics[0].vm_room.memory, 64 * 1024);
    assert_int_equal(fx.program->metrics[0].vm_room.ttl, 7);
    assert_int_equal(fx.program->metrics[0].vm_room.on_full,
                     XFSM_KEYTABLE_REFUSE);
    assert_int_equal(fx.program->tables[0].room.memory, 2 * 1024 * 1024);
    assert_int_equal(fx.program->tables[0].room.ttl, 9);
    assert_int_equal(fx.program->tables[0].room.on_full,
                     XFSM_KEYTABLE_EVICT);
    assert_int_equal(fx.program->state_room.memory, 1 << 30);
    assert_int_equal(fx.program->state_room.on_full, XFSM_KEYTABLE_REFUSE);
    assert_int_equal(fx.program->states[0].timeout, 0);
    assert_int_equal(fx.program->states[1].timeout, UINT64_C(30000000000));
    assert_int_equal(fx.program->max_timers, 4000000);
    fixture_free(&fx);

    /* A ttl leads to the first state, whatever a state says that has no
     * timeout of its own. */
    fixture_load(&fx, "%s", "<xfsm><statedef id='a'/><statedef id='b' "
                 "next_state='c'/><statedef id='c' timeout='5' "
                 "next_state='b'/><state-table ttl='30'/><event "
                 "type='packet' primary-key='ip_src'><state id='a'/></event>"
                 "</xfsm>");
    fixture_assert_loaded(&fx, false);
    assert_int_equal(fx.program->states[1].timeout, UINT64_C(30000000000));
    assert_int_equal(fx.program->states[1].timeout_state, 0);
    assert_int_equal(fx.program->states[2].timeout, UINT64_C(5000000000));
    assert_int_equal(fx.program->states[2].timeout_state, 1);
    fixture_free(&fx);

    load(&fx, ROOT(METRIC("") TABLE("")));
    assert_int_equal(fx.program->metrics[0].vm_room.memory, 0);
    assert_int_equal(fx.program->metrics[0].vm_room.ttl, 0);
    assert_int_equal(fx.program->max_timers, XFSM_DEFAULT_TIMERS);
    fixture_free(&fx);
}

/* Refused with 'message', which is about 'path' unless that is NULL. */
static void
refuse_at(const char *xml, const char *path, const char *message)
{
    struct fixture fx;

    fixture_load(&fx, "%s", xml);
    if (fx.program) {
        void *image = NULL;
        size_t len;

        if (xfsm_compile(fx.program, &fx.diags, &image, &len)) {
            fail_msg("accepted: %s", xml);
        }
    }
    fixture_assert_says(&fx, XFSM_DIAG_ERROR, message);
    if (path) {
        assert_string_equal(fx.diags.items[0].path, path);
    }
    fixture_free(&fx);
}

static void
refuse(const char *xml, const char *message)
{
    refuse_at(xml, NULL, message);
}

static void
test_errors(void **state)
{
    (void) state;
    refuse(ROOT(METRIC("memory='12X'") TABLE("")), "no amount of memory");
    refuse(ROOT(METRIC("") TABLE("memory='K'")),
           "no amount of memory");
    refuse(ROOT(METRIC("memory='1023'") TABLE("")), "beyond what is possible");
    refuse(ROOT(METRIC("memory='99999G'") TABLE("")),
           "beyond what is possible");
    refuse(ROOT(METRIC("memory='1K'") TABLE("")), "the least is");
    refuse_at(ROOT(METRIC("memory='1K'") TABLE("")),
              "metric \"m\"/variation_monitor@memory", "memory of 1024");
    refuse_at(ROOT(METRIC("") TABLE("memory='1K'")), "table \"t\"@memory",
              "memory of 1024");
    refuse(ROOT(METRIC("memory='1M' size='12'") TABLE("")),
           "give one of them");
    refuse(ROOT(METRIC("") TABLE("memory='1M' shash='12'")),
           "give one of them");
    refuse(ROOT(METRIC("ttl='0.5'") TABLE("")), "whole number of seconds");
    refuse(ROOT(METRIC("ttl='0'") TABLE("")), "whole number of seconds");
    refuse(ROOT(METRIC("") TABLE("on-full='grow'")), "evict-oldest or refuse");
    refuse(ROOT("<metric name='m'><variation_monitor status='on' "
                "type='tewma' on-full='refuse'/></metric>" TABLE("")),
           "stores no keys");
    refuse(ROOT("<metric name='m'><variation_monitor status='on' "
                "type='rate' ttl='60'/></metric>" TABLE("")),
           "forgets by its window");
    refuse(ROOT("<metric name='m'><variation_monitor status='on' "
                "type='simple' memory='1M'/></metric>" TABLE("")),
           "takes no memory");
    refuse(ROOT(METRIC("") TABLE("") "<state-table memory='2K'/>"),
           "the least is");
    refuse_at(ROOT(METRIC("") TABLE("") "<state-table memory='2K'/>"),
              "state-table@memory", "memory of 2048");
}

/* What memory leads to is the largest size that fits. */
static void
test_memory_is_a_bound(void **state)
{
    static const char *const amounts[] = { "16K", "100K", "1M", "1000000" };
    static const uint64_t bytes[] = { 16 << 10, 100 << 10, 1 << 20, 1000000 };

    (void) state;
    for (int i = 0; i < 4; i++) {
        struct fixture fx;
        struct xfsm_image view;
        char xml[2048];
        void *image = NULL;
        size_t len;

        snprintf(xml, sizeof xml, ROOT(METRIC("memory='%s'") TABLE("")),
                 amounts[i]);
        load(&fx, xml);
        assert_true(xfsm_compile(fx.program, &fx.diags, &image, &len));
        assert_null(xfsm_image_verify(image, len, &view));
        assert_true(xfsm_footprint_monitor(XFSM_MON_DLEFT, 2,
                                           view.metrics[0].vm_size)
                    <= bytes[i]);
        assert_true(xfsm_footprint_monitor(XFSM_MON_DLEFT, 2,
                                           view.metrics[0].vm_size + 1u)
                    > bytes[i]);
        free(image);
        fixture_free(&fx);
    }
}

/* ## In the engine ## */

static void
test_forgets(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", ROOT(METRIC("ttl='5'")
                           "<table name='t' ttl='2'>"
                           "<entry key='10.0.0.9' value='1'/></table>"));
    eh_udp(&eh, 0, "10.0.0.1", "10.0.0.2", 53);
    eh_expect(&eh, "0 log 1", NULL);      /* Not in the table. */
    eh_udp(&eh, 1, "10.0.0.1", "10.0.0.2", 53);
    eh_expect(&eh, "1 log 2", NULL);      /* For the counter; writes t. */
    eh_udp(&eh, 7, "10.0.0.1", "10.0.0.2", 53);
    eh_expect(&eh, "7 log 1", NULL);      /* Both forgotten. */

    /* A declared entry stays. */
    eh_udp(&eh, 100, "10.0.0.9", "10.0.0.2", 53);
    eh_expect(&eh, NULL);
    eh_free(&eh);
}

/* In texts, too, and where packet time is behind that of the engine. */
static void
test_forgets_in_texts(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p",
            "<xfsm name='p'><statedef id='a'/><table name='t' ttl='2'/>"
            "<event type='packet' primary-key='ip_src' "
            "selector='dst_port 1'><state id='a'><condition "
            "expression='true' action='t(ip_src)=7'/></state></event>"
            "<event type='packet' primary-key='ip_src' "
            "selector='dst_port 2'><state id='a'><condition "
            "expression='true' action='print(%t(ip_src))'/></state></event>"
            "</xfsm>");
    for (int i = 0; i < 2; i++) {
        double begin = i ? 200 : 9000;

        for (int j = 0; i && j < 20; j++) {
            eh_udp(&eh, begin - 1, "10.0.0.1", "10.0.0.2", 53);
        }
        eh_udp(&eh, begin, "10.0.0.1", "10.0.0.2", 1);
        eh_udp(&eh, begin + 2, "10.0.0.1", "10.0.0.2", 2);
        eh_udp(&eh, begin + 3, "10.0.0.1", "10.0.0.2", 2);
    }
    eh_expect(&eh, "9002 log 7", "9003 log 0", "202 log 7", "203 log 0",
              NULL);
    assert_int_equal(eh_stats(&eh).time_rebased, 1);
    eh_free(&eh);
}

/* Also where a selector asks. */
static void
test_forgets_in_selector(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p",
            "<xfsm name='p'><statedef id='a'/><table name='t' ttl='2'/>"
            "<event type='packet' primary-key='ip_src' "
            "selector='ip_src in t'>"
            "<state id='a'><condition expression='true' "
            "action='Publish(log, known)'/></state></event>"
            "<event type='packet' primary-key='ip_src' selector=''>"
            "<state id='a'><condition expression='true' "
            "action='t(ip_src)=1; Publish(log, new)'/></state></event>"
            "</xfsm>");
    eh_udp(&eh, 0, "10.0.0.1", "10.0.0.2", 53);
    eh_udp(&eh, 2, "10.0.0.1", "10.0.0.2", 53);
    eh_udp(&eh, 3, "10.0.0.1", "10.0.0.2", 53);
    eh_expect(&eh, "0 log new", "2 log known", "3 log new", NULL);
    eh_free(&eh);
}

static void
test_full(void **state)
{
    struct xfsm_engine_stats stats;
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p",
            "<xfsm name='p'><statedef id='a'/><statedef id='b'/>"
            "<statedef id='c'/>"
            "<state-table memory='11K' on-full='refuse' ttl='100'/>"
            "<metric name='m'><variation_monitor status='on' type='dleft' "
            "memory='11K' on-full='refuse'/></metric>"
            "<event type='packet' primary-key='ip_src' selector='proto udp'>"
            "<state id='a'><use-metric id='m' vm_update='ip_src'/>"
            "<condition expression='true' next_state='b'/></state>"
            "</event></xfsm>");
    for (int i = 0; i < 1000; i++) {
        char src[32];

        snprintf(src, sizeof src, "10.0.%d.%d", i / 250, 1 + i % 250);
        eh_udp(&eh, 0, src, "10.9.9.9", 53);
    }
    stats = eh_stats(&eh);
    assert_true(stats.state_refused > 800 && stats.counter_refused > 800);
    assert_int_equal(stats.state_evictions, 0);
    assert_int_equal(stats.counter_evictions, 0);
    assert_int_equal(stats.state_expired, 0);
    assert_int_equal(stats.metric_no_key, 0);

    /* Those whose time is up make room, though nobody looked them up. */
    eh_udp(&eh, 200, "10.8.8.8", "10.9.9.9", 53);
    stats = eh_stats(&eh);
    assert_int_equal(stats.state_expired, 1);
    assert_int_equal(stats.state_evictions, 0);
    eh_free(&eh);
}

/* Checks the lifetimes of a program whose states 1 to 'n' time out after 10,
 * 20, ... seconds: which has 'n_longer' of them rounded up to a later one. */
static void
check_lifetimes(int n, int n_longer)
{
    static const uint8_t entropy[16] = "room";
    const int max = XFSM_KEYTABLE_LIFETIMES - 1;
    struct xfsm_instance *p;
    char xml[8192] = "<botstream>";
    void *image;
    size_t len;

    for (int i = 0; i <= n; i++) {
        size_t at = strlen(xml);

        /* The last first, so that their order is not what helps. */
        snprintf(xml + at, sizeof xml - at,
                 i ? "<statedef id='s%d' timeout='%d'/>"
                   : "<statedef id='s%d'/>", i, (n + 1 - i) * 10);
    }
    strcat(xml, EH_ON("proto udp", "ip_src",
                      EH_IN("s0", EH_IF("true", "", "s0"))) "</botstream>");
    image = eh_image("p", xml, &len);
    xfsm_seed_init(&seed, entropy);
    assert_null(xfsm_instance_create(image, len, &seed, &p));
    for (int i = 1; i <= n; i++) {
        uint32_t own = (uint32_t) (n + 1 - i) * 10 + 2;
        uint32_t got = p->states->lifetimes[p->state_lifetimes[i]];

        assert_int_not_equal(p->state_lifetimes[i], 0);
        assert_in_range(got, own, own + 10 * (uint32_t) ((n - 1) / max));
        n_longer -= got != own;
    }
    assert_int_equal(n_longer, 0);
    assert_int_equal(p->state_lifetimes[0], 0);
    xfsm_instance_destroy(p);
    free(image);
}

static void
test_lifetimes(void **state)
{
    const int max = XFSM_KEYTABLE_LIFETIMES - 1;

    (void) state;
    check_lifetimes(0, 0);
    check_lifetimes(1, 0);
    check_lifetimes(max, 0);
    check_lifetimes(max + 1, 1);
    check_lifetimes(XFSM_MAX_STATES - 1, XFSM_MAX_STATES - 1 - max);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ttl),
        cmocka_unit_test(test_expired_first),
        cmocka_unit_test(test_footprints),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_memory_is_a_bound),
        cmocka_unit_test(test_forgets),
        cmocka_unit_test(test_forgets_in_selector),
        cmocka_unit_test(test_forgets_in_texts),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_lifetimes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
