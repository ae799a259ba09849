/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Prints alerts, and a word where some are missing.
 *
 *     cc alerts.c $(pkg-config --cflags --libs ovs-xfsm-subscriber)
 *     ./a.out [ENDPOINT]
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <subscriber.h>

static void
print_item(const struct xfsm_subscriber_item *item)
{
    char program[64], port[64], text[256], source[64];

    if (item->kind == XFSM_SUBSCRIBER_GAP && item->n_missing) {
        printf("missing: %s%"PRIu64"\n", item->uncertain ? "at least " : "",
               item->n_missing);
    } else if (item->kind == XFSM_SUBSCRIBER_EVENT
               && xfsm_subscriber_get(item, "program", program,
                                      sizeof program)
               && xfsm_subscriber_get(item, "port", port, sizeof port)
               && xfsm_subscriber_get(item, "text", text, sizeof text)) {
        if (!xfsm_subscriber_get(item, "key.ip_src", source,
                                 sizeof source)) {
            strcpy(source, "-");
        }
        printf("%s on %s: %s: %s\n", program, port, source, text);
    }
    fflush(stdout);
}

int
main(int argc, char *argv[])
{
    static const char *const topics[] = { "alert", "critical" };
    const char *endpoints[] = { argv[argc - 1] };
    struct xfsm_subscriber_options options = {
        .endpoints = endpoints, .n_endpoints = argc > 1,
        .topics = topics, .n_topics = 2,
    };
    struct xfsm_subscriber_item item;
    struct xfsm_subscriber *s;
    char *error = xfsm_subscriber_open(&options, &s);
    int retval;

    if (error) {
        fprintf(stderr, "%s\n", error);
        free(error);
        return 1;
    }
    do {
        retval = xfsm_subscriber_next(s, -1, &item);
        if (!retval) {
            print_item(&item);
        }
    } while (!retval || retval == EPROTO);
    xfsm_subscriber_close(s);
    return retval != EINTR;
}
