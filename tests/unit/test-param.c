/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Parameters: what they become, where they may stand, and how they are set. */

#include <setjmp.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/program-fixture.h"
#include "xfsm/program/compile.h"

#define S UINT64_C(1000000000)

#define STATES "<statedef id='a'/>"
#define EVENT \
    "<event type='packet' primary-key='ip_src'><state id='a'/></event>"
#define PROGRAM(BODY) "<xfsm>" STATES BODY EVENT "</xfsm>"
#define P "<param name='p' default='5' min='1' max='10'/>"

/* Loads 'doc' with the setting 'name' to 'value', unless 'name' is NULL. */
static void
load(struct fixture *fx, const char *doc, const char *name, const char *value)
{
    struct xfsm_setting setting = { name, value };

    memset(fx, 0, sizeof *fx);
    xfsm_diags_init(&fx->diags, "doc");
    fx->program = xfsm_xml_load_params(doc, strlen(doc), "doc", &setting,
                                       name != NULL, &fx->diags);
    fx->text = xfsm_diags_format(&fx->diags, XFSM_DIAG_NOTE);
}

/* Asserts that loading is refused with 'what' on 'line'. */
static void
refuse_setting(const char *doc, const char *name, const char *value, int line,
               const char *what)
{
    struct fixture fx;

    load(&fx, doc, name, value);
    fixture_assert_error(&fx, line, what);
    fixture_free(&fx);
}

static void
refuse(const char *body, int line, const char *what)
{
    struct fixture fx;

    fixture_load(&fx, PROGRAM("%s"), body);
    fixture_assert_error(&fx, line, what);
    fixture_free(&fx);
}

static void
test_declaration(void **state)
{
    const struct xfsm_param *p;
    struct fixture fx;

    (void) state;
    fixture_load(&fx, PROGRAM(
        "<param name='p' default='5' min='1' max='1e2' unit='s' "
        "description='What &lt;it&gt; is'/>\n"
        "<param name='q' default='-0.5'/>"
        "<feature name='f' body='p + 1'/>"));
    fixture_assert_loaded(&fx, true);
    assert_int_equal(fx.program->n_params, 2);
    p = &fx.program->params[0];
    assert_string_equal(p->name, "p");
    assert_true(p->value == 5 && p->initial == 5);
    assert_true(p->min == 1 && p->max == 100);
    assert_string_equal(p->unit, "s");
    assert_string_equal(p->description, "What <it> is");
    assert_int_equal(p->line, 1);
    assert_true(p->used);
    p = &fx.program->params[1];
    assert_true(p->value == -0.5 && p->min == -INFINITY
                && p->max == INFINITY);
    assert_string_equal(p->unit, "");
    assert_string_equal(p->description, "");
    assert_int_equal(p->line, 2);
    assert_false(p->used);
    fixture_free(&fx);
}

static void
test_wrong_declarations(void **state)
{
    struct fixture fx;

    (void) state;
    refuse("\n<param default='1'/>", 2, "\"name\" is missing");
    refuse("\n<param name='p'/>", 2, "\"default\" is missing");
    refuse("<param name='1p' default='1'/>", 1, "is not a name");
    refuse("<param name='p' default='x'/>", 1, "\"x\" is not a number");
    refuse("<param name='p' default='$p'/>", 1, "\"$p\" is not a number");
    refuse("<param name='p' default='1' min='2'/>", 1,
           "the default cannot be 1: it is at least 2");
    refuse("<param name='p' default='1' max='0.5' unit='s'/>", 1,
           "the default cannot be 1: it is at most 0.5 s");
    refuse("<param name='p' default='1' min='2' max='1'/>", 1,
           "\"max\" is less than \"min\"");
    refuse(P P, 1, "is declared before, on line 1");
    refuse("<metric name='p'/>" P, 1, "there is a metric \"p\" as well");
    refuse("<table name='p'/>" P, 1, "there is a table \"p\" as well");
    refuse("<feature name='p' body='1'/>" P, 1,
           "there is a feature \"p\" as well");
    refuse("<metrics>" P "</metrics>", 1, "it stands in the root element");
    fixture_load(&fx, PROGRAM("<param name='dst_port' default='1'/>"));
    fixture_assert_loaded(&fx, false);
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "is a packet field too");
    fixture_free(&fx);
}

/* Every attribute that is a number takes "$NAME", and expressions and texts
 * take the name. */
