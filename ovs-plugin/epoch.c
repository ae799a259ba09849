/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/epoch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(epoch);

void
xfsm_epochs_init(struct xfsm_epochs *e, const char *path)
{
    *e = (struct xfsm_epochs) { .path = xstrdup(path) };
}

void
xfsm_epochs_destroy(struct xfsm_epochs *e)
{
    free(e->path);
}

/* Learns what another process has written to the file meanwhile. */
static void
load(struct xfsm_epochs *e)
{
    FILE *stream = fopen(e->path, "re");
    uint64_t number;

    if (!stream) {
        if (errno != ENOENT) {
            VLOG_WARN("%s: cannot open (%s)", e->path, ovs_strerror(errno));
        }
        return;
    }
    if (fscanf(stream, "%"SCNu64, &number) != 1
        || number > XFSM_EPOCH_MAX) {
        VLOG_WARN("%s: not the number of a life; it is written anew",
                  e->path);
        e->saved = 0;
    } else if (number != e->saved) {
        e->saved = number;
        e->last = MAX(e->last, number);
    }
    fclose(stream);
}

/* Replaces the file.  Returns 0 or a positive errno. */
static int
save(const struct xfsm_epochs *e, uint64_t number)
{
    char *temporary = xasprintf("%s.new", e->path);
    FILE *stream = fopen(temporary, "we");
    int error = stream ? 0 : errno;

    if (stream) {
        if (fprintf(stream, "%"PRIu64"\n", number) < 0) {
            error = errno;
        }
        if (fclose(stream) && !error) {
            error = errno;
        }
        if (!error && rename(temporary, e->path)) {
            error = errno;
        }
    }
    free(temporary);
    return error;
}

uint64_t
xfsm_epochs_next(struct xfsm_epochs *e, long long int now)
{
    int error;

    load(e);
    e->last = MAX(now > 0 ? (uint64_t) now : 0, e->last + 1);
    if (e->last > e->saved) {
        error = save(e, e->last + XFSM_EPOCH_RESERVE);
        if (!error) {
            e->saved = e->last + XFSM_EPOCH_RESERVE;
        } else if (!e->failed) {
            VLOG_WARN("%s: cannot write (%s); if the clock is set back and "
                      "the agent is started again, events can be taken for "
                      "repetitions", e->path, ovs_strerror(error));
        }
        e->failed = error != 0;
    }
    return e->last;
}
