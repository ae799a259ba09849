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
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "openvswitch/vlog.h"
#include "ovs-plugin/watch.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(stopped);

/* Of SIGCHLD, or -1. */
static int signal_fd = -1;

/* There was one. */
static bool ready;

void
xfsm_stopped_init(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
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
    struct signalfd_siginfo signals;
    siginfo_t child = { .si_pid = 0 };

    if (!ready) {
        return 0;
    }
    ignore(read(signal_fd, &signals, sizeof signals));
    if (!waitid(P_ALL, 0, &child, WSTOPPED | WNOHANG) && child.si_pid) {
        return child.si_pid;
    }
    ready = false;
    return 0;
}
