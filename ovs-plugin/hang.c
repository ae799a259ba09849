/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hang.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

static unsigned int
between_looks(struct xfsm_hang_limits l)
{
    return MAX(1, l.limit / XFSM_HANG_LOOKS);
}

void
xfsm_hang_start(struct xfsm_hang *h, long long int now,
                struct xfsm_hang_limits l)
{
    h->next_look = now + between_looks(l);
    h->looked = false;
}

bool
xfsm_hang_parse(const char *text, long int tick_hz, struct xfsm_hang_stat *s)
{
    /* The second field, a name in parentheses, may contain any of these. */
    const char *p = strrchr(text, ')');
    unsigned long long int user, system;
    long int threads;
    char state;

    if (!p || tick_hz <= 0
        || sscanf(p + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
                  "%llu %llu %*d %*d %*d %*d %ld",
                  &state, &user, &system, &threads) != 4) {
        return false;
    }
    *s = (struct xfsm_hang_stat) {
        .state = state,
        .cpu_ms = (user + system) * 1000 / tick_hz,
        .threads = MAX(threads, 1),
    };
    return true;
}

const char *
xfsm_hang_judge(struct xfsm_hang *h, const struct xfsm_hang_stat *s,
                long long int now, struct xfsm_hang_limits l)
{
    unsigned int between = between_looks(l);
    uint64_t turn = MAX(l.limit, l.turn);
    bool stopped = s->state == 'T' || s->state == 't';

    h->next_look = now + between;
    if (!h->looked) {
        h->looked = true;
        h->looked_at = now;
        h->cpu_ms = s->cpu_ms;
        h->stopped = stopped;
        return NULL;
    }
    h->stopped &= stopped;
    if (h->stopped && now >= h->looked_at + l.limit - between) {
        return "does not answer, it is stopped";
    } else if (s->cpu_ms >= h->cpu_ms + turn / 2 * s->threads) {
        return "does not answer, it runs in circles";
    }
    return NULL;
}

const char *
xfsm_hang_look(struct xfsm_hang *h, pid_t pid, long long int now,
               struct xfsm_hang_limits l)
{
    struct xfsm_hang_stat s;
    char path[64], text[1024];
    ssize_t n = -1;
    int fd;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long int) pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, text, sizeof text - 1);
        close(fd);
    }
    text[MAX(n, 0)] = '\0';
    if (!xfsm_hang_parse(text, sysconf(_SC_CLK_TCK), &s)) {
        h->next_look = now + between_looks(l);
        return NULL;
    }
    return xfsm_hang_judge(h, &s, now, l);
}
