/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/syslog-flight.h"

#include <stdlib.h>
#include <string.h>

static struct xfsm_flight_message *
message_at(struct xfsm_flight *f, size_t i)
{
    return &f->messages[(f->first + i) % XFSM_FLIGHT_MAX];
}

static void
drop_first(struct xfsm_flight *f)
{
    free(message_at(f, 0)->text);
    f->first = (f->first + 1) % XFSM_FLIGHT_MAX;
    f->n--;
}

void
xfsm_flight_destroy(struct xfsm_flight *f)
{
    while (f->n) {
        drop_first(f);
    }
}

void
xfsm_flight_add(struct xfsm_flight *f, const char *text, size_t len,
                uint64_t end, int64_t now)
{
    struct xfsm_flight_message *m;

    if (f->n == XFSM_FLIGHT_MAX) {
        if (now - f->forgotten >= XFSM_FLIGHT_SETTLE_MS) {
            f->n_forgotten = 0;
        }
        f->n_forgotten++;
        f->forgotten = now;
        drop_first(f);
    }
    m = message_at(f, f->n++);
    m->text = malloc(len);
    if (!m->text) {
        abort();
    }
    memcpy(m->text, text, len);
    m->len = len;
    m->end = end;
    m->when = now;
}

void
xfsm_flight_settle(struct xfsm_flight *f, uint64_t acked, int64_t now)
{
    while (f->n > f->n_again && message_at(f, 0)->end <= acked
           && now - message_at(f, 0)->when >= XFSM_FLIGHT_SETTLE_MS) {
        drop_first(f);
    }
}

void
xfsm_flight_break(struct xfsm_flight *f, int64_t now)
{
    if (now - f->forgotten < XFSM_FLIGHT_SETTLE_MS) {
        f->uncertain += f->n_forgotten;
    }
    f->n_forgotten = 0;
    f->n_again = f->n;
}

const struct xfsm_flight_message *
xfsm_flight_next(const struct xfsm_flight *f)
{
    return f->n_again ? &f->messages[f->first] : NULL;
}

void
xfsm_flight_sent(struct xfsm_flight *f, uint64_t end, int64_t now)
{
    struct xfsm_flight_message m = *message_at(f, 0);

    /* It is now the newest. */
    f->first = (f->first + 1) % XFSM_FLIGHT_MAX;
    f->n_again--;
    m.end = end;
    m.when = now;
    *message_at(f, f->n - 1) = m;
    f->resent++;
}
