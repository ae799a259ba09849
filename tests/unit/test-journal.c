/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The journal of events. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "xfsm/io/journal.h"

#define NOW UINT64_C(1763916156000)

static const uint8_t entropy[16] = { 7 };
static char parent[] = "/tmp/xfsm-test-journal-XXXXXX";
static char dir[64];

static const struct xfsm_journal_options options = {
    .segment_bytes = XFSM_JOURNAL_SEGMENT_MIN,
    .sync_ms = 1000,
};

static int
make_folder(void **state)
{
    (void) state;
    if (!mkdtemp(parent)) {
        return -1;
    }
    snprintf(dir, sizeof dir, "%s/journal", parent);
    return 0;
}

static void
segment_path(char path[96], int i)
{
    snprintf(path, 96, "%s/events.%d", dir, i);
}

static int
empty_folder(void **state)
{
    char path[96];
    int i;

    (void) state;
    for (i = 0; i < XFSM_JOURNAL_SEGMENTS; i++) {
        segment_path(path, i);
        unlink(path);
    }
    rmdir(dir);
    return 0;
}

static int
remove_folder(void **state)
{
    empty_folder(state);
    return rmdir(parent);
}

static struct xfsm_journal *
open_journal(const struct xfsm_journal_options *o)
{
    struct xfsm_journal *j;
    char *error = xfsm_journal_open(dir, o, entropy, &j);

    if (error) {
        fail_msg("%s", error);
    }
    return j;
}

/* Appends event 'seq' of probe 'port' with a text of 'len' bytes. */
static int
append(struct xfsm_journal *j, uint64_t now, const char *port, uint64_t epoch,
       uint64_t seq, size_t len)
{
    struct xfsm_event_view view;
    char *body = malloc(len + 256);
    int n, error;

    n = sprintf(body, "{\"v\":1,\"label\":\"alert\",\"host\":\"h\","
                "\"bridge\":\"b\",\"port\":\"%s\",\"epoch\":%"PRIu64
                ",\"seq\":%"PRIu64",\"text\":\"%*s\"}", port, epoch, seq,
                (int) len, "");
    assert_true(xfsm_event_decode(body, (size_t) n, &view));
    error = xfsm_journal_append(j, now, "alert/p/b/x", 11, body, (size_t) n,
                                &view);
    free(body);
    return error;
}

/* Reads all that 'query' asks for, checks that numbers go up, and returns how
 * many there are; the first and last "seq" are stored. */
static size_t
count(struct xfsm_journal *j, struct xfsm_journal_query query,
      uint64_t *first, uint64_t *last)
{
    struct xfsm_journal_record r;
    struct xfsm_event_view view;
    size_t n = 0;

    while (!xfsm_journal_read(j, &query, &r)) {
        assert_true(r.number > query.after);
        assert_int_equal(r.topic_len, 11);
        assert_memory_equal(r.topic, "alert/p/b/x", 11);
        assert_true(xfsm_event_decode(r.body, r.body_len, &view));
        if (!n++) {
            *first = view.seq;
        }
        *last = view.seq;
        query.after = r.number;
    }
    return n;
}

static struct xfsm_journal_query
of_source(const struct xfsm_journal *j, const char *port, uint64_t epoch,
          uint64_t from, uint64_t to)
{
    const struct xfsm_str h = { "h", 1 }, b = { "b", 1 };
    const struct xfsm_str p = { port, (uint32_t) strlen(port) };

    return (struct xfsm_journal_query) {
        .has_source = true, .source = xfsm_journal_source(j, h, b, p),
        .epoch = epoch, .from = from, .to = to,
    };
}

static void
test_write_and_read(void **state)
{
    const struct xfsm_journal_query all = { 0 };
    struct xfsm_journal *j = open_journal(&options);
    struct xfsm_journal_query since = { .since_ms = NOW + 8 };
    uint64_t first = 0, last = 0;
    uint64_t i;

    (void) state;
    assert_int_equal(count(j, all, &first, &last), 0);
    for (i = 1; i <= 10; i++) {
        assert_int_equal(append(j, NOW + i, i % 2 ? "p" : "q", 5, i, 10), 0);
    }
    assert_int_equal(count(j, all, &first, &last), 10);
    assert_int_equal(first, 1);
    assert_int_equal(last, 10);
    assert_int_equal(count(j, since, &first, &last), 3);
    assert_int_equal(first, 8);
    assert_int_equal(count(j, of_source(j, "p", 5, 3, 7), &first, &last), 3);
    assert_int_equal(first, 3);
    assert_int_equal(last, 7);
    assert_int_equal(count(j, of_source(j, "p", 6, 3, 7), &first, &last), 0);
    assert_int_equal(count(j, of_source(j, "z", 5, 3, 7), &first, &last), 0);
    xfsm_journal_bounds(j, &first, &last);
    assert_int_equal(first, 1);
    assert_int_equal(last, 10);

    /* The same after it was closed; numbers go on. */
    xfsm_journal_close(j);
    j = open_journal(&options);
    assert_int_equal(xfsm_journal_stats(j)->recovered, 10);
    assert_int_equal(xfsm_journal_stats(j)->torn, 0);
    assert_int_equal(append(j, NOW, "p", 5, 11, 10), 0);
    assert_int_equal(count(j, all, &first, &last), 11);
    assert_int_equal(last, 11);
    xfsm_journal_close(j);
}

