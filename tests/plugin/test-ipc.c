/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ovs-plugin/ipc.h"

static uint8_t out[XFSM_IPC_MAX];
static uint8_t in[XFSM_IPC_MAX];

static int
setup(void **state)
{
    static int socks[2];

    *state = socks;
    return xfsm_ipc_pair(socks);
}

static int
teardown(void **state)
{
    int *socks = *state;

    close(socks[0]);
    close(socks[1]);
    return 0;
}

static void
test_round_trip(void **state)
{
    const int *socks = *state;
    struct xfsm_ipc_writer w;
    enum xfsm_ipc_type type;
    struct xfsm_bytes b;
    char text[16];
    uint64_t u64;
    uint16_t u16;
    size_t place;
    int fd;

    xfsm_ipc_begin(&w, out, XFSM_IPC_ACK);
    xfsm_ipc_put_u64(&w, UINT64_C(0x1122334455667788));
    xfsm_ipc_put_text(&w, "portscan");
    place = xfsm_ipc_begin_list(&w);
    xfsm_ipc_put_text(&w, "");
    xfsm_ipc_end_list(&w, place, 1);
    assert_int_equal(xfsm_ipc_send(socks[0], &w, -1), 0);

    assert_int_equal(xfsm_ipc_recv(socks[1], in, &type, &b, &fd), 0);
    assert_int_equal(type, XFSM_IPC_ACK);
    assert_int_equal(fd, -1);
    assert_true(xfsm_ipc_get_u64(&b, &u64));
    assert_true(u64 == UINT64_C(0x1122334455667788));
    assert_true(xfsm_ipc_get_text(&b, text, sizeof text));
    assert_string_equal(text, "portscan");
    assert_true(xfsm_ipc_get_u16(&b, &u16));
    assert_int_equal(u16, 1);
    assert_true(xfsm_ipc_get_text(&b, text, sizeof text));
    assert_string_equal(text, "");
    assert_int_equal(xfsm_bytes_remaining(&b), 0);
    assert_false(xfsm_ipc_get_u64(&b, &u64));
    assert_false(xfsm_ipc_get_text(&b, text, sizeof text));

    assert_int_equal(xfsm_ipc_recv(socks[1], in, &type, &b, &fd), EAGAIN);
}

static void
test_text_limits(void **state)
{
    const int *socks = *state;
    char long_text[XFSM_IPC_TEXT_MAX + 100];
    char text[XFSM_IPC_TEXT_SIZE];
    struct xfsm_ipc_writer w;
    enum xfsm_ipc_type type;
    struct xfsm_bytes b, copy;
    int fd;

    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    xfsm_ipc_begin(&w, out, XFSM_IPC_ENDPOINT);
    xfsm_ipc_put_text(&w, long_text);
    assert_int_equal(xfsm_ipc_send(socks[0], &w, -1), 0);
    assert_int_equal(xfsm_ipc_recv(socks[1], in, &type, &b, &fd), 0);

    /* One byte too small, and just right. */
    copy = b;
    assert_false(xfsm_ipc_get_text(&copy, text, XFSM_IPC_TEXT_MAX));
    assert_true(xfsm_ipc_get_text(&b, text, XFSM_IPC_TEXT_SIZE));
    assert_int_equal(strlen(text), XFSM_IPC_TEXT_MAX);

    /* A null byte in a text. */
    xfsm_bytes_init(&b, "\3\0a\0b", 5);
    assert_false(xfsm_ipc_get_text(&b, text, sizeof text));
    /* A text that ends too early. */
    xfsm_bytes_init(&b, "\3\0ab", 4);
    assert_false(xfsm_ipc_get_text(&b, text, sizeof text));
}

static void
test_overflow(void **state)
{
    const int *socks = *state;
    struct xfsm_ipc_writer w;
    size_t i;

    xfsm_ipc_begin(&w, out, XFSM_IPC_STATS);
    for (i = XFSM_IPC_HEADER_LEN; i + 8 <= XFSM_IPC_MAX; i += 8) {
        assert_true(xfsm_ipc_has_room(&w, 8));
        xfsm_ipc_put_u64(&w, i);
    }
    assert_false(w.overflow);
    assert_false(xfsm_ipc_has_room(&w, 8));
    xfsm_ipc_put_u64(&w, 1);
    assert_true(w.overflow);
    assert_int_equal(xfsm_ipc_send(socks[0], &w, -1), EMSGSIZE);
}

