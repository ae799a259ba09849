/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "openvswitch/vlog.h"
#include "ovs-plugin/watch.h"

#include <errno.h>
#include <sys/epoll.h>

#include "openvswitch/poll-loop.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(watch);

/* Events taken in one system call. */
#define WATCH_BURST 256

static int
get_epoll_fd(void)
{
    static int fd = -1;

    if (fd < 0) {
        fd = epoll_create1(EPOLL_CLOEXEC);
        if (fd < 0) {
            VLOG_FATAL("epoll_create1 failed (%s)", ovs_strerror(errno));
        }
    }
    return fd;
}

void
xfsm_watch_add(int fd, bool *ready)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = ready };

    if (epoll_ctl(get_epoll_fd(), EPOLL_CTL_ADD, fd, &event)) {
        VLOG_FATAL("epoll_ctl failed (%s)", ovs_strerror(errno));
    }
}

void
xfsm_watch_del(int fd)
{
    epoll_ctl(get_epoll_fd(), EPOLL_CTL_DEL, fd, NULL);
}

void
xfsm_watch_run(void)
{
    struct epoll_event events[WATCH_BURST];
    int n, i;

    do {
        n = epoll_wait(get_epoll_fd(), events, WATCH_BURST, 0);
        for (i = 0; i < n; i++) {
            *(bool *) events[i].data.ptr = true;
        }
    } while (n < 0 && errno == EINTR);
}

void
xfsm_watch_wait(void)
{
    poll_fd_wait(get_epoll_fd(), POLLIN);
}
