/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "ovs-plugin/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Descriptors that one message can bring, to be closed if unwanted. */
#define MAX_FDS 8

const char *
xfsm_ipc_type_name(unsigned int type)
{
    static const char *const names[] = {
        "none",
#define IPC_NAME(ID, NAME, DOC) NAME,
        XFSM_IPC_MESSAGES(IPC_NAME)
#undef IPC_NAME
    };

    return type < XFSM_IPC_N_TYPES ? names[type] : "unknown";
}

static void
put_le(uint8_t *p, uint64_t value, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        p[i] = value >> (8 * i);
    }
}

bool
xfsm_ipc_has_room(const struct xfsm_ipc_writer *w, size_t n)
{
    return !w->overflow && n <= XFSM_IPC_MAX - w->len;
}

static uint8_t *
append(struct xfsm_ipc_writer *w, size_t n)
{
    uint8_t *p;

    if (!xfsm_ipc_has_room(w, n)) {
        w->overflow = true;
        return NULL;
    }
    p = w->buf + w->len;
    w->len += n;
    return p;
}

static void
append_le(struct xfsm_ipc_writer *w, uint64_t value, size_t n)
{
    uint8_t *p = append(w, n);

    if (p) {
        put_le(p, value, n);
    }
}

void
xfsm_ipc_begin(struct xfsm_ipc_writer *w, uint8_t *buf,
               enum xfsm_ipc_type type)
{
    w->buf = buf;
    w->len = 0;
    w->overflow = false;
    append_le(w, XFSM_IPC_MAGIC, 2);
    append_le(w, XFSM_IPC_VERSION, 2);
    append_le(w, type, 2);
    append_le(w, 0, 2);
    append_le(w, 0, 4);
}

void
xfsm_ipc_put_u16(struct xfsm_ipc_writer *w, uint16_t value)
{
    append_le(w, value, 2);
}

void
xfsm_ipc_put_u64(struct xfsm_ipc_writer *w, uint64_t value)
{
    append_le(w, value, 8);
}

void
xfsm_ipc_put_text(struct xfsm_ipc_writer *w, const char *text)
{
    size_t len = strlen(text);
    uint8_t *p;

    len = len < XFSM_IPC_TEXT_MAX ? len : XFSM_IPC_TEXT_MAX;
    append_le(w, len, 2);
    p = append(w, len);
    if (p) {
        memcpy(p, text, len);
    }
}

size_t
xfsm_ipc_begin_list(struct xfsm_ipc_writer *w)
{
    size_t place = w->len;

    append_le(w, 0, 2);
    return place;
}

void
xfsm_ipc_end_list(struct xfsm_ipc_writer *w, size_t place, uint16_t count)
{
    if (!w->overflow) {
        put_le(w->buf + place, count, 2);
    }
}

int
xfsm_ipc_send(int sock, struct xfsm_ipc_writer *w, int fd)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(sizeof fd)];
    } control;
    struct iovec iov = { .iov_base = w->buf, .iov_len = w->len };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (w->overflow) {
        return EMSGSIZE;
    }
    put_le(w->buf + 8, w->len - XFSM_IPC_HEADER_LEN, 4);
    if (fd >= 0) {
        struct cmsghdr *cmsg;

        memset(&control, 0, sizeof control);
        msg.msg_control = control.buf;
        msg.msg_controllen = sizeof control.buf;
        cmsg = CMSG_FIRSTHDR(&msg);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
    }
    for (;;) {
        if (sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
            return 0;
        } else if (errno != EINTR) {
            return errno == EWOULDBLOCK ? EAGAIN : errno;
        }
    }
}

/* Takes the descriptors of 'msg': keeps the first in '*fdp' and closes any
 * others.  Returns how many there were. */
static size_t
take_fds(struct msghdr *msg, int *fdp)
{
    struct cmsghdr *cmsg;
    size_t n = 0;

    *fdp = -1;
    for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
        size_t len, i;

        if (cmsg->cmsg_level != SOL_SOCKET
            || cmsg->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        len = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (i = 0; i < len; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof fd, sizeof fd);
            if (!n++) {
                *fdp = fd;
            } else {
                close(fd);
            }
        }
    }
    return n;
}

static bool
parse_header(struct xfsm_bytes *b, enum xfsm_ipc_type *typep)
{
    uint16_t magic, version, type, reserved;
    uint32_t length;

    if (!xfsm_bytes_le16(b, &magic) || magic != XFSM_IPC_MAGIC
        || !xfsm_bytes_le16(b, &version) || version != XFSM_IPC_VERSION
        || !xfsm_bytes_le16(b, &type) || !type || type >= XFSM_IPC_N_TYPES
        || !xfsm_bytes_le16(b, &reserved) || reserved
        || !xfsm_bytes_le32(b, &length)
        || length != xfsm_bytes_remaining(b)) {
        return false;
    }
    *typep = type;
    return true;
}

