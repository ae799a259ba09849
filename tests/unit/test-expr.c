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
#include "xfsm/program/expr.h"
#include "xfsm/program/lexer.h"

/* Writes 'expr' in prefix form. */
static void
print(const struct xfsm_expr *expr, FILE *stream)
{
    const struct xfsm_program *program = parse.program;
    int i;

    switch (expr->kind) {
    case XFSM_EX_NUMBER:
        fprintf(stream, "%g", expr->number);
        break;
    case XFSM_EX_FEATURE:
        fprintf(stream, "feature:%s", program->features[expr->index].name);
        break;
    case XFSM_EX_METRIC:
        fprintf(stream, "metric:%s", program->metrics[expr->index].name);
        break;
    case XFSM_EX_FIELD:
        fprintf(stream, "field:%s", xfsm_fields[expr->index].name);
        break;
    case XFSM_EX_TABLE:
        fprintf(stream, "%s[", program->tables[expr->index].name);
        for (i = 0; i < expr->key.n; i++) {
            fprintf(stream, "%s%s", i ? "-" : "",
                    xfsm_fields[expr->key.fields[i]].name);
        }
        fputs("]", stream);
        break;
    case XFSM_EX_UNARY:
    case XFSM_EX_BINARY:
    case XFSM_EX_CALL:
    default:
        fprintf(stream, "(%s", xfsm_expr_op_text(expr->op));
        for (i = 0; i < expr->n_args; i++) {
            fputs(" ", stream);
            print(expr->args[i], stream);
        }
        fputs(")", stream);
        break;
    }
}

static void
check(const char *text, const char *expected)
{
    struct xfsm_expr *expr = xfsm_expr_parse(&parse, text, strlen(text));
    char *printed = NULL;
    FILE *stream;
    size_t size;

    if (!expr) {
        fail_msg("\"%s\": %s", text, fx.diags.items[0].message);
    }
    stream = open_memstream(&printed, &size);
    assert_non_null(stream);
    print(expr, stream);
    fclose(stream);
    assert_string_equal(printed, expected);
    free(printed);
}

static void
refuse(const char *text, const char *what)
{
    fixture_clear(&fx);
    assert_null(xfsm_expr_parse(&parse, text, strlen(text)));
    assert_int_equal(fx.diags.n_errors, 1);
    assert_int_equal(fx.diags.items[0].line, 7);
    assert_string_equal(fx.diags.items[0].path, "@test");
    fixture_assert_says(&fx, XFSM_DIAG_ERROR, what);
}

static void
test_precedence(void **state)
{
    (void) state;
    check("1+2*3", "(+ 1 (* 2 3))");
    check("(1+2)*3", "(* (+ 1 2) 3)");
    check("1-2-3", "(- (- 1 2) 3)");
    check("8/4/2", "(/ (/ 8 4) 2)");
    check("7 % 4 * 2", "(* (% 7 4) 2)");
    check("1 < 2 == 3 > 4", "(== (< 1 2) (> 3 4))");
    check("1 or 2 and 3", "(or 1 (and 2 3))");
    check("1 and 2 or 3", "(or (and 1 2) 3)");
    check("-1 - -2", "(- (- 1) (- 2))");
    check("- - 3", "(- (- 3))");
    check("+3", "3");
    check("not 1 and 2", "(and (! 1) 2)");
    check("!!1", "(! (! 1))");
    check("1+2 >= 3 and 4 != 5*6 or 7",
          "(or (and (>= (+ 1 2) 3) (!= 4 (* 5 6))) 7)");
    assert_int_equal(fx.diags.n, 0);
}

static void
test_spellings(void **state)
{
    (void) state;
    check("1 && 2 || !3", "(or (and 1 2) (! 3))");
    check("1 lt 2", "(< 1 2)");
    check("1 le 2", "(<= 1 2)");
    check("1 gt 2", "(> 1 2)");
    check("1 ge 2", "(>= 1 2)");
    check("1 eq 2", "(== 1 2)");
    check("1 ne 2", "(!= 1 2)");
    check("true", "1");
    check(" false ", "0");
    check("true and false", "(and 1 0)");
    check("f gt 0.2 and(f lt 5)",
          "(and (> feature:f 0.2) (< feature:f 5))");
    assert_int_equal(fx.diags.n, 0);
}

