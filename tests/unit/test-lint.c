/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* What is warned of in programs that load, and what is not. */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/program-fixture.h"
#include "xfsm/program/lint.h"

/* Two states that lead to each other, a metric and a table that are used. */
#define HEAD \
    "<xfsm><param name='p' default='5'/><statedef id='a'/>" \
    "<statedef id='b' timeout='9'/>" \
    "<metric name='m'><variation_monitor status='on' type='dleft'/>" \
    "</metric><table name='t'/><feature name='f' body='m / 2'/>" \
    "<feature name='alias' body='m'/><feature name='one' body='2 - 1'/>"
#define PACKETS "<event type='packet' primary-key='ip_src'><state id='a'>" \
    "<use-metric id='m' vm_update='ip_src'/>"
#define END "</state></event></xfsm>"
#define TO_B \
    "<condition expression='f &gt; 1 and p &gt; t(ip_src)' next_state='b'/>"

/* Loads 'doc' and leaves the diagnostics of the lint alone. */
static void
lint(struct fixture *fx, const char *doc)
{
    fixture_load(fx, "%s", doc);
    fixture_assert_loaded(fx, false);
    fixture_clear(fx);
    xfsm_lint(fx->program, &fx->diags);
}

static void
warns(const char *doc, const char *what)
{
    struct fixture fx;

    lint(&fx, doc);
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, what);
    fixture_free(&fx);
}

static void
is_quiet(const char *doc)
{
    struct fixture fx;

    lint(&fx, doc);
    if (fx.diags.n) {
        fail_msg("%s: %s", fx.diags.items[0].path, fx.diags.items[0].message);
    }
    fixture_free(&fx);
}

/* Is it said of condition 'expression', the last after 'before', that it can
 * never hold?  Fails unless that is 'never'. */
static void
condition(const char *before, const char *expression, bool never)
{
    struct fixture fx;
    char doc[4096];
    bool said = false;

    snprintf(doc, sizeof doc, HEAD PACKETS "%s<condition expression='%s' "
             "next_state='b'/>" TO_B END, before, expression);
    lint(&fx, doc);
    for (size_t i = 0; i < fx.diags.n; i++) {
        said = said || (strstr(fx.diags.items[i].message, "can never hold")
                        && strstr(fx.diags.items[i].path,
                                  *before ? "condition[2]" : "condition[1]"));
    }
    if (said != never) {
        fail_msg("\"%s\" behind \"%s\": %s said to be impossible", expression,
                 before, said ? "" : "not");
    }
    fixture_free(&fx);
}

static void
test_constant(void **state)
{
    (void) state;
    condition("", "1 &gt; 2", true);
    condition("", "1 and 0", true);
    condition("", "m and one &gt; 1", true);
    condition("", "!one", true);
    condition("", "10 % 3 == 2", true);
    condition("", "log(0) + sqrt(0-1) + 1/0 + 5%0 + pow(0-1, 0.5)", true);
    condition("", "min(1, 2) + max(1, 2) + abs(0-1) - 4", true);
    condition("", "floor(1.5) + ceil(0.5) + exp(0) + log2(2) != 4", true);
    condition("", "false", false);      /* Switched off by intent. */
    condition("", "p &gt; 6", false);   /* Another p may do. */
    condition("", "m or one &gt; 1", false);
    condition("", "one", false);
}

static void
test_contradiction(void **state)
{
    (void) state;
    condition("", "f &gt; 5 and f &lt; 3", true);
    condition("", "f &gt; 5 and f &lt; 5", true);
    condition("", "f &gt; 5 and f &lt;= 5", true);
    condition("", "f &gt;= 5 and f &lt;= 5", false);
    condition("", "f &gt;= 5 and f &lt;= 5 and f != 5", true);
    condition("", "f == 1 and f == 2", true);
    condition("", "f == 1 and f != 1", true);
    condition("", "5 &lt; f and 3 &gt; f", true);
    condition("", "f &gt; 5 and !(f &gt; 3)", true);
    condition("", "f &gt; 5 and !(f &gt; 3 or m)", true);
    condition("", "!f and f &gt; 0", true);
    condition("", "alias &gt; 5 and m &lt; 3", true);
    condition("", "t(ip_src) &gt; 5 and t(ip_src) &lt; 3", true);
    condition("", "t(ip_src) &gt; 5 and t(ip_dst) &lt; 3", false);
    condition("", "f &gt; 5 and m &lt; 3", false);
    condition("", "f &gt; 5 or f &lt; 3", false);
    condition("", "f &gt; 3 and f &lt; 5", false);
    condition("", "f &gt; p and f &lt; 3", false);
}

