/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Lists of keys: metrics of type "topk", and METRIC.top(N) in events, from
 * the program's text to JSON. */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/exec-pieces.h"
#include "tests/unit/image-victim.h"
#include "tests/unit/packet-builder.h"
#include "tests/unit/program-fixture.h"
#include "xfsm/io/event-decode.h"
#include "xfsm/program/lint.h"

#define TOPK(NAME, ATTRS) \
    EH_METRIC(NAME, "<variation_monitor status='on' type='topk' " ATTRS "/>")

/* One state, in which SYNs of each source are handled by BODY. */
#define PROGRAM(METRICS, BODY) \
    "<xfsm name='p'>" EH_STATE("s0") METRICS \
    EH_ON(SYN, "ip_src", EH_IN("s0", BODY)) "</xfsm>"

#define TELL(FIELDS) EH_IF("true", "Publish(log, " FIELDS ")", "")

/* ## What is in a list ## */

static void
test_order(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(TOPK("m", "insert_value='dst_port'"),
                       EH_USE("m", "vm_update='ip_src'")
                       TELL("v=m, l=m.top(2)")));
    eh_syn(&eh, 0, A, C, 5);
    eh_syn(&eh, 1, B, C, 7);
    eh_syn(&eh, 2, C, A, 6);
    eh_syn(&eh, 3, A, C, 5);
    eh_expect(&eh, "0 log v=5 l=" A "(5)", "1 log v=7 l=" B "(7)," A "(5)",
              "2 log v=6 l=" B "(7)," C "(6)",
              "3 log v=10 l=" A "(10)," B "(7)", NULL);
    eh_free(&eh);
}

/* Windows begin at multiples of their length: "top" is of the one that it is,
 * "last" of the one before, whether or not a packet has begun it. */
static void
test_windows(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, "<xfsm name='p'>" EH_STATE("s0") TOPK("m", "window='10'")
          "<event type='period' every='8'>"
          EH_IN("s0", TELL("a=m.top(3), b=m.last(3)")) "</event>"
          EH_ON(SYN, "ip_src", EH_IN("s0", EH_USE("m", "vm_set='ip_src'")))
          "</xfsm>");
    eh_syn(&eh, 1, A, C, 1);
    eh_syn(&eh, 2, A, C, 1);
    eh_syn(&eh, 3, B, C, 1);
    eh_syn(&eh, 10, C, A, 1);       /* After the period at 9. */
    eh_advance(&eh, 42);
    eh_expect(&eh, "9 log a=" A "(2)," B "(1) b=",
              "17 log a=" C "(1) b=" A "(2)," B "(1)",
              "25 log a= b=" C "(1)", "33 log a= b=", "41 log a= b=", NULL);
    eh_free(&eh);
}

static void
test_reset(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(TOPK("m", ""),
                       EH_USE("m", "vm_set='ip_src' vm_get='ip_dst'")
                       EH_IF("dst_port == 1", "m.reset(ip_dst);"
                             "Publish(log, v=m, l=m.top(3))", "")
                       EH_IF("dst_port == 2", "m.reset();"
                             "Publish(log, v=m, l=m.top(3))", "")
                       TELL("v=m, l=m.top(3)")));
    eh_syn(&eh, 0, A, B, 0);
    eh_syn(&eh, 1, B, A, 0);
    eh_syn(&eh, 2, C, A, 1);
    eh_syn(&eh, 3, A, A, 2);
    eh_syn(&eh, 4, A, C, 0);
    eh_expect(&eh, "0 log v=0 l=" A "(1)", "1 log v=1 l=" A "(1)," B "(1)",
              "2 log v=1 l=" B "(1)," C "(1)", "3 log v=1 l=",
              "4 log v=0 l=" A "(1)", NULL);
    eh_free(&eh);
}

/* With a counter less than there are keys the lowest one goes, and its count
 * is the error of the next. */
static void
test_replaced(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(TOPK("m", "size='3'"),
                       EH_USE("m", "vm_update='dst_port'")
                       EH_IF("dst_port &gt; 7", "Publish(log, v=m, "
                             "l=m.top(8))", "")));
    for (unsigned int i = 0; i < 8; i++) {
        for (unsigned int j = 0; j < 9 - i; j++) {
            eh_syn(&eh, i, A, B, i);
        }
    }
    assert_int_equal(eh_stats(&eh).topk_replaced, 0);
    eh_syn(&eh, 9, A, B, 8);
    assert_int_equal(eh_stats(&eh).topk_replaced, 1);
    eh_expect(&eh, "9 log v=3 l=0(9),1(8),2(7),3(6),4(5),5(4),6(3),8(3)",
              NULL);

    /* What is counted stays when the program goes. */
    assert_true(xfsm_engine_unload(eh.engine, "p"));
    assert_int_equal(eh_stats(&eh).topk_replaced, 1);
    eh_free(&eh);
}

