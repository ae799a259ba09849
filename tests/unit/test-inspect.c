/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Looking into a program: keys as text, the walk of the state table, what is
 * told of a key, and why it is where it is. */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "xfsm/runtime/history.h"

/* Counts SYN by pair; a pair with more than 3 is 'hot' for 10 s, and a timer
 * cools it down. */
#define PAIRS \
    EH_PROGRAM( \
        EH_STATE("cold") EH_STATE("warm") \
        "<statedef id='hot' timeout='10' next_state='cold'/>" \
        EH_METRIC("seen", EH_VD) \
        EH_METRIC("count", EH_VM("dleft")) \
        EH_METRIC("rate", EH_VM("tewma")) \
        EH_METRIC("all", EH_VM("simple")) \
        EH_FEATURE("twice", "2 * count") \
        EH_FEATURE("far", "rate + ip_len") \
        EH_TABLE("marks") \
        EH_TIMEOUT("cool", EH_IN("warm", EH_IF("true", "", "cold"))) \
        EH_ON("flags tcp-syn", "ip_src-ip_dst", \
              EH_IN("cold", PAIRS_USES \
                    EH_IF_SET("twice &gt; 6", "marks(ip_src)=7", "hot", \
                              EH_TIMER("cool", "ip_src-ip_dst", "5")) \
                    EH_IF_SET("twice &gt; 2", "print(%far)", "warm", \
                              EH_TIMER("cool", "ip_src-ip_dst", "5"))) \
              EH_IN("warm", PAIRS_USES \
                    EH_IF("twice &gt; 6", "marks(ip_src)=7", "hot")) \
              EH_IN("hot", PAIRS_USES)) \
        EH_ON("flags tcp-ack", "ip_dst-ip_src", \
              EH_IN("hot", EH_IF("true", "", "cold"))))

#define PAIRS_USES \
    EH_USE("seen", "vd_update='ip_src-dst_port'") \
    EH_USE("count", "vm_update='ip_src-ip_dst'") \
    EH_USE("rate", "vm_update='ip_src'") \
    EH_USE("all", "vm_update='ip_src'")

/* ## What is told, as lines ## */

struct told {
    char text[16384];
    size_t n;
    int left;                   /* Calls until 'cb' wants no more. */
};

static void
tell(struct told *told, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    told->n += (size_t) vsnprintf(told->text + told->n,
                                  sizeof told->text - told->n, format, args);
    va_end(args);
    assert_true(told->n < sizeof told->text);
}

static void
tell_fact(const struct xfsm_fact *f, void *told_)
{
    static const char *const names[] = {
#define FACT_NAME(ID, NAME) NAME,
        XFSM_FACTS(FACT_NAME)
#undef FACT_NAME
    };
    struct told *told = told_;

    tell(told, "%s %s[%s]", names[f->kind], f->name, f->key);
    if (f->type[0]) {
        tell(told, " %s", f->type);
    }
    if (f->missing) {
        tell(told, " needs %s", f->missing);
    } else if (!f->there) {
        tell(told, " none");
    } else if (f->kind != XFSM_FACT_STATE) {
        tell(told, " %g", f->value);
    }
    if (f->times_out) {
        tell(told, " left %g", (double) f->left / 1e9);
    }
    if (f->next) {
        tell(told, " then %s", f->next);
    }
    tell(told, "\n");
}

static bool
tell_step(const struct xfsm_step *s, void *told_)
{
    struct told *told = told_;

    tell(told, "%g %s>%s", (double) (s->ts - EH_EPOCH) / 1e9, s->from, s->to);
    if (s->event) {
        tell(told, " %s %u %s if %u: %s do %s", s->event, s->event_no,
             s->detail, s->condition, s->expression, s->actions);
    }
    tell(told, "\n");
    return --told->left != 0;
}

