/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/http-limit.h"

#include <string.h>

#include "util.h"

void
xfsm_http_limit_init(struct xfsm_http_limit *limit, unsigned int rate)
{
    memset(limit, 0, sizeof *limit);
    limit->rate = rate;
}

/* Returns the entry of 'client', which may take that of another. */
static struct xfsm_http_limit_entry *
find_entry(struct xfsm_http_limit *limit, const char *client,
           long long int now)
{
    struct xfsm_http_limit_entry *oldest = &limit->entries[0];
    struct xfsm_http_limit_entry *e;

    for (e = limit->entries;
         e < &limit->entries[XFSM_HTTP_LIMIT_CLIENTS]; e++) {
        if (!strcmp(e->client, client)) {
            return e;
        } else if (!e->client[0]
                   ? oldest->client[0] : oldest->client[0]
                                         && e->time < oldest->time) {
            oldest = e;
        }
    }
    limit->evicted += oldest->client[0] != '\0';
    ovs_strzcpy(oldest->client, client, sizeof oldest->client);
    oldest->time = now;
    oldest->tokens = (double) limit->rate * XFSM_HTTP_LIMIT_BURST;
    return oldest;
}

bool
xfsm_http_limit_check(struct xfsm_http_limit *limit, const char *client,
                      long long int now)
{
    struct xfsm_http_limit_entry *e = find_entry(limit, client, now);

    e->tokens = MIN((double) limit->rate * XFSM_HTTP_LIMIT_BURST,
                    e->tokens + (now - e->time) * (limit->rate / 1000.0));
    e->time = now;
    if (e->tokens < 1) {
        return false;
    }
    e->tokens -= 1;
    return true;
}
