/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "openvswitch/vlog.h"
#include "ovs-plugin/worker.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dirs.h"
#include "openvswitch/poll-loop.h"
#include "ovs-plugin/watch.h"
#include "process.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(worker);

/* Messages handled in one go. */
#define WORKER_BURST 32

void
xfsm_worker_init(struct xfsm_worker *w, const char *name,
                 const char *program)
{
    memset(w, 0, sizeof *w);
    w->program = xstrdup(program);
    xfsm_child_init(&w->child, name);
    w->ctl = -1;
    w->hang_ms = XFSM_WORKER_HANG_MS;
    w->start_at = LLONG_MIN;
}

static void
close_ctl(struct xfsm_worker *w)
{
    if (w->ctl >= 0) {
        xfsm_watch_del(w->ctl);
        close(w->ctl);
        w->ctl = -1;
        w->ready = false;
    }
}

/* Removes the files of a process that ended. */
static void
remove_files(struct xfsm_worker *w)
{
    char *path;

    if (w->pid) {
        path = xasprintf("%s/%s.%ld.ctl", ovs_rundir(), w->program,
                         (long int) w->pid);
        unlink(path);
        free(path);

        path = xasprintf("%s/%s.pid", ovs_rundir(), w->program);
        unlink(path);
        free(path);
        w->pid = 0;
    }
}

void
xfsm_worker_destroy(struct xfsm_worker *w)
{
    close_ctl(w);
    xfsm_stopped_clear_alarm(&w->alarm);
    xfsm_child_destroy(&w->child);
    remove_files(w);
    free(w->program);
    free(w->error);
}

/* All workers are asked at the same time, so that the agent wakes up once for
 * all of them. */
static long long int
next_ping(long long int now, bool busy)
{
    long long int interval = busy ? XFSM_WORKER_BUSY_MS : XFSM_WORKER_PING_MS;

    return ROUND_DOWN(now, interval) + interval;
}

/* Has a worker that has nothing to do asked before its time should it be at
 * work.  If that fails, it is asked in time. */
static void
set_alarm(struct xfsm_worker *w)
{
    xfsm_stopped_set_alarm(&w->alarm, w->pid, XFSM_WORKER_IDLE_MS);
}

static void
set_state(struct xfsm_worker *w, enum xfsm_worker_state state)
{
    w->state = state;
    w->since = time_msec();
    w->heard = w->since;
    w->next_ping = next_ping(w->since, false);
    w->asked = false;
    w->tasks = 0;
    w->busy = false;
    if (state == XFSM_WORKER_READY) {
        set_alarm(w);
    } else {
        xfsm_stopped_clear_alarm(&w->alarm);
    }
}

/* Takes over 'error'. */
static void
set_error(struct xfsm_worker *w, char *error)
{
    free(w->error);
    w->error = error;
}

bool
xfsm_worker_may_start(const struct xfsm_worker *w)
{
    return (w->state == XFSM_WORKER_IDLE && !w->blocked
            && time_msec() >= w->start_at);
}

/* Arranges for another start after a failure that followed 'healthy'
 * milliseconds of work. */
static void
back_off(struct xfsm_worker *w, long long int healthy)
{
    w->start_at = time_msec() + xfsm_backoff_next(&w->backoff, healthy);
}

void
xfsm_worker_start(struct xfsm_worker *w, const char *const *argv, int fd)
{
    struct xfsm_child_spec spec = {
        .argv = argv,
        .in_fd = -1,
        .out_fd = -1,
        .n_fds = fd >= 0 ? 2 : 1,
    };
    int socks[2];
    int error;

    error = xfsm_ipc_pair(socks);
    if (!error) {
        spec.fds[0] = socks[1];
        spec.fds[1] = fd;
        error = xfsm_child_start(&w->child, &spec);
        close(socks[1]);
        if (error) {
            close(socks[0]);
        }
    }
    if (error) {
        set_error(w, xasprintf("cannot start (%s)", ovs_strerror(error)));
        VLOG_ERR("%s: %s", w->child.name, w->error);
        back_off(w, 0);
        return;
    }
    w->pid = w->child.pid;
    w->ctl = socks[0];
    xfsm_watch_add(w->ctl, &w->ready);
    w->restarts += w->starts++ > 0;
    w->condemned = NULL;
    set_state(w, XFSM_WORKER_STARTING);
}

void
xfsm_worker_stop(struct xfsm_worker *w)
{
    if (w->state == XFSM_WORKER_STARTING || w->state == XFSM_WORKER_READY) {
        close_ctl(w);
        set_state(w, XFSM_WORKER_STOPPING);
    }
}

void
xfsm_worker_reset(struct xfsm_worker *w)
{
    w->blocked = false;
    w->start_at = LLONG_MIN;
    xfsm_backoff_reset(&w->backoff);
    if (w->state == XFSM_WORKER_IDLE) {
        set_error(w, NULL);
    }
}