static bool
tell_flow(const struct xfsm_flow *f, void *told_)
{
    struct told *told = told_;

    tell(told, "%s %s %g", f->key, f->state,
         (double) (f->since - EH_EPOCH) / 1e9);
    if (f->times_out) {
        tell(told, " left %g then %s", (double) f->left / 1e9, f->next);
    }
    tell(told, "\n");
    return --told->left != 0;
}

static const char *
dump(struct eh *eh, const char *key)
{
    static struct told told;
    char *error;

    told = (struct told) { .n = 0 };
    error = xfsm_engine_dump(eh->engine, "p", key, tell_fact, &told);
    if (error) {
        tell(&told, "error: %s\n", error);
    }
    free(error);
    return told.text;
}

static const char *
why(struct eh *eh, const char *key, int max,
    struct xfsm_memory_of_steps *memory)
{
    static struct told told;
    char *error;

    told = (struct told) { .left = max };
    error = xfsm_engine_why(eh->engine, "p", key, tell_step, &told, memory);
    if (error) {
        tell(&told, "error: %s\n", error);
    }
    free(error);
    return told.text;
}

/* Walks the table in steps of 'n' buckets. */
static const char *
walk(struct eh *eh, const char *state, size_t n, int max)
{
    static struct told told;
    uint64_t cursor = 0;

    told = (struct told) { .left = max };
    while (xfsm_engine_walk(eh->engine, "p", state, &cursor, n, tell_flow,
                            &told)) {
        continue;
    }
    return told.text;
}

static int
count_lines(const char *text)
{
    int n = 0;

    for (; *text; text++) {
        n += *text == '\n';
    }
    return n;
}

static void
assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        print_error("\"%s\" is not in:\n%s\n", part, text);
        fail();
    }
}

static void
assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part)) {
        print_error("\"%s\" is in:\n%s\n", part, text);
        fail();
    }
}

static void
start(struct eh *eh, enum xfsm_backend backend)
{
    eh_init_backend(eh, backend);
    eh_load(eh, "p", PAIRS);
}

/* ## Keys ## */

static void
test_key_forms(void **state)
{
    static const char *const same[] = {
        "10.0.0.1-10.0.0.2",
        "ip_src=10.0.0.1,ip_dst=10.0.0.2",
        "ip_src=10.0.0.1,ip_dst=10.0.0.2,dst_port=80",
    };
    struct eh eh;

    (void) state;
    start(&eh, XFSM_BACKEND_AUTO);
    eh_syn(&eh, 0, "10.0.0.1", "10.0.0.2", 80);
    eh_syn(&eh, 1, "10.0.0.1", "10.0.0.2", 81);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const char *text = dump(&eh, same[i]);

        assert_has(text, "state warm[ip_src=10.0.0.1,ip_dst=10.0.0.2]");
        assert_has(text, "monitor count[ip_src=10.0.0.1,ip_dst=10.0.0.2] "
                   "dleft 2\n");
    }
    assert_has(dump(&eh, "10.0.0.2-10.0.0.1"), "state cold[");
    assert_has(dump(&eh, "ip_dst=10.0.0.1,ip_src=10.0.0.2"),
               "state warm[ip_dst=10.0.0.1,ip_src=10.0.0.2]");
    assert_has(dump(&eh, "ip_dst=10.0.0.2,ip_src=10.0.0.1"),
               "state cold[ip_dst=10.0.0.2,ip_src=10.0.0.1]");
    assert_has(dump(&eh, "::1-fe80::1"),
               "state cold[ip_src=::1,ip_dst=fe80::1]");
    eh_free(&eh);
}