int
xfsm_ipc_recv(int sock, uint8_t *buf, enum xfsm_ipc_type *typep,
              struct xfsm_bytes *payload, int *fdp)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(MAX_FDS * sizeof(int))];
    } control;
    struct iovec iov = { .iov_base = buf, .iov_len = XFSM_IPC_MAX };
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.buf,
        .msg_controllen = sizeof control.buf,
    };
    bool reset = false;
    size_t n_fds;
    ssize_t n;
    int fd;

    /* A peer that ended without reading what we said: this is told once, and
     * what it said before is still there. */
    do {
        n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n < 0 && (errno == EINTR || (errno == ECONNRESET && !reset
                                          && (reset = true))));
    if (n < 0) {
        return (errno == EWOULDBLOCK ? EAGAIN
                : errno == ECONNRESET ? ESHUTDOWN
                : errno);
    }
    n_fds = take_fds(&msg, &fd);
    if (!n && !n_fds) {
        return ESHUTDOWN;
    }
    xfsm_bytes_init(payload, buf, n);
    if (n_fds > 1 || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
        || !parse_header(payload, typep)) {
        if (fd >= 0) {
            close(fd);
        }
        return EPROTO;
    }
    *fdp = fd;
    return 0;
}

bool
xfsm_ipc_get_u16(struct xfsm_bytes *b, uint16_t *x)
{
    return xfsm_bytes_le16(b, x);
}

bool
xfsm_ipc_get_u64(struct xfsm_bytes *b, uint64_t *x)
{
    const uint8_t *p = xfsm_bytes_take(b, 8);

    if (p) {
        *x = xfsm_load_le32(p) | (uint64_t) xfsm_load_le32(p + 4) << 32;
    }
    return p != NULL;
}

bool
xfsm_ipc_get_text(struct xfsm_bytes *b, char *text, size_t size)
{
    struct xfsm_bytes rest = *b;
    const uint8_t *p;
    uint16_t len;

    if (!xfsm_bytes_le16(&rest, &len) || len >= size) {
        return false;
    }
    p = xfsm_bytes_take(&rest, len);
    if (!p || memchr(p, '\0', len)) {
        return false;
    }
    memcpy(text, p, len);
    text[len] = '\0';
    *b = rest;
    return true;
}

bool
xfsm_ipc_get_stats(struct xfsm_bytes *b,
                   void (*cb)(int list, const char *name, uint64_t value,
                              void *aux),
                   void *aux, char *text, size_t size)
{
    char name[256];
    int list;

    for (list = 0; list < 2; list++) {
        uint16_t n;

        if (!xfsm_ipc_get_u16(b, &n)) {
            return false;
        }
        while (n-- > 0) {
            uint64_t value;

            if (!xfsm_ipc_get_text(b, name, sizeof name)
                || !xfsm_ipc_get_u64(b, &value)) {
                return false;
            }
            cb(list, name, value, aux);
        }
    }
    return xfsm_ipc_get_text(b, text, size) && !xfsm_bytes_remaining(b);
}

void
xfsm_ipc_set_buffer(int sock)
{
    const int half = XFSM_IPC_BUFFER / 2;
    socklen_t len = sizeof(int);
    int size;

    if (!getsockopt(sock, SOL_SOCKET, SO_SNDBUF, &size, &len)
        && size < XFSM_IPC_BUFFER
        && setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &half, sizeof half)) {
        /* Not root: up to net.core.wmem_max. */
        setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &half, sizeof half);
    }
}

int
xfsm_ipc_pair(int socks[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                   socks)) {
        return errno;
    }
    xfsm_ipc_set_buffer(socks[0]);
    xfsm_ipc_set_buffer(socks[1]);
    return 0;
}

static int
write_all(int fd, const uint8_t *p, size_t len)
{
    while (len) {
        ssize_t n = write(fd, p, len);

        if (n > 0) {
            p += n;
            len -= n;
        } else if (n < 0 && errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

int
xfsm_ipc_sealed_memfd(const char *name, const void *data, size_t len,
                      int *fdp)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int error;

    if (fd < 0) {
        return errno;
    }
    error = write_all(fd, data, len);
    if (!error && fcntl(fd, F_ADD_SEALS, ALL_SEALS)) {
        error = errno;
    }
    if (error) {
        close(fd);
        return error;
    }
    *fdp = fd;
    return 0;
}

int
xfsm_ipc_map_memfd(int fd, size_t max, const void **datap, size_t *lenp)
{
    int seals = fcntl(fd, F_GET_SEALS);
    struct stat s;
    void *data;

    if (seals < 0) {
        return EPERM;
    }
    if ((seals & ALL_SEALS) != ALL_SEALS
        && fcntl(fd, F_ADD_SEALS, ALL_SEALS)) {
        return EPERM;
    }
    if (fstat(fd, &s)) {
        return errno;
    }
    if (s.st_size <= 0) {
        return ENODATA;
    }
    if ((uintmax_t) s.st_size > max) {
        return EFBIG;
    }
    data = mmap(NULL, s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        return errno;
    }
    *datap = data;
    *lenp = s.st_size;
    return 0;
}