static void
check_malformed(const int *socks, const void *data, size_t len)
{
    enum xfsm_ipc_type type;
    struct xfsm_bytes b;
    int fd;

    assert_int_equal(send(socks[0], data, len, 0), len);
    assert_int_equal(xfsm_ipc_recv(socks[1], in, &type, &b, &fd), EPROTO);
}

static void
test_malformed(void **state)
{
    static const uint8_t good[] = {
        'X', 'F', XFSM_IPC_VERSION, 0, XFSM_IPC_PING, 0, 0, 0, 0, 0, 0, 0,
    };
    const int *socks = *state;
    enum xfsm_ipc_type type;
    struct xfsm_bytes b;
    uint8_t bad[sizeof good + 1];
    size_t i;
    int fd;

    assert_int_equal(send(socks[0], good, sizeof good, 0), sizeof good);
    assert_int_equal(xfsm_ipc_recv(socks[1], in, &type, &b, &fd), 0);
    assert_int_equal(type, XFSM_IPC_PING);

    /* Every byte of the header matters. */
    for (i = 0; i < sizeof good; i++) {
        memcpy(bad, good, sizeof good);
        bad[i] ^= 0x80;
        check_malformed(socks, bad, sizeof good);
    }
    /* So does each byte there is or is not. */
    for (i = 1; i < sizeof good; i++) {
        check_malformed(socks, good, i);
    }
    memcpy(bad, good, sizeof good);
    bad[sizeof good] = 0;
    check_malformed(socks, bad, sizeof bad);

    /* Types 0 and beyond the last. */
    memcpy(bad, good, sizeof good);
    bad[4] = 0;
    check_malformed(socks, bad, sizeof good);
    bad[4] = XFSM_IPC_N_TYPES;
    check_malformed(socks, bad, sizeof good);
}

static void
test_end(void **state)
{
    int *socks = *state;
    struct xfsm_ipc_writer w;
    enum xfsm_ipc_type type;
    struct xfsm_bytes b;
    int fd;

    close(socks[1]);
    assert_int_equal(xfsm_ipc_recv(socks[0], in, &type, &b, &fd), ESHUTDOWN);
    xfsm_ipc_begin(&w, out, XFSM_IPC_PING);
    assert_int_equal(xfsm_ipc_send(socks[0], &w, -1), EPIPE);
    socks[1] = dup(socks[0]);
}

/* What a peer said before it ended is received, also where it had not read
 * what we said. */
static void
test_last_words(void **state)
{
    int *socks = *state;
    struct xfsm_ipc_writer w;
    enum xfsm_ipc_type type;
    struct xfsm_bytes b;
    int fd;

    xfsm_ipc_begin(&w, out, XFSM_IPC_PING);
    assert_int_equal(xfsm_ipc_send(socks[0], &w, -1), 0);
    xfsm_ipc_begin(&w, out, XFSM_IPC_PONG);
    assert_int_equal(xfsm_ipc_send(socks[1], &w, -1), 0);
    xfsm_ipc_begin(&w, out, XFSM_IPC_DONE);
    assert_int_equal(xfsm_ipc_send(socks[1], &w, -1), 0);
    close(socks[1]);
    assert_int_equal(xfsm_ipc_recv(socks[0], in, &type, &b, &fd), 0);
    assert_int_equal(type, XFSM_IPC_PONG);
    assert_int_equal(xfsm_ipc_recv(socks[0], in, &type, &b, &fd), 0);
    assert_int_equal(type, XFSM_IPC_DONE);
    assert_int_equal(xfsm_ipc_recv(socks[0], in, &type, &b, &fd), ESHUTDOWN);
    socks[1] = dup(socks[0]);
}

static void
test_full(void **state)
{
    const int *socks = *state;
    struct xfsm_ipc_writer w;
    int error;

    xfsm_ipc_begin(&w, out, XFSM_IPC_PING);
    do {
        error = xfsm_ipc_send(socks[0], &w, -1);
    } while (!error);
    assert_int_equal(error, EAGAIN);
}

