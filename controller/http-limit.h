/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_HTTP_LIMIT_H
#define CONTROLLER_HTTP_LIMIT_H 1

/* How much of something each client may do: a token bucket for each address,
 * in a table of a fixed size.  When that is full, the client that was not
 * heard of for the longest time is forgotten.
 *
 * Costs a look at each entry.
 *
 * Thread-safety: none. */

#include <stdbool.h>

/* Clients that are known at a time. */
#define XFSM_HTTP_LIMIT_CLIENTS 256

/* What may come at once, in seconds of the rate. */
#define XFSM_HTTP_LIMIT_BURST 4

struct xfsm_http_limit_entry {
    char client[64];            /* "" if unused. */
    long long int time;         /* When last seen, in milliseconds. */
    double tokens;
};

struct xfsm_http_limit {
    unsigned int rate;          /* A second. */
    unsigned long long int evicted;     /* Clients that were forgotten. */
    struct xfsm_http_limit_entry entries[XFSM_HTTP_LIMIT_CLIENTS];
};

void xfsm_http_limit_init(struct xfsm_http_limit *, unsigned int rate);

/* Tells whether 'client' may do it once more at the time 'now', in
 * milliseconds, and counts that it does. */
bool xfsm_http_limit_check(struct xfsm_http_limit *, const char *client,
                           long long int now);

#endif /* controller/http-limit.h */
