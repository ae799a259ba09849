/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/parser-fixture.h"
#include "xfsm/program/action.h"
#include "xfsm/program/expr.h"

static struct xfsm_action *actions;
static int n_actions;

static void
print_key(const struct xfsm_key *key, FILE *stream)
{
    int i;

    for (i = 0; i < key->n; i++) {
        fprintf(stream, "%s%s", i ? "-" : "",
                xfsm_fields[key->fields[i]].name);
    }
}

/* Writes 'text', what is substituted in braces. */
static void
print_text(const struct xfsm_text *text, FILE *stream)
{
    int i;

    for (i = 0; i < text->n; i++) {
        const struct xfsm_text_part *part = &text->parts[i];

        switch (part->kind) {
        case XFSM_TX_LITERAL:
            assert_true(part->len > 0);
            fwrite(part->literal, 1, part->len, stream);
            break;
        case XFSM_TX_FIELD:
            fprintf(stream, "{field %s}", xfsm_fields[part->index].name);
            break;
        case XFSM_TX_FEATURE:
            fprintf(stream, "{feature %s}",
                    parse.program->features[part->index].name);
            break;
        case XFSM_TX_METRIC:
            fprintf(stream, "{metric %s}",
                    parse.program->metrics[part->index].name);
            break;
        case XFSM_TX_TABLE:
            fprintf(stream, "{%s ", parse.program->tables[part->index].name);
            print_key(&part->key, stream);
            fputs("}", stream);
            break;
        case XFSM_TX_TS:
            fputs("{ts}", stream);
            break;
        case XFSM_TX_STATE_CODE:
            fputs("{code}", stream);
            break;
        case XFSM_TX_STATE_LEVEL:
            fputs("{level}", stream);
            break;
        case XFSM_TX_STATE_DESCRIPTION:
            fputs("{description}", stream);
            break;
        case XFSM_TX_CLIENT_ID:
        default:
            fputs("{client}", stream);
            break;
        }
    }
}

static void
print_action(const struct xfsm_action *action, FILE *stream)
{
    static const char *const names[] = {
        [XFSM_AC_PUBLISH] = "publish", [XFSM_AC_PUBLISH_RAW] = "raw",
        [XFSM_AC_EXPORT] = "export", [XFSM_AC_PLOT] = "plot",
        [XFSM_AC_EXEC] = "exec", [XFSM_AC_RESET] = "reset",
        [XFSM_AC_TABLE_RESET] = "table-reset", [XFSM_AC_TABLE_SET] = "set",
        [XFSM_AC_SUSPECT] = "suspect",
    };

    fputs(names[action->kind], stream);
    switch (action->kind) {
    case XFSM_AC_PUBLISH:
    case XFSM_AC_PLOT:
    case XFSM_AC_EXEC:
        fprintf(stream, " %s <", action->label);
        print_text(&action->text, stream);
        fputs(">", stream);
        break;
    case XFSM_AC_PUBLISH_RAW:
    case XFSM_AC_EXPORT:
        fprintf(stream, " %s", action->label);
        break;
    case XFSM_AC_RESET:
        fprintf(stream, " %s[", parse.program->metrics[action->index].name);
        print_key(&action->key, stream);
        fputs("]", stream);
        break;
    case XFSM_AC_TABLE_RESET:
        fprintf(stream, " %s", parse.program->tables[action->index].name);
        break;
    case XFSM_AC_TABLE_SET:
        fprintf(stream, " %s[", parse.program->tables[action->index].name);
        print_key(&action->key, stream);
        fprintf(stream, "] %s", xfsm_expr_op_text(action->op));
        assert_non_null(action->expr);
        break;
    case XFSM_AC_SUSPECT:
    default:
        break;
    }
}

static char *
format_actions(void)
{
    char *printed = NULL;
    FILE *stream;
    size_t size;
    int i;

    stream = open_memstream(&printed, &size);
    assert_non_null(stream);
    for (i = 0; i < n_actions; i++) {
        fputs(i ? "; " : "", stream);
        print_action(&actions[i], stream);
    }
    fclose(stream);
    return printed;
}