/* Where the system's default buffer is small, ours are not. */
static void
test_buffer(void **state)
{
    const int *socks = *state;
    const int small = 1;
    socklen_t len = sizeof(int);
    struct xfsm_ipc_writer w;
    int size;

    assert_int_equal(setsockopt(socks[0], SOL_SOCKET, SO_SNDBUF, &small,
                                sizeof small), 0);
    xfsm_ipc_begin(&w, out, XFSM_IPC_MITIGATION);
    while (xfsm_ipc_has_room(&w, 8)) {
        xfsm_ipc_put_u64(&w, 0);
    }
    assert_int_equal(xfsm_ipc_send(socks[0], &w, -1), EMSGSIZE);
    xfsm_ipc_set_buffer(socks[0]);
    assert_int_equal(getsockopt(socks[0], SOL_SOCKET, SO_SNDBUF, &size, &len),
                     0);
    assert_true(size >= XFSM_IPC_BUFFER);
    assert_int_equal(xfsm_ipc_send(socks[0], &w, -1), 0);
}

/* Number of open descriptors. */
static int
count_fds(void)
{
    int n = 0;
    int fd;

    for (fd = 0; fd < 256; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

static void
test_descriptor(void **state)
{
    const int *socks = *state;
    const char data[] = "image";
    struct xfsm_ipc_writer w;
    enum xfsm_ipc_type type;
    const void *mapped;
    struct xfsm_bytes b;
    size_t len;
    int fd, got;

    assert_int_equal(xfsm_ipc_sealed_memfd("test", data, sizeof data, &fd),
                     0);
    assert_int_equal(write(fd, "x", 1), -1);
    xfsm_ipc_begin(&w, out, XFSM_IPC_LOAD);
    assert_int_equal(xfsm_ipc_send(socks[0], &w, fd), 0);
    close(fd);

    assert_int_equal(xfsm_ipc_recv(socks[1], in, &type, &b, &got), 0);
    assert_true(got >= 0);
    assert_int_equal(xfsm_ipc_map_memfd(got, sizeof data - 1, &mapped, &len),
                     EFBIG);
    assert_int_equal(xfsm_ipc_map_memfd(got, sizeof data, &mapped, &len), 0);
    assert_int_equal(len, sizeof data);
    assert_memory_equal(mapped, data, sizeof data);
    munmap((void *) (uintptr_t) mapped, len);
    close(got);
}

static void
test_bad_descriptors(void **state)
{
    static const uint8_t ping[] = {
        'X', 'F', XFSM_IPC_VERSION, 0, XFSM_IPC_PING, 0, 0, 0, 0, 0, 0, 0,
    };
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct iovec iov = {
        .iov_base = (void *) (uintptr_t) ping, .iov_len = sizeof ping,
    };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = control.buf, .msg_controllen = sizeof control.buf,
    };
    const int *socks = *state;
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
    enum xfsm_ipc_type type;
    const void *mapped;
    struct xfsm_bytes b;
    int fds[2] = { 0, 0 };
    size_t len;
    int before, fd, pipes[2];

    /* Two descriptors: the message is refused and both are closed. */
    memset(&control, 0, sizeof control);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(cmsg), fds, sizeof fds);
    before = count_fds();
    assert_int_equal(sendmsg(socks[0], &msg, 0), sizeof ping);
    assert_int_equal(xfsm_ipc_recv(socks[1], in, &type, &b, &fd), EPROTO);
    assert_int_equal(count_fds(), before);

    /* Something that is no memfd. */
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(xfsm_ipc_map_memfd(pipes[0], 100, &mapped, &len), EPERM);
    close(pipes[0]);
    close(pipes[1]);

    /* An empty one. */
    assert_int_equal(xfsm_ipc_sealed_memfd("test", "", 0, &fd), 0);
    assert_int_equal(xfsm_ipc_map_memfd(fd, 100, &mapped, &len), ENODATA);
    close(fd);
}

int
main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_text_limits),
        TEST(test_overflow),
        TEST(test_malformed),
        TEST(test_end),
        TEST(test_last_words),
        TEST(test_full),
        TEST(test_buffer),
        TEST(test_descriptor),
        TEST(test_bad_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
