/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/subscriber.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/io/event-decode.h"
#include "xfsm/io/follow.h"
#include "xfsm/io/keys.h"

/* Where Open vSwitch keeps its sockets, unless OVS_RUNDIR says. */
#define RUNDIR_DEFAULT "/var/run/openvswitch"
#define HUB_SOCKET "xfsm-hub.events"

/* Nesting of members that a name can have. */
#define NAME_DEPTH 4

struct xfsm_subscriber {
    struct xfsm_follow *follow;
    struct xfsm_follow_options options;
    char *endpoints[XFSM_SUBSCRIBER_ENDPOINTS_MAX];
    char *topics[XFSM_SUBSCRIBER_TOPICS_MAX];
    struct xfsm_key_pair keys, server;
    char *json;                 /* Of the last item, terminated. */
    size_t allocated;
};

/* ## Opening. ## */

static char *
copy_string(const char *s)
{
    char *copy = strdup(s);

    if (!copy) {
        abort();
    }
    return copy;
}

static char *
default_endpoint(void)
{
    const char *rundir = getenv("OVS_RUNDIR");
    char *endpoint;

    if (asprintf(&endpoint, "ipc://%s/" HUB_SOCKET,
                 rundir && *rundir ? rundir : RUNDIR_DEFAULT) < 0) {
        abort();
    }
    return endpoint;
}

static char *
copy_options(struct xfsm_subscriber *s,
             const struct xfsm_subscriber_options *o)
{
    if (o->n_endpoints > XFSM_SUBSCRIBER_ENDPOINTS_MAX) {
        return xfsm_error("more than %d endpoints",
                          XFSM_SUBSCRIBER_ENDPOINTS_MAX);
    } else if (o->n_topics > XFSM_SUBSCRIBER_TOPICS_MAX) {
        return xfsm_error("more than %d topics", XFSM_SUBSCRIBER_TOPICS_MAX);
    } else if (!o->key_file != !o->server_key) {
        return xfsm_error("own key pair and key of the server need each "
                          "other");
    }
    for (size_t i = 0; i < o->n_endpoints; i++) {
        s->endpoints[i] = copy_string(o->endpoints[i]);
    }
    for (size_t i = 0; i < o->n_topics; i++) {
        s->topics[i] = copy_string(o->topics[i]);
    }
    s->options.n_endpoints = o->n_endpoints;
    if (!o->n_endpoints) {
        s->endpoints[s->options.n_endpoints++] = default_endpoint();
    }
    s->options.endpoints = (const char *const *) s->endpoints;
    s->options.topics = s->topics;
    s->options.n_topics = o->n_topics;
    s->options.since_ms = o->since_ms;
    return NULL;
}

static char *
read_keys(struct xfsm_subscriber *s, const struct xfsm_subscriber_options *o)
{
    char *error;

    if (!o->key_file) {
        return NULL;
    }
    error = xfsm_key_pair_read(o->key_file, true, &s->keys);
    if (!error && xfsm_key_is_valid(o->server_key)) {
        memcpy(s->server.public_key, o->server_key,
               sizeof s->server.public_key);
    } else if (!error) {
        error = xfsm_key_pair_read(o->server_key, false, &s->server);
    }
    s->options.keys = &s->keys;
    s->options.server_key = s->server.public_key;
    return error;
}

char *
xfsm_subscriber_open(const struct xfsm_subscriber_options *options,
                     struct xfsm_subscriber **sp)
{
    struct xfsm_subscriber *s = calloc(1, sizeof *s);
    char *error;

    if (!s) {
        abort();
    }
    error = copy_options(s, options);
    if (!error) {
        error = read_keys(s, options);
    }
    if (!error) {
        error = xfsm_follow_create(&s->options, &s->follow);
    }
    if (error) {
        xfsm_subscriber_close(s);
    } else {
        *sp = s;
    }
    return error;
}

