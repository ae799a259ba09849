/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Drawings of state machines: what is in them, and that nothing of a program
 * can be taken for a part of the drawing. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/program-fixture.h"
#include "utilities/xfsm-graph.h"

static const char program[] =
    "<xfsm name='scan' description='It &quot;finds&quot; scans'>"
    "<statedef id='quiet'/><statedef id='loud' timeout='60'/>"
    "<statedef id='third' timeout='0.5' next_state='loud'/>"
    "<event type='packet' selector='proto tcp' primary-key='ip_src'>"
    "<state id='quiet' attack='T1046'>"
    "<condition expression='ip_len &gt; 5' action='Suspect; Export' "
    "next_state='loud'><timeout_set class='tick' key='ip_src' value='2.5'/>"
    "</condition>"
    "<condition expression='ip_len &gt; 9'/>"
    "<post-condition-action do='Drop'/></state></event>"
    "<event type='packet' primary-key='ip_src'>"
    "<state id='quiet' attack='T1046'/>"
    "<state id='loud' attack='T1595.001'><condition expression='true'>"
    "<timeout_set class='tick' key='ip_src' value='0'/></condition></state>"
    "</event>"
    "<event type='timeout' class='tick'><state id='loud'>"
    "<condition expression='true' next_state='third'/></state></event>"
    "</xfsm>";

/* Loads 'doc' and returns its drawing, which the caller frees. */
static char *
draw(const char *doc, void (*function)(const struct xfsm_program *, FILE *))
{
    struct fixture fx;
    char *text;
    size_t len;
    FILE *out;

    fixture_load(&fx, "%s", doc);
    fixture_assert_loaded(&fx, false);
    out = open_memstream(&text, &len);
    assert_non_null(out);
    function(fx.program, out);
    fclose(out);
    fixture_free(&fx);
    return text;
}

static void
assert_line(const char *text, const char *line)
{
    char *needle;

    assert_true(asprintf(&needle, "\n%s\n", line) > 0);
    if (!strstr(text, needle)) {
        fail_msg("no line \"%s\" in:\n%s", line, text);
    }
    free(needle);
}

static void
test_dot(void **state)
{
    char *text = draw(program, xfsm_graph_dot);

    (void) state;
    assert_ptr_equal(strstr(text, "digraph \"scan\" {\n"), text);
    assert_line(text, "  label=\"scan: It \\\"finds\\\" scans\";");
    assert_line(text, "  start -> s0;");
    assert_line(text, "  s0 [label=\"quiet\\nT1046\"];");
    assert_line(text, "  s1 [label=\"loud\\nT1595.001\\ntimeout 60 s\"];");
    assert_line(text, "  s2 [label=\"third\\ntimeout 0.5 s\"];");
    assert_line(text, "  s1 -> s0 [label=\"after 60 s\", style=dashed];");
    assert_line(text, "  s2 -> s1 [label=\"after 0.5 s\", style=dashed];");
    assert_line(text, "  s0 -> s1 [label=\"proto tcp:\\nip_len > 5\\n"
                "/ arm tick 2.5 s, Suspect; Export\"];");
    assert_line(text, "  s0 -> s0 [label=\"proto tcp:\\nip_len > 9\"];");
    assert_line(text, "  s0 -> s0 [label=\"proto tcp:\\nalways, at the "
                "end\\n/ Drop\"];");
    assert_line(text, "  s1 -> s1 [label=\"any packet:\\ntrue\\n"
                "/ remove tick\"];");
    assert_line(text, "  s1 -> s2 [label=\"timer tick:\\ntrue\"];");
    assert_string_equal(text + strlen(text) - 3, "\n}\n");
    free(text);
}

static void
test_mermaid(void **state)
{
    char *text = draw(program, xfsm_graph_mermaid);

    (void) state;
    assert_ptr_equal(strstr(text, "stateDiagram-v2\n"), text);
    assert_line(text, "    [*] --> s0");
    assert_line(text, "    state \"loud<br/>T1595.001<br/>timeout 60 s\" as "
                "s1");
    assert_line(text, "    s1 --> s0: after 60 s");
    assert_line(text, "    s0 --> s1: proto tcp#58;<br/>ip_len #62; 5<br/>"
                "/ arm tick 2.5 s, Suspect#59; Export");
    assert_line(text, "    s1 --> s2: timer tick#58;<br/>true");
    free(text);
}

