/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/unit/reference-store.h"

#include <arpa/inet.h>
#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/packet/field.h"

/* ## Keys ## */

static void
append(struct ref_key *key, const void *p, size_t n)
{
    key->bytes = realloc(key->bytes, key->len + n + 1);
    if (!key->bytes) {
        abort();
    }
    if (n) {                    /* The empty key has no bytes. */
        memcpy(key->bytes + key->len, p, n);
    }
    key->len += n;
}

static void
append_text(struct ref_key *key, const char *p, size_t n)
{
    append(key, &n, sizeof n);
    if (n) {
        append(key, p, n);
    }
}

/* Keeps the first bits of 'addr', one by one. */
static void
keep_prefix(uint8_t addr[16], struct xfsm_prefix_lengths lengths)
{
    static const uint8_t ip4[12] = { [10] = 0xff, [11] = 0xff };
    unsigned int bits = memcmp(addr, ip4, sizeof ip4) ? lengths.ip6
                                                      : 96u + lengths.ip4;

    for (unsigned int i = bits; lengths.ip4 && i < 128; i++) {
        addr[i / 8] = (uint8_t) (addr[i / 8] & ~(0x80 >> i % 8));
    }
}

bool
ref_key_build(const struct xfsm_key *key, const struct xfsm_packet *packet,
              struct ref_key *value)
{
    memset(value, 0, sizeof *value);
    for (int i = 0; i < key->n; i++) {
        const struct xfsm_field *field = &xfsm_fields[key->fields[i]];
        const char *member = (const char *) packet + field->offset;

        if (!xfsm_fieldset_has(&packet->present, key->fields[i])) {
            ref_key_free(value);
            return false;
        }
        if (field->type == XFSM_FT_STR) {
            struct xfsm_str str;

            memcpy(&str, member, sizeof str);
            append_text(value, str.p, str.len);
        } else if (field->type == XFSM_FT_ADDR) {
            uint8_t addr[16];

            memcpy(addr, member, sizeof addr);
            keep_prefix(addr, key->prefixes[i]);
            append(value, addr, sizeof addr);
        } else {
            uint64_t number = xfsm_field_uint(packet, key->fields[i]);

            append(value, &number, sizeof number);
        }
    }
    return true;
}

static bool
parse_field(enum xfsm_field_type type, struct xfsm_prefix_lengths prefix,
            const char *text, size_t len, struct ref_key *value)
{
    char *copy = strndup(text, len);
    uint8_t addr[16] = { [10] = 0xff, [11] = 0xff };
    unsigned int o[6];
    uint64_t number = 0;
    char *end = copy;
    bool ok = true;

    if (!copy) {
        abort();
    }
    if (type == XFSM_FT_STR) {
        append_text(value, copy, len);
    } else if (type == XFSM_FT_ADDR) {
        ok = inet_pton(AF_INET, copy, addr + 12) == 1
             || inet_pton(AF_INET6, copy, addr) == 1;
        keep_prefix(addr, prefix);
        append(value, addr, sizeof addr);
    } else if (type == XFSM_FT_MAC) {
        ok = sscanf(copy, "%x:%x:%x:%x:%x:%x", &o[0], &o[1], &o[2], &o[3],
                    &o[4], &o[5]) == 6;
        for (int i = 0; ok && i < 6; i++) {
            number = number << 8 | o[i];
        }
        append(value, &number, sizeof number);
    } else {
        number = strtoull(copy, &end, 0);
        ok = len && !*end;
        append(value, &number, sizeof number);
    }
    free(copy);
    return ok;
}

bool
ref_key_parse(const struct xfsm_key *key, const char *text,
              struct ref_key *value)
{
    memset(value, 0, sizeof *value);
    for (int i = 0; i < key->n; i++) {
        size_t len = i + 1 < key->n ? strcspn(text, "-") : strlen(text);

        if (!parse_field(xfsm_fields[key->fields[i]].type, key->prefixes[i],
                         text, len, value)) {
            ref_key_free(value);
            return false;
        }
        text += len + (i + 1 < key->n);
    }
    return true;
}