/* ## JSON ## */

/* The last event as JSON. */
struct seen {
    char json[XFSM_EVENT_JSON_MAX];
    int n;
};

static void
on_event(const struct xfsm_event *event, void *aux)
{
    static const struct xfsm_identity identity = {
        .host = "h", .bridge = "b", .port = "p",
    };
    struct xfsm_event_view view;
    struct seen *seen = aux;
    size_t len = xfsm_event_format_json(event, &identity, seen->json,
                                        sizeof seen->json);

    assert_true(xfsm_event_decode(seen->json, len, &view));
    seen->n++;
}

/* Sends 'n' packets, from port 1 on, to a program. */
static struct xfsm_engine_stats
run_json(struct seen *seen, const char *doc, const char *src,
         const char *dst, unsigned int n)
{
    const struct xfsm_engine_options options = {
        .identity = { .host = "", .bridge = "", .port = "" },
        .emit = on_event, .aux = seen,
    };
    struct xfsm_engine_stats stats;
    struct xfsm_engine *engine;
    size_t len;
    void *image = eh_image("x", doc, &len);

    memset(seen, 0, sizeof *seen);
    assert_null(xfsm_engine_create(&options, &engine));
    assert_null(xfsm_engine_load(engine, image, len));
    free(image);
    for (unsigned int i = 1; i <= n; i++) {
        struct xfsm_packet packet;
        uint8_t frame[256];

        memset(&packet, 0, sizeof packet);
        len = pb_tcp_frame(frame, sizeof frame, src, 40000, dst, i, 2, "x");
        packet.data = frame;
        packet.caplen = packet.len = (uint32_t) len;
        packet.ts = EH_EPOCH + i;
        xfsm_engine_run(engine, &packet, 1);
    }
    xfsm_engine_get_stats(engine, &stats);
    xfsm_engine_destroy(engine);
    return stats;
}

static void
has(const struct seen *seen, const char *part)
{
    if (!strstr(seen->json, part)) {
        fail_msg("no %s in %s", part, seen->json);
    }
}

/* Names and forms are those of the keys of events. */
static void
test_json(void **state)
{
    struct seen seen;

    (void) state;
    run_json(&seen, PROGRAM(TOPK("m", "insert_value='2.5'")
                            TOPK("n", "") TOPK("o", "insert_value='0'"),
          EH_USE("m", "vm_set='eth_src-ip_src/24-dst_port'")
          EH_USE("n", "vm_set='ip_dst'") EH_USE("o", "vm_set='ip_dst'")
          TELL("x=1, l=m.top(2), k=n.top( 20 ), e=o.top(1), y=2")),
          "10.0.0.1", "10.0.0.2", 2);
    has(&seen, "\"fields\":{\"x\":1,\"l\":[{\"key\":{\"eth_src\":\"");
    has(&seen, "\",\"ip_src\":\"10.0.0.0/24\",\"dst_port\":1},\"count\":2.5,"
        "\"error\":0},{\"key\":{");
    has(&seen, ",\"dst_port\":2},\"count\":2.5,\"error\":0}],\"k\":[{\"key\":"
        "{\"ip_dst\":\"10.0.0.2\"},\"count\":2,\"error\":0}],\"e\":[],"
        "\"y\":2},\"text\":\"x=1 l=");
    has(&seen, "-10.0.0.0/24-1(2.5),");
    has(&seen, " k=10.0.0.2(2) e= y=2\"");

    run_json(&seen, PROGRAM(TOPK("m", "size='3'"),
                            EH_USE("m", "vm_set='dst_port'")
                            TELL("l=m.top(1)")), "10.0.0.1", "10.0.0.2", 9);
    has(&seen, "\"l\":[{\"key\":{\"dst_port\":9},\"count\":2,\"error\":1}]");
}

/* The names of a list are those of the first line that adds. */
static void
test_names(void **state)
{
    struct seen seen;

    (void) state;
    run_json(&seen, PROGRAM(TOPK("m", ""),
                            EH_USE("m", "vm_get='src_port'")
                            EH_USE("m", "vm_set='dst_port'")
                            EH_USE("m", "vm_set='src_port'")
                            TELL("l=m.top(1)")), "10.0.0.1", "10.0.0.2", 2);
    has(&seen, "\"l\":[{\"key\":{\"dst_port\":40000},\"count\":2,");
}