static void
test_names(void **state)
{
    (void) state;
    check("m1", "metric:m1");
    check("f", "feature:f");
    check("dst_port", "field:dst_port");
    check("flags", "field:tcp_flags");
    check("t(ip_src)", "t[ip_src]");
    check("t ( ip_dst )", "t[ip_dst]");
    check("!t(ip_src)", "(! t[ip_src])");
    check("f>1.2*t(ip_dst)", "(> feature:f (* 1.2 t[ip_dst]))");
    assert_int_equal(fx.diags.n, 0);
    check("tcp_dport", "field:dst_port");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "taken as \"dst_port\"");

    refuse("m3", "unknown name \"m3\"");
    refuse("dst_prt > 1", "did you mean \"dst_port\"?");
    refuse("ip_src", "\"ip_src\" is not a number");
    refuse("domain_name == 1", "\"domain_name\" is not a number");
    refuse("t", "needs a key");
    refuse("t + 1", "needs a key");
    refuse("t(", "a key in parentheses");
    refuse("t()", "a field's name is missing");
    refuse("t(ip_srk)", "did you mean \"ip_src\"?");
    refuse("t(dst_port)", "with \"ip_src\" before");
    refuse("t(ip_src-ip_dst)", "with \"ip_src\" before");
    refuse("tt(ip_src)", "not a table or a function");
    refuse("%f > 1", "a number or a name is expected before \"%\"");
}

static void
test_functions(void **state)
{
    (void) state;
    check("abs(-1)", "(abs (- 1))");
    check("min(1, 2)", "(min 1 2)");
    check("max(1, 2, 3)", "(max (max 1 2) 3)");
    check("pow(2, log2(8))", "(pow 2 (log2 8))");
    check("log(exp(1)) + sqrt(4)", "(+ (log (exp 1)) (sqrt 4))");
    check("floor(1.5) + ceil(1.5)", "(+ (floor 1.5) (ceil 1.5))");
    check("abs (m1)", "(abs metric:m1)");
    assert_int_equal(fx.diags.n, 0);
    refuse("abs(1, 2)", "abs() takes 1 argument, not 2");
    refuse("pow(1)", "pow() takes 2 arguments, not 1");
    refuse("pow(1, 2, 3)", "pow() takes 2 arguments, not 3");
    refuse("min(1)", "min() takes 2 arguments or more, not 1");
    refuse("abs()", "a number or a name is expected before \")\"");
    refuse("abs(1", "\")\" is expected at the end");
    refuse("flor(1)", "did you mean \"floor\"?");
}

static void
test_errors(void **state)
{
    (void) state;
    refuse("", "expected at the end");
    refuse("1 +", "a number or a name is expected at the end of \"1 +\"");
    refuse("1 2", "an operator is expected before \"2\" (character 3)");
    refuse("1 = 2", "comparison is written \"==\"");
    refuse("f = 2", "comparison is written \"==\"");
    refuse("(1", "\")\" is expected at the end");
    refuse("1)", "expected before \")\"");
    refuse("()", "expected before \")\"");
    refuse("1 @ 2", "expected before \"@\"");
    refuse("* 2", "expected before \"*\"");
    refuse("1 and", "at the end");
    refuse("and 1", "expected before \"and\"");
    refuse("1..2", "expected before \"1..2\"");
    refuse("12abc", "expected before \"12abc\"");
    refuse("1,2", "expected before \",\"");
    refuse("a\xc3\xa9", "unknown name \"a\"");
}

static void
test_warnings(void **state)
{
    (void) state;
    check("!m1 > 3", "(> (! metric:m1) 3)");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "\"!\" binds tighter");
    fixture_clear(&fx);
    check("1 < m1 < 3", "(< (< 1 metric:m1) 3)");
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "comparisons in a row");
    fixture_clear(&fx);
    check("1 < m1 == 1", "(== (< 1 metric:m1) 1)");
    assert_int_equal(fx.diags.n, 0);
}

static void
check_number(const char *text, double value)
{
    struct xfsm_number number;

    assert_int_equal(xfsm_number_scan(text, &number), strlen(text));
    if (number.value != value) {
        fail_msg("\"%s\" is %.17g, not %.17g", text, number.value, value);
    }
}

