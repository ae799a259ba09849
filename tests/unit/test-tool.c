/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The commands test, graph and check of xfsm(1), and option --param, as a
 * user runs them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/packet-builder.h"

#define ETHERNET 1              /* LINKTYPE_ETHERNET. */
#define START (UINT64_C(1767225600) * 1000000000)

static char folder[] = "/tmp/xfsm-test-tool.XXXXXX";

/* What a command printed, both streams. */
static char output[65536];

/* Runs a shell command in 'folder', "$x" being the toolbox.  Returns its exit
 * code. */
static int
run(const char *command)
{
    const char *build = getenv("top_builddir");
    char line[8192];
    FILE *stream;
    int status;
    size_t n;

    snprintf(line, sizeof line, "x=$(realpath \"%s\")/utilities/xfsm; "
             "cd %s; exec 2>&1; unset XFSM_SHARED_DATA; %s",
             build ? build : ".", folder, command);
    stream = popen(line, "r");
    assert_non_null(stream);
    n = fread(output, 1, sizeof output - 1, stream);
    output[n] = '\0';
    status = pclose(stream);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Runs 'command', which must end with 'code' and print 'part'. */
static void
expect(const char *command, int code, const char *part)
{
    int result = run(command);

    if (result != code || !strstr(output, part)) {
        fail_msg("%s: %d, not %d with \"%s\"\n%s", command, result, code,
                 part, output);
    }
}

static void
write_file(const char *name, const char *text)
{
    char path[4096];
    FILE *stream;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(text, stream);
    assert_int_equal(fclose(stream), 0);
}

/* Writes a capture of 'n' TCP packets to ports 1 to 'n'. */
static void
write_capture(const char *name, int n)
{
    char path[4096], frame[256];
    FILE *stream;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    stream = pb_pcap_open(path, ETHERNET);
    assert_non_null(stream);
    for (int i = 1; i <= n; i++) {
        size_t len = pb_tcp_frame(frame, sizeof frame, "10.0.0.1", 40000,
                                  "10.0.0.2", i, 2, NULL);

        pb_pcap_write(stream, START + i, frame, len, len);
    }
    pb_pcap_close(stream);
}

#define PROGRAM(TESTS) \
    "<xfsm name='ports'>\n" \
    "<param name='from' default='3' min='1' max='100' unit='ports' " \
    "description='The first'/>\n" \
    "<statedef id='quiet'/><statedef id='loud'/>\n" \
    "<event type='packet' primary-key='ip_src-ip_dst'>\n" \
    "<state id='quiet'>\n" \
    "<condition expression='dst_port &gt;= from' next_state='loud' " \
    "action='Publish(alert, port=dst_port)'/></state>\n" \
    "<state id='loud'><condition expression='true' " \
    "action='Publish(log, again)'/></state></event>\n" TESTS "</xfsm>"
#define TEST(NAME, CAPTURE, BODY) \
    "<test name='" NAME "' capture='" CAPTURE "'>" BODY "</test>\n"

static int
set_up(void **state)
{
    (void) state;
    if (!mkdtemp(folder)) {
        return -1;
    }
    write_capture("five.pcap", 5);
    write_file("plain.xml", PROGRAM(""));
    return 0;
}

static int
tear_down(void **state)
{
    char command[4200];

    (void) state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void
test_pass(void **state)
{
    (void) state;
    write_file("pass.xml", PROGRAM(
        TEST("one # of them", "five.pcap",
             "<expect label='alert' state='quiet' count='1' "
             "key='10.0.0.1-10.0.0.2'/><expect label='log' count='2'/>"
             "<expect label='log' count='1+' state='loud'/>"
             "<expect-none label='log' state='quiet'/>"
             "<expect-none label='alert' key='10.0.0.1'/>")
        "<test name='two' capture='five.pcap' param.from='6'>"
        "<expect-none label='alert'/><expect-none label='log'/></test>"));
    expect("$x test pass.xml", 0, "ok 1 - ports: one _ of them\n"
           "ok 2 - ports: two\n1..2\n# 2 passed, 0 failed, 0 skipped\n");
    expect("mkdir -p elsewhere; cd elsewhere; $x test ../pass.xml", 0,
           "# 2 passed");
}

static void
test_fail(void **state)
{
    (void) state;
    write_file("fail.xml", PROGRAM(
        TEST("many", "five.pcap", "\n<expect label='log' count='3'/>"
             "<expect label='alert' state='loud' key='k'/>")
        TEST("none", "five.pcap", "<expect-none label='alert'/>")
        TEST("good", "five.pcap", "<expect label='alert'/>")));
    expect("$x test fail.xml", 1, "not ok 1 - ports: many\n"
           "# line 9: 3 \"log\" expected, 2 came\n"
           "# line 9: at least 1 \"alert\" in state \"loud\" of key \"k\" "
           "expected, 0 came\n"
           "# 3 events in all, the first of them:\n"
           "# key \"10.0.0.1-10.0.0.2\": {\"v\":1");
    expect("$x test fail.xml", 1, "not ok 2 - ports: none\n"
           "# line 10: 0 \"alert\" expected, 1 came\n");
    expect("$x test fail.xml", 1, "ok 3 - ports: good\n1..3\n"
           "# 1 passed, 2 failed, 0 skipped\n");
}

static void
test_captures(void **state)
{
    static const char *const skipped =
        "ok 1 - ports: far # SKIP no capture\n";

    (void) state;
    write_file("far.xml", PROGRAM(TEST("far", "sub/far.pcap",
                                       "<expect label='alert'/>")));
    expect("$x test far.xml", 0, skipped);
    expect("$x test far.xml", 0, "capture \"sub/far.pcap\" of test \"far\" "
           "is not there: SKIPPED");
    expect("$x test --strict far.xml", 1, "not ok 1 - ports: far\n");
    expect("mkdir -p c/captures/sub; cp five.pcap c/captures/sub/far.pcap; "
           "$x test --captures c/captures far.xml", 0,
           "ok 1 - ports: far\n1..1");
    expect("XFSM_SHARED_DATA=c; export XFSM_SHARED_DATA; $x test far.xml", 0,
           "ok 1 - ports: far\n1..1");
    expect("XFSM_SHARED_DATA=d; export XFSM_SHARED_DATA; $x test far.xml", 0,
           skipped);
    expect("head -c 200 five.pcap > cut.pcap; sed s,sub/far,cut, far.xml > "
           "cut.xml; $x test cut.xml", 1, "cut.pcap");
}

static void
test_bad_programs(void **state)
{
    (void) state;
    write_file("bad.xml", "<xfsm><statedef id='a'/>\n<nothing/><event "
               "type='packet' primary-key='ip_src'><state id='a'/></event>"
               "</xfsm>");
    expect("$x test bad.xml", 1, "not ok 1 - bad: it loads\n# bad.xml:2: ");
    expect("$x test plain.xml", 0, "ok 1 - ports # SKIP it carries no tests");
    expect("$x test nowhere.xml", 1, "not ok 1 - nowhere.xml");
    expect("$x compile plain.xml -o plain.image; $x test plain.image", 1,
           "an image carries no tests");
    expect("$x test", 64, "which PROGRAM");
    expect("$x test --help", 0, "Output is TAP");
}

static void
test_param(void **state)
{
    (void) state;
    expect("$x run -q --pcap five.pcap plain.xml | grep -c alert", 0, "1");
    expect("$x run -q --pcap five.pcap plain.xml", 0,
           "\"fields\":{\"port\":3}");
    expect("$x run -q --pcap five.pcap --param from=5 plain.xml", 0,
           "\"fields\":{\"port\":5}");
    expect("$x run -q --pcap five.pcap --param plain:from=4 plain.xml", 0,
           "\"fields\":{\"port\":4}");
    expect("$x run -q --pcap five.pcap --param from=101 plain.xml", 1,
           "plain.xml:1: parameter \"from\" cannot be 101: it is at most 100 "
           "ports");
    expect("$x run -q --pcap five.pcap --param fron=1 plain.xml", 1,
           "there is no parameter \"fron\" to be set; did you mean \"from\"?");
    expect("$x run -q --pcap five.pcap --param x:from=1 plain.xml", 1,
           "no program \"x\" is given");
    expect("$x run --pcap five.pcap --param from plain.xml", 64,
           "\"from\" is not NAME=VALUE");
    expect("$x compile --param from=2 plain.xml -o p.image && "
           "$x run -q --pcap five.pcap p.image", 0,
           "\"fields\":{\"port\":2}");
    expect("$x run --param from=3 --pcap five.pcap p.image", 1,
           "the parameters of an image were set when it was compiled");
    expect("sed 's/<event /<statedef id=\"lost\"\\/>&/' plain.xml > lost.xml;"
           "$x compile lost.xml -o r.image && "
           "$x compile --lint --param from=2 - -o r.image < lost.xml", 0,
           "<stdin>:4: statedef[3] \"lost\": warning: nothing leads to");
    assert_null(strstr(strstr(output, "nothing leads") + 1, "nothing leads"));
    expect("$x compile --param from=x plain.xml -o q.image", 1,
           "set to \"x\", which is not a number");
    expect("test -e q.image", 1, "");
    expect("$x bench -n 1000 -r 1 --param from=7 plain.xml", 0, "plain.xml");
    expect("$x bench -n 1000 -r 1 --param from=x plain.xml", 1, "\"x\"");
}

static void
test_bench(void **state)
{
    (void) state;
    expect("$x bench -n 1000 -r 1 -f 1200 -l mix plain.xml", 0,
           "1200 flows, 1000 packets of ");
    expect("$x bench -n 1000 -r 1 -l mix plain.xml", 0, " on average a run");
    expect("$x bench -n 1000 -r 1 -l 70 plain.xml", 0, " of 70 bytes a run");
    expect("$x bench -l mixed plain.xml", 64,
           "\"mixed\": number out of range");
    expect("$x bench", 64, "no program given");
    expect("$x bench -n 1000 -r 1 --svg plot.svg plain.xml && "
           "head -c 5 plot.svg && tail -n 1 plot.svg", 0, "<?xml</svg>\n");
    expect("cat plot.svg", 0, ">decode only</text>");
    expect("cat plot.svg", 0, ">decode only, one by one</text>");
#ifdef __x86_64__
    expect("$x bench -n 1000 -r 1 plain.xml", 0, "; native code is ");
#endif
    expect("$x bench -n 1000 -r 1 --alone plain.xml >alone && "
           "grep -c plain.xml, alone", 0, "1\n");
    expect("cat plot.svg", 0, ">plain.xml, interpreter</text>");
    expect("$x bench -n 1000 -r 1 --svg no/such.svg plain.xml", 1,
           "no/such.svg: No such file or directory");
}

static void
test_check(void **state)
{
    (void) state;
    expect("$x check plain.xml", 0, "plain.xml: note: needs up to ");
    expect("$x check plain.xml", 0, "plain.xml: ok\n");
    expect("$x check -q plain.xml | wc -c", 0, "0");
    expect("$x check --params plain.xml", 0, "plain.xml: from = 3 ports "
           "(default 3 min 1 max 100): The first\n");
    expect("$x check --params --param from=9 plain.xml", 0,
           "plain.xml: from = 9 ports (default 3 min 1 max 100)");
    expect("$x check --param from=1000 plain.xml", 1, "refused: 1 error");
    expect("$x check --schema", 0, "<element name=\"xfsm\">");
    write_file("lint.xml", "<xfsm><statedef id='a'/><statedef id='b'/>"
               "<event type='packet' primary-key='ip_src'><state id='a'/>"
               "</event></xfsm>");
    expect("$x check lint.xml", 0, "lint.xml:1: statedef[2] \"b\": warning: "
           "nothing leads to the state\n");
    expect("$x check lint.xml", 0, "lint.xml: ok, 1 warning\n");
    expect("$x check --params lint.xml", 0, "lint.xml: no parameters\n");
}

static void
test_graph(void **state)
{
    (void) state;
    expect("$x graph --format dot plain.xml", 0, "digraph \"ports\" {\n");
    expect("$x graph --format=mermaid plain.xml", 0, "stateDiagram-v2\n");
    expect("mkdir -p empty; PATH=empty; $x graph plain.xml", 1,
           "apt-get install graphviz");
    /* What stands for dot shows that it got the text, and the type. */
    expect("mkdir -p bin; printf '#!/bin/sh\\necho \"svg $1\"; exec /bin/cat' "
           "> bin/dot; chmod +x bin/dot; PATH=bin; $x graph plain.xml", 0,
           "svg -Tsvg\ndigraph \"ports\" {\n");
    expect("printf '#!/bin/sh\\nexit 3' > bin/dot; PATH=bin; "
           "$x graph plain.xml", 1, "\"dot\" failed");
    expect("printf '#!/bin/sh\\nexec /bin/cat > /dev/null' > bin/dot; "
           "PATH=bin; $x graph -f svg plain.xml", 0, "");
    expect("$x graph -f png plain.xml", 64, "is not svg, dot or mermaid");
    expect("$x graph plain.xml plain.xml", 64, "only one PROGRAM");
    expect("$x graph", 64, "which PROGRAM");
    write_file("bad.xml", "<xfsm>\n<nothing/></xfsm>");
    expect("$x graph -f dot bad.xml", 1, "bad.xml:2: ");
    expect("$x graph -f dot --param from=0 plain.xml", 1, "at least 1");
    expect("$x compile plain.xml -o plain.image; "
           "$x graph -f dot plain.image", 1, "an image cannot be drawn");
}

/* With Graphviz, a picture comes out that is SVG. */
static void
test_graph_svg(void **state)
{
    (void) state;
    if (run("command -v dot")) {
        print_message("no \"dot\" of Graphviz: skipped\n");
        skip();
    }
    expect("$x graph plain.xml", 0, "<svg ");
    expect("$x graph plain.xml", 0, "</svg>");
}

/* The programs of the library pass their own tests on the shared captures;
 * tests/golden/test-programs.py makes the captures of the others. */
static void
test_library(void **state)
{
    const char *shared = getenv("XFSM_SHARED_DATA");
    const char *top = getenv("top_srcdir");
    char command[8192];

    (void) state;
    if (!top || !shared || access(shared, R_OK)) {
        print_message("no $top_srcdir or no $XFSM_SHARED_DATA: skipped\n");
        skip();
    }
    snprintf(command, sizeof command, "$x test --captures "
             "%s/captures %s/utilities/programs/*.xml", shared, top);
    expect(command, 0, ", 0 failed, ");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pass),
        cmocka_unit_test(test_fail),
        cmocka_unit_test(test_captures),
        cmocka_unit_test(test_bad_programs),
        cmocka_unit_test(test_param),
        cmocka_unit_test(test_bench),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_graph),
        cmocka_unit_test(test_graph_svg),
        cmocka_unit_test(test_library),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