/* Runs a program with four lists of keys KEY.  Returns how many entries the
 * event had, which must be the same in text and JSON. */
#define COUNT_ENTRIES(KEY, CUT) \
    count_entries(PROGRAM(TOPK("m", ""), EH_USE("m", "vm_set='" KEY "'") \
                  EH_IF("dst_port == 40", "Publish(log, l=m.top(20), " \
                        "k=m.top(20), n=m.top(20), o=m.top(20), z=7)", "")), \
                  CUT)

static int
count_entries(const char *doc, uint64_t cut)
{
    struct xfsm_engine_stats stats;
    struct seen seen;
    const char *p;
    int n = 0, n_text = 0;

    stats = run_json(&seen, doc, "2001:db8:1111:2222:3333:4444:5555:6666",
                     "2001:db8:7777:8888:9999:aaaa:bbbb:cccc", 40);
    assert_int_equal(seen.n, 1);
    assert_int_equal(stats.text_cut, cut);
    for (p = seen.json; (p = strstr(p, "{\"key\"")) != NULL; p++) {
        n++;
    }
    p = strstr(seen.json, "\"text\"");
    while ((p = strchr(p, '(')) != NULL) {
        n_text++;
        p++;
    }
    assert_int_equal(n, n_text);
    return n;
}

/* Entries that do not fit are left out, of text and JSON alike: here first
 * where there is no more room for the text, then for the JSON. */
static void
test_cut(void **state)
{
    (void) state;
    assert_int_equal(COUNT_ENTRIES("dst_port", 0), 80);
    assert_in_range(COUNT_ENTRIES("ip_src-ip_dst-proto-src_port-dst_port", 3),
                    20, 22);
    assert_in_range(COUNT_ENTRIES("proto-ip_ttl-tcp_flags-dst_port-ip_version",
                                  2), 41, 43);
}

/* Another program hears the event, and of a list nothing. */
static void
test_messages(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", PROGRAM(TOPK("m", ""), EH_USE("m", "vm_set='ip_src'")
                              TELL("ip_dst=m.top(20), dst_port=7, "
                                   "ip_src=m.top(3)")));
    eh_load(&eh, "q", "<xfsm name='q'>" EH_STATE("s0")
            "<event type='message' topic='log/p' primary-key='ip_src'>"
            EH_IN("s0", EH_IF("true", "print(%dst_port %ip_dst %ip_src)", ""))
            "</event></xfsm>");
    eh_syn(&eh, 0, A, B, 1);
    eh_expect(&eh, "0 log ip_dst=" A "(1) dst_port=7 ip_src=" A "(1)",
              "0 log 7  " A " hops=1", NULL);
    eh_free(&eh);
}

/* ## What is refused ## */

static void
refuse(const char *metric, const char *use, const char *action,
       const char *what)
{
    struct fixture fx;

    fixture_load(&fx, "<xfsm><param name='n' default='4' max='99'/>"
                 "<param name='half' default='2.5'/>%s"
                 "<metric name='d'><variation_monitor status='on' "
                 "type='dleft'/></metric><metric name='off'>"
                 "<variation_monitor status='off' type='topk'/></metric>"
                 "<statedef id='a'/><event type='packet' "
                 "primary-key='ip_src'>\n<state id='a'>%s<condition "
                 "expression='true' action=\"%s\"/></state></event></xfsm>",
                 metric, use, action);
    if (what) {
        fixture_assert_error(&fx, 2, what);
    } else {
        fixture_assert_loaded(&fx, false);
    }
    fixture_free(&fx);
}

#define IS_USED EH_USE("m", "vm_set='ip_src'")

static void
test_load_errors(void **state)
{
    static const char topk[] = TOPK("m", "");

    (void) state;
    refuse(topk, IS_USED, "Publish(log, l=m.top(20))", NULL);
    refuse(topk, IS_USED, "Publish(log, l=m.top(n), k=m.last( n ))", NULL);
    refuse(topk, IS_USED, "Publish(log, l=m.top(21))",
           "\"21\" is not how many keys a list can have: a whole number from "
           "1 to 20");
    refuse(topk, IS_USED, "Publish(log, l=m.top(0))", "\"0\" is not how many");
    refuse(topk, IS_USED, "Publish(log, l=m.top())", "\"\" is not how many");
    refuse(topk, IS_USED, "Publish(log, l=m.top(half))",
           "\"half\" is not how many");
    refuse(topk, IS_USED, "Publish(log, l=m.top(m))", "\"m\" is not how");
    refuse(topk, IS_USED, "Publish(log, l=mm.top(1))",
           "\"mm\" is not a metric");
    refuse(topk, IS_USED, "Publish(log, l=d.top(1))",
           "metric \"d\" has no list of keys: that needs a monitor of type "
           "\"topk\"");
    refuse(topk, IS_USED, "Publish(log, l=off.top(1))", "which is on");
    refuse(topk, IS_USED, "Publish(log, l=m.top(1) + 1)", "is expected");
    refuse(topk, IS_USED, "Publish(log, a=m.top(1), b=m.top(1), c=m.last(1), "
           "d=m.last(2))", NULL);
    refuse(topk, IS_USED, "Publish(log, a=m.top(1), b=m.top(1), c=m.last(1), "
           "d=m.last(2), e=m.top(3))", "more than 4 lists in an event");
    refuse(topk, "", "Publish(log, l=m.top(1))", "nothing adds to that");
}