static void
test_key_errors(void **state)
{
    static const struct {
        const char *key, *error;
    } cases[] = {
        { "10.0.0.1", "character 9 of the key: expected ip_dst, an IPv4 or "
          "IPv6 address; found nothing; a key of program p is ip_src-ip_dst "
          "or ip_dst-ip_src" },
        { "10.0.0.1-10.0.0.300", "character 10 of the key: expected ip_dst, "
          "an IPv4 or IPv6 address; found \"10.0.0.300\"" },
        { "10.0.0.1-10.0.0.2-80", "character 10 of the key: expected ip_dst, "
          "an IPv4 or IPv6 address; found \"10.0.0.2-80\"" },
        { "nonsense", "character 1 of the key: expected ip_src" },
        { "-", "character 1 of the key: expected ip_src, an IPv4 or IPv6 "
          "address; found nothing" },
        { "ip_src=10.0.0.1", "the fields given make no key of program p, "
          "which is ip_src-ip_dst or ip_dst-ip_src" },
        { "ip_src=10.0.0.1,ip_dst=x\033[2J", "character 24 of the key: "
          "expected ip_dst, an IPv4 or IPv6 address; found \"x.[2J\"" },
        { "ip_src=10.0.0.1,ip_dst=10.0.0.2,dst_port=65536", "character 42 of "
          "the key: expected dst_port, a number up to 65535; found "
          "\"65536\"" },
        { "source=10.0.0.1", "character 1 of the key: no field is called "
          "\"source\"" },
    };
    struct eh eh;

    (void) state;
    start(&eh, XFSM_BACKEND_AUTO);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_has(dump(&eh, cases[i].key), cases[i].error);
        assert_lacks(dump(&eh, cases[i].key), "\033");
        assert_has(why(&eh, cases[i].key, 9,
                       &(struct xfsm_memory_of_steps) { 0 }),
                   cases[i].error);
    }
    assert_non_null(strstr(dump(&eh, "10.0.0.1-10.0.0.2"), "state cold"));
    eh_free(&eh);
}

/* Text, numbers and prefixes. */
static void
test_key_types(void **state)
{
    struct eh eh;
    char key[128], *at;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", EH_PROGRAM(
        EH_STATE("a") EH_STATE("b")
        EH_ON("flags dns-nxdomain", "domain_name-ip_dst",
              EH_IN("a", EH_IF("true", "", "b")))));
    eh_dns(&eh, 0, "10.0.0.53", "10.0.0.1", 3, "no-such.example.com");
    assert_has(dump(&eh, "no-such.example.com-10.0.0.1"), "state b[domain_name"
               "=no-such.example.com,ip_dst=10.0.0.1]");
    assert_has(dump(&eh, "domain_name=no-such.example.com,ip_dst=10.0.0.1"),
               "state b[");

    /* The table has the digest alone, which is a key as well. */
    snprintf(key, sizeof key, "%.61s", walk(&eh, NULL, 1 << 20, -1));
    assert_int_equal(strncmp(key, "domain_name=#", 13), 0);
    assert_string_equal(key + 12 + 33, ",ip_dst=10.0.0.1");
    assert_has(dump(&eh, key), "state b[domain_name=#");
    at = key + 13;
    *at = *at == '0' ? '1' : '0';
    assert_has(dump(&eh, key), "state a[");
    eh_free(&eh);

    eh_init(&eh);
    eh_load(&eh, "p",
            "<xfsm name='p'><statedef id='a'/><statedef id='b'/>"
            EH_ON("flags tcp-syn", "ip_src/24/56-dst_port",
                  EH_IN("a", EH_IF("true", "", "b"))) "</xfsm>");
    eh_syn(&eh, 0, "10.0.0.1", "10.0.0.2", 80);
    assert_has(walk(&eh, NULL, 1 << 20, -1),
               "ip_src=10.0.0.0/24,dst_port=80 b 0");
    assert_has(dump(&eh, "10.0.0.77-80"), "state b[");
    assert_has(dump(&eh, "10.0.0.0/24-80"), "state b[");
    assert_has(dump(&eh, "10.0.0.0/25-80"),
               "expected ip_src, an IPv4 or IPv6 address, with /24 or /56 or "
               "nothing behind it");
    assert_has(dump(&eh, "10.0.1.0-80"), "state a[");
    eh_free(&eh);

    /* The same field with a prefix and without. */
    eh_init(&eh);
    eh_load(&eh, "p",
            "<xfsm name='p'><statedef id='a'/><statedef id='b'/>"
            EH_ON("dst_port 1", "ip_src/24/56",
                  EH_IN("a", EH_IF("true", "", "")))
            EH_ON("dst_port 2", "ip_src", EH_IN("a", EH_IF("true", "", "b")))
            "</xfsm>");
    eh_syn(&eh, 0, "10.0.0.1", "10.0.0.2", 2);
    assert_has(dump(&eh, "ip_src=10.0.0.1"), "state b[ip_src=10.0.0.1]");
    assert_has(dump(&eh, "ip_src=10.0.0.1/24"),
               "state a[ip_src=10.0.0.0/24]");
    assert_has(dump(&eh, "ip_src=10.0.0.1/0"), "expected ip_src, an IPv4 or "
               "IPv6 address, with /24 or /56");
    assert_has(dump(&eh, "ip_src=::1/129"), "expected ip_src, an IPv4 or ");
    assert_has(dump(&eh, "ip_src=::1/"), "expected ip_src, an IPv4 or ");
    eh_free(&eh);
}