static void
test_field_range(void **state)
{
    (void) state;
    condition("", "dst_port &gt; 65535", true);
    condition("", "dst_port &lt; 0", true);
    condition("", "dst_port &gt; 5 and dst_port &lt; 6", true);
    condition("", "f &gt; 5 and f &lt; 6", false);
    condition("", "dst_port == 65535", false);
    condition("", "dst_port == 0", false);
}

#define IF(EXPRESSION) "<condition expression='" EXPRESSION "'/>"

static void
test_shadowed(void **state)
{
    (void) state;
    condition(IF("true"), "f &gt; 5", true);
    condition(IF("f &gt; 5"), "f &gt; 10", true);
    condition(IF("f &gt; 5"), "f &gt; 4", false);
    condition(IF("f &gt; 5 or m"), "f &gt; 10", true);
    condition(IF("f &gt; 5 and m"), "f &gt; 10", false);
    condition(IF("dst_port &gt;= 0"), "f &gt; 10", true);
    condition(IF("p"), "f", false);
    condition(IF("f &gt; p"), "f &gt; 10", false);
    /* Both are false where there is no entry. */
    condition(IF("t(ip_src) &gt; 5"), "!(t(ip_src) &lt;= 5)", false);
    warns(HEAD PACKETS TO_B IF("f &gt; 5") IF("f &lt;= 5") IF("m") END,
          "the conditions before it take all its cases");
}

static void
test_states(void **state)
{
    (void) state;
    is_quiet(HEAD PACKETS TO_B END);
    warns(HEAD PACKETS IF("f &gt; p") END, "nothing leads to the state");
    warns(HEAD PACKETS
          "<condition expression='f &gt; p and 1 &gt; 2' next_state='b'/>"
          END, "nothing leads to the state");
    /* Two that lead to each other alone, and the timeout of a state. */
    warns("<xfsm><statedef id='a'/><statedef id='b' timeout='1' "
          "next_state='c'/><statedef id='c' timeout='1' next_state='b'/>"
          "<event type='packet' primary-key='ip_src'><state id='a'/>"
          "</event></xfsm>", "nothing leads to the state");
    is_quiet("<xfsm><statedef id='a'/><statedef id='b' timeout='1' "
             "next_state='c'/><statedef id='c' timeout='1'/>"
             "<event type='packet' primary-key='ip_src'><state id='a'>"
             "<condition expression='true' next_state='b'/>" END);
    /* An event whose timer nobody arms leads nowhere. */
    warns("<xfsm><statedef id='a'/><statedef id='b'/><event type='timeout' "
          "class='c'><state id='a'><condition expression='true' "
          "next_state='b'/>" END, "nothing leads to the state");
}

#define TIMERS(STATE, NEXT, ARM) \
    "<xfsm><statedef id='a'/><statedef id='b'/><event type='packet' " \
    "primary-key='ip_src'><state id='a'><condition expression='true' " \
    "next_state='b'>" ARM "</condition></state></event>" \
    "<event type='timeout' class='c'><state id='" STATE "'>" \
    "<condition expression='true' next_state='" NEXT "'/>" END
#define SET(VALUE) \
    "<timeout_set class='c' key='ip_src' value='" VALUE "'/>"

static void
test_timers(void **state)
{
    (void) state;
    warns(TIMERS("b", "", SET("1")), "timers of class \"c\" are armed");
    is_quiet(TIMERS("b", "", SET("1") SET("0")));
    /* The key's entry goes, and the timer with it. */
    is_quiet(TIMERS("b", "a", SET("1")));
    warns(TIMERS("a", "b", SET("1")), "are armed");
    is_quiet(TIMERS("b", "", ""));
}