static void
test_key_errors(void **state)
{
    static const char topk[] = TOPK("m", "");

    (void) state;
    refuse(topk, EH_USE("m", "vm_set='ip_src-domain_name'"), "",
           "of the text of field \"domain_name\" only a digest is kept");
    refuse(topk, EH_USE("m", "vm_update='in_port'"), "", "only a digest");
    refuse(topk, IS_USED EH_USE("m", "vm_get='ip_dst'"), "m.reset(ip_dst)",
           NULL);
    refuse(topk, IS_USED EH_USE("m", "vm_get='dst_port'"), "",
           "metric \"m\" is used with key \"dst_port\", but with \"ip_src\" "
           "before");
    refuse(topk, IS_USED EH_USE("m", "vm_set='ip_src/24'"), "",
           "with key \"ip_src/24/64\"");
    refuse(topk, IS_USED, "m.reset(ip_src-ip_dst)",
           "with key \"ip_src-ip_dst\"");
    refuse(TOPK("m", "memory='1K'"), EH_USE("m", "vm_set='dst_port'"), "",
           NULL);
}

/* Likely mistakes. */
static void
test_warnings(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "%s", PROGRAM(TOPK("m", "size='3'"),
                 EH_USE("m", "vm_set='ip_src'") TELL("l=m.top(9)")));
    fixture_assert_loaded(&fx, false);
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "a list of 9 keys of metric "
                        "\"m\", which has counters for 8");
    fixture_free(&fx);
    fixture_load(&fx, "%s", PROGRAM(TOPK("m", "size='3'"),
                 EH_USE("m", "vm_set='ip_src'") TELL("l=m.top(8)")));
    fixture_assert_loaded(&fx, true);
    xfsm_lint(fx.program, &fx.diags);
    assert_int_equal(fixture_count(&fx, XFSM_DIAG_WARNING), 0);
    fixture_free(&fx);
    fixture_load(&fx, "%s", PROGRAM(TOPK("m", ""),
                 EH_USE("m", "vm_set='ip_src'") TELL("m.top(8)")));
    fixture_assert_loaded(&fx, false);
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "needs a name, as "
                        "\"keys=m.top(8)\"");
    fixture_clear(&fx);
    xfsm_lint(fx.program, &fx.diags);
    fixture_assert_says(&fx, XFSM_DIAG_WARNING,
                        "updated and its value never used");
    fixture_free(&fx);
    fixture_load(&fx, "%s", PROGRAM(TOPK("m", ""),
                 EH_USE("m", "vm_get='ip_src'") TELL("l=m.top(8)")));
    fixture_assert_loaded(&fx, true);
    xfsm_lint(fx.program, &fx.diags);
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "read and never updated");
    fixture_free(&fx);
}

/* ## The verifier ## */