/* ## Dump ## */

static void
check_dump(enum xfsm_backend backend)
{
    struct eh eh;
    const char *text;

    start(&eh, backend);
    eh_syn(&eh, 0, "10.0.0.1", "10.0.0.2", 80);
    eh_syn(&eh, 1, "10.0.0.1", "10.0.0.2", 81);
    eh_advance(&eh, 2);
    text = dump(&eh, "10.0.0.1-10.0.0.2");
    assert_has(text, "detector seen[] needs dst_port\n");
    assert_has(text, "monitor count[ip_src=10.0.0.1,ip_dst=10.0.0.2] dleft "
               "2\n");
    assert_has(text, "monitor rate[ip_src=10.0.0.1] tewma ");
    assert_has(text, "monitor all[ip_src=10.0.0.1] simple 2\n");
    assert_has(text, "table marks[ip_src=10.0.0.1] none\n");
    assert_has(text, "timer cool[ip_src=10.0.0.1,ip_dst=10.0.0.2] 5 left 4\n");
    assert_has(text, "feature twice[] event 2 4\n");
    assert_lacks(text, "feature far");

    /* More fields, more answers; nothing changes by asking. */
    text = dump(&eh, "ip_src=10.0.0.1,ip_dst=10.0.0.2,dst_port=80");
    assert_has(text, "detector seen[ip_src=10.0.0.1,dst_port=80] 1\n");
    for (int i = 0; i < 2; i++) {
        text = dump(&eh, "ip_src=10.0.0.1,ip_dst=10.0.0.2,dst_port=82");
        assert_has(text, "detector seen[ip_src=10.0.0.1,dst_port=82] 0\n");
    }
    assert_has(dump(&eh, "10.0.0.3-10.0.0.2"), "feature far[] event 2 needs");
    assert_has(dump(&eh, "10.0.0.3-10.0.0.2"), "monitor all[ip_src=10.0.0.3] "
               "simple 2\n");

    eh_syn(&eh, 2, "10.0.0.1", "10.0.0.2", 83);
    eh_syn(&eh, 3, "10.0.0.1", "10.0.0.2", 84);
    eh_advance(&eh, 4);
    text = dump(&eh, "10.0.0.1-10.0.0.2");
    assert_has(text, "state hot[ip_src=10.0.0.1,ip_dst=10.0.0.2] left 9 then "
               "cold\n");
    assert_has(text, "table marks[ip_src=10.0.0.1] 7\n");
    eh_advance(&eh, 14);
    assert_has(dump(&eh, "10.0.0.1-10.0.0.2"), "left -1 then cold\n");
    assert_int_equal(eh_stats(&eh).div_by_zero, 0);
    eh_free(&eh);
}

