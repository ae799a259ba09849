/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/port-state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ovs-plugin/agent.h"
#include "ovs-plugin/ipc.h"
#include "ovs-plugin/probe-publish.h"
#include "unixctl.h"
#include "util.h"

/* Bytes copied in one go. */
#define CHUNK 65536

struct xfsm_port_state {
    struct unixctl_conn *conn;
    uint64_t serial;
    char *path;                 /* To save to, or NULL. */
    int fd;                     /* Memory that is saved to. */
};

/* Of the last request. */
static uint64_t last_serial;

/* Answers the command and forgets the request. */
static void
finish(struct xfsm_port_state **requestp, const char *error)
{
    struct xfsm_port_state *r = *requestp;

    if (error) {
        unixctl_command_reply_error(r->conn, error);
    } else {
        unixctl_command_reply(r->conn, NULL);
    }
    if (r->fd >= 0) {
        close(r->fd);
    }
    free(r->path);
    free(r);
    *requestp = NULL;
}

void
xfsm_port_state_cancel(struct xfsm_port_state **requestp, const char *why)
{
    if (*requestp) {
        finish(requestp, why);
    }
}

/* Copies 'len' bytes from the start of 'from' to 'to'.  Returns 0 or a
 * positive errno. */
static int
copy(int from, int to, uint64_t len)
{
    static char buf[CHUNK];
    uint64_t done;
    ssize_t n;

    for (done = 0; done < len; done += n) {
        n = pread(from, buf, MIN(len - done, sizeof buf), done);
        if (n <= 0) {
            return n ? errno : ENODATA;
        }
        n = write(to, buf, n);
        if (n <= 0) {
            return n ? errno : ENOSPC;
        }
    }
    return 0;
}

/* Puts the first 'len' bytes of 'fd' into the file 'path', which takes the
 * place of an earlier file, and of nothing else. */
static int
write_file(const char *path, int fd, uint64_t len)
{
    struct stat s;
    char *new;
    int error = 0;
    int to;

    if (!lstat(path, &s) && !S_ISREG(s.st_mode)) {
        return S_ISDIR(s.st_mode) ? EISDIR : EEXIST;
    }
    new = xasprintf("%s.new", path);
    unlink(new);
    to = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
              0600);
    if (to < 0) {
        error = errno;
    } else {
        error = copy(fd, to, len);
        if (!error && (fsync(to) || rename(new, path))) {
            error = errno;
        }
        close(to);
        if (error) {
            unlink(new);
        }
    }
    free(new);
    return error;
}

bool
xfsm_port_state_done(struct xfsm_port_state **requestp,
                     struct xfsm_bytes *payload)
{
    struct xfsm_port_state *r = *requestp;
    char text[XFSM_IPC_TEXT_SIZE];
    uint64_t serial, len;

    if (!xfsm_ipc_get_u64(payload, &serial)
        || !xfsm_ipc_get_u64(payload, &len)
        || !xfsm_ipc_get_text(payload, text, sizeof text)
        || len > XFSM_PORT_STATE_MAX) {
        return false;
    }
    if (!r || r->serial != serial) {
        return true;            /* Of a command that was answered. */
    }
    xfsm_text_sanitize(text);
    if (!text[0] && r->path) {
        int error = write_file(r->path, r->fd, len);

        if (error) {
            snprintf(text, sizeof text, "cannot write %s (%s)", r->path,
                     ovs_strerror(error));
        }
    }
    finish(requestp, text[0] ? text : NULL);
    return true;
}

/* Makes memory for a state.  Its size cannot change, so that whoever maps it
 * is safe from the other side. */
static int
make_memory(int *fdp)
{
    int fd = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0) {
        return errno;
    }
    if (ftruncate(fd, XFSM_PORT_STATE_MAX)
        || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)) {
        int error = errno;

        close(fd);
        return error;
    }
    *fdp = fd;
    return 0;
}

/* Reads the file 'path' into memory. */
static int
read_file(const char *path, int *fdp)
{
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int error = 0;
    struct stat s;
    int fd;

    if (from < 0) {
        return errno;
    }
    fd = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || fstat(from, &s)) {
        error = errno;
    } else if (!S_ISREG(s.st_mode)) {
        error = EINVAL;
    } else if (s.st_size > XFSM_PORT_STATE_MAX) {
        error = EFBIG;
    } else {
        error = copy(from, fd, s.st_size);
        if (!error && fcntl(fd, F_ADD_SEALS, (F_SEAL_SEAL | F_SEAL_SHRINK
                                              | F_SEAL_GROW | F_SEAL_WRITE))) {
            error = errno;
        }
    }
    close(from);
    if (error && fd >= 0) {
        close(fd);
    }
    *fdp = fd;
    return error;
}

static struct xfsm_monitor *
find_monitor(const struct xfsm_agent *agent, const char *interface,
             const char **errorp)
{
    struct xfsm_monitor *m = shash_find_data(&agent->monitors, interface);

    if (!m || !m->wanted) {
        *errorp = "no such interface is monitored";
    } else if (m->worker.state != XFSM_WORKER_READY) {
        *errorp = "the probe does not run";
    } else if (m->state_request) {
        *errorp = "another such command is not done yet";
    } else {
        return m;
    }
    return NULL;
}

static void
handle_command(struct unixctl_conn *conn, const char *argv[],
               struct xfsm_agent *agent, bool save)
{
    static uint8_t buf[XFSM_IPC_MAX];
    const char *why = NULL;
    struct xfsm_monitor *m = find_monitor(agent, argv[1], &why);
    struct xfsm_port_state *r;
    struct xfsm_ipc_writer w;
    int fd = -1;
    int error;

    if (!m) {
        unixctl_command_reply_error(conn, why);
        return;
    }
    error = save ? make_memory(&fd) : read_file(argv[2], &fd);
    if (error) {
        char *text = (save ? xasprintf("cannot get memory for the state (%s)",
                                       ovs_strerror(error))
                      : xasprintf("cannot read %s (%s)", argv[2],
                                  ovs_strerror(error)));

        unixctl_command_reply_error(conn, text);
        free(text);
        return;
    }
    r = xmalloc(sizeof *r);
    *r = (struct xfsm_port_state) {
        .conn = conn,
        .serial = ++last_serial,
        .path = save ? xstrdup(argv[2]) : NULL,
        .fd = save ? fd : -1,
    };
    m->state_request = r;
    xfsm_ipc_begin(&w, buf, save ? XFSM_IPC_SAVE : XFSM_IPC_RESTORE);
    xfsm_ipc_put_u64(&w, r->serial);
    xfsm_worker_send_task(&m->worker, &w, fd);
    if (!save) {
        close(fd);
    }
}

static void
save_state(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[], void *agent)
{
    handle_command(conn, argv, agent, true);
}

static void
restore_state(struct unixctl_conn *conn, int argc OVS_UNUSED,
              const char *argv[], void *agent)
{
    handle_command(conn, argv, agent, false);
}

void
xfsm_port_state_init(struct xfsm_agent *agent)
{
    unixctl_command_register("xfsm/save-state", "interface file", 2, 2,
                             save_state, agent);
    unixctl_command_register("xfsm/restore-state", "interface file", 2, 2,
                             restore_state, agent);
}