static void
test_verifier(void **state)
{
    static const char metric[] = "metric 0: size or index out of range";
    static const char part[] = "kind or index out of range";
    static const char order[] = "fields out of order";
    static const char doc[] =
        "<xfsm name='p'>" EH_STATE("s0") TOPK("m", "") TOPK("n", "")
        "<metric name='d'><variation_monitor status='on' type='dleft'/>"
        "</metric>"
        EH_ON(SYN, "ip_src-domain_name",
              EH_IN("s0", EH_USE("m", "vm_update='ip_src'")
                    EH_USE("d", "vm_update='dst_port'")
                    EH_IF("true", "m.reset(ip_dst); Publish(log, "
                          "a=m.top(1), b=m.top(1), c=m.top(1), d=m.last(20),"
                          " e=%dst_port, f=&quot;%ts%ts&quot;)", "")))
        "</xfsm>";
    struct victim v;
    uint32_t list = 0, key = 0;

    (void) state;
    v.bytes = eh_image("p", doc, &v.len);
    victim_view(&v);
    assert_int_equal(v.metrics[1].vm_key, XFSM_NONE);
    assert_int_equal(v.metrics[2].vm_key, XFSM_NONE);
    while (v.parts[list].kind != XFSM_PART_LIST) {
        list++;
    }
    ACCEPTS(parts[list].len, XFSM_MAX_TOP);
    REFUSES(parts[list].len, XFSM_MAX_TOP + 1, part);
    REFUSES(parts[list].len, 0, part);
    ACCEPTS(parts[list].text, 1);
    REFUSES(parts[list].text, 2, part);
    REFUSES(parts[list].index, 1, part);        /* Never used. */
    REFUSES(parts[list].index, 2, part);        /* No list. */
    REFUSES(parts[list].index, 3, part);
    REFUSES(parts[list - 1].index, XFSM_MEMBER_STRING, order);
    ACCEPTS(parts[list + 8].kind, XFSM_PART_TS);
    v.parts[list + 8] = v.parts[list];          /* The fifth. */
    victim_expect_error(&v, order, "a fifth list");
    v.parts[list].kind = XFSM_PART_TS;
    victim_expect_error(&v, NULL, "four lists");
    v.parts[list + 11] = v.parts[list + 8];
    victim_expect_error(&v, order, "a list behind something");
    v.parts[list + 11].kind = XFSM_PART_TS;

    REFUSES(metrics[0].vm_key, v.h->sections[XFSM_S_KEYS].n, metric);
    while (v.keys[key].n != 2) {
        key++;
    }
    REFUSES(metrics[0].vm_key, key, metric);    /* Too long. */
    v.metrics[0].key_words = 16;
    REFUSES(metrics[0].vm_key, key, metric);    /* Has a text. */
    v.metrics[0].key_words = 2;
    REFUSES(metrics[0].vm_on, 0, metric);
    REFUSES(metrics[0].vm_type, XFSM_MON_RATE, metric);
    REFUSES(metrics[0].vm_size, 2, metric);
    REFUSES(metrics[0].vm_size, 11, metric);
    REFUSES(metrics[2].vm_key, v.metrics[0].vm_key, "metric 2: size");
    key = v.code[victim_find(&v, XFSM_I_VMADD, 1)].d;
    REFUSES(code[victim_find(&v, XFSM_I_VMADD, 0)].d, key, "(vm_add) is not");
    REFUSES(code[victim_find(&v, XFSM_I_VMGET, 0)].d, key, "(vm_get) is not");
    REFUSES(code[victim_find(&v, XFSM_I_RESETK, 0)].d, key,
            "(reset_key) is not");
    free(v.bytes);
}

/* A shape that only dead code has fits the metric. */
static void
test_dead_code(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(TOPK("m", ""),
                       EH_IF("false", "m.reset(ip_src)", "")
                       TELL("l=m.top(3)")));
    eh_syn(&eh, 0, A, B, 1);
    eh_expect(&eh, "0 log l=", NULL);
    eh_free(&eh);
}

/* ## State that stays ## */

#define TELLING(WINDOW, KEY, N) \
    PROGRAM(TOPK("m", "window='" WINDOW "' size='3'"), \
            EH_USE("m", "vm_set='" KEY "'") \
            EH_IF("dst_port == 99", "Publish(log, l=m.top(" N "), " \
                  "k=m.last(2))", ""))

/* A successor goes on with the lists if it has the metric alike. */
static void
test_successor(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", TELLING("10", "dst_port", "2"));
    for (unsigned int i = 0; i < 30; i++) {
        eh_syn(&eh, i / 2.0, A, B, i % 10 < 6 ? 1 : i);
    }
    eh_load(&eh, "p", TELLING("10", "dst_port", "1"));
    eh_syn(&eh, 15, A, B, 99);
    eh_expect(&eh, "15 log l=1(6) k=1(12),19(2)", NULL);
    assert_int_equal(eh_stats(&eh).topk_replaced, 1);
    eh_load(&eh, "p", TELLING("11", "dst_port", "1"));
    eh_syn(&eh, 16, A, B, 99);
    eh_load(&eh, "p", TELLING("11", "src_port", "1"));
    eh_syn(&eh, 17, A, B, 99);
    eh_expect(&eh, "16 log l=99(1) k=", "17 log l=40000(1) k=", NULL);
    assert_int_equal(eh_stats(&eh).topk_replaced, 1);
    eh_free(&eh);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_load_errors),
        cmocka_unit_test(test_key_errors),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_verifier),
        cmocka_unit_test(test_dead_code),
        cmocka_unit_test(test_successor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