static void
check(const char *text, const char *expected)
{
    char *printed;

    if (!xfsm_action_parse(&parse, text, &actions, &n_actions)) {
        fail_msg("\"%s\": %s", text, fx.diags.items[0].message);
    }
    printed = format_actions();
    assert_string_equal(printed, expected);
    free(printed);
}

static void
refuse(const char *text, const char *what)
{
    fixture_clear(&fx);
    assert_false(xfsm_action_parse(&parse, text, &actions, &n_actions));
    assert_true(fx.diags.n_errors >= 1);
    fixture_assert_says(&fx, XFSM_DIAG_ERROR, what);
}

static void
test_each(void **state)
{
    (void) state;
    check("", "");
    check("Publish(alert, scan)", "publish alert <scan>");
    check("Publish(alert,)", "publish alert <>");
    check("Publish(raw,raw)", "raw raw");
    check("Publish(alert, raw)", "raw alert");
    check("Publish(raw, \\\"\\\")", "raw raw");
    check("Publish(raw, x)", "publish raw <x>");
    check("print(hello)", "publish log <hello>");
    check("print()", "publish log <>");
    check("Export", "export feature");
    check("Export()", "export feature");
    check("Suspect", "suspect");
    check("Suspect, Export", "suspect; export feature");
    check("m1.reset()", "reset m1[]");
    check("m1.reset", "reset m1[]");
    check("m1.reset(ip_src-ip_dst)", "reset m1[ip_src-ip_dst]");
    check("t.reset", "table-reset t");
    check("t.reset()", "table-reset t");
    check("t(ip_src)=1", "set t[ip_src] ==");
    check("t(ip_src) = f * 2", "set t[ip_src] ==");
    check("t(ip_src)+=1,t(ip_src)-=1,t(ip_src)*=2;t(ip_src)/=2",
          "set t[ip_src] +; set t[ip_src] -; set t[ip_src] *; "
          "set t[ip_src] /");
    check("t(ip_src)=max(m1, 2);Suspect", "set t[ip_src] ==; suspect");
    assert_int_equal(fx.diags.n, 0);
}

static void
test_without_effect(void **state)
{
    (void) state;
    check("Drop", "");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "Drop has no effect");
    check("Drop();Suspect", "suspect");
    check("print_tab", "");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "print_tab");
    check("print", "");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "print without text");
    check("exec(iptables -A INPUT -s %ip_src -j DROP)",
          "exec exec <iptables -A INPUT -s {field ip_src} -j DROP>");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "see Block");
    check("Export(all)", "export feature");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "arguments of Export");
    check("Suspect(1)", "suspect");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "arguments of Suspect");
    check("Print(x)", "publish log <x>");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING,
                        "\"Print\" is taken as \"print\"");
}

static void
test_separators(void **state)
{
    (void) state;
    check(" Suspect ; Export , m1.reset( ) ",
          "suspect; export feature; reset m1[]");
    check(";;Suspect;,", "suspect");
    check("print(a;b,c);Suspect", "publish log <a;b,c>; suspect");
    assert_int_equal(fx.diags.n, 0);
    check("m1.reset() m2.reset()", "reset m1[]; reset m2[]");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING,
                        "a \";\" is missing before \"m2.reset()\"");
    check("m1.reset() m2.reset", "reset m1[]; reset m2[]");
    check("print(a) Suspect print(b)",
          "publish log <a>; suspect; publish log <b>");
}