/* A key that stays in "b" and "c" keeps its timer, whatever other keys do. */
static void
test_stuck_timers(void **state)
{
#define STUCK(PRIMARY, ARM, NEXT) \
    "<xfsm><statedef id='a'/><statedef id='b'/><statedef id='c'/>" \
    "<statedef id='d' timeout='9'/><event type='packet' " \
    "primary-key='ip_src'><state id='a'><condition expression='len' " \
    "next_state='b'>" ARM "</condition><condition expression='ip_ttl' " \
    "next_state='d'/></state></event><event type='timeout' class='c'" \
    PRIMARY "><state id='b'><condition expression='len' next_state='c'/>" \
    "</state><state id='c'><condition expression='len' next_state='" NEXT \
    "'/>" END

    (void) state;
    warns(STUCK("", SET("1"), "b"), "timers of class \"c\" are armed");
    warns(STUCK(" primary-key='ip_src'", SET("1"), "b"), "are armed");
    is_quiet(STUCK("", SET("1"), "d"));
    /* Of another key nothing is known. */
    is_quiet(STUCK(" primary-key='ip_dst'", SET("1"), "b"));
    is_quiet(STUCK("", "<timeout_set class='c' key='ip_src' value='1' "
                   "primary-key='ip_dst'/>", "b"));
#undef STUCK
    /* What is done last, in a state that leads back and in one that does
     * not. */
#define LAST(NEXT) \
    "<xfsm><statedef id='a'/><statedef id='b'/><statedef id='d' " \
    "timeout='9'/><event type='packet' primary-key='ip_src'><state id='a'>" \
    "<condition expression='len' next_state='b'/><condition " \
    "expression='ip_ttl' next_state='d'/></state><state id='b'><condition " \
    "expression='len' next_state='" NEXT "'/><post-condition-action>" \
    SET("1") "</post-condition-action></state></event>" \
    "<event type='timeout' class='c'><state id='b'/><state id='d'/>" \
    "</event></xfsm>"
    warns(LAST(""), "are armed");
    is_quiet(LAST("d"));
#undef LAST
}

/* What is said of the events with the selectors 'first' and 'second'. */
static void
selectors(const char *first, const char *second, const char *what)
{
    char doc[2048];

    snprintf(doc, sizeof doc, "<xfsm><table name='u'/><table name='v'/>"
             "<statedef id='a'/>"
             "<event type='packet' primary-key='ip_src' selector=\"%s\">"
             "<state id='a'/></event>"
             "<event type='packet' primary-key='ip_src' selector=\"%s\">"
             "<state id='a'/></event></xfsm>", first, second);
    if (what) {
        warns(doc, what);
    } else {
        is_quiet(doc);
    }
}

static void
test_selector_contradicts_itself(void **state)
{
    static const char *const never[] = {
        "proto tcp and proto udp", "dst_port 80 and dst_port != 80",
        "dst_port &lt; 80 and dst_port &gt;= 80", "dst_port &lt; 0",
        "dst_port &gt; 65535", "dst_port != 80 and dst_port 80",
        "(proto tcp or proto udp) and (proto icmp or proto sctp)",
        "ip_src 10.0.0.0/8 and ip_src 192.0.2.0/24",
        "ip_src 10.0.0.0/8 and ip_src 2001:db8::/32",
        "ip_src 10.1.0.0/16 and ip_src != 10.0.0.0/8",
        "domain_name a and domain_name b",
        "domain_name a and domain_name != a",
        "eth_src 02:00:00:00:00:01 and eth_src 02:00:00:00:00:02",
        "flags tcp-syn and flags tcp-ack",
    };
    static const char *const maybe[] = {
        "proto tcp or proto udp", "dst_port 80 and src_port 81",
        "dst_port &lt;= 80 and dst_port &gt;= 80",
        "dst_port != 80 and dst_port != 81", "dst_port &gt; 65534",
        "(proto tcp or proto udp) and (proto icmp or proto udp)",
        "ip_src 10.0.0.0/8 and ip_src 10.1.0.0/16",
        "ip_src 10.0.0.0/8 and ip_src != 10.1.0.0/16",
        "ip_src &gt; 10.0.0.1 and ip_src &lt; 10.0.0.2",
        "domain_name a and domain_name != b", "ip_src in u and ip_src in v",
        "domain_name != a and domain_name != b",
    };

    (void) state;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        selectors(never[i], "vlan_id 7", "its selector tests contradicts");
    }
    for (size_t i = 0; i < sizeof maybe / sizeof *maybe; i++) {
        selectors(maybe[i], "vlan_id 7", NULL);
    }
    /* Where nobody gets to the event, nothing leads to the state. */
    warns("<xfsm><statedef id='a'/><statedef id='b' timeout='1'/>"
          "<event type='packet' primary-key='ip_src' "
          "selector='proto tcp and proto udp'><state id='a'>"
          "<condition expression='true' next_state='b'/>" END,
          "nothing leads to the state");
}