/* Kills a worker that does not behave. */
static void
condemn(struct xfsm_worker *w, const char *why)
{
    VLOG_WARN("%s: %s; killing it", w->child.name, why);
    w->condemned = why;
    close_ctl(w);
    xfsm_child_kill(&w->child, SIGKILL);
}

void
xfsm_worker_send(struct xfsm_worker *w, struct xfsm_ipc_writer *writer,
                 int fd)
{
    if (w->ctl >= 0) {
        int error = xfsm_ipc_send(w->ctl, writer, fd);

        if (error == EAGAIN || error == EMSGSIZE) {
            condemn(w, "does not read messages");
        } else if (error == EPIPE || error == ECONNRESET) {
            /* It is ending: its exit status will tell. */
            close_ctl(w);
        } else if (error) {
            /* Closing the socket alone would have it stop as if asked to. */
            condemn(w, "cannot be sent a message");
        }
    }
}

void
xfsm_worker_send_task(struct xfsm_worker *w, struct xfsm_ipc_writer *writer,
                      int fd)
{
    w->tasks++;
    xfsm_worker_send(w, writer, fd);
}

static void
handle_exit(struct xfsm_worker *w, int status)
{
    const char *last = w->child.last_line;
    bool was_ready = w->state == XFSM_WORKER_READY;
    long long int healthy = was_ready ? time_msec() - w->since : 0;
    bool asked_to_stop = w->state == XFSM_WORKER_STOPPING;
    char *how = process_status_msg(status);

    close_ctl(w);
    remove_files(w);
    set_state(w, XFSM_WORKER_IDLE);
    if (asked_to_stop) {
        set_error(w, NULL);
        free(how);
        return;
    }

    switch (xfsm_exit_classify(status)) {
    case XFSM_EXITED_STOP:
        w->blocked = true;
        set_error(w, xstrdup("stopped by request"));
        break;

    case XFSM_EXITED_RETRY:
        w->start_at = time_msec() + (was_ready ? 0 : XFSM_BACKOFF_MIN);
        set_error(w, xstrdup(last[0] ? last : "the device is gone"));
        break;

    case XFSM_EXITED_CONFIG:
        w->blocked = true;
        set_error(w, xstrdup(last[0] ? last : how));
        break;

    case XFSM_EXITED_FAILED:
        back_off(w, healthy);
        set_error(w, xasprintf("%s%sdied (%s)%s%s; restarted after %g s",
                               w->condemned ? w->condemned : "",
                               w->condemned ? ": " : "", how,
                               last[0] ? ": " : "", last,
                               w->backoff.delay / 1000.));
        VLOG_WARN("%s: %s", w->child.name, w->error);
        break;
    }
    free(how);
}

static bool
handle_message(struct xfsm_worker *w, enum xfsm_ipc_type type,
               struct xfsm_bytes *payload, int *fdp,
               xfsm_worker_handler *handler, void *aux)
{
    uint64_t ifindex;

    w->heard = time_msec();
    w->busy |= type != XFSM_IPC_PONG;
    switch ((int) type) {
    case XFSM_IPC_READY:
        if (w->state != XFSM_WORKER_STARTING
            || !xfsm_ipc_get_u64(payload, &w->epoch)
            || !xfsm_ipc_get_u64(payload, &ifindex)) {
            return false;
        }
        w->ifindex = (unsigned int) ifindex;
        set_state(w, XFSM_WORKER_READY);
        set_error(w, NULL);
        return true;

    case XFSM_IPC_PONG:
        w->asked = false;
        w->next_ping = next_ping(w->heard, w->busy);
        if (!w->busy) {
            set_alarm(w);
        }
        return true;

    case XFSM_IPC_ACK:
    case XFSM_IPC_DONE:
        w->tasks -= w->tasks > 0;
        /* Fall through. */

    default:
        return handler(type, payload, fdp, aux);
    }
}

/* Takes a message.  Returns its type, XFSM_IPC_NONE if there is none. */
static enum xfsm_ipc_type
take_message(struct xfsm_worker *w, xfsm_worker_handler *handler, void *aux)
{
    static uint8_t buf[XFSM_IPC_MAX];
    enum xfsm_ipc_type type;
    struct xfsm_bytes payload;
    int error, fd;
    bool ok;

    error = xfsm_ipc_recv(w->ctl, buf, &type, &payload, &fd);
    if (error == EAGAIN) {
        return XFSM_IPC_NONE;
    } else if (error == ESHUTDOWN) {
        close_ctl(w);
        return XFSM_IPC_NONE;
    } else if (error) {
        condemn(w, "sent a malformed message");
        return XFSM_IPC_NONE;
    }
    ok = handle_message(w, type, &payload, &fd, handler, aux);
    if (fd >= 0) {
        close(fd);
    }
    if (!ok) {
        condemn(w, "sent a malformed message");
    }
    return type;
}

