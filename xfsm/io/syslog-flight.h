/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_SYSLOG_FLIGHT_H
#define XFSM_IO_SYSLOG_FLIGHT_H 1

/* Messages of which it is not known whether they arrived.
 *
 * Syslog over TLS has no answers: what was written may be in our kernel, on
 * its way, or in the server's kernel when the connection breaks.  So each
 * message is kept until the server's host has acknowledged its bytes and
 * XFSM_FLIGHT_SETTLE_MS have passed, in which a server that lives has read
 * them.  What is still there when a connection breaks is sent again on the
 * next one.  So a message may come twice, with the same epoch and seq.
 *
 * At most XFSM_FLIGHT_MAX are kept, the newest.  Where more were written in
 * the time before a break, they are counted: these may be lost.
 *
 * Internal to syslog.c.  Thread-safety: none. */

#include <stddef.h>
#include <stdint.h>

#define XFSM_FLIGHT_MAX 512
#define XFSM_FLIGHT_SETTLE_MS 1000

struct xfsm_flight {
    struct xfsm_flight_message {
        char *text;
        size_t len;
        uint64_t end;           /* Where it ends in the connection's bytes. */
        int64_t when;           /* It was written, monotonic ms. */
    } messages[XFSM_FLIGHT_MAX];        /* A ring... */
    size_t first, n;                    /* ...of these. */
    size_t n_again;             /* The oldest, to be sent again. */
    uint64_t n_forgotten;       /* Since... */
    int64_t forgotten;          /* ...which may not have arrived then. */

    uint64_t resent;            /* Counters: sent again, ... */
    uint64_t uncertain;         /* ...and not, though they may be lost. */
};

void xfsm_flight_destroy(struct xfsm_flight *);

/* A message was written, that ends at byte 'end' of the connection. */
void xfsm_flight_add(struct xfsm_flight *, const char *text, size_t len,
                     uint64_t end, int64_t now);

/* 'acked' bytes of the connection were acknowledged. */
void xfsm_flight_settle(struct xfsm_flight *, uint64_t acked, int64_t now);

/* The connection broke; may be told again. */
void xfsm_flight_break(struct xfsm_flight *, int64_t now);

/* The next message to be sent again, NULL if there is none; and that this was
 * done. */
const struct xfsm_flight_message *xfsm_flight_next(const struct xfsm_flight *);
void xfsm_flight_sent(struct xfsm_flight *, uint64_t end, int64_t now);

#endif /* xfsm/io/syslog-flight.h */
