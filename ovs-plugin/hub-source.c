/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hub-source.h"

#include "hash.h"
#include "random.h"
#include "util.h"

/* ## Rates. ## */

char *
xfsm_hub_rates_parse(struct xfsm_hub_rates *rates, const char *s)
{
    struct xfsm_hub_rates new = { .all = rates->all };
    char *copy = xstrdup(s);
    char *save = NULL;
    char *error = NULL;
    char *item;

    for (item = strtok_r(copy, ", ", &save); item && !error;
         item = strtok_r(NULL, ", ", &save)) {
        char *equals = strchr(item, '=');
        unsigned int rate;

        if (!equals || equals == item
            || equals - item >= XFSM_HUB_LABEL_SIZE
            || !str_to_uint(equals + 1, 10, &rate)) {
            error = xasprintf("\"%s\": expected LABEL=EVENTS_PER_SECOND",
                              item);
        } else if (new.n >= XFSM_HUB_MAX_LABEL_RATES) {
            error = xasprintf("rates of more than %d labels",
                              XFSM_HUB_MAX_LABEL_RATES);
        } else {
            *equals = '\0';
            ovs_strlcpy(new.labels[new.n].label, item, XFSM_HUB_LABEL_SIZE);
            new.labels[new.n++].rate = rate;
        }
    }
    free(copy);
    if (!error) {
        *rates = new;
    }
    return error;
}

double
xfsm_hub_bucket_fill(struct xfsm_hub_bucket *b, unsigned int rate,
                     long long int now)
{
    b->tokens = (b->filled
                 ? MIN(b->tokens + (now - b->filled) * (rate / 1000.0), rate)
                 : rate);
    b->filled = now;
    return b->tokens;
}

bool
xfsm_hub_bucket_take(struct xfsm_hub_bucket *b, unsigned int rate,
                     long long int now)
{
    if (!rate) {
        return true;
    } else if (xfsm_hub_bucket_fill(b, rate, now) < 1) {
        return false;
    }
    b->tokens -= 1;
    return true;
}

/* ## Sources. ## */

static char *
copy_text(struct xfsm_str s)
{
    return xmemdup0(s.p, s.len);
}

static bool
text_is(const char *copy, struct xfsm_str s)
{
    return strlen(copy) == s.len && !memcmp(copy, s.p, s.len);
}

bool
xfsm_hub_source_is(const struct xfsm_hub_source *source,
                   const struct xfsm_event_view *view)
{
    return (text_is(source->port, view->port)
            && text_is(source->bridge, view->bridge)
            && text_is(source->host, view->host));
}

static uint32_t
hash_source(const struct xfsm_hub_sources *sources,
            const struct xfsm_event_view *view)
{
    uint32_t hash;

    hash = hash_bytes(view->host.p, view->host.len, sources->basis);
    hash = hash_bytes(view->bridge.p, view->bridge.len, hash);
    return hash_bytes(view->port.p, view->port.len, hash);
}

void
xfsm_hub_sources_init(struct xfsm_hub_sources *sources)
{
    hmap_init(&sources->map);
    sources->basis = random_uint32();
    sources->refused = 0;
}

static void
forget_topics(struct xfsm_hub_source *source)
{
    size_t i;

    for (i = 0; i < source->n_topics; i++) {
        free(source->topics[i].name);
    }
    source->n_topics = 0;
    source->topics_forgotten = false;
}

static void
remove_source(struct xfsm_hub_sources *sources,
              struct xfsm_hub_source *source)
{
    hmap_remove(&sources->map, &source->node);
    forget_topics(source);
    free(source->host);
    free(source->bridge);
    free(source->port);
    free(source->topic);
    free(source);
}

void
xfsm_hub_sources_destroy(struct xfsm_hub_sources *sources)
{
    struct xfsm_hub_source *source;

    HMAP_FOR_EACH_SAFE (source, node, &sources->map) {
        remove_source(sources, source);
    }
    hmap_destroy(&sources->map);
}