/* Takes the messages that there are.  PONG is the last of what it says
 * unasked, unless that is all it will ever say: should there be more after
 * all, there will be another time. */
static void
run_messages(struct xfsm_worker *w, bool ended, xfsm_worker_handler *handler,
             void *aux)
{
    int i;

    for (i = 0; w->ctl >= 0 && i < WORKER_BURST; i++) {
        enum xfsm_ipc_type type = take_message(w, handler, aux);

        if (type == XFSM_IPC_NONE || (type == XFSM_IPC_PONG && !ended)) {
            return;
        }
    }
}

static struct xfsm_hang_limits
get_limits(const struct xfsm_worker *w)
{
    return (struct xfsm_hang_limits) { w->hang_ms, w->turn_ms };
}

static void
ask(struct xfsm_worker *w, long long int now)
{
    static uint8_t buf[XFSM_IPC_MAX];
    struct xfsm_ipc_writer writer;

    xfsm_ipc_begin(&writer, buf, XFSM_IPC_PING);
    w->asked = true;
    w->heard = now;
    w->busy = false;
    xfsm_hang_start(&w->hang, now, get_limits(w));
    xfsm_worker_send(w, &writer, -1);
}

/* Kills a worker that was asked and does not answer. */
static void
look_at_silent(struct xfsm_worker *w, long long int now)
{
    const char *hangs = NULL;

    if (now >= w->heard + MAX(w->hang_ms, XFSM_WORKER_SILENT_MS)) {
        hangs = "does not answer";
    } else if (!w->tasks && now >= w->hang.next_look) {
        hangs = xfsm_hang_look(&w->hang, w->pid, now, get_limits(w));
    }
    if (hangs) {
        condemn(w, hangs);
    }
}

/* When to look at a worker that was asked, again. */
static long long int
next_look(const struct xfsm_worker *w)
{
    long long int silent = w->heard + MAX(w->hang_ms, XFSM_WORKER_SILENT_MS);

    return w->tasks ? silent : MIN(silent, w->hang.next_look);
}

/* Kills a worker that is too slow, and asks it whether it is there. */
static void
run_watchdog(struct xfsm_worker *w)
{
    long long int now = time_msec();

    if (w->state == XFSM_WORKER_STARTING && w->ctl >= 0
        && now >= w->since + XFSM_WORKER_READY_MS) {
        condemn(w, "did not get ready in time");
    } else if (w->state == XFSM_WORKER_STOPPING
               && now >= w->since + XFSM_WORKER_STOP_MS) {
        VLOG_INFO("%s: does not stop; killing it", w->child.name);
        xfsm_child_kill(&w->child, SIGKILL);
        w->since = now;
    } else if (w->state == XFSM_WORKER_READY && w->ctl >= 0) {
        if (w->asked) {
            look_at_silent(w, now);
        } else if (now >= w->next_ping) {
            ask(w, now);
        }
    }
}

bool
xfsm_worker_run(struct xfsm_worker *w, xfsm_worker_handler *handler,
                void *aux)
{
    enum xfsm_worker_state old_state = w->state;
    int status;

    if (w->state == XFSM_WORKER_IDLE) {
        return false;
    }
    if (w->ready) {
        w->ready = false;
        run_messages(w, false, handler, aux);
    }
    if (xfsm_child_run(&w->child, &status)) {
        run_messages(w, true, handler, aux);
        handle_exit(w, status);
    } else {
        run_watchdog(w);
    }
    return w->state != old_state;
}

bool
xfsm_worker_doubt(struct xfsm_worker *w, pid_t pid)
{
    if (!w->pid || w->pid != pid) {
        return false;
    }
    if (w->state == XFSM_WORKER_READY && !w->asked) {
        w->next_ping = time_msec();
    }
    return true;
}

void
xfsm_worker_wait(const struct xfsm_worker *w)
{
    switch (w->state) {
    case XFSM_WORKER_IDLE:
        if (!w->blocked && w->start_at > time_msec()) {
            poll_timer_wait_until(w->start_at);
        }
        return;
    case XFSM_WORKER_STARTING:
        if (w->ctl >= 0) {
            poll_timer_wait_until(w->since + XFSM_WORKER_READY_MS);
        }
        break;
    case XFSM_WORKER_READY:
        if (w->ctl >= 0) {
            poll_timer_wait_until(w->asked ? next_look(w) : w->next_ping);
        }
        break;
    case XFSM_WORKER_STOPPING:
        poll_timer_wait_until(w->since + XFSM_WORKER_STOP_MS);
        break;
    }
    if (w->ready || w->child.ready) {
        poll_immediate_wake();
    }
}
