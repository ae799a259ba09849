/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Lines to files: errors, torn lines, rotation. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "xfsm/io/file-sink.h"

static char folder[] = "/tmp/xfsm-test-sink-XXXXXX";
static char path[64];
static char other[64];

static int
make_folder(void **state)
{
    (void) state;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/events", folder);
    snprintf(other, sizeof other, "%s/events.1", folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void) state;
    return rmdir(folder);
}

static int
remove_files(void **state)
{
    (void) state;
    unlink(path);
    unlink(other);
    return 0;
}

static void
expect_file(const char *name, const char *expected)
{
    char text[256];
    ssize_t n;
    int fd;

    fd = open(name, O_RDONLY);
    assert_true(fd >= 0);
    n = read(fd, text, sizeof text - 1);
    assert_true(n >= 0);
    text[n] = '\0';
    close(fd);
    assert_string_equal(text, expected);
}

static struct xfsm_file_sink *
open_sink(void)
{
    struct xfsm_file_sink *sink;

    assert_null(xfsm_file_sink_open(path, &sink));
    return sink;
}

static void
test_append(void **state)
{
    struct xfsm_file_sink *sink = open_sink();
    struct stat st;

    (void) state;
    assert_int_equal(xfsm_file_sink_write(sink, "{1}", 3), 0);
    expect_file(path, "");
    assert_int_equal(xfsm_file_sink_written(sink), 0);
    assert_int_equal(xfsm_file_sink_flush(sink), 0);
    expect_file(path, "{1}\n");
    assert_int_equal(xfsm_file_sink_written(sink), 1);
    assert_int_equal(xfsm_file_sink_close(sink), 0);

    sink = open_sink();
    assert_int_equal(xfsm_file_sink_write(sink, "{2}", 3), 0);
    assert_int_equal(xfsm_file_sink_close(sink), 0);
    expect_file(path, "{1}\n{2}\n");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777 & ~XFSM_FILE_SINK_MODE, 0);
    assert_int_equal(xfsm_file_sink_close(NULL), 0);
}

static void
test_reopen(void **state)
{
    struct xfsm_file_sink *sink = open_sink();
    char *error;

    (void) state;
    xfsm_file_sink_write(sink, "old", 3);
    assert_int_equal(rename(path, other), 0);
    assert_null(xfsm_file_sink_reopen(sink));
    xfsm_file_sink_write(sink, "new", 3);
    xfsm_file_sink_flush(sink);
    expect_file(other, "old\n");
    expect_file(path, "new\n");

    /* Where the file cannot be opened, the old one stays. */
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    error = xfsm_file_sink_reopen(sink);
    assert_non_null(error);
    assert_non_null(strstr(error, "cannot open for writing"));
    free(error);
    assert_int_equal(xfsm_file_sink_write(sink, "more", 4), 0);
    assert_int_equal(xfsm_file_sink_flush(sink), 0);
    rmdir(path);
    assert_int_equal(xfsm_file_sink_close(sink), 0);
}

static void
test_open_error(void **state)
{
    struct xfsm_file_sink *sink = NULL;
    char *error = xfsm_file_sink_open("/nonexistent-folder/x", &sink);

    (void) state;
    assert_non_null(error);
    assert_non_null(strstr(error, "/nonexistent-folder/x: "));
    free(error);
    assert_null(sink);
}

static void
test_closed_pipe(void **state)
{
    struct xfsm_file_sink *sink;
    int fds[2];

    (void) state;
    assert_int_equal(pipe(fds), 0);
    close(fds[0]);
    sink = xfsm_file_sink_from_fd(fds[1]);
    xfsm_file_sink_write(sink, "a", 1);
    xfsm_file_sink_write(sink, "b", 1);
    assert_int_equal(xfsm_file_sink_flush(sink), EPIPE);
    assert_int_equal(xfsm_file_sink_lost(sink), 2);
    assert_int_equal(xfsm_file_sink_written(sink), 0);
    assert_null(xfsm_file_sink_reopen(sink));
    assert_int_equal(xfsm_file_sink_close(sink), 0);
    /* The descriptor stays ours. */
    assert_int_equal(close(fds[1]), 0);
}