static void
test_text_parentheses(void **state)
{
    (void) state;
    check("Publish(alert, text with (parens), commas, and \"quotes\");"
          "Suspect",
          "publish alert <text with (parens), commas, and \"quotes\">; "
          "suspect");
    check("print(%ip_src->%ip_dst)",
          "publish log <{field ip_src}->{field ip_dst}>");
    check("print(\\n\\n !!! infected host: %ip_src !!! \\n\\n)",
          "publish log <\n\n !!! infected host: {field ip_src} !!! \n\n>");
    check("print(f(x) and (g(y)))", "publish log <f(x) and (g(y))>");
    assert_int_equal(fx.diags.n, 0);
    check("print(:-) hello);Suspect", "publish log <:-) hello>; suspect");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "do not balance");
    fixture_clear(&fx);
    check("print(a ( b);Suspect", "publish log <a ( b>; suspect");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "do not balance");
    refuse("print(a", "the \"(\" of print is never closed");
    refuse("print(a;Suspect", "the \"(\" of print is never closed");
}

static void
test_substitution(void **state)
{
    (void) state;
    check("print(%ts %client.id %state.code %state.level "
          "\\\"%state.description\\\" ip_src=%ip_src name=%domain_name "
          "f=%f m=%m2)",
          "publish log <{ts} {client} {code} {level} \"{description}\" "
          "ip_src={field ip_src} name={field domain_name} f={feature f} "
          "m={metric m2}>");
    check("print(%ip_dst. %f%%)",
          "publish log <{field ip_dst}. {feature f}%>");
    check("print(%ip_src.%ip_dst)",
          "publish log <{field ip_src}.{field ip_dst}>");
    check("print(%t(ip_src) %m1.x)",
          "publish log <{t ip_src} {metric m1}.x>");
    check("print(100% sure, 5%)", "publish log <100% sure, 5%>");
    check("print(a\\tb\\nDrop \\\\ \\x \\')", "publish log <a\tb\nDrop \\ "
          "\\x '>");
    check("print(%%ip_src)", "publish log <%ip_src>");
    check("print(%flags)", "publish log <{field tcp_flags}>");
    check("print(%ip_src%ip_dst)",
          "publish log <{field ip_src}{field ip_dst}>");
    check("print(\xc3\xa9 %f \xe2\x82\xac)",
          "publish log <\xc3\xa9 {feature f} \xe2\x82\xac>");
    assert_int_equal(fx.diags.n, 0);
    check("print(%tcp_dport)", "publish log <{field dst_port}>");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "taken as \"dst_port\"");
}

/* A name is never cut to one that is known. */
static void
test_unknown_names(void **state)
{
    (void) state;
    check("print(%fDomain %m1x)", "publish log <%fDomain %m1x>");
    assert_int_equal(fixture_count(&fx, XFSM_DIAG_WARNING), 2);
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "\"%fDomain\" names nothing");
    check("print(%state.colour %state)",
          "publish log <%state.colour %state>");
    fixture_clear(&fx);
    check("print(%ip_srk)", "publish log <%ip_srk>");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "did you mean \"ip_src\"?");
    fixture_clear(&fx);
    check("print(%t)", "publish log <%t>");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "\"%t\" names nothing");
    refuse("print(%t(ip_srk))", "unknown field \"ip_srk\"");
}

static void
test_plot(void **state)
{
    (void) state;
    check("plot(test_plot ip_src f m1 t(ip_src))",
          "plot feature <test_plot {field ip_src} {feature f} {metric m1} "
          "{t ip_src}>");
    check("plot(  s  f,ts )", "plot feature <s {feature f} {ts}>");
    check("plot(s)", "plot feature <s>");
    assert_int_equal(fx.diags.n, 0);
    check("plot(s nothing f)", "plot feature <s nothing {feature f}>");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "names nothing");
    refuse("plot()", "plot() needs the name of a stream");
}