/* A record that covers several numbers is found by each of them. */
static void
test_range(void **state)
{
    static const char body[] = "{\"host\":\"h\",\"bridge\":\"b\","
                               "\"port\":\"p\",\"epoch\":5,\"from\":10,"
                               "\"to\":20}";
    struct xfsm_journal *j = open_journal(&options);
    struct xfsm_event_view view;
    uint64_t first, last;

    (void) state;
    assert_true(xfsm_event_decode(body, strlen(body), &view));
    assert_int_equal(xfsm_journal_append(j, NOW, "alert/p/b/x", 11, body,
                                         strlen(body), &view), 0);
    assert_int_equal(count(j, of_source(j, "p", 5, 1, 9), &first, &last), 0);
    assert_int_equal(count(j, of_source(j, "p", 5, 1, 10), &first, &last), 1);
    assert_int_equal(count(j, of_source(j, "p", 5, 15, 16), &first, &last),
                     1);
    assert_int_equal(count(j, of_source(j, "p", 5, 20, 99), &first, &last),
                     1);
    assert_int_equal(count(j, of_source(j, "p", 5, 21, 99), &first, &last),
                     0);
    xfsm_journal_close(j);
}

/* The oldest make room, over several rounds and restarts; no file grows. */
static void
test_recycling(void **state)
{
    const struct xfsm_journal_query all = { 0 };
    struct xfsm_journal *j = open_journal(&options);
    uint64_t first, last, seq;
    struct stat st;
    char path[96];
    size_t n;
    int i;

    (void) state;
    for (seq = 1; seq <= 5000; seq++) {
        assert_int_equal(append(j, NOW, "p", 5, seq, 500), 0);
        if (seq % 611 == 0) {
            xfsm_journal_close(j);
            j = open_journal(&options);
            assert_int_equal(xfsm_journal_stats(j)->torn, 0);
        }
        if (seq % 37 == 0) {
            n = count(j, all, &first, &last);
            assert_int_equal(last, seq);
            assert_int_equal(n, last - first + 1);
            assert_true(n == seq || n > 500);
        }
    }
    for (i = 0; i < XFSM_JOURNAL_SEGMENTS; i++) {
        segment_path(path, i);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, options.segment_bytes);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    xfsm_journal_close(j);
}

/* Whatever byte is wrong, what comes back is a prefix of what was written. */
static void
test_damage(void **state)
{
    const struct xfsm_journal_query all = { 0 };
    struct xfsm_journal *j = open_journal(&options);
    uint64_t first, last, seq;
    uint8_t data[2048];
    char path[96];
    size_t n;
    int fd, i;

    (void) state;
    for (seq = 1; seq <= 10; seq++) {
        append(j, NOW, "p", 5, seq, 20);
    }
    xfsm_journal_close(j);
    segment_path(path, 0);
    fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, data, sizeof data, 0), sizeof data);
    for (i = 0; i < (int) sizeof data; i++) {
        uint8_t byte = data[i] ^ 0x55;

        assert_int_equal(pwrite(fd, &byte, 1, i), 1);
        j = open_journal(&options);
        n = count(j, all, &first, &last);
        assert_true(n <= 10);
        if (n) {
            assert_int_equal(first, 1);
            assert_int_equal(last, n);
        }
        xfsm_journal_close(j);
        assert_int_equal(pwrite(fd, &data[i], 1, i), 1);
    }
    close(fd);
    j = open_journal(&options);
    assert_int_equal(count(j, all, &first, &last), 10);
    xfsm_journal_close(j);
}