static void
test_selector_is_taken(void **state)
{
    static const char *const taken[][2] = {
        { "proto tcp", "proto tcp" },
        { "proto tcp", "proto tcp and dst_port 22" },
        { "proto tcp", "dst_port 22 and proto tcp" },
        { "proto tcp or proto udp", "proto udp" },
        { "dst_port &gt; 1000", "dst_port 2000" },
        { "dst_port &gt;= 1000", "dst_port &gt; 999 and proto tcp" },
        { "dst_port != 22", "dst_port 80" },
        { "dst_port != 22", "dst_port &lt; 22" },
        { "ip_src 10.0.0.0/8", "ip_src 10.1.0.0/16" },
        { "domain_name != a", "domain_name b" },
        { "ip_src in u", "proto tcp and ip_src in u" },
        { "(proto tcp or proto udp) and dst_port &lt; 1024",
          "dst_port 53 and (proto udp or proto tcp)" },
    };
    static const char *const open[][2] = {
        { "proto tcp and dst_port 22", "proto tcp" },
        { "proto tcp", "dst_port 22" }, { "proto tcp", "proto udp" },
        { "proto udp", "proto tcp or proto udp" },
        { "dst_port 2000", "dst_port &gt; 1000" },
        { "dst_port &gt;= 1000", "dst_port &gt; 998" },
        { "dst_port != 22", "dst_port &gt; 20" },
        { "ip_src 10.1.0.0/16", "ip_src 10.0.0.0/8" },
        { "ip_src 10.0.0.0/16", "ip_src 10.0.0.0/8" },
        { "ip_src 10.0.0.0/8", "ip_dst 10.0.0.0/8" },
        { "ip_src 10.0.0.0/8", "ip_src != 10.0.0.0/8" },
        { "ip_src in u", "ip_src in v" },
        { "domain_name a", "domain_name b" },
    };

    (void) state;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        selectors(taken[i][0], taken[i][1], "goes to the event on line");
    }
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        selectors(open[i][0], open[i][1], NULL);
    }
}

/* Selectors that would take for ever to tell apart are left alone. */
static void
test_selector_work_is_bounded(void **state)
{
    char selector[1024] = "(dst_port 1 or dst_port 2)", other[1024];
    int i;

    (void) state;
    for (i = 1; i < 30; i++) {
        strcat(selector, " and (src_port 1 or ip_ttl 2)");
    }
    strcat(selector, " and dst_port 3");
    selectors(selector, "vlan_id 7", NULL);
    selectors("vlan_id 7", selector, NULL);

    strcpy(selector, "dst_port 1");
    strcpy(other, "src_port != 1");
    for (i = 0; i < 30; i++) {
        strcat(selector, " or dst_port 1");
        strcat(other, " and src_port != 1");
    }
    selectors(selector, other, NULL);
}

#define METRIC(NAME) "<metric name='" NAME "'>" \
    "<variation_monitor status='on' type='dleft'/></metric>"
#define DETECTOR(NAME, MORE) "<metric name='" NAME "'>" \
    "<variation_detector status='on' " MORE "/></metric>"
#define WITH(DECLARATIONS, USES, EXPRESSION, ACTION) \
    "<xfsm>" DECLARATIONS "<statedef id='a'/><event type='packet' " \
    "primary-key='ip_src'><state id='a'>" USES "<condition expression='" \
    EXPRESSION "' action='" ACTION "'/>" END
#define USE(NAME, WHAT) "<use-metric id='" NAME "' " WHAT "='ip_src'/>"

static void
test_metrics(void **state)
{
    (void) state;
    warns(WITH(METRIC("m"), "", "true", ""), "the metric is never used");
    warns(WITH(METRIC("m"), USE("m", "vm_set"), "true", ""),
          "updated and its value never used");
    warns(WITH(METRIC("m"), USE("m", "vm_get"), "m &gt; 1", ""),
          "read and never updated");
    is_quiet(WITH(METRIC("m"), USE("m", "vm_update"), "m &gt; 1", ""));
    is_quiet(WITH(METRIC("m"), USE("m", "vm_update"), "true",
                  "Publish(log, %m)"));
    is_quiet(WITH(METRIC("m"), USE("m", "vm_update"), "true",
                  "Publish(log, x=m)"));
    is_quiet(WITH(METRIC("m") "<feature name='f' body='m'/>",
                  USE("m", "vm_update"), "true", "Export"));
    warns(WITH(METRIC("m") "<feature name='f' body='m'/>",
               USE("m", "vm_update"), "true", ""), "never used");
    /* What a detector and most monitors can say. */
    warns(WITH(DETECTOR("d", ""), USE("d", "vd_update"), "d &gt; 1", ""),
          "can never hold");
    is_quiet(WITH(DETECTOR("d", ""), USE("d", "vd_update"), "d &gt; 0", ""));
    warns(WITH("<metric name='m'><variation_monitor status='on' type='rate'/>"
               "</metric>", USE("m", "vm_update"), "m &lt; 0", ""),
          "can never hold");
    is_quiet(WITH(METRIC("m"), USE("m", "vm_update"), "m &lt; 0", ""));
    is_quiet(WITH(DETECTOR("d", "slave='e'") DETECTOR("e", ""),
                  USE("d", "vd_update"), "true", ""));
    /* A metric without detector and monitor is a field. */
    is_quiet(WITH("<metric name='m'/>", "<use-metric id='m' "
                  "vm_get='dst_port'/>", "m &gt; 1", ""));
}