static void
test_numbers(void **state)
{
    static const char *const bad[] = {
        "", ".", "x", "1x", "0x", "0xg", "1e", "1e+", "1.2.3", "1_000",
        "1e400", "0x10000000000000000", "12ff", "-1", "1ulul",
    };
    struct xfsm_number number;
    double value;
    uint64_t u;
    size_t i;

    (void) state;
    check_number("0", 0);
    check_number("10", 10);
    check_number("010", 10);
    check_number("0.75", 0.75);
    check_number(".5", .5);
    check_number("5.", 5);
    check_number("1.2", 1.2);
    check_number("0.002", 0.002);
    check_number("3.14159265358979", 3.14159265358979);
    check_number("1e3", 1e3);
    check_number("25e-1", 2.5);
    check_number("1E+2", 100);
    check_number("1e-400", 0);
    check_number("1.2f", 1.2);
    check_number("10u", 10);
    check_number("10UL", 10);
    check_number("10ull", 10);
    check_number("10L", 10);
    check_number("0x1F", 31);
    check_number("0x20544547U", 0x20544547);
    check_number("0xff", 255);
    check_number("123456789012345678901234567890", 123456789012345678e12);
    check_number("0.0000000000000000000001", 1e-22);
    check_number("18446744073709551615", 18446744073709551615.0);
    check_number("0xffffffffffffffff", 18446744073709551615.0);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(xfsm_number_scan(bad[i], &number), 0);
    }
    assert_true(xfsm_number_parse("-2.5", &value));
    assert_true(value == -2.5);
    assert_false(xfsm_number_parse("1 ", &value));
    assert_false(xfsm_number_parse("--1", &value));
    assert_true(xfsm_number_parse_uint("0x10u", &u));
    assert_int_equal(u, 16);
    assert_false(xfsm_number_parse_uint("1.0", &u));
    assert_false(xfsm_number_parse_uint("1e3", &u));
    assert_false(xfsm_number_parse_uint("-1", &u));
    assert_false(xfsm_number_parse_uint("99999999999999999999", &u));
    assert_true(xfsm_number_parse_uint("18446744073709551615", &u));
    assert_true(u == UINT64_MAX);
    assert_false(xfsm_number_parse_uint("18446744073709551616", &u));
    assert_false(xfsm_number_parse_uint("184467440737095516150", &u));
    assert_true(xfsm_number_parse_uint("000010000000000000000000", &u));
    assert_true(u == UINT64_C(10000000000000000000));
}

/* Writes 'n' times 'before', then "1", then 'n' times 'after'. */
static char *
nest(const char *before, int n, const char *after)
{
    static char text[4096];
    int i;

    text[0] = '\0';
    for (i = 0; i < n; i++) {
        strcat(text, before);
    }
    strcat(text, "1");
    for (i = 0; i < n; i++) {
        strcat(text, after);
    }
    return text;
}

static void
test_depth(void **state)
{
    int max = XFSM_MAX_EXPR_DEPTH;
    const char *text;

    (void) state;
    check(nest("(", max - 1, ")"), "1");
    refuse(nest("(", max, ")"), "nested too deep");
    text = nest("-", max - 1, "");
    assert_non_null(xfsm_expr_parse(&parse, text, strlen(text)));
    refuse(nest("-", max, ""), "nested too deep");
    text = nest("abs(", max - 1, ")");
    assert_non_null(xfsm_expr_parse(&parse, text, strlen(text)));
    refuse(nest("abs(", max, ")"), "nested too deep");
    refuse(nest("(", 2000, ""), "nested too deep");

    /* Each level keeps two values while the next is computed. */
    text = nest("1+2*(", max / 2 - 1, ")");
    assert_non_null(xfsm_expr_parse(&parse, text, strlen(text)));
    refuse(nest("1+2*(", max / 2, ")"), "more than 32 values at a time");
}

static void
test_nodes(void **state)
{
    /* A chain of n additions has 2n + 1 nodes, whatever its length it keeps
     * two values. */
    int n = (XFSM_MAX_EXPR_NODES - 2) / 2;
    char *text = nest("1+", n, "");
    struct xfsm_expr *expr = xfsm_expr_parse(&parse, text, strlen(text));

    (void) state;
    assert_non_null(expr);
    assert_int_equal(xfsm_expr_stack(expr), 2);
    text = nest("1+", n, "");
    memmove(text + 1, text, strlen(text) + 1);
    text[0] = '-';
    assert_non_null(xfsm_expr_parse(&parse, text, strlen(text)));
    refuse(nest("1+", n + 1, ""), "the expression is too long");
}

/* All expressions of a program together are bounded. */
static void
test_budget(void **state)
{
    (void) state;
    parse.n_parts = XFSM_MAX_PROGRAM_PARTS - 3;
    check("1+2", "(+ 1 2)");
    refuse("1", "the program is too large");
}

static void
test_metrics(void **state)
{
    struct xfsm_expr *expr;
    uint64_t metrics = 0;

    (void) state;
    expr = xfsm_expr_parse(&parse, "1+dst_port", 10);
    assert_non_null(expr);
    xfsm_expr_metrics(fx.program, expr, &metrics);
    assert_int_equal(metrics, 0);
    expr = xfsm_expr_parse(&parse, "max(m2,1)", 9);
    assert_non_null(expr);
    xfsm_expr_metrics(fx.program, expr, &metrics);
    assert_int_equal(metrics, 2);
    expr = xfsm_expr_parse(&parse, "!f", 2);
    assert_non_null(expr);
    xfsm_expr_metrics(fx.program, expr, &metrics);
    assert_int_equal(metrics, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_precedence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_spellings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_functions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warnings, setup, teardown),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(test_metrics, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