/* Events without a packet. */
static void
test_occasions(void **state)
{
    char *text = draw("<xfsm name='p'><statedef id='a'/><statedef id='b'/>"
        "<event type='message' topic='alert/x' primary-key='ip_src'>"
        "<state id='a'><condition expression='true' next_state='b'/></state>"
        "</event><event type='period' every='2.5'><state id='b'>"
        "<condition expression='true' next_state='a'/></state></event>"
        "<event type='start'><state id='a'><condition expression='true' "
        "next_state='b'/></state></event><event type='stop'><state id='b'>"
        "<condition expression='true' next_state='a'/></state></event>"
        "</xfsm>", xfsm_graph_mermaid);

    (void) state;
    assert_line(text, "    s0 --> s1: message alert/x#58;<br/>true");
    assert_line(text, "    s1 --> s0: every 2.5 s#58;<br/>true");
    assert_line(text, "    s0 --> s1: start#58;<br/>true");
    assert_line(text, "    s1 --> s0: stop#58;<br/>true");
    free(text);
}

/* Text that would end a label, a line or a statement. */
static const char hostile[] =
    "<xfsm description='&quot;];x[label=&quot;\\&quot;\\'>"
    "<statedef id='end'/><event type='packet' "
    "selector='domain_name == &quot;a&#10;}&quot;' primary-key='ip_src'>"
    "<state id='end'><condition expression='true' action='Publish(log, "
    "&quot;]; x [label=\\&quot; &#10; } --&gt; #59; &lt;script&gt; %%{ init "
    "}%% `a` [*] : ; note\\)'/></state></event></xfsm>";

/* Counts quotation marks that no backslash protects. */
static int
count_bare_quotes(const char *line, size_t n)
{
    int quotes = 0;

    for (size_t i = 0; i < n; i++) {
        if (line[i] == '\\') {
            i++;
        } else {
            quotes += line[i] == '"';
        }
    }
    return quotes;
}

static void
test_hostile_dot(void **state)
{
    char *text = draw(hostile, xfsm_graph_dot);
    int n_lines = 0;

    (void) state;
    for (const char *p = text; *p; n_lines++) {
        size_t n = strcspn(p, "\n");
        int quotes = count_bare_quotes(p, n);

        assert_true(quotes == 0 || quotes == 2
                    || !strncmp(p, "  node ", 7) || !strncmp(p, "  edge ", 7));
        p += n + (p[n] == '\n');
    }
    assert_int_equal(n_lines, 11);
    free(text);
}

static void
test_hostile_mermaid(void **state)
{
    char *text = draw(hostile, xfsm_graph_mermaid), *label;

    (void) state;
    assert_line(text, "    state \"end\" as s0");
    label = strstr(text, "s0 --> s0: ");
    assert_non_null(label);
    label += strlen("s0 --> s0: ");
    assert_null(strpbrk(label, "\"{}[]`:%\\"));
    assert_null(strstr(label, "-->"));
    assert_null(strstr(label, "<s"));
    assert_int_equal(strcspn(label, "\n"), strlen(label) - 1);
    free(text);
}

/* Long text is cut, between characters. */
static void
test_long(void **state)
{
    char doc[4096], word[800] = "";
    char *text;

    (void) state;
    for (int i = 0; i < 200; i++) {
        strcat(word, "\xc3\xa9");
    }
    snprintf(doc, sizeof doc, "<xfsm><statedef id='a'/><event type='packet' "
             "primary-key='ip_src'><state id='a'><condition expression='true' "
             "action='print(%s)'/></state></event></xfsm>", word);
    text = draw(doc, xfsm_graph_dot);
    assert_non_null(strstr(text, "/ print(\xc3\xa9"));
    assert_non_null(strstr(text, "\xc3\xa9..."));
    assert_true(strlen(text) < 700);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dot),
        cmocka_unit_test(test_mermaid),
        cmocka_unit_test(test_occasions),
        cmocka_unit_test(test_hostile_dot),
        cmocka_unit_test(test_hostile_mermaid),
        cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
