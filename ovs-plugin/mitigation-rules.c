/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/mitigation-rules.h"

#include <string.h>

#include "bitmap.h"
#include "hash.h"
#include "util.h"

#define MINUTE_MS 60000

void
mitigation_books_init(struct mitigation_books *books, uint32_t first_id)
{
    memset(books, 0, sizeof *books);
    ovs_list_init(&books->rules);
    books->next_id = first_id;
}

void
mitigation_books_destroy(struct mitigation_books *books)
{
    struct mitigation_rule *rule;

    LIST_FOR_EACH_SAFE (rule, node, &books->rules) {
        mitigation_rule_destroy(rule);
    }
}

/* Returns a number whose meter no rule has.  There is one if there are fewer
 * than MITIGATION_METERS rules, and the planner sees to that. */
static uint32_t
choose_id(const struct mitigation_books *books)
{
    unsigned long used[BITMAP_N_LONGS(MITIGATION_METERS)] = { 0 };
    const struct mitigation_rule *rule;
    uint32_t id = books->next_id;
    unsigned int i;

    LIST_FOR_EACH (rule, node, &books->rules) {
        if (!rule->flow.dry_run) {
            bitmap_set1(used, rule->id % MITIGATION_METERS);
        }
    }
    for (i = 0; i < MITIGATION_METERS
                && (!id || bitmap_is_set(used, id % MITIGATION_METERS)); i++) {
        id++;
    }
    return id ? id : 1;
}

struct mitigation_usage
mitigation_books_usage(const struct mitigation_books *books,
                       const char *interface, bool dry_run,
                       long long int now)
{
    struct mitigation_usage usage = { .next_id = choose_id(books) };
    uint32_t port = hash_string(interface, 0);
    const struct mitigation_rule *rule;
    size_t i;

    LIST_FOR_EACH (rule, node, &books->rules) {
        if (rule->flow.dry_run == dry_run) {
            usage.n_rules++;
            usage.n_port_rules += !strcmp(rule->interface, interface);
        }
    }
    for (i = 0; i < MITIGATION_PER_MINUTE; i++) {
        long long int when = books->planned[dry_run].entries[i].when;

        if (when && when > now - MINUTE_MS) {
            usage.n_last_minute++;
            usage.n_port_last_minute
                += books->planned[dry_run].entries[i].port == port;
        }
    }
    return usage;
}

char *
mitigation_key(const struct mitigation_flow *flow, const char *bridge)
{
    struct mitigation_flow plain = *flow;
    char text[MITIGATION_TEXT_MAX];
    char *actions;

    /* The priority stays, and tells the action. */
    plain.cookie = 0;
    plain.idle_timeout = plain.hard_timeout = 0;
    mitigation_flow_format(&plain, text);
    actions = strstr(text, ",actions=");
    if (actions) {
        *actions = '\0';
    }
    return xasprintf("%s %s", bridge, text);
}

bool
mitigation_books_has(const struct mitigation_books *books, const char *key,
                     bool dry_run)
{
    const struct mitigation_rule *rule;

    LIST_FOR_EACH (rule, node, &books->rules) {
        if (rule->flow.dry_run == dry_run && !strcmp(rule->key, key)) {
            return true;
        }
    }
    return false;
}

struct mitigation_rule *
mitigation_books_find(const struct mitigation_books *books, uint32_t id)
{
    struct mitigation_rule *rule;

    LIST_FOR_EACH (rule, node, &books->rules) {
        if (!rule->flow.dry_run && rule->id == id) {
            return rule;
        }
    }
    return NULL;
}

struct mitigation_rule *
mitigation_books_add(struct mitigation_books *books,
                     const struct mitigation_request *request,
                     const struct mitigation_flow *flow,
                     const char *interface, const char *bridge,
                     const char *program, long long int now)
{
    struct mitigation_rule *rule = xmalloc(sizeof *rule);
    size_t i;

    *rule = (struct mitigation_rule) {
        .id = (uint32_t) flow->cookie,
        .request = *request,
        .flow = *flow,
        .interface = xstrdup(interface),
        .bridge = xstrdup(bridge),
        .program = xstrdup(program),
        .key = mitigation_key(flow, bridge),
        .asked = now,
        .until = now + flow->hard_timeout * 1000LL,
    };
    ovs_list_push_back(&books->rules, &rule->node);
    books->next_id = rule->id + 1;
    i = books->planned[flow->dry_run].next++ % MITIGATION_PER_MINUTE;
    books->planned[flow->dry_run].entries[i].when = now;
    books->planned[flow->dry_run].entries[i].port = hash_string(interface, 0);
    return rule;
}

void
mitigation_rule_destroy(struct mitigation_rule *rule)
{
    ovs_list_remove(&rule->node);
    free(rule->interface);
    free(rule->bridge);
    free(rule->program);
    free(rule->key);
    free(rule);
}