/* What a process appended before it was killed is there. */
static void
test_kill(void **state)
{
    const struct xfsm_journal_query all = { 0 };
    uint64_t first, last, seq, told;
    struct xfsm_journal *j;
    int pipefd[2];
    pid_t pid;
    int i;

    (void) state;
    for (i = 0; i < 5; i++) {
        assert_int_equal(pipe(pipefd), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (!pid) {
            j = open_journal(&options);
            for (seq = 1;; seq++) {
                if (append(j, NOW, "p", 5, seq, 300)
                    || write(pipefd[1], &seq, sizeof seq) < 0) {
                    _exit(1);
                }
            }
        }
        close(pipefd[1]);
        do {
            assert_int_equal(read(pipefd[0], &told, sizeof told),
                             sizeof told);
        } while (told < 300 + 77 * (uint64_t) i);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        while (read(pipefd[0], &told, sizeof told) == sizeof told) {
            continue;
        }
        close(pipefd[0]);
        j = open_journal(&options);
        assert_true(count(j, all, &first, &last) > 0);
        assert_true(last == told || last == told + 1);
        assert_int_equal(xfsm_journal_stats(j)->torn, 0);
        xfsm_journal_close(j);
    }
}

static void
test_age(void **state)
{
    struct xfsm_journal_options o = options;
    const struct xfsm_journal_query all = { 0 };
    struct xfsm_journal *j;
    uint64_t first, last, seq;

    (void) state;
    o.max_age_ms = 1000;
    j = open_journal(&o);
    for (seq = 1; seq <= 300; seq++) {
        append(j, NOW + seq * 10, "p", 5, seq, 500);
    }
    xfsm_journal_run(j, NOW + 3000, 0);
    assert_int_equal(count(j, all, &first, &last), 101);
    assert_int_equal(first, 200);
    xfsm_journal_close(j);
    /* Whole segments that were too old are gone from the disk. */
    j = open_journal(&options);
    assert_true(count(j, all, &first, &last) < 300);
    assert_int_equal(last, 300);
    xfsm_journal_close(j);
}

static void
test_sync(void **state)
{
    struct xfsm_journal_options o = options;
    struct xfsm_journal *j = open_journal(&o);

    (void) state;
    assert_int_equal(xfsm_journal_wake(j), INT64_MAX);
    append(j, NOW, "p", 5, 1, 10);
    xfsm_journal_run(j, NOW, 100);
    assert_int_equal(xfsm_journal_wake(j), 1100);
    xfsm_journal_run(j, NOW, 1099);
    assert_int_equal(xfsm_journal_stats(j)->syncs, 0);
    xfsm_journal_run(j, NOW, 1100);
    assert_int_equal(xfsm_journal_stats(j)->syncs, 1);
    assert_int_equal(xfsm_journal_wake(j), INT64_MAX);
    xfsm_journal_close(j);

    o.sync_ms = 0;
    j = open_journal(&o);
    append(j, NOW, "p", 5, 2, 10);
    assert_int_equal(xfsm_journal_stats(j)->syncs, 1);
    xfsm_journal_close(j);

    o.sync_ms = -1;
    j = open_journal(&o);
    append(j, NOW, "p", 5, 3, 10);
    xfsm_journal_run(j, NOW, 100000);
    assert_int_equal(xfsm_journal_wake(j), INT64_MAX);
    assert_int_equal(xfsm_journal_stats(j)->syncs, 0);
    xfsm_journal_close(j);
}

static void
expect_error(const char *path, const struct xfsm_journal_options *o,
             const char *text)
{
    struct xfsm_journal *j;
    char *error = xfsm_journal_open(path, o, entropy, &j);

    assert_non_null(error);
    assert_non_null(strstr(error, text));
    free(error);
}

static void
test_limits(void **state)
{
    struct xfsm_journal_options o = options;
    struct xfsm_journal *j = open_journal(&options);

    (void) state;
    expect_error(dir, &options, "another process");
    assert_int_equal(append(j, NOW, "p", 5, 1, XFSM_JOURNAL_DATA_MAX),
                     EMSGSIZE);
    assert_int_equal(xfsm_journal_stats(j)->failed, 1);
    assert_int_equal(append(j, NOW, "p", 5, 1, XFSM_JOURNAL_DATA_MAX - 300),
                     0);
    xfsm_journal_close(j);
    xfsm_journal_close(NULL);
    o.segment_bytes = XFSM_JOURNAL_SEGMENT_MIN - 1;
    expect_error(dir, &o, "must be");
    o.segment_bytes = (size_t) XFSM_JOURNAL_SEGMENT_MAX + 1;
    expect_error(dir, &o, "must be");
    expect_error("/proc/nothing/here", &options, "cannot create");
}

/* Another size than before: what fits is kept. */
static void
test_other_size(void **state)
{
    struct xfsm_journal_options o = options;
    const struct xfsm_journal_query all = { 0 };
    struct xfsm_journal *j;
    uint64_t first, last, seq;

    (void) state;
    o.segment_bytes = 2 * XFSM_JOURNAL_SEGMENT_MIN;
    j = open_journal(&o);
    for (seq = 1; seq <= 150; seq++) {
        append(j, NOW, "p", 5, seq, 500);
    }
    xfsm_journal_close(j);
    j = open_journal(&options);
    assert_true(count(j, all, &first, &last) > 50);
    assert_int_equal(first, 1);
    assert_int_equal(append(j, NOW, "p", 5, 1000, 500), 0);
    count(j, all, &first, &last);
    assert_int_equal(last, 1000);
    xfsm_journal_close(j);
}

int
main(void)
{
#define TEST(NAME) cmocka_unit_test_setup(NAME, empty_folder)
    const struct CMUnitTest tests[] = {
        TEST(test_write_and_read),
        TEST(test_range),
        TEST(test_recycling),
        TEST(test_damage),
        TEST(test_kill),
        TEST(test_age),
        TEST(test_sync),
        TEST(test_limits),
        TEST(test_other_size),
    };
#undef TEST

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