static void
test_dump(void **state)
{
    (void) state;
    check_dump(XFSM_BACKEND_INTERPRETER);
    check_dump(XFSM_BACKEND_AUTO);
}

/* A feature whose value hangs on something unknown is unknown; one that does
 * not is told. */
static void
test_features(void **state)
{
    struct eh eh;
    const char *text;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", EH_PROGRAM(
        EH_STATE("a")
        EH_METRIC("n", EH_VM("dleft")) EH_METRIC("port", EH_VM("dleft"))
        EH_TABLE("t")
        EH_FEATURE("sum", "n + port") EH_FEATURE("ratio", "n / (n - n)")
        EH_FEATURE("both", "n &gt; 0 and n &lt; 5")
        EH_FEATURE("either", "port &gt; 0 or n &gt; 0")
        EH_FEATURE("entry", "t(ip_src) + 1")
        EH_ON("flags tcp-syn", "ip_src",
              EH_IN("a", EH_USE("n", "vm_update='ip_src'")
                    EH_USE("port", "vm_update='dst_port'")
                    EH_IF("n &lt; 0", "Export(x)", "")
                    EH_IF("true", "t(ip_src)=n", "")))));
    eh_syn(&eh, 0, "10.0.0.1", "10.0.0.2", 80);
    eh_syn(&eh, 0, "10.0.0.1", "10.0.0.2", 80);
    text = dump(&eh, "10.0.0.1");
    assert_has(text, "feature sum[] event 1 needs");
    assert_has(text, "feature ratio[] event 1 0\n");
    assert_has(text, "feature both[] event 1 1\n");
    assert_has(text, "feature either[] event 1 needs");
    assert_has(text, "feature entry[] event 1 3\n");
    assert_has(dump(&eh, "ip_src=10.0.0.1,dst_port=80"),
               "feature sum[] event 1 4\n");
    assert_int_equal(eh_stats(&eh).div_by_zero, 2);
    eh_free(&eh);
}

/* ## Why ## */

static void
check_why(enum xfsm_backend backend)
{
    struct xfsm_memory_of_steps memory;
    const char *text;
    struct eh eh;

    start(&eh, backend);
    for (int i = 0; i < 5; i++) {
        eh_syn(&eh, i, "10.0.0.1", "10.0.0.2", 80);
    }
    eh_tcp(&eh, 5, "10.0.0.2", "10.0.0.1", 80, 0x10);
    eh_syn(&eh, 6, "10.0.0.3", "10.0.0.2", 80);
    eh_syn(&eh, 7, "10.0.0.3", "10.0.0.2", 80);
    eh_advance(&eh, 13);
    text = why(&eh, "10.0.0.1-10.0.0.2", -1, &memory);
    assert_string_equal(
        text,
        "5 hot>cold packet 3  if 1: true do \n"
        "3 warm>hot packet 2  if 1: twice > 6 do marks(ip_src)=7\n"
        "1 cold>warm packet 2  if 2: twice > 2 do print(%far)\n");
    assert_int_equal(memory.n, 5);
    assert_int_equal(memory.kept, 5);
    assert_int_equal(memory.since, EH_EPOCH + UINT64_C(1000000000));
    assert_int_equal(count_lines(why(&eh, "10.0.0.1-10.0.0.2", 1, &memory)),
                     1);
    assert_string_equal(
        why(&eh, "10.0.0.3-10.0.0.2", -1, &memory),
        "12 warm>cold timeout 1 cool if 1: true do \n"
        "7 cold>warm packet 2  if 2: twice > 2 do print(%far)\n");
    assert_string_equal(why(&eh, "10.0.0.4-10.0.0.2", -1, &memory), "");

    /* A state's own timeout, which the timer finds. */
    for (int i = 20; i < 22; i++) {
        eh_syn(&eh, i, "10.0.0.1", "10.0.0.2", 80);
    }
    eh_syn(&eh, 40, "10.0.0.1", "10.0.0.2", 80);
    assert_has(why(&eh, "10.0.0.1-10.0.0.2", -1, &memory),
               "35 hot>cold\n20 cold>hot packet 2  if 1: ");

    /* A program that replaces it begins a history of its own, and keeps the
     * states. */
    eh_load(&eh, "p", PAIRS);
    assert_string_equal(why(&eh, "10.0.0.1-10.0.0.2", -1, &memory), "");
    assert_int_equal(memory.n, 0);
    assert_int_equal(memory.since, 0);
    assert_has(dump(&eh, "10.0.0.1-10.0.0.2"), "state hot[");
    assert_has(walk(&eh, "hot", 16, -1), "ip_src=10.0.0.1,ip_dst=10.0.0.2 ");
    eh_free(&eh);
}

