/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/event-name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "xfsm/io/event-decode.h"

/* Bytes of one part of a name or subject. */
#define PART_MAX 200

static int
part_len(struct xfsm_str part)
{
    return part.len < PART_MAX ? (int) part.len : PART_MAX;
}

static const char *
part_text(struct xfsm_str part)
{
    return part.p ? part.p : "";
}

void
xfsm_event_name(const struct xfsm_event_view *e,
                char name[XFSM_EVENT_NAME_SIZE])
{
    int n;

    name[0] = '\0';
    if (!e->has_epoch || (!e->has_seq && !e->has_to)) {
        return;
    }
    n = snprintf(name, XFSM_EVENT_NAME_SIZE, "%.*s/%.*s/%.*s/%"PRIu64,
                 part_len(e->host), part_text(e->host),
                 part_len(e->bridge), part_text(e->bridge),
                 part_len(e->port), part_text(e->port), e->epoch);
    if (e->has_seq) {
        snprintf(name + n, XFSM_EVENT_NAME_SIZE - n, "/%"PRIu64, e->seq);
    } else {
        snprintf(name + n, XFSM_EVENT_NAME_SIZE - n, "/%.*s/%"PRIu64"-%"
                 PRIu64, part_len(e->label), part_text(e->label), e->from,
                 e->to);
    }
}

/* ## Partitions ## */

/* The member of the key that tells the source, if there is one. */
static struct xfsm_str
find_source(const struct xfsm_event_view *e)
{
    struct xfsm_str object = e->key, best = { NULL, 0 };
    struct xfsm_event_member m;
    int rank = 0;

    while (object.p && xfsm_event_next_member(&object, &m)) {
        int r = xfsm_str_is(m.name, "ip_src") ? 3
                : xfsm_str_is(m.name, "eth_src") ? 2 : 1;

        if (r > rank) {
            rank = r;
            best = m.value;
        }
    }
    return best;
}

void
xfsm_event_source(const struct xfsm_event_view *e,
                  char source[XFSM_EVENT_NAME_SIZE])
{
    struct xfsm_str found = find_source(e);

    if (found.p) {
        snprintf(source, XFSM_EVENT_NAME_SIZE, "%.*s", part_len(found),
                 found.p);
    } else {
        snprintf(source, XFSM_EVENT_NAME_SIZE, "%.*s/%.*s",
                 part_len(e->host), part_text(e->host),
                 part_len(e->port), part_text(e->port));
    }
}

unsigned int
xfsm_event_partition(const struct xfsm_event_view *e, unsigned int n)
{
    uint32_t hash = UINT32_C(2166136261);
    char source[XFSM_EVENT_NAME_SIZE];
    const char *p;

    xfsm_event_source(e, source);
    for (p = source; *p; p++) {
        hash = (hash ^ (uint8_t) *p) * UINT32_C(16777619);
    }
    return hash % n;
}

/* ## Subjects ## */

/* Appends ".PART" at 'to' and returns the end. */
static char *
put_part(char *to, struct xfsm_str part)
{
    int len = part_len(part);
    int i;

    *to++ = '.';
    for (i = 0; i < len; i++) {
        char c = part.p[i];

        *to++ = c <= ' ' || c > '~' || strchr(".*>\\", c) ? '_' : c;
    }
    if (!len) {
        *to++ = '_';
    }
    *to = '\0';
    return to;
}

void
xfsm_event_subject(const struct xfsm_event_view *e, const char *prefix,
                   unsigned int n_partitions,
                   char subject[XFSM_EVENT_NAME_SIZE])
{
    char *p = subject + snprintf(subject, PART_MAX, "%s", prefix);

    p = put_part(p, e->label);
    p = put_part(p, e->program);
    p += snprintf(p, 16, ".%u", xfsm_event_partition(e, n_partitions));
    put_part(p, e->host);
}