static void
test_places(void **state)
{
    const struct xfsm_handler *h;
    const struct xfsm_program *p;
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "<xfsm>"
        "<param name='n' default='12'/><param name='t' default='2.5'/>"
        "<statedef id='a'/><statedef id='b' timeout='$t'/>"
        "<metric name='m'>"
        "<variation_detector status='on' size='$n' nhash='$n' "
        "reset_after='$t'/>"
        "<variation_monitor status='on' type='tewma' window='$n' size='$n' "
        "insert_value='$t' repeat_value='$t'/></metric>"
        "<table name='tab' shash='$n'><entry key='10.0.0.1' value='$t'/>"
        "</table>"
        "<feature name='f' body='m * t'/>"
        "<event type='packet' selector='dst_port &gt; $n and "
        "tcp_flags $n|tcp-syn' primary-key='ip_src'>"
        "<state id='a'><use-metric id='m' vd_update='ip_dst' "
        "vm_update='ip_src'/>"
        "<condition expression='f &gt; n and tab(ip_src) &lt; t' "
        "action='Publish(log, more than %%t, %%n)'>"
        "<timeout_set class='c' key='ip_src' value='$t'/></condition>"
        "</state></event>"
        "<event type='timeout' class='c'><state id='a'/></event></xfsm>");
    fixture_assert_loaded(&fx, false);
    p = fx.program;
    assert_true(p->states[1].timeout == 25 * S / 10);
    assert_int_equal(p->metrics[0].vd_size, 12);
    assert_int_equal(p->metrics[0].vd_nhash, 12);
    assert_true(p->metrics[0].vd_reset_after == 25 * S / 10);
    assert_true(p->metrics[0].vm_window == 12 * S);
    assert_int_equal(p->metrics[0].vm_size, 12);
    assert_true(p->metrics[0].vm_insert_value == 2.5);
    assert_true(p->metrics[0].vm_repeat_value == 2.5);
    assert_int_equal(p->tables[0].size, 12);
    assert_true(p->tables[0].entries[0].value == 2.5);
    assert_int_equal(p->events[0].selector->a->value, 12);
    assert_int_equal(p->events[0].selector->b->value, 12 | 2);
    h = &p->events[0].handlers[0];
    assert_true(h->conditions[0].steps.timeouts[0].delay == 25 * S / 10);
    assert_true(h->conditions[0].expr->args[0]->args[1]->number == 12);
    assert_true(h->conditions[0].expr->args[0]->args[1]->is_param);
    assert_int_equal(h->conditions[0].steps.actions[0].text.n, 4);
    assert_true(h->conditions[0].steps.actions[0].text.parts[1].expr->number
                == 2.5);
    assert_true(p->params[0].used && p->params[1].used);
    fixture_free(&fx);
}

static void
test_wrong_places(void **state)
{
    (void) state;
    refuse("<metric name='m'><variation_detector status='on' size='$x'/>"
           "</metric>" P, 1, "there is no parameter \"x\"");
    refuse("<param name='size' default='1'/><metric name='m'>"
           "<variation_detector status='on' size='$siz'/></metric>", 1,
           "did you mean \"size\"?");
    refuse("<param name='x' default='1.5'/><metric name='m'>"
           "<variation_detector status='on' size='$x'/></metric>", 1,
           "parameter \"x\" is 1.5, where an integer");
    refuse("<param name='x' default='-1'/>"
           "<statedef id='b' timeout='$x'/>", 1,
           "\"$x\" is not a number of seconds");
    refuse("<feature name='f' body='1 + $p'/>" P, 1,
           "a parameter in an expression has no \"$\"");
    refuse("<feature name='f' body='q + 1'/>" P, 1,
           "not a feature, metric, parameter or numeric field");
    refuse("<param name='x' default='70000'/>"
           "<event type='packet' selector='dst_port $x' primary-key='ip_src'>"
           "<state id='a'/></event>", 1, "does not fit field dst_port");
}

/* What an attribute cannot be is brought within, as a number written there
 * is. */
static void
test_clamped(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, PROGRAM("<metric name='m'><variation_detector "
                              "status='on' size='$p' nhash='$q'/></metric>" P
                              "<param name='q' default='99'/>"));
    fixture_assert_loaded(&fx, false);
    fixture_assert_says(&fx, XFSM_DIAG_WARNING, "5 is beyond what is "
                        "possible, 6 to 28; 6 is used");
    assert_int_equal(fx.program->metrics[0].vd_size, 6);
    assert_int_equal(fx.program->metrics[0].vd_nhash, 16);
    fixture_free(&fx);
}

static void
test_dialect1(void **state)
{
    struct fixture fx;

    (void) state;
    fixture_load(&fx, "<botstream>" STATES "<statedef id='b' timeout='$p'/>"
                 EVENT "\n" P "</botstream>");
    fixture_assert_error(&fx, 2, "<param> is of dialect 2, whose root is "
                         "<xfsm>, not <botstream>");
    fixture_assert_error(&fx, 1, "\"$p\" is not a number of seconds");
    fixture_free(&fx);
}