static void
test_why(void **state)
{
    (void) state;
    check_why(XFSM_BACKEND_INTERPRETER);
    check_why(XFSM_BACKEND_AUTO);
}

/* A full ring forgets the oldest, one at a time. */
static void
test_history_limit(void **state)
{
    struct xfsm_history *h = xfsm_history_create(2);
    struct xfsm_key_value key = { .hash = 1, .n = 1, .w = { 1 } };
    struct xfsm_key_value other = { .hash = 1, .n = 2, .w = { 1, 2 } };
    uint64_t cursor = UINT64_MAX;
    unsigned int n = 0;

    (void) state;
    assert_non_null(h);
    assert_null(xfsm_history_find(h, &key, &cursor));
    assert_int_equal(xfsm_history_oldest(h), 0);
    xfsm_history_add(h, &other, 5, 0, 1, 7);
    for (uint64_t i = 1; i < XFSM_HISTORY_ENTRIES; i++) {
        xfsm_history_add(h, &key, 5 + i, 0, 1, 7);
    }
    assert_int_equal(xfsm_history_count(h), XFSM_HISTORY_ENTRIES);
    assert_int_equal(xfsm_history_oldest(h), 5);
    cursor = UINT64_MAX;
    assert_non_null(xfsm_history_find(h, &other, &cursor));
    assert_int_equal(cursor, 0);
    assert_null(xfsm_history_find(h, &other, &cursor));
    xfsm_history_add(h, &key, 9999, 1, 0, 8);
    cursor = UINT64_MAX;
    assert_null(xfsm_history_find(h, &other, &cursor));
    assert_int_equal(xfsm_history_oldest(h), 6);
    for (cursor = UINT64_MAX; xfsm_history_find(h, &key, &cursor); n++) {
        continue;
    }
    assert_int_equal(n, XFSM_HISTORY_ENTRIES);
    assert_true(xfsm_history_bytes(h) >= XFSM_HISTORY_ENTRIES
                * (sizeof(struct xfsm_transition) + 16));
    xfsm_history_destroy(h);
}

/* ## The walk ## */

#define HOSTS 300

static void
test_walk(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, XFSM_BACKEND_AUTO);
    for (int i = 0; i < HOSTS; i++) {
        char src[32];

        snprintf(src, sizeof src, "10.1.%d.%d", i / 250, i % 250);
        eh_syn(&eh, 0, src, "10.0.0.2", 80);
        eh_syn(&eh, 1, src, "10.0.0.2", 80);
    }
    for (int i = 2; i < 4; i++) {
        eh_syn(&eh, i, "10.1.0.7", "10.0.0.2", 80);
    }
    assert_int_equal(count_lines(walk(&eh, NULL, 1, -1)), HOSTS);
    assert_int_equal(count_lines(walk(&eh, "warm", 64, -1)), HOSTS - 1);
    assert_int_equal(count_lines(walk(&eh, "warm", 64, 100)), 100);
    assert_int_equal(count_lines(walk(&eh, NULL, SIZE_MAX, HOSTS)), HOSTS);
    assert_string_equal(walk(&eh, "hot", 7, -1),
                        "ip_src=10.1.0.7,ip_dst=10.0.0.2 hot 3 left 10 then "
                        "cold\n");
    assert_string_equal(walk(&eh, "cold", 7, -1), "");
    assert_string_equal(walk(&eh, "tepid", 7, -1), "");
    eh_free(&eh);
}

