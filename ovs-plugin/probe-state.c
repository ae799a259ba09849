/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/probe.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "ovs-plugin/port-state.h"
#include "util.h"

/* In its cage a probe cannot write to files.  It can to memory, of which it
 * maps this much at a time: a multiple of any page's size. */
#define WINDOW ((size_t) 1 << 20)

struct writer {
    int fd;
    size_t size;                /* Of what 'fd' is. */
    size_t len;                 /* Bytes written. */
    uint8_t *window;            /* Mapped, or NULL. */
};

static bool
open_window(struct writer *w)
{
    void *p;

    if (w->window) {
        munmap(w->window, WINDOW);
        w->window = NULL;
    }
    if (w->len + WINDOW > w->size) {
        return false;
    }
    p = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd,
             (off_t) w->len);
    if (p == MAP_FAILED) {
        return false;
    }
    w->window = p;
    return true;
}

static bool
write_bytes(const void *data_, size_t len, void *w_)
{
    const uint8_t *data = data_;
    struct writer *w = w_;

    while (len) {
        size_t at = w->len % WINDOW;
        size_t n = MIN(len, WINDOW - at);

        if (!at && !open_window(w)) {
            return false;
        }
        memcpy(w->window + at, data, n);
        w->len += n;
        data += n;
        len -= n;
    }
    return true;
}

/* Keys are spread over the workers by rules that another host may have other
 * ones of. */
static char *
check_lanes(const struct xfsm_probe *probe)
{
    return (probe->lanes.n == 1 ? NULL
            : xasprintf("the port has %"PRIuSIZE" workers, and only the state "
                        "of one worker can be saved or restored",
                        probe->lanes.n));
}

char *
xfsm_probe_save(struct xfsm_probe *probe, int fd, uint64_t *lenp)
{
    struct writer w = { .fd = fd };
    char *error = check_lanes(probe);
    struct stat s;

    if (error) {
        return error;
    }
    if (fd < 0 || fstat(fd, &s)) {
        return xstrdup("the agent sent no memory");
    }
    w.size = s.st_size;
    error = xfsm_engine_save(probe->lanes.lane[0].engine, write_bytes, &w);
    if (w.window) {
        munmap(w.window, WINDOW);
    }
    *lenp = w.len;
    return error;
}

char *
xfsm_probe_restore(struct xfsm_probe *probe, int fd)
{
    struct xfsm_lane *lane = &probe->lanes.lane[0];
    char *error = check_lanes(probe);
    struct xfsm_engine *new;
    const void *data;
    size_t len;
    int retval;

    if (error) {
        return error;
    }
    retval = fd < 0 ? EBADF
                    : xfsm_ipc_map_memfd(fd, XFSM_PORT_STATE_MAX, &data, &len);
    if (retval) {
        return xasprintf("cannot read the state (%s)", ovs_strerror(retval));
    }
    error = xfsm_engine_restore(lane->engine, data, len, &new);
    munmap(CONST_CAST(void *, data), len);
    if (!error) {
        xfsm_engine_destroy(lane->engine);
        lane->engine = new;
        probe->engine = new;
    }
    return error;
}