void
ref_key_copy(struct ref_key *to, const struct ref_key *from)
{
    memset(to, 0, sizeof *to);
    append(to, from->bytes, from->len);
}

bool
ref_key_equal(const struct ref_key *a, const struct ref_key *b)
{
    return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

void
ref_key_free(struct ref_key *key)
{
    free(key->bytes);
    memset(key, 0, sizeof *key);
}

/* ## Maps ## */

static int
compare_nodes(const void *a_, const void *b_)
{
    const struct ref_key *a = &((const struct ref_node *) a_)->key;
    const struct ref_key *b = &((const struct ref_node *) b_)->key;

    return a->len != b->len ? (a->len > b->len) - (a->len < b->len)
           : memcmp(a->bytes, b->bytes, a->len);
}

static void
free_node(void *node_)
{
    struct ref_node *node = node_;

    ref_key_free(&node->key);
    free(node);
}

struct ref_node *
ref_map_find(const struct ref_map *map, const struct ref_key *key)
{
    struct ref_node wanted = { .key = *key };
    void *found = tfind(&wanted, &map->root, compare_nodes);

    return found ? *(struct ref_node **) found : NULL;
}

struct ref_node *
ref_map_add(struct ref_map *map, const struct ref_key *key)
{
    struct ref_node *node = ref_map_find(map, key);

    if (!node) {
        node = calloc(1, sizeof *node);
        if (!node) {
            abort();
        }
        ref_key_copy(&node->key, key);
        if (!tsearch(node, &map->root, compare_nodes)) {
            abort();
        }
        map->n++;
    }
    return node;
}

struct ref_node *
ref_map_find_live(const struct ref_map *map, const struct ref_key *key,
                  uint64_t ttl, uint64_t now)
{
    struct ref_node *node = ref_map_find(map, key);
    uint64_t seconds = now / 1000000000;

    return node && ttl && !node->declared && seconds > node->touch
           && seconds - node->touch > ttl ? NULL : node;
}

struct ref_node *
ref_map_write(struct ref_map *map, const struct ref_key *key, uint64_t ttl,
              uint64_t now)
{
    struct ref_node *node;

    if (!ref_map_find_live(map, key, ttl, now)) {
        ref_map_remove(map, key);
    }
    node = ref_map_add(map, key);
    if (node->touch < now / 1000000000) {
        node->touch = now / 1000000000;
    }
    return node;
}

void
ref_map_remove(struct ref_map *map, const struct ref_key *key)
{
    struct ref_node *node = ref_map_find(map, key);

    if (node) {
        tdelete(node, &map->root, compare_nodes);
        free_node(node);
        map->n--;
    }
}

void
ref_map_clear(struct ref_map *map)
{
    tdestroy(map->root, free_node);
    memset(map, 0, sizeof *map);
}

/* ## Detectors ## */

void
ref_detector_init(struct ref_detector *d, const struct xfsm_metric *metric)
{
    memset(d, 0, sizeof *d);
    d->design = (size_t) (ldexp(1, metric->vd_size) * M_LN2
                          / metric->vd_nhash);
    d->design = d->design ? d->design : 1;
    d->reset_after = metric->vd_reset_after;
}

static void
swap(struct ref_detector *d, uint64_t when)
{
    if (!d || d->swapping) {
        return;
    }
    ref_map_clear(&d->detecting);
    d->detecting = d->learning;
    memset(&d->learning, 0, sizeof d->learning);
    if (!d->started || d->last_swap < when) {
        d->last_swap = when;
    }
    d->started = true;
    d->swapping = true;
    swap(d->slave, when);
    d->swapping = false;
}

/* Swaps as often as 'reset_after' has passed, which matters up to twice. */
static void
pass_time(struct ref_detector *d, uint64_t now)
{
    if (d->reset_after && !d->started) {
        d->started = true;
        d->last_swap = now;
    } else if (d->reset_after && now > d->last_swap) {
        uint64_t times = (now - d->last_swap) / d->reset_after;
        uint64_t when = d->last_swap + times * d->reset_after;

        for (uint64_t i = 0; i < times && i < 2; i++) {
            swap(d, when);
        }
    }
}

bool
ref_detector_get(struct ref_detector *d, const struct ref_key *key,
                 uint64_t now)
{
    pass_time(d, now);
    return ref_map_find(&d->learning, key) || ref_map_find(&d->detecting, key);
}

void
ref_detector_set(struct ref_detector *d, const struct ref_key *key,
                 uint64_t now)
{
    pass_time(d, now);
    if (!ref_map_find(&d->learning, key)) {
        ref_map_add(&d->learning, key);
        if (d->learning.n >= d->design) {
            swap(d, now);
        }
    }
}

void
ref_detector_reset(struct ref_detector *d)
{
    ref_map_clear(&d->learning);
    ref_map_clear(&d->detecting);
    d->started = false;
}

/* ## Monitors ## */

void
ref_monitor_init(struct ref_monitor *m, const struct xfsm_metric *metric)
{
    double window = (double) metric->vm_window / 1e9;

    memset(m, 0, sizeof *m);
    m->type = metric->vm_type;
    m->ttl = metric->vm_room.ttl;
    ref_summary_init(&m->summary, metric);
    m->log_beta = window > 6 ? log(1 - 2 / (window / 6 + 1)) : -1 / window;
}

/* What was halved a thousand times is taken as 0, as in the sketch. */
static double
decayed(const struct ref_monitor *m, const struct ref_node *node,
        uint64_t now)
{
    double seconds = now > node->time ? (double) (now - node->time) / 1e9 : 0;
    double decay = exp(m->log_beta * seconds);

    return decay > 0x1p-1000 ? node->value * decay : 0;
}

void
ref_monitor_add_item(struct ref_monitor *m, const struct ref_key *key,
                     const struct ref_key *item, uint64_t now)
{
    if (key && item) {
        ref_summary_add(&m->summary, key, item, 1, now);
    }
}

void
ref_monitor_add(struct ref_monitor *m, const struct ref_key *key, double q,
                uint64_t now)
{
    struct ref_node *node;

    if (m->type == XFSM_MON_SIMPLE) {
        m->simple += q;
    } else if (key && m->type >= XFSM_MON_DISTINCT) {
        ref_summary_add(&m->summary, key, NULL, q, now);
    } else if (key) {
        node = ref_map_write(&m->keys, key, m->ttl, now);
        if (m->type == XFSM_MON_DLEFT) {
            node->value += q;
        } else {
            /* A rate cannot be lowered: less than 0 counts as 0. */
            node->value = decayed(m, node, now)
                          + (q > 0 && isfinite(q) ? -q * m->log_beta : 0);
            node->time = now > node->time ? now : node->time;
        }
    }
}

double
ref_monitor_get(const struct ref_monitor *m, const struct ref_key *key,
                uint64_t now)
{
    const struct ref_node *node = key ? ref_map_find_live(&m->keys, key,
                                                          m->ttl, now)
                                      : NULL;

    if (m->type >= XFSM_MON_DISTINCT) {
        return key ? ref_summary_get(&m->summary, key, now) : 0;
    }
    return m->type == XFSM_MON_SIMPLE ? m->simple
           : !node ? 0
           : m->type == XFSM_MON_DLEFT ? node->value
           : decayed(m, node, now);
}

void
ref_monitor_reset_key(struct ref_monitor *m, const struct ref_key *key)
{
    m->simple = 0;
    ref_map_remove(&m->keys, key);
    ref_summary_reset(&m->summary, key);
}

void
ref_monitor_reset(struct ref_monitor *m)
{
    m->simple = 0;
    ref_map_clear(&m->keys);
    ref_summary_reset(&m->summary, NULL);
}
