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

#include "controller/metrics.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* Writes a family of each type, with labels as hostile as they come. */
static char *
write_all(bool openmetrics)
{
    static const char *const host[] = { "h\"1\\\n" };
    static const char *const info[] = { "c", "1.0", "file" };
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct xfsm_metrics m = { .ds = &ds, .openmetrics = openmetrics };

    xfsm_metrics_begin_named(&m, "a", XFSM_METRIC_INFO,
                             "name,version,source", "An a");
    xfsm_metrics_put(&m, 1, info);
    xfsm_metrics_begin_named(&m, "b", XFSM_METRIC_COUNTER, "host", "A b");
    xfsm_metrics_put(&m, UINT64_MAX, host);
    xfsm_metrics_begin_named(&m, "c_seconds", XFSM_METRIC_GAUGE, "", "A c");
    xfsm_metrics_put_ms(&m, -1, NULL);
    xfsm_metrics_put_ms(&m, 1700000000005, NULL);
    xfsm_metrics_end(&m);
    return ds_steal_cstr(&ds);
}

static void
check_text(bool openmetrics, const char *expected)
{
    char *text = write_all(openmetrics);

    assert_string_equal(text, expected);
    free(text);
}

static void
test_openmetrics(void **state OVS_UNUSED)
{
    check_text(true,
               "# HELP a An a.\n# TYPE a info\n"
               "a_info{name=\"c\",version=\"1.0\",source=\"file\"} 1\n"
               "# HELP b A b.\n# TYPE b counter\n"
               "b_total{host=\"h\\\"1\\\\\\n\"} 18446744073709551615\n"
               "# HELP c_seconds A c.\n# TYPE c_seconds gauge\n"
               "c_seconds -0.001\nc_seconds 1700000000.005\n# EOF\n");
}

static void
test_text(void **state OVS_UNUSED)
{
    check_text(false,
               "# HELP a_info An a.\n# TYPE a_info gauge\n"
               "a_info{name=\"c\",version=\"1.0\",source=\"file\"} 1\n"
               "# HELP b_total A b.\n# TYPE b_total counter\n"
               "b_total{host=\"h\\\"1\\\\\\n\"} 18446744073709551615\n"
               "# HELP c_seconds A c.\n# TYPE c_seconds gauge\n"
               "c_seconds -0.001\nc_seconds 1700000000.005\n");
}

/* Of the table: a text for each, names that cannot be taken for another
 * type, and no more labels than there may be. */
static void
test_table(void **state OVS_UNUSED)
{
    static const char *const names[] = {
#define METRIC(ID, TYPE, NAME, LABELS, DOC) NAME,
        XFSM_METRICS(METRIC)
#undef METRIC
    };
    static const char *const labels[] = { "1", "2", "3", "4" };
    enum xfsm_metric i;

    for (i = 0; i < ARRAY_SIZE(names); i++) {
        struct ds ds = DS_EMPTY_INITIALIZER;
        struct xfsm_metrics m = { .ds = &ds, .openmetrics = true };
        size_t n = strlen(names[i]);

        assert_true(n > 6 && strcmp(names[i] + n - 6, "_total"));
        xfsm_metrics_begin(&m, i);
        xfsm_metrics_put(&m, 1, labels);
        assert_non_null(strstr(ds_cstr(&ds), names[i]));
        ds_destroy(&ds);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openmetrics),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
