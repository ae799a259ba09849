/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Programs compiled while the main loop goes on: how much a turn does, what is
 * done once, and what is not done at all. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/compiler.h"
#include "controller/fleet.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

#define PATIENCE 60000          /* Milliseconds. */

static char folder[] = "/tmp/xfsm-test-compiler-XXXXXX";

/* Stand-ins for the toolbox, in the folder: one that gives the text back, with
 * its parameters, and notes that it was there; one that finds an error; and
 * one that does not end. */
static const struct {
    const char *name, *text;
} tools[] = {
    { "good", "#!/bin/sh\necho x >> \"$(dirname \"$0\")/runs\"\n"
      "cat; echo \"$@\"\n" },
    { "bad", "#!/bin/sh\necho x >> \"$(dirname \"$0\")/runs\"\n"
      "echo no good >&2; exit 1\n" },
    { "slow", "#!/bin/sh\necho $$ > \"$(dirname \"$0\")/pid\"\n"
      "exec sleep 1000\n" },
};

static const char *
in_folder(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int
setup(void **state OVS_UNUSED)
{
    if (!mkdtemp(folder)) {
        return -1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
        FILE *stream = fopen(in_folder(tools[i].name), "w");

        fputs(tools[i].text, stream);
        fchmod(fileno(stream), 0700);
        fclose(stream);
    }
    return 0;
}

static int
teardown(void **state OVS_UNUSED)
{
    char *command = xasprintf("rm -r %s", folder);
    int status = system(command);

    free(command);
    return status;
}

/* Returns the number in the file 'name', or 0. */
static long int
read_number(const char *name)
{
    FILE *stream = fopen(in_folder(name), "r");
    long int number = 0;

    if (stream) {
        ignore(fscanf(stream, "%ld", &number));
        fclose(stream);
    }
    return number;
}

/* How often the toolbox was run since the last call. */
static long int
count_runs(void)
{
    struct stat s;
    long int n = stat(in_folder("runs"), &s) ? 0 : s.st_size / 2;

    unlink(in_folder("runs"));
    return n;
}

static void
make_program(struct xfsm_fleet_program *p, const char *name,
             const char *source, int parameter)
{
    *p = (struct xfsm_fleet_program) {
        .name = xstrdup(name), .source = xstrdup(source),
    };
    smap_init(&p->parameters);
    if (parameter >= 0) {
        smap_add_format(&p->parameters, "limit", "%d", parameter);
    }
    xfsm_signature_digest(source, strlen(source), p->source_digest);
}

static void
destroy_program(struct xfsm_fleet_program *p)
{
    free(p->name);
    free(p->source);
    free(p->image);
    free(p->error);
    smap_destroy(&p->parameters);
}

/* Asks for 'n' programs, all there are.  Returns how many are there. */
static size_t
ask(struct xfsm_compiler *c, struct xfsm_fleet_program *programs, size_t n)
{
    size_t n_done = 0;

    xfsm_compiler_begin(c);
    for (size_t i = 0; i < n; i++) {
        free(programs[i].image);
        free(programs[i].error);
        programs[i].image = programs[i].error = NULL;
        n_done += xfsm_compiler_get(c, &programs[i]);
    }
    xfsm_compiler_end(c);
    return n_done;
}

/* Turns until nothing is pending, with what holds of each turn. */
static void
turn(struct xfsm_compiler *c)
{
    long long int deadline = time_msec() + PATIENCE;

    while (xfsm_compiler_n_pending(c)) {
        unsigned long long int started = xfsm_compiler_n_started(c);

        assert_true(time_msec() < deadline);
        xfsm_compiler_run(c);
        assert_in_range(xfsm_compiler_n_started(c) - started, 0, 1);
        assert_in_range(xfsm_compiler_n_running(c), 0, XFSM_COMPILER_RUNS);
        xfsm_compiler_wait(c);
        poll_timer_wait(10);
        poll_block();
    }
}

/* However many there are, a turn starts one and waits for none. */
static void
test_turns(void **state OVS_UNUSED)
{
    struct xfsm_compiler *c = xfsm_compiler_create(in_folder("good"));
    struct xfsm_fleet_program programs[25];
    const size_t n = ARRAY_SIZE(programs);

    for (size_t i = 0; i < n; i++) {
        make_program(&programs[i], "scan", "<xfsm/>", i / 2);
    }
    assert_int_equal(ask(c, programs, n), 0);
    assert_int_equal(xfsm_compiler_n_pending(c), 13);
    assert_int_equal(xfsm_compiler_n_started(c), 0);
    turn(c);
    assert_int_equal(ask(c, programs, n), n);
    assert_int_equal(xfsm_compiler_n_started(c), 13);   /* Each once. */
    assert_int_equal(count_runs(), 13);
    for (size_t i = 0; i < n; i++) {
        assert_null(programs[i].error);
        assert_string_equal(programs[i].image, "");
        assert_string_equal(programs[i].image_digest,
                            programs[i / 2 * 2].image_digest);
        assert_string_not_equal(programs[i].image_digest,
                                programs[(i + 2) % n].image_digest);
    }
    /* What was not asked for is forgotten. */
    assert_int_equal(ask(c, programs, 2), 2);
    assert_int_equal(ask(c, programs, n), 2);
    assert_int_equal(xfsm_compiler_n_pending(c), 12);
    xfsm_compiler_destroy(c);
    for (size_t i = 0; i < n; i++) {
        destroy_program(&programs[i]);
    }
    count_runs();
}

/* Name, text and parameters make a program, and it has its image. */
static void
test_images(void **state OVS_UNUSED)
{
    struct xfsm_compiler *c = xfsm_compiler_create(in_folder("good"));
    struct xfsm_fleet_program programs[4];
    const size_t n = ARRAY_SIZE(programs);

    make_program(&programs[0], "a", "<xfsm/>", -1);
    make_program(&programs[1], "b", "<xfsm/>", -1);
    make_program(&programs[2], "a", "<xfsm />", -1);
    make_program(&programs[3], "a", "<xfsm/>", 1);
    assert_int_equal(ask(c, programs, n), 0);
    turn(c);
    assert_int_equal(ask(c, programs, n), n);
    assert_int_equal(count_runs(), n);
    /* "<xfsm/>compile --name a -o - -\n" */
    assert_string_equal(programs[0].image,
                        "PHhmc20vPmNvbXBpbGUgLS1uYW1lIGEgLW8gLSAtCg==");
    assert_string_equal(programs[3].image, "");
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(programs[i].image_digest,
                                    programs[j].image_digest);
        }
        destroy_program(&programs[i]);
    }
    xfsm_compiler_destroy(c);
}