/* The program's own state is first, under the empty key. */
static void
test_own_key(void **state)
{
    struct xfsm_memory_of_steps memory;
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p",
            "<xfsm name='p'><statedef id='a'/><statedef id='b'/>"
            "<event type='start'>" EH_IN("a", EH_IF("true", "", "b"))
            "</event>"
            EH_ON("flags tcp-syn", "ip_src",
                  EH_IN("a", EH_IF("true", "", "b"))) "</xfsm>");
    eh_syn(&eh, 0, "10.0.0.1", "10.0.0.2", 80);
    eh_syn(&eh, 1, "10.0.0.1", "10.0.0.2", 80);
    assert_string_equal(walk(&eh, NULL, 64, -1),
                        " b 0\nip_src=10.0.0.1 b 0\n");
    assert_string_equal(walk(&eh, NULL, 64, 1), " b 0\n");
    assert_has(dump(&eh, ""), "state b[]");
    assert_has(why(&eh, "", -1, &memory), "0 a>b start 1  if 1: true");
    eh_free(&eh);
}

/* A key that has the fields of another and more. */
static void
test_longer_key(void **state)
{
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", EH_PROGRAM(
        EH_STATE("a") EH_STATE("b")
        EH_ON("dst_port 1", "ip_src", EH_IN("a", EH_IF("true", "", "")))
        EH_ON("dst_port 80", "dst_port-ip_src",
              EH_IN("a", EH_IF("true", "", "b")))));
    eh_syn(&eh, 0, "10.0.0.1", "10.0.0.2", 80);
    assert_string_equal(walk(&eh, NULL, 64, -1),
                        "dst_port=80,ip_src=10.0.0.1 b 0\n");
    assert_has(dump(&eh, "dst_port=80,ip_src=10.0.0.1"), "state b[dst_port");
    assert_has(dump(&eh, "ip_src=10.0.0.1"), "state a[ip_src=10.0.0.1]");
    eh_free(&eh);
}

/* Addresses and digests of text have the same size: a key is told as what it
 * was built as, and after it came to a program that numbers keys otherwise,
 * as what it can be. */
static void
test_alike_keys(void **state)
{
#define BY_NAME EH_ON("flags dns-nxdomain", "domain_name", \
                      EH_IN("a", EH_IF("true", "", "b")))
#define BY_ADDR EH_ON("flags tcp-syn", "ip_src", \
                      EH_IN("a", EH_IF("true", "", "b")))
    struct eh eh;

    (void) state;
    eh_init(&eh);
    eh_load(&eh, "p", EH_PROGRAM(EH_STATE("a") EH_STATE("b")
                                 BY_NAME BY_ADDR));
    eh_syn(&eh, 0, "10.0.0.1", "10.0.0.2", 80);
    assert_string_equal(walk(&eh, NULL, 64, -1), "ip_src=10.0.0.1 b 0\n");
    eh_load(&eh, "p", EH_PROGRAM(EH_STATE("a") EH_STATE("b")
                                 BY_ADDR BY_NAME));
    assert_string_equal(walk(&eh, NULL, 64, -1), "ip_src=10.0.0.1 b 0\n");
    eh_load(&eh, "p", EH_PROGRAM(EH_STATE("x") EH_STATE("a") EH_STATE("b")
                                 BY_NAME BY_ADDR));
    assert_has(walk(&eh, NULL, 64, -1), " b 0\n");
    eh_free(&eh);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_forms),
        cmocka_unit_test(test_key_errors),
        cmocka_unit_test(test_key_types),
        cmocka_unit_test(test_dump),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_why),
        cmocka_unit_test(test_history_limit),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_own_key),
        cmocka_unit_test(test_longer_key),
        cmocka_unit_test(test_alike_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
