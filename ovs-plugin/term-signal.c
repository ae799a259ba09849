/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/term-signal.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "signals.h"
#include "socket-util.h"
#include "util.h"

static volatile sig_atomic_t received;
static int fds[2];

static void
handle_signal(int signal_number)
{
    int error = errno;

    if (received) {
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
    received = 1;
    ignore(write(fds[1], "", 1));
    errno = error;
}

void
xfsm_term_signal_init(void)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
    struct sigaction sa = { .sa_handler = handle_signal };
    size_t i;

    xpipe_nonblocking(fds);
    sigemptyset(&sa.sa_mask);
    for (i = 0; i < ARRAY_SIZE(signals); i++) {
        xsigaction(signals[i], &sa, NULL);
    }
}

bool
xfsm_term_signal_received(void)
{
    return received;
}

void
xfsm_term_signal_wait(void)
{
    poll_fd_wait(fds[0], POLLIN);
}
