/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/stopped.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "openvswitch/vlog.h"
#include "ovs-plugin/watch.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(stopped);

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* What alarms send. */
#define SIGALARM SIGRTMIN

/* Of SIGCHLD and SIGALARM, or -1. */
static int signal_fd = -1;

/* There was one. */
static bool ready;

void
xfsm_stopped_init(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGALARM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signal_fd < 0) {
        VLOG_FATAL("signalfd failed (%s)", ovs_strerror(errno));
    }
    xfsm_watch_add(signal_fd, &ready);
}

pid_t
xfsm_stopped_next(void)
{
    struct signalfd_siginfo signal;

    while (ready) {
        ssize_t n = read(signal_fd, &signal, sizeof signal);
        siginfo_t child = { .si_pid = 0 };

        if (n == sizeof signal && signal.ssi_signo == (uint32_t) SIGALARM) {
            return signal.ssi_int;
        } else if (!waitid(P_ALL, 0, &child, WSTOPPED | WNOHANG)
                   && child.si_pid) {
            return child.si_pid;
        }
        ready = n == sizeof signal;
    }
    return 0;
}

/* Makes the alarm one of the child 'pid'. */
static int
make_alarm(struct xfsm_stopped_alarm *alarm, pid_t pid)
{
    struct sigevent event;
    clockid_t clock;
    int error;

    memset(&event, 0, sizeof event);
    /* Other threads may not have the signal blocked. */
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_notify_thread_id = (pid_t) syscall(SYS_gettid);
    event.sigev_signo = SIGALARM;
    event.sigev_value.sival_int = pid;
    error = clock_getcpuclockid(pid, &clock);
    if (error) {
        return error;
    } else if (timer_create(clock, &event, &alarm->timer)) {
        return errno;
    }
    alarm->pid = pid;
    return 0;
}

int
xfsm_stopped_set_alarm(struct xfsm_stopped_alarm *alarm, pid_t pid,
                       unsigned int ms)
{
    const struct itimerspec spec = {
        .it_value = { .tv_sec = ms / 1000,
                      .tv_nsec = (long int) (ms % 1000) * 1000000 },
    };

    if (alarm->pid != pid) {
        int error;

        xfsm_stopped_clear_alarm(alarm);
        error = make_alarm(alarm, pid);
        if (error) {
            return error;
        }
    }
    return timer_settime(alarm->timer, 0, &spec, NULL) ? errno : 0;
}

void
xfsm_stopped_clear_alarm(struct xfsm_stopped_alarm *alarm)
{
    if (alarm->pid) {
        timer_delete(alarm->timer);
        alarm->pid = 0;
    }
}