static void
test_settings(void **state)
{
    static const char doc[] = PROGRAM("\n" P
        "<param name='q' default='1' unit='apples' max='3'/>");
    struct xfsm_setting twice[] = { { "p", "2" }, { "p", "3" } };
    struct xfsm_program *program;
    struct xfsm_diags diags;
    struct fixture fx;

    (void) state;
    load(&fx, doc, "p", "7.5");
    fixture_assert_loaded(&fx, true);
    assert_true(fx.program->params[0].value == 7.5);
    assert_true(fx.program->params[0].initial == 5);
    assert_true(fx.program->params[1].value == 1);
    fixture_free(&fx);

    /* The limits themselves are within. */
    load(&fx, doc, "p", "10");
    fixture_assert_loaded(&fx, true);
    fixture_free(&fx);
    load(&fx, doc, "p", "1");
    fixture_assert_loaded(&fx, true);
    fixture_free(&fx);

    refuse_setting(doc, "p", "10.5", 1,
                   "parameter \"p\" cannot be 10.5: it is at most 10");
    refuse_setting(doc, "p", "-1", 1, "it is at least 1");
    refuse_setting(doc, "q", "4", 1, "it is at most 3 apples");
    refuse_setting(doc, "p", "many", 1, "set to \"many\", which is not a");
    refuse_setting(doc, "p", "", 1, "is not a number");
    refuse_setting(doc, "p", "$q", 1, "is not a number");
    refuse_setting(doc, "pp", "1", 1, "there is no parameter \"pp\" to be "
                   "set; did you mean \"p\"?");
    refuse_setting(PROGRAM(""), "p", "1", 1, "the program has none");
    refuse_setting("<botstream>" STATES EVENT "</botstream>", "p", "1", 1,
                   "the program has none");

    xfsm_diags_init(&diags, "doc");
    program = xfsm_xml_load_params(doc, strlen(doc), "doc", twice, 2, &diags);
    assert_non_null(program);
    assert_true(program->params[0].value == 3);
    xfsm_program_destroy(program);
    xfsm_diags_destroy(&diags);
}

/* A value of a parameter is a constant: the image is that of a program which
 * has the number in its place. */
static void
test_image(void **state)
{
    static const char body[] =
        "<xfsm name='x'><statedef id='a'/>%s<event type='packet' "
        "selector='dst_port %s' primary-key='ip_src'><state id='a'>"
        "<condition expression='ip_len &gt; %s' action='Suspect'/></state>"
        "</event></xfsm>";
    struct xfsm_setting setting = { "p", "8" };
    void *image[2] = { NULL, NULL };
    struct xfsm_diags diags;
    char doc[1024];
    size_t len[2];

    (void) state;
    xfsm_diags_init(&diags, "doc");
    snprintf(doc, sizeof doc, body, P, "$p", "p");
    assert_true(xfsm_compile_xml_params(doc, strlen(doc), "x", &setting, 1,
                                        &diags, &image[0], &len[0]));
    snprintf(doc, sizeof doc, body, "", "8", "8");
    assert_true(xfsm_compile_xml(doc, strlen(doc), "x", &diags, &image[1],
                                 &len[1]));
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(image[0], image[1], len[0]);
    free(image[0]);
    free(image[1]);
    setting.value = "80";
    snprintf(doc, sizeof doc, body, P, "$p", "p");
    assert_false(xfsm_compile_xml_params(doc, strlen(doc), "x", &setting, 1,
                                         &diags, &image[0], &len[0]));
    xfsm_diags_destroy(&diags);
}

static void
test_limit(void **state)
{
    struct fixture fx;
    char *doc;
    size_t len;
    FILE *out;

    (void) state;
    for (int n = XFSM_MAX_PARAMS; n <= XFSM_MAX_PARAMS + 1; n++) {
        out = open_memstream(&doc, &len);
        assert_non_null(out);
        for (int i = 0; i < n; i++) {
            fprintf(out, "<param name='p%d' default='1'/>", i);
        }
        fclose(out);
        if (n > XFSM_MAX_PARAMS) {
            refuse(doc, 1, "too many <param> elements; the limit is 64");
        } else {
            fixture_load(&fx, PROGRAM("%s"), doc);
            fixture_assert_loaded(&fx, true);
            fixture_free(&fx);
        }
        free(doc);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_declaration),
        cmocka_unit_test(test_wrong_declarations),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_wrong_places),
        cmocka_unit_test(test_clamped),
        cmocka_unit_test(test_dialect1),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_image),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