/* An error is one of the program for good; that there is no toolbox is not. */
static void
test_errors(void **state OVS_UNUSED)
{
    struct xfsm_compiler *c = xfsm_compiler_create(in_folder("bad"));
    struct xfsm_fleet_program program;

    make_program(&program, "a", "<xfsm/>", -1);
    ask(c, &program, 1);
    turn(c);
    assert_int_equal(ask(c, &program, 1), 1);
    assert_string_equal(program.error, "has errors:\nno good\n");
    assert_false(program.retry);
    assert_int_equal(ask(c, &program, 1), 1);
    assert_int_equal(count_runs(), 1);
    xfsm_compiler_destroy(c);

    c = xfsm_compiler_create(in_folder("nosuch"));
    ask(c, &program, 1);
    turn(c);
    assert_int_equal(ask(c, &program, 1), 1);
    assert_non_null(strstr(program.error, "cannot run the toolbox"));
    assert_true(program.retry);
    xfsm_compiler_destroy(c);
    destroy_program(&program);
}

/* What does not end holds up nothing but itself, and is stopped when nobody
 * wants it any more. */
static void
test_slow(void **state OVS_UNUSED)
{
    struct xfsm_compiler *c = xfsm_compiler_create(in_folder("slow"));
    struct xfsm_fleet_program program;
    long long int deadline = time_msec() + PATIENCE;
    pid_t pid;

    make_program(&program, "a", "<xfsm/>", -1);
    ask(c, &program, 1);
    while (!read_number("pid")) {
        assert_true(time_msec() < deadline);
        assert_false(xfsm_compiler_run(c));
        xfsm_compiler_wait(c);
        poll_timer_wait(10);
        poll_block();
    }
    pid = read_number("pid");
    assert_int_equal(kill(pid, 0), 0);
    assert_int_equal(ask(c, &program, 1), 0);
    assert_int_equal(ask(c, NULL, 0), 0);
    assert_int_equal(xfsm_compiler_n_running(c), 0);
    assert_int_equal(kill(pid, 0), -1);
    xfsm_compiler_destroy(c);
    destroy_program(&program);
}

/* As many as there may be, and one more. */
static void
test_limit(void **state OVS_UNUSED)
{
    struct xfsm_compiler *c = xfsm_compiler_create(in_folder("good"));
    struct xfsm_fleet_program program;

    xfsm_compiler_begin(c);
    for (int i = 0; i <= XFSM_COMPILER_MAX; i++) {
        make_program(&program, "a", "<xfsm/>", i);
        assert_int_equal(xfsm_compiler_get(c, &program),
                         i == XFSM_COMPILER_MAX);
        if (i < XFSM_COMPILER_MAX) {
            destroy_program(&program);
        }
    }
    assert_non_null(strstr(program.error, "waits for some of 16384"));
    assert_true(program.retry);
    xfsm_compiler_end(c);
    assert_int_equal(xfsm_compiler_n_pending(c), XFSM_COMPILER_MAX);

    /* There is room again when others are not wanted any more. */
    ask(c, NULL, 0);
    assert_int_equal(ask(c, &program, 1), 0);
    assert_int_equal(xfsm_compiler_n_pending(c), 1);
    xfsm_compiler_destroy(c);
    destroy_program(&program);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