/* A disk that fills up tears a line; what comes after it is whole. */
static void
test_full_disk(void **state)
{
    struct xfsm_file_sink *sink = open_sink();
    struct rlimit old, tight;

    (void) state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = old;
    tight.rlim_cur = 7;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    xfsm_file_sink_write(sink, "11111", 5);
    xfsm_file_sink_write(sink, "22222", 5);
    xfsm_file_sink_write(sink, "33333", 5);
    assert_int_equal(xfsm_file_sink_flush(sink), EFBIG);
    assert_int_equal(xfsm_file_sink_written(sink), 1);
    assert_int_equal(xfsm_file_sink_lost(sink), 2);
    xfsm_file_sink_write(sink, "44444", 5);
    assert_int_equal(xfsm_file_sink_flush(sink), EFBIG);
    assert_int_equal(xfsm_file_sink_lost(sink), 3);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);

    xfsm_file_sink_write(sink, "55555", 5);
    assert_int_equal(xfsm_file_sink_close(sink), 0);
    expect_file(path, "11111\n2\n55555\n");
}

/* Lines that do not fit the buffer together, one that fills it, and one byte
 * more. */
static void
test_buffer_limit(void **state)
{
    static char line[XFSM_FILE_SINK_BUFFER];
    struct xfsm_file_sink *sink = open_sink();
    struct stat st;

    (void) state;
    memset(line, 'x', sizeof line);
    assert_int_equal(xfsm_file_sink_write(sink, line, 10), 0);
    assert_int_equal(xfsm_file_sink_write(sink, line, sizeof line - 1), 0);
    assert_int_equal(xfsm_file_sink_written(sink), 1);
    assert_int_equal(xfsm_file_sink_write(sink, line, sizeof line),
                     EMSGSIZE);
    assert_int_equal(xfsm_file_sink_lost(sink), 1);
    assert_int_equal(xfsm_file_sink_write(sink, line, 0), 0);
    assert_int_equal(xfsm_file_sink_close(sink), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 11 + sizeof line + 1);
}

/* A pipe in non-blocking mode is waited for, however slow its reader. */
static void
test_nonblocking(void **state)
{
    static char line[4096];
    struct xfsm_file_sink *sink;
    size_t total = 0;
    int status;
    int fds[2];
    pid_t pid;
    int i;

    (void) state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        ssize_t n;

        close(fds[1]);
        while ((n = read(fds[0], line, sizeof line)) > 0) {
            total += n;
        }
        _exit(total == 100 * sizeof line ? 0 : 1);
    }
    close(fds[0]);
    memset(line, 'x', sizeof line);
    sink = xfsm_file_sink_from_fd(fds[1]);
    for (i = 0; i < 100; i++) {
        assert_int_equal(xfsm_file_sink_write(sink, line, sizeof line - 1),
                         0);
    }
    assert_int_equal(xfsm_file_sink_close(sink), 0);
    close(fds[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* The file is rotated before it is too large; the oldest go. */
static void
test_rotation(void **state)
{
    struct xfsm_file_sink *sink = open_sink();
    char name[80];
    int i;

    (void) state;
    xfsm_file_sink_set_rotation(sink, 8, 2);
    for (i = 1; i <= 5; i++) {
        char line[8];

        snprintf(line, sizeof line, "%d%d%d%d", i, i, i, i);
        assert_int_equal(xfsm_file_sink_write(sink, line, 4), 0);
        assert_int_equal(xfsm_file_sink_flush(sink), 0);
    }
    expect_file(path, "5555\n");
    snprintf(name, sizeof name, "%s.1", path);
    expect_file(name, "4444\n");
    unlink(name);
    snprintf(name, sizeof name, "%s.2", path);
    expect_file(name, "3333\n");
    unlink(name);
    snprintf(name, sizeof name, "%s.3", path);
    assert_int_equal(access(name, F_OK), -1);

    /* None kept. */
    xfsm_file_sink_set_rotation(sink, 8, 0);
    assert_int_equal(xfsm_file_sink_write(sink, "6666", 4), 0);
    assert_int_equal(xfsm_file_sink_close(sink), 0);
    expect_file(path, "6666\n");
    unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_append, remove_files),
        cmocka_unit_test_teardown(test_reopen, remove_files),
        cmocka_unit_test(test_open_error),
        cmocka_unit_test(test_closed_pipe),
        cmocka_unit_test_teardown(test_full_disk, remove_files),
        cmocka_unit_test_teardown(test_buffer_limit, remove_files),
        cmocka_unit_test(test_nonblocking),
        cmocka_unit_test(test_rotation),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