/* Removes the source that ended first.  Returns false if all are running. */
static bool
make_room(struct xfsm_hub_sources *sources)
{
    struct xfsm_hub_source *source, *oldest = NULL;

    HMAP_FOR_EACH (source, node, &sources->map) {
        if (!source->feeds && (!oldest || source->ended < oldest->ended)) {
            oldest = source;
        }
    }
    if (oldest) {
        remove_source(sources, oldest);
    }
    return oldest != NULL;
}

/* Returns what follows the first two parts of a topic. */
static char *
topic_tail(const char *topic, size_t len)
{
    const char *end = topic + len;
    const char *p = topic;
    int i;

    for (i = 0; i < 2; i++) {
        const char *slash = memchr(p, '/', end - p);

        if (!slash) {
            return xstrdup("_/_");
        }
        p = slash + 1;
    }
    return xmemdup0(p, end - p);
}

struct xfsm_hub_source *
xfsm_hub_sources_get(struct xfsm_hub_sources *sources,
                     const struct xfsm_event_view *view,
                     const char *topic, size_t topic_len)
{
    uint32_t hash = hash_source(sources, view);
    struct xfsm_hub_source *source;

    HMAP_FOR_EACH_WITH_HASH (source, node, hash, &sources->map) {
        if (xfsm_hub_source_is(source, view)) {
            return source;
        }
    }
    if (hmap_count(&sources->map) >= XFSM_HUB_MAX_SOURCES
        && !make_room(sources)) {
        sources->refused++;
        return NULL;
    }
    source = xzalloc(sizeof *source);
    source->host = copy_text(view->host);
    source->bridge = copy_text(view->bridge);
    source->port = copy_text(view->port);
    source->topic = topic_tail(topic, topic_len);
    hmap_insert(&sources->map, &source->node, hash);
    return source;
}

void
xfsm_hub_sources_expire(struct xfsm_hub_sources *sources, long long int now)
{
    struct xfsm_hub_source *source;

    HMAP_FOR_EACH_SAFE (source, node, &sources->map) {
        if (!source->feeds
            && now - source->ended >= XFSM_HUB_SOURCE_LINGER) {
            remove_source(sources, source);
        }
    }
}

void
xfsm_hub_source_begin(struct xfsm_hub_source *source, uint64_t epoch)
{
    forget_topics(source);
    source->epoch = epoch;
    source->last_seq = 0;
    source->journaled_seq = 0;
}

/* Makes room for a topic in a source that has as many as it can. */
static struct xfsm_hub_topic *
replace_topic(struct xfsm_hub_source *source)
{
    struct xfsm_hub_topic *oldest = &source->topics[0];

    for (size_t i = 1; i < source->n_topics; i++) {
        if (source->topics[i].seq < oldest->seq) {
            oldest = &source->topics[i];
        }
    }
    free(oldest->name);
    source->topics_forgotten = true;
    return oldest;
}

struct xfsm_hub_topic *
xfsm_hub_source_topic(struct xfsm_hub_source *source, const char *topic,
                      size_t len, uint64_t *forgotten)
{
    const char *slash = memchr(topic, '/', len);
    struct xfsm_hub_topic *t;
    size_t i;

    slash = slash ? memchr(slash + 1, '/', topic + len - slash - 1) : NULL;
    if (!slash) {
        return NULL;
    }
    len = slash - topic;
    for (i = 0; i < source->n_topics; i++) {
        t = &source->topics[i];
        if (t->len == len && !memcmp(t->name, topic, len)) {
            return t;
        }
    }
    if (source->n_topics < XFSM_HUB_MAX_TOPICS) {
        t = &source->topics[source->n_topics++];
    } else {
        t = replace_topic(source);
        ++*forgotten;
    }
    t->name = xmemdup0(topic, len);
    t->len = len;
    t->seq = 0;
    return t;
}