static void
test_params(void **state)
{
    (void) state;
    warns(WITH("<param name='q' default='1'/>", "", "true", ""),
          "the parameter is never used");
    is_quiet(WITH("<param name='q' default='1'/>", "", "ip_len &gt; q", ""));
    is_quiet(WITH("<param name='q' default='1'/>", "", "true",
                  "Publish(log, %q)"));
}

/* Where a program reads and publishes is not its own business on a port. */
static void
test_port(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "<botstream>\n<source name='eth1'/>\n\n"
                 "<publisher port='5560'/><statedef id='a'/><event "
                 "type='packet' primary-key='ip_src'><state id='a'/></event>"
                 "</botstream>");
    fixture_assert_loaded(&fx, false);
    fixture_clear(&fx);
    xfsm_lint_port(fx.program, &fx.diags);
    assert_int_equal(fx.diags.n, 2);
    assert_int_equal(fx.diags.items[0].level, XFSM_DIAG_NOTE);
    assert_int_equal(fx.diags.items[0].line, 2);
    assert_int_equal(fx.diags.items[1].line, 4);
    fixture_assert_says(&fx, XFSM_DIAG_NOTE, "no effect on a port, whose "
                        "packets");
    fixture_assert_says(&fx, XFSM_DIAG_NOTE, "the hub publishes");
    fixture_free(&fx);

    fixture_load(&fx, HEAD PACKETS TO_B END);
    fixture_assert_loaded(&fx, false);
    fixture_clear(&fx);
    xfsm_lint_port(fx.program, &fx.diags);
    assert_int_equal(fx.diags.n, 0);
    fixture_free(&fx);
}

/* Programs of the library give no warning, and those of the original do not
 * make the lint fail. */
static void
test_programs(void **state)
{
    const char *top = getenv("top_srcdir"), *shared = fixture_shared_data();
    char folders[2][4096];
    int n = 0;

    (void) state;
    snprintf(folders[0], sizeof folders[0], "%s/utilities/programs",
             top ? top : ".");
    snprintf(folders[1], sizeof folders[1], "%s/programs",
             shared ? shared : "");
    for (int i = 0; i < 1 + (shared != NULL); i++) {
        struct dirent *entry;
        DIR *dir = opendir(folders[i]);

        assert_non_null(dir);
        while ((entry = readdir(dir)) != NULL) {
            struct fixture fx;
            char *text;
            size_t len;

            if (!strstr(entry->d_name, ".xml")) {
                continue;
            }
            text = fixture_read(folders[i], entry->d_name, &len);
            fixture_load_bytes(&fx, text, len);
            fixture_assert_loaded(&fx, false);
            fixture_clear(&fx);
            xfsm_lint(fx.program, &fx.diags);
            assert_int_equal(fixture_count(&fx, XFSM_DIAG_ERROR), 0);
            if (!i && fx.diags.n) {
                fail_msg("%s: %s", entry->d_name, fx.diags.items[0].message);
            }
            fixture_free(&fx);
            free(text);
            n++;
        }
        closedir(dir);
    }
    assert_true(n >= (shared ? 19 : 3));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_contradiction),
        cmocka_unit_test(test_field_range),
        cmocka_unit_test(test_shadowed),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_stuck_timers),
        cmocka_unit_test(test_selector_contradicts_itself),
        cmocka_unit_test(test_selector_is_taken),
        cmocka_unit_test(test_selector_work_is_bounded),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_port),
        cmocka_unit_test(test_programs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
