/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Tables of texts (value_type="string"), from the program's text to events and
 * saved state. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/exec-pieces.h"
#include "tests/unit/image-victim.h"
#include "tests/unit/packet-builder.h"

#define TEXTS(NAME, ENTRIES) \
    "<table name='" NAME "' type='Map' value_type='string'>" ENTRIES \
    "</table>"
#define ENTRY(KEY, VALUE) "<entry key='" KEY "' value='" VALUE "'/>"

/* One state, in which SYNs of each source are handled by BODY. */
#define PROGRAM(TABLES, BODY) \
    EH_PROGRAM(EH_STATE("s0") TABLES \
               EH_ON(SYN, "ip_src", EH_IN("s0", BODY)))

#define SIX "0123456789"        /* Six of them and 3 more are the limit. */
#define LIMIT SIX SIX SIX SIX SIX SIX "012"

static void
test_set_and_read(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(TEXTS("t", ""),
                       EH_IF("dst_port == 1", "t(ip_src) = &quot;a; "
                             "%dst_port,(b&quot;; print(%t(ip_src))", "")
                       EH_IF("dst_port == 2", "t(ip_src) = ip_dst; "
                             "print(%t(ip_src))", "")
                       EH_IF("dst_port == 3", "t(ip_dst)=t(ip_src), "
                             "print([%t(ip_dst)])", "")
                       EH_IF("dst_port == 4", "t.reset(); "
                             "print([%t(ip_src)])", "")));
    eh_syn(&eh, 0, A, B, 1);
    eh_syn(&eh, 1, A, B, 2);
    eh_syn(&eh, 2, A, C, 3);
    eh_syn(&eh, 3, B, A, 3);
    eh_syn(&eh, 4, C, A, 4);
    eh_expect(&eh, "0 log a; 1,(b", "1 log " B, "2 log [" B "]", "3 log []",
              "4 log []", NULL);
    eh_free(&eh);
}

/* A missing entry makes a comparison false, whichever it is; "!" holds where
 * it is missing or empty. */
static void
test_compare(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(TEXTS("t", ENTRY(A, "word") ENTRY(B, B)),
                       EH_IF("t(ip_src) == &quot;word&quot;", "print(is)",
                             "")
                       EH_IF("t(ip_src) == ip_src", "print(own); "
                             "t(ip_src) = &quot;&quot;", "")
                       EH_IF("t(ip_src) != &quot;&quot;", "print(other)", "")
                       EH_IF("t(ip_src) == &quot;&quot; and !t(ip_src)",
                             "print(empty)", "")
                       EH_IF("!t(ip_src)", "print(missing); "
                             "t(ip_src) = &quot;x&quot;", "")
                       EH_IF("true", "print(never)", "")));
    eh_syn(&eh, 0, A, C, 1);
    eh_syn(&eh, 1, B, C, 1);
    eh_syn(&eh, 2, B, C, 1);
    eh_syn(&eh, 3, C, A, 1);
    eh_syn(&eh, 4, C, A, 1);
    eh_expect(&eh, "0 log is", "1 log own", "2 log empty", "3 log missing",
              "4 log other", NULL);
    eh_free(&eh);
}

/* It can be part of an expression, where it is 0 or 1. */
static void
test_in_expressions(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, PROGRAM(TEXTS("t", ENTRY(A, "x"))
                       EH_FEATURE("f", "2 * (t(ip_src) == &quot;x&quot;) + "
                                  "t(ip_dst)"),
                       EH_IF("f &gt;= 0", "print(%f)", "")));
    eh_syn(&eh, 0, A, B, 1);
    eh_syn(&eh, 1, B, A, 1);
    eh_syn(&eh, 2, A, A, 1);
    eh_syn(&eh, 3, B, B, 1);
    eh_expect(&eh, "0 log 2", "1 log 1", "2 log 3", "3 log 0", NULL);
    eh_free(&eh);
}

/* The limit, one past it in the document, and beyond in an action, where it is
 * cut and counted. */
static void
test_limit(void **state)
{
    struct eh eh;

    (void) state;
    assert_int_equal(strlen(LIMIT), XFSM_MAX_TABLE_TEXT);
    eh_refuse(PROGRAM(TEXTS("t", ENTRY(A, LIMIT "3")),
                      EH_IF("t(ip_src)", "print(x)", "")),
              "a text of 64 bytes; the limit is 63");
    start(&eh, PROGRAM(TEXTS("t", ENTRY(A, LIMIT)),
                       EH_IF("t(ip_src) == &quot;" LIMIT "&quot;",
                             "print(%t(ip_src)); t(ip_src) = &quot;" LIMIT
                             "3&quot;; print(%t(ip_src))", "")));
    eh_syn(&eh, 0, A, B, 1);
    eh_expect(&eh, "0 log " LIMIT, "0 log " LIMIT, NULL);
    assert_int_equal(eh_stats(&eh).text_cut, 1);
    eh_free(&eh);
}

/* A timer has what the packet that armed it had. */
static void
test_timer(void **state)
{
    struct eh eh;

    (void) state;
    start(&eh, EH_PROGRAM(
        STATES TEXTS("t", ENTRY(A, "443"))
        EH_TIMEOUT("c", EH_IN("s1", EH_IF("t(ip_src) == dst_port",
                                          "t(ip_dst) = ip_src; "
                                          "print(%t(ip_dst))", "")))
        EH_ON(SYN, "ip_src", EH_IN("s0", EH_IF_SET("true", "", "s1",
                                                   EH_TIMER("c", "ip_src",
                                                            "5"))))));
    eh_syn(&eh, 0, A, B, 443);
    eh_advance(&eh, 6);
    eh_expect(&eh, "5 log " A, NULL);
    eh_free(&eh);
}

