/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/talkers.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/json.h"
#include "util.h"
#include "xfsm/io/event-decode.h"

/* In each entry of a list. */
static const char mark[] = "\"count\":";

/* Characters of a name, and a null byte. */
#define MAX_NAME 256

struct xfsm_talkers *
xfsm_talkers_create(size_t max_lists)
{
    struct xfsm_talkers *talkers = xzalloc(sizeof *talkers);

    talkers->max_lists = max_lists;
    shash_init(&talkers->lists);
    return talkers;
}

static void
remove_list(struct xfsm_talkers *talkers, struct shash_node *node)
{
    struct xfsm_talkers_list *list = node->data;

    free(list->host);
    free(list->port);
    free(list->program);
    free(list->field);
    free(list->time);
    free(list->owners);
    json_destroy(list->entries);
    free(list);
    shash_delete(&talkers->lists, node);
}

void
xfsm_talkers_destroy(struct xfsm_talkers *talkers)
{
    if (talkers) {
        struct shash_node *node;

        SHASH_FOR_EACH_SAFE (node, &talkers->lists) {
            remove_list(talkers, node);
        }
        shash_destroy(&talkers->lists);
        free(talkers);
    }
}

static void
evict_oldest(struct xfsm_talkers *talkers)
{
    struct shash_node *node, *oldest = NULL;

    SHASH_FOR_EACH (node, &talkers->lists) {
        const struct xfsm_talkers_list *list = node->data;
        const struct xfsm_talkers_list *first = oldest ? oldest->data : NULL;

        if (!first || list->updated < first->updated) {
            oldest = node;
        }
    }
    if (oldest) {
        remove_list(talkers, oldest);
        talkers->evicted++;
    }
}

static char *
copy_text(struct xfsm_str s)
{
    char text[MAX_NAME];

    if (!s.p) {
        return xstrdup("");
    }
    xfsm_event_unescape(s, text, sizeof text);
    return xstrdup(text);
}

/* Tells whether 'json' is a list of keys with their counts. */
static bool
is_list(const struct json *json)
{
    size_t i;

    for (i = 0; json->type == JSON_ARRAY && i < json->array.n; i++) {
        const struct json *entry = json->array.elems[i];
        const struct json *key, *count, *error;

        if (entry->type != JSON_OBJECT) {
            return false;
        }
        key = shash_find_data(json_object(entry), "key");
        count = shash_find_data(json_object(entry), "count");
        error = shash_find_data(json_object(entry), "error");
        if (!key || key->type != JSON_OBJECT
            || !count || count->type != JSON_INTEGER
            || !error || error->type != JSON_INTEGER) {
            return false;
        }
    }
    return json->type == JSON_ARRAY && json->array.n > 0;
}

/* Keeps 'entries', which become ours. */
static void
put_list(struct xfsm_talkers *talkers, const char *host, const char *owners,
         const struct xfsm_event_view *view, struct xfsm_str field,
         struct json *entries, long long int now)
{
    struct xfsm_talkers_list new = {
        .host = xstrdup(host), .port = copy_text(view->port),
        .program = copy_text(view->program), .field = copy_text(field),
        .time = copy_text(view->time), .owners = xstrdup(owners),
        .updated = now, .entries = entries,
    };
    char *name = xasprintf("%s/%s/%s/%s", host, new.port, new.program,
                           new.field);
    struct shash_node *node = shash_find(&talkers->lists, name);

    if (node) {
        remove_list(talkers, node);
    } else if (shash_count(&talkers->lists) >= talkers->max_lists) {
        evict_oldest(talkers);
    }
    shash_add_nocopy(&talkers->lists, name, xmemdup(&new, sizeof new));
}

void
xfsm_talkers_take(struct xfsm_talkers *talkers, const char *host,
                  const char *owners, const char *event, size_t len,
                  long long int now)
{
    struct xfsm_event_member member;
    struct xfsm_event_view view;

    if (!memmem(event, len, mark, strlen(mark))
        || !xfsm_event_decode(event, len, &view) || !view.program.p) {
        return;
    }
    while (xfsm_event_next_member(&view.fields, &member)) {
        struct json *json;
        char *text;

        if (member.is_string || !member.value.len
            || member.value.p[0] != '[') {
            continue;
        } else if (member.value.len > XFSM_TALKERS_MAX_BYTES) {
            talkers->too_long++;
            continue;
        }
        text = xmemdup0(member.value.p, member.value.len);
        json = json_from_string(text);
        if (is_list(json)) {
            put_list(talkers, host, owners, &view, member.name, json,
                     now);
        } else {
            json_destroy(json);
        }
        free(text);
    }
}

void
xfsm_talkers_expire(struct xfsm_talkers *talkers, long long int now)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &talkers->lists) {
        const struct xfsm_talkers_list *list = node->data;

        if (now - list->updated > XFSM_TALKERS_MAX_AGE) {
            remove_list(talkers, node);
        }
    }
}