void
xfsm_subscriber_close(struct xfsm_subscriber *s)
{
    if (s) {
        xfsm_follow_destroy(s->follow);
        for (size_t i = 0; i < XFSM_SUBSCRIBER_ENDPOINTS_MAX; i++) {
            free(s->endpoints[i]);
        }
        for (size_t i = 0; i < XFSM_SUBSCRIBER_TOPICS_MAX; i++) {
            free(s->topics[i]);
        }
        explicit_bzero(&s->keys, sizeof s->keys);
        free(s->json);
        free(s);
    }
}

/* ## Items. ## */

/* Makes 'json' of 's' the text of 'item', terminated. */
static void
keep_json(struct xfsm_subscriber *s, const struct xfsm_follow_item *item)
{
    if (item->body_len >= s->allocated) {
        free(s->json);
        s->allocated = item->body_len + 1024;
        s->json = malloc(s->allocated);
        if (!s->json) {
            abort();
        }
    }
    if (item->body_len) {
        memcpy(s->json, item->body, item->body_len);
    }
    s->json[item->body_len] = '\0';
}

int
xfsm_subscriber_next(struct xfsm_subscriber *s, int timeout_ms,
                     struct xfsm_subscriber_item *item)
{
    static const enum xfsm_subscriber_kind kinds[] = {
        [XFSM_FOLLOW_EVENT] = XFSM_SUBSCRIBER_EVENT,
        [XFSM_FOLLOW_RECORD] = XFSM_SUBSCRIBER_RECORD,
        [XFSM_FOLLOW_GAP] = XFSM_SUBSCRIBER_GAP,
        [XFSM_FOLLOW_PAST] = XFSM_SUBSCRIBER_PAST,
    };
    struct xfsm_follow_item i;
    int error = xfsm_follow_next(s->follow, timeout_ms, &i);

    if (error) {
        return error;
    }
    keep_json(s, &i);
    *item = (struct xfsm_subscriber_item) {
        .kind = kinds[i.kind],
        .json = i.body_len ? s->json : NULL, .json_len = i.body_len,
        .topic = i.topic_len ? i.topic : NULL, .topic_len = i.topic_len,
        .recovered = i.recovered, .subscribed = i.subscribed,
        .n_recovered = i.n_recovered, .n_missing = i.n_missing,
        .uncertain = i.uncertain, .answered = i.answered,
        .complete = i.complete, .oldest_ms = i.oldest_ms,
    };
    return 0;
}

bool
xfsm_subscriber_get(const struct xfsm_subscriber_item *item,
                    const char *member, char *buf, size_t size)
{
    struct xfsm_event_view view;
    struct xfsm_event_member m;
    struct xfsm_str object;
    int depth = 0;

    if (!item->json || !xfsm_event_decode(item->json, item->json_len, &view)) {
        return false;
    }
    object.p = strchr(item->json, '{') + 1;
    object.len = (uint32_t) (strrchr(item->json, '}') - object.p);
    while (xfsm_event_next_member(&object, &m)) {
        size_t n = m.name.len;

        if (strncmp(member, m.name.p, n)) {
            continue;
        } else if (!member[n]) {
            if (!m.is_string && strchr("{[", m.value.p[0])) {
                return false;
            }
            xfsm_event_unescape(m.value, buf, size);
            return true;
        } else if (member[n] == '.' && !m.is_string && m.value.p[0] == '{'
                   && ++depth < NAME_DEPTH) {
            member += n + 1;
            object = (struct xfsm_str) { m.value.p + 1, m.value.len - 2 };
        }
    }
    return false;
}

/* ## Connections. ## */

const char *
xfsm_subscriber_endpoint(const struct xfsm_subscriber *s, size_t i)
{
    return i < s->options.n_endpoints ? s->endpoints[i] : NULL;
}

unsigned int
xfsm_subscriber_n_connected(struct xfsm_subscriber *s)
{
    return xfsm_follow_n_connected(s->follow);
}

uint64_t
xfsm_subscriber_refused(struct xfsm_subscriber *s)
{
    return xfsm_follow_refused(s->follow);
}

uint64_t
xfsm_subscriber_repeated(const struct xfsm_subscriber *s)
{
    return xfsm_follow_repeated(s->follow);
}

uint64_t
xfsm_subscriber_forgotten(const struct xfsm_subscriber *s)
{
    return xfsm_follow_forgotten(s->follow);
}