static void
test_errors(void **state)
{
    (void) state;
#define DO(ACTION) PROGRAM(TEXTS("t", ""), EH_IF("true", ACTION, ""))
#define WHEN(EXPRESSION) PROGRAM(TEXTS("t", ""), \
                                 EH_IF(EXPRESSION, "print(x)", ""))
    eh_refuse(DO("t(ip_src) += &quot;x&quot;"), "set by \"=\" alone");
    eh_refuse(DO("t(ip_src) = 5"), "a text in quotation marks");
    eh_refuse(DO("t(ip_src) = nonsense"), "a text in quotation marks");
    eh_refuse(DO("t(ip_src) = &quot;x"), "a text in quotation marks");
    eh_refuse(DO("t(ip_src) ="), "a text in quotation marks");
    eh_refuse(WHEN("t(ip_src) == 5"), "a text in quotation marks");
    eh_refuse(WHEN("t(ip_src) == &quot;x"), "a text in quotation marks");
    eh_refuse(WHEN("t(ip_src) &lt; &quot;x&quot;"), "is expected");
    eh_refuse(PROGRAM(TEXTS("t", "") EH_METRIC("m", EH_VM("simple")),
                      EH_USE("m", "vm_update='ip_src'")
                      EH_IF("t(ip_src) == &quot;%m&quot;", "print(x)", "")),
              "not with what is computed");
#undef DO
#undef WHEN
}

static void
test_verifier(void **state)
{
    static const char doc[] =
        "<xfsm name='p'>" EH_STATE("s0") TEXTS("t", ENTRY(A, "x"))
        EH_TABLE("n")
        EH_ON(SYN, "ip_src",
              EH_IN("s0", EH_IF("t(ip_src) == &quot;x%dst_port&quot; and "
                                "n(ip_src)", "t(ip_src) = ip_dst; "
                                "n(ip_src) = 1; Publish(log, a=dst_port)",
                                "")))
        "</xfsm>";
    struct victim v;
    uint32_t at;

    (void) state;
    v.bytes = eh_image("p", doc, &v.len);
    victim_view(&v);
    victim_expect_error(&v, NULL, "nothing");
    for (int i = 0; i < 2; i++) {
        at = victim_find(&v, i ? XFSM_I_TTEXT : XFSM_I_TIS, 0);
        REFUSES(code[at].b, 1, "not allowed here");     /* Of numbers. */
        REFUSES(code[at].b, 2, "not allowed here");
        REFUSES(code[at].c, v.h->sections[XFSM_S_TEXTS].n,
                "not allowed here");
        REFUSES(code[at].d, v.h->sections[XFSM_S_KEYS].n,
                "not allowed here");
        REFUSES(code[at].c, v.code[victim_find(&v, XFSM_I_PUBLISH, 0)].b,
                "not allowed here");                    /* Structured. */
    }
    at = victim_find(&v, XFSM_I_TIS, 0);
    ACCEPTS(code[at].k.u, 1);
    REFUSES(code[at].k.u, 2, "(tis)");
    at = victim_find(&v, XFSM_I_TGET, 0);
    REFUSES(code[at].b, 0, "(tget)");
    at = victim_find(&v, XFSM_I_TSET, 0);
    REFUSES(code[at].b, 0, "(tset)");
    REFUSES(tables[0].is_text, 2, "size or index");
    REFUSES(entries[0].text_len, XFSM_MAX_TABLE_TEXT + 1, "malformed");
    REFUSES(entries[0].text, UINT32_MAX, "malformed");
    free(v.bytes);
}

struct saved {
    size_t n;
    char bytes[1 << 20];
};

static bool
append(const void *data, size_t len, void *buf_)
{
    struct saved *buf = buf_;

    assert_true(buf->n + len <= sizeof buf->bytes);
    memcpy(buf->bytes + buf->n, data, len);
    buf->n += len;
    return true;
}

/* Texts outlive the process, and the program's next version. */
static void
test_saved_and_replaced(void **state)
{
    static const char doc[] = PROGRAM(
        TEXTS("t", ENTRY(C, "declared")),
        EH_IF("!t(ip_src)", "t(ip_src) = &quot;to %dst_port&quot;", "")
        EH_IF("t(ip_src) != &quot;&quot;", "print(%t(ip_src))", ""));
    static struct saved saved;
    struct xfsm_engine *new;
    struct eh first, second;
    char *error;

    (void) state;
    saved.n = 0;
    start(&first, doc);
    eh_syn(&first, 0, A, B, 7);
    error = xfsm_engine_save(first.engine, append, &saved);
    assert_null(error);
    eh_load(&first, "p", doc);
    eh_syn(&first, 1, A, B, 8);
    eh_expect(&first, "1 log to 7", NULL);
    eh_free(&first);

    start(&second, doc);
    error = xfsm_engine_restore(second.engine, saved.bytes, saved.n, &new);
    assert_null(error);
    xfsm_engine_destroy(second.engine);
    second.engine = new;
    eh_syn(&second, 2, A, B, 9);
    eh_syn(&second, 3, C, B, 9);
    eh_expect(&second, "2 log to 7", "3 log declared", NULL);
    eh_free(&second);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_and_read),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_in_expressions),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_timer),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_verifier),
        cmocka_unit_test(test_saved_and_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
