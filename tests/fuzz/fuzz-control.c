/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Messages between the agent and its children.
 *
 * Input: a byte whose low 4 bits are how many descriptors come with the
 * message, another one, then: if that is 0, a message, header and all; else
 * the payload of a message of that type.  The message goes through a socket.
 *
 * Required: no descriptor is left open but the one that is handed over, which
 * comes with a message that is in order; texts are terminated and have no
 * null byte before that; what was read off a payload, written again, is the
 * same bytes. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ovs-plugin/ipc.h"
#include "tests/fuzz/fuzz.h"

/* Descriptors sent with one message: more than xfsm_ipc_recv() looks at. */
#define MAX_FDS 15

/* A message that is longer than any may be. */
#define MESSAGE_MAX (XFSM_IPC_MAX + 16)

static uint8_t in[XFSM_IPC_MAX];
static uint8_t out[XFSM_IPC_MAX];

/* Sends 'len' bytes at 'data' with 'n_fds' copies of 'fd'.  False if there is
 * no sending it. */
static bool
send_raw(int sock, const void *data, size_t len, int fd, size_t n_fds)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(MAX_FDS * sizeof(int))];
    } control;
    struct iovec iov = { (void *) (uintptr_t) data, len };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (n_fds) {
        struct cmsghdr *cmsg;

        memset(&control, 0, sizeof control);
        msg.msg_control = control.buf;
        msg.msg_controllen = CMSG_SPACE(n_fds * sizeof fd);
        cmsg = CMSG_FIRSTHDR(&msg);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof fd);
        for (size_t i = 0; i < n_fds; i++) {
            memcpy(CMSG_DATA(cmsg) + i * sizeof fd, &fd, sizeof fd);
        }
    }
    return sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

/* Takes a text off 'b', checks it and writes it again. */
static bool
copy_text(struct xfsm_bytes *b, struct xfsm_ipc_writer *w, size_t size)
{
    char *text = malloc(size);
    bool ok;

    fuzz_require(text != NULL, "there is memory");
    ok = xfsm_ipc_get_text(b, text, size);
    if (ok) {
        fuzz_require(strnlen(text, size) < size, "a text is terminated");
        xfsm_ipc_put_text(w, text);
    }
    free(text);
    return ok;
}

static bool
copy_u64(struct xfsm_bytes *b, struct xfsm_ipc_writer *w)
{
    uint64_t value;
    bool ok = xfsm_ipc_get_u64(b, &value);

    if (ok) {
        xfsm_ipc_put_u64(w, value);
    }
    return ok;
}

/* Lists that are being written again. */
struct lists {
    struct xfsm_ipc_writer *w;
    size_t place;
    int list;
    uint16_t n;
};

static void
turn_to(struct lists *lists, int list)
{
    while (lists->list < list) {
        xfsm_ipc_end_list(lists->w, lists->place, lists->n);
        lists->place = xfsm_ipc_begin_list(lists->w);
        lists->list++;
        lists->n = 0;
    }
}

static void
copy_entry(int list, const char *name, uint64_t value, void *lists_)
{
    struct lists *lists = lists_;

    fuzz_require(list == lists->list || list == lists->list + 1,
                 "lists come one after another");
    turn_to(lists, list);
    lists->n++;
    xfsm_ipc_put_text(lists->w, name);
    xfsm_ipc_put_u64(lists->w, value);
}

static bool
copy_stats(struct xfsm_bytes *b, struct xfsm_ipc_writer *w)
{
    struct lists lists = { .w = w, .place = xfsm_ipc_begin_list(w) };
    char text[XFSM_IPC_TEXT_SIZE];

    if (!xfsm_ipc_get_stats(b, copy_entry, &lists, text, sizeof text)) {
        return false;
    }
    turn_to(&lists, 1);
    xfsm_ipc_end_list(w, lists.place, lists.n);
    xfsm_ipc_put_text(w, text);
    return true;
}

