/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/file-sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xfsm/base/error.h"

struct xfsm_file_sink {
    char *path;                 /* NULL for a descriptor of the caller's. */
    int fd;
    bool torn;                  /* The file ends within a line. */
    uint64_t max_bytes;         /* Rotate then; 0: never. */
    unsigned int keep;
    uint64_t written;
    uint64_t lost;
    size_t n_lines;             /* Whole lines in 'buffer'. */
    size_t used;
    char buffer[XFSM_FILE_SINK_BUFFER];
};

static int
open_file(const char *path)
{
    int fd;

    do {
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY,
                  XFSM_FILE_SINK_MODE);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static char *
open_error(const char *path, int error)
{
    return xfsm_error("%s: cannot open for writing (%s)", path,
                      strerror(error));
}

char *
xfsm_file_sink_open(const char *path, struct xfsm_file_sink **sinkp)
{
    int fd = open_file(path);

    if (fd < 0) {
        return open_error(path, errno);
    }
    *sinkp = xfsm_file_sink_from_fd(fd);
    (*sinkp)->path = strdup(path);
    if (!(*sinkp)->path) {
        abort();
    }
    return NULL;
}

struct xfsm_file_sink *
xfsm_file_sink_from_fd(int fd)
{
    struct xfsm_file_sink *sink = malloc(sizeof *sink);

    if (!sink) {
        abort();
    }
    /* The buffer is left as it is, so that its pages cost nothing yet. */
    memset(sink, 0, offsetof(struct xfsm_file_sink, buffer));
    sink->fd = fd;
    return sink;
}

/* Writes 'len' bytes at 'p' and stores in '*donep' how many could be. */
static int
write_all(int fd, const char *p, size_t len, size_t *donep)
{
    *donep = 0;
    while (*donep < len) {
        ssize_t n = write(fd, p + *donep, len - *donep);

        if (n >= 0) {
            *donep += n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            struct pollfd pfd = { .fd = fd, .events = POLLOUT };

            poll(&pfd, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

/* Returns the number of newlines in the 'len' bytes at 'p'. */
static size_t
count_lines(const char *p, size_t len)
{
    const char *end = p + len;
    size_t n = 0;

    while ((p = memchr(p, '\n', end - p)) != NULL) {
        n++;
        p++;
    }
    return n;
}

/* Writes 'len' bytes at 'p', which are 'n_lines' whole lines. */
static int
write_lines(struct xfsm_file_sink *sink, const char *p, size_t len,
            size_t n_lines)
{
    size_t done = 0;
    size_t whole;
    int error = 0;

    if (sink->torn) {
        error = write_all(sink->fd, "\n", 1, &done);
        sink->torn = error != 0;
        done = 0;
    }
    if (!error) {
        error = write_all(sink->fd, p, len, &done);
    }
    whole = error ? count_lines(p, done) : n_lines;
    if (done && p[done - 1] != '\n') {
        sink->torn = true;
    }
    sink->written += whole;
    sink->lost += n_lines - whole;
    return error;
}

void
xfsm_file_sink_set_rotation(struct xfsm_file_sink *sink, uint64_t max_bytes,
                            unsigned int keep)
{
    sink->max_bytes = max_bytes;
    sink->keep = keep < XFSM_FILE_SINK_KEEP ? keep : XFSM_FILE_SINK_KEEP;
}

/* Name of the 'i'th file that was rotated; 0 is the one written to. */
static char *
rotated_name(const struct xfsm_file_sink *sink, unsigned int i)
{
    char *name;

    if ((i ? asprintf(&name, "%s.%u", sink->path, i)
         : asprintf(&name, "%s", sink->path)) < 0) {
        abort();
    }
    return name;
}

/* Rotates the file if 'len' bytes more would be too much.  If it cannot be
 * done, writing goes on with the old file. */
static void
rotate(struct xfsm_file_sink *sink, size_t len)
{
    struct stat st;
    unsigned int i;
    int fd;

    if (!sink->max_bytes || !sink->path || fstat(sink->fd, &st)
        || !st.st_size || (uint64_t) st.st_size + len <= sink->max_bytes) {
        return;
    }
    for (i = sink->keep; i > 0; i--) {
        char *from = rotated_name(sink, i - 1);
        char *to = rotated_name(sink, i);

        /* Of those that are not there yet, nothing is to be renamed. */
        rename(from, to);
        free(from);
        free(to);
    }
    if (!sink->keep) {
        unlink(sink->path);
    }
    fd = open_file(sink->path);
    if (fd >= 0) {
        close(sink->fd);
        sink->fd = fd;
        sink->torn = false;
    }
}

int
xfsm_file_sink_flush(struct xfsm_file_sink *sink)
{
    int error = 0;

    if (sink->used) {
        rotate(sink, sink->used);
        error = write_lines(sink, sink->buffer, sink->used, sink->n_lines);
        sink->used = 0;
        sink->n_lines = 0;
    }
    return error;
}

int
xfsm_file_sink_write(struct xfsm_file_sink *sink, const char *line,
                     size_t len)
{
    int error = 0;

    if (len >= sizeof sink->buffer - sink->used) {
        error = xfsm_file_sink_flush(sink);
    }
    if (len >= sizeof sink->buffer) {
        sink->lost++;
        return error ? error : EMSGSIZE;
    }
    memcpy(sink->buffer + sink->used, line, len);
    sink->used += len;
    sink->buffer[sink->used++] = '\n';
    sink->n_lines++;
    return error;
}

char *
xfsm_file_sink_reopen(struct xfsm_file_sink *sink)
{
    int fd;

    if (!sink->path) {
        return NULL;
    }
    xfsm_file_sink_flush(sink);
    fd = open_file(sink->path);
    if (fd < 0) {
        return open_error(sink->path, errno);
    }
    close(sink->fd);
    sink->fd = fd;
    sink->torn = false;
    return NULL;
}

uint64_t
xfsm_file_sink_written(const struct xfsm_file_sink *sink)
{
    return sink->written;
}

uint64_t
xfsm_file_sink_lost(const struct xfsm_file_sink *sink)
{
    return sink->lost;
}

int
xfsm_file_sink_close(struct xfsm_file_sink *sink)
{
    int error = 0;

    if (sink) {
        error = xfsm_file_sink_flush(sink);
        if (sink->path && close(sink->fd) && !error) {
            error = errno;
        }
        free(sink->path);
        free(sink);
    }
    return error;
}