static void
test_errors(void **state)
{
    (void) state;
    refuse("Publsh(alert, x)", "did you mean \"Publish\"?");
    refuse("jump(1)", "unknown action \"jump\"");
    refuse("jump(1)", "Suspect, METRIC.reset()");
    refuse("Publish(alert)", "needs a label and a text");
    refuse("Publish", "needs a label and a text");
    refuse("Publish(a b, x)", "\"a b\" is not a label");
    refuse("Publish(a/b, x)", "is not a label");
    refuse("Publish(, x)", "is not a label");
    refuse("exec()", "exec needs a text");
    refuse("m3.reset()", "\"m3\" is not a metric or table");
    refuse("m1.reset(nothing)", "unknown field \"nothing\"");
    refuse("t.reset(ip_src)", "a table is reset as a whole");
    refuse("t = 1", "needs a key");
    refuse("t(ip_src)", "sets an entry");
    refuse("t(ip_src) == 1", "sets an entry");
    refuse("t(ip_src)=", "a number or a name is expected");
    refuse("t(ip_src)=1 2", "an operator is expected");
    refuse("t(ip_srk)=1", "did you mean \"ip_src\"?");
    refuse("(x)", "an action is expected at \"(x)\"");
    refuse("Suspect(1) +", "\";\" is expected before \"+\"");
    refuse("Block(ip_src, 60)", "of dialect 2");
}

/* An error does not hide the next one. */
static void
test_all_errors(void **state)
{
    (void) state;
    fixture_clear(&fx);
    assert_false(xfsm_action_parse(&parse, "one(1, 2);Suspect;m3.reset();"
                                   "t(ip_src)=*;Export", &actions,
                                   &n_actions));
    assert_int_equal(fx.diags.n_errors, 3);
}

static void
test_limits(void **state)
{
    char text[XFSM_MAX_TEXT + 64];
    char key[128] = "m1.reset(";
    int i;

    (void) state;
    text[0] = '\0';
    for (i = 0; i < XFSM_MAX_ACTIONS; i++) {
        strcat(text, "Suspect;");
    }
    assert_true(xfsm_action_parse(&parse, text, &actions, &n_actions));
    assert_int_equal(n_actions, XFSM_MAX_ACTIONS);
    strcat(text, "Suspect;Suspect");
    refuse(text, "more than 32 actions");
    assert_int_equal(fx.diags.n_errors, 1);

    memset(text, 'x', sizeof text);
    memcpy(text, "print(", 6);
    strcpy(text + 6 + XFSM_MAX_TEXT, ")");
    fixture_clear(&fx);
    assert_true(xfsm_action_parse(&parse, text, &actions, &n_actions));
    assert_int_equal(actions[0].text.parts[0].len, XFSM_MAX_TEXT);
    text[6 + XFSM_MAX_TEXT] = 'x';
    strcpy(text + 6 + XFSM_MAX_TEXT + 1, ")");
    refuse(text, "a text of 1025 bytes; the limit is 1024");

    for (i = 0; i < XFSM_MAX_KEY_FIELDS; i++) {
        strcat(key, i ? "-ip_src" : "ip_src");
    }
    strcat(key, ")");
    assert_true(xfsm_action_parse(&parse, key, &actions, &n_actions));
    strcpy(key + strlen(key) - 1, "-ip_src)");
    refuse(key, "more than 8 fields");

    parse.n_parts = XFSM_MAX_PROGRAM_PARTS - 1;
    check("print(x)", "publish log <x>");
    refuse("print(x)", "the program is too large");
}

/* Text with as many substitutions as fit. */
static void
test_dense_text(void **state)
{
    char text[XFSM_MAX_TEXT + 16] = "print(";
    int i;

    (void) state;
    for (i = 0; i < XFSM_MAX_TEXT / 4; i++) {
        strcat(text, "a%f ");
    }
    strcat(text, ")");
    assert_true(xfsm_action_parse(&parse, text, &actions, &n_actions));
    assert_int_equal(actions[0].text.n, XFSM_MAX_TEXT / 2);
}

int
main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_each),
        TEST(test_without_effect),
        TEST(test_separators),
        TEST(test_text_parentheses),
        TEST(test_substitution),
        TEST(test_unknown_names),
        TEST(test_plot),
        TEST(test_errors),
        TEST(test_all_errors),
        TEST(test_limits),
        TEST(test_dense_text),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