/* Reads a payload as its receiver does, and writes it again. */
static bool
copy_payload(enum xfsm_ipc_type type, struct xfsm_bytes *b,
             struct xfsm_ipc_writer *w)
{
    switch ((int) type) {
    case XFSM_IPC_LOAD: case XFSM_IPC_UNLOAD:
        return copy_u64(b, w) && copy_text(b, w, 64);
    case XFSM_IPC_READY:
        return copy_u64(b, w) && copy_u64(b, w);
    case XFSM_IPC_ACK:
        return copy_u64(b, w) && copy_text(b, w, 64)
               && copy_text(b, w, XFSM_IPC_TEXT_SIZE);
    case XFSM_IPC_SAVE: case XFSM_IPC_RESTORE:
        return copy_u64(b, w);
    case XFSM_IPC_DONE:
        return copy_u64(b, w) && copy_u64(b, w)
               && copy_text(b, w, XFSM_IPC_TEXT_SIZE);
    case XFSM_IPC_STATS:
        return copy_stats(b, w);
    case XFSM_IPC_PROBE: case XFSM_IPC_ENDPOINT: case XFSM_IPC_MITIGATION:
        return copy_text(b, w, XFSM_IPC_TEXT_SIZE);
    default:
        return true;
    }
}

/* Receives a message, and checks it, with at most 'n_fds' descriptors. */
static void
receive(int sock, size_t n_fds)
{
    struct xfsm_ipc_writer w;
    struct xfsm_bytes payload;
    enum xfsm_ipc_type type = XFSM_IPC_NONE;
    size_t len, left;
    void *copy;
    int fd = -1;

    if (xfsm_ipc_recv(sock, in, &type, &payload, &fd)) {
        return;
    }
    fuzz_require(type > XFSM_IPC_NONE && type < XFSM_IPC_N_TYPES
                 && strcmp(xfsm_ipc_type_name(type), "unknown"),
                 "a message is of a type");
    fuzz_require((fd >= 0) == (n_fds == 1), "a message has one descriptor");
    len = xfsm_bytes_remaining(&payload);
    copy = fuzz_dup(xfsm_bytes_peek(&payload, (uint32_t) len), len);
    xfsm_bytes_init(&payload, copy, (uint32_t) len);
    xfsm_ipc_begin(&w, out, type);
    if (copy_payload(type, &payload, &w)) {
        left = xfsm_bytes_remaining(&payload);
        fuzz_require(!w.overflow
                     && w.len - XFSM_IPC_HEADER_LEN == len - left
                     && !memcmp(out + XFSM_IPC_HEADER_LEN, copy, len - left),
                     "what was read is written the same");
    }
    free(copy);
    if (fd >= 0) {
        close(fd);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = { data, size };
    size_t n_fds = fuzz_u8(&input) & 15;
    enum xfsm_ipc_type type = fuzz_u8(&input) % XFSM_IPC_N_TYPES;
    int socks[2], pipes[2];
    const uint8_t *p;
    uint8_t *message;
    size_t len;
    char c;

    fuzz_require(!xfsm_ipc_pair(socks) && !pipe(pipes), "there are sockets");
    p = fuzz_bytes(&input, MESSAGE_MAX - XFSM_IPC_HEADER_LEN, &len);
    message = malloc(MESSAGE_MAX);
    fuzz_require(message != NULL, "there is memory");
    if (type) {
        struct xfsm_ipc_writer w;

        xfsm_ipc_begin(&w, message, type);
        for (int i = 0; i < 4; i++) {
            message[8 + i] = (uint8_t) (len >> (8 * i));
        }
        memcpy(message + XFSM_IPC_HEADER_LEN, p, len);
        len += XFSM_IPC_HEADER_LEN;
    } else {
        memcpy(message, p, len);
    }

    if (send_raw(socks[0], message, len, pipes[1], n_fds)) {
        receive(socks[1], n_fds);
    }
    close(socks[0]);
    close(socks[1]);
    close(pipes[1]);
    fuzz_require(read(pipes[0], &c, 1) == 0, "no descriptor is left open");
    close(pipes[0]);
    free(message);
    return 0;
}
