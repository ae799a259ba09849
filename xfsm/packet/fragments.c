/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/packet/fragments.h"

#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/base/mem.h"
#include "xfsm/packet/decode-private.h"

#define BUCKET_WAYS 8
#define KEY_WORDS 5
#define HASH_TWEAK UINT64_C(0x667261676d656e74)
#define NO_VLAN 0xffff

_Static_assert(XFSM_FRAGMENTS_MIN == BUCKET_WAYS,
               "the smallest table is one bucket");

/* One datagram. */
struct entry {
    uint64_t key[KEY_WORDS];
    uint64_t time;              /* Of its first fragment. */
    uint16_t src_port, dst_port;
    uint8_t proto;
    bool used;
    bool ended;                 /* Its last fragment was seen. */
} __attribute__((aligned(64)));

struct xfsm_fragments {
    struct entry *entries;
    size_t n;                   /* A power of two. */
    uint64_t timeout;
    const struct xfsm_seed *seed;
    struct xfsm_fragments_stats stats;
};

char *
xfsm_fragments_create(unsigned int n, uint64_t timeout,
                      const struct xfsm_seed *seed,
                      struct xfsm_fragments **tablep)
{
    struct xfsm_fragments *table;

    if (n < XFSM_FRAGMENTS_MIN || n > XFSM_FRAGMENTS_MAX) {
        return xfsm_error("a fragment table of %u entries: should be %u to "
                          "%u", n, XFSM_FRAGMENTS_MIN, XFSM_FRAGMENTS_MAX);
    }
    if (timeout < XFSM_FRAGMENTS_TIMEOUT_MIN
        || timeout > XFSM_FRAGMENTS_TIMEOUT_MAX) {
        return xfsm_error("a fragment timeout of %g s: should be %g s to "
                          "%g s", (double) timeout / 1e9,
                          (double) XFSM_FRAGMENTS_TIMEOUT_MIN / 1e9,
                          (double) XFSM_FRAGMENTS_TIMEOUT_MAX / 1e9);
    }
    table = calloc(1, sizeof *table);
    if (!table) {
        return xfsm_error("no memory for a fragment table");
    }
    table->n = BUCKET_WAYS;
    while (table->n < n) {
        table->n *= 2;
    }
    table->timeout = timeout;
    table->seed = seed;
    table->entries = xfsm_mem_map(table->n * sizeof *table->entries, false);
    if (!table->entries) {
        free(table);
        return xfsm_error("no memory for a fragment table");
    }
    *tablep = table;
    return NULL;
}

void
xfsm_fragments_destroy(struct xfsm_fragments *table)
{
    if (table) {
        xfsm_mem_unmap(table->entries, table->n * sizeof *table->entries);
        free(table);
    }
}

const struct xfsm_fragments_stats *
xfsm_fragments_stats(const struct xfsm_fragments *table)
{
    return &table->stats;
}

static void
make_key(const struct xfsm_packet *packet, uint64_t key[KEY_WORDS])
{
    uint64_t vlan = (xfsm_fieldset_has(&packet->present, XFSM_F_VLAN_ID)
                     ? packet->vlan_id : NO_VLAN);
    uint64_t proto = packet->ip_version == 4 ? packet->ip_proto : 0;

    memcpy(key, packet->ip_src.w, sizeof packet->ip_src);
    memcpy(key + 2, packet->ip_dst.w, sizeof packet->ip_dst);
    key[4] = (packet->ip_id | proto << 32
              | (uint64_t) packet->ip_version << 40 | vlan << 48);
}

static struct entry *
find_bucket(const struct xfsm_fragments *table, const uint64_t key[KEY_WORDS])
{
    uint64_t hash = xfsm_hash_words(table->seed, HASH_TWEAK, key, KEY_WORDS);

    return &table->entries[hash & (table->n - 1) & ~(uint64_t)
                           (BUCKET_WAYS - 1)];
}

/* Tells whether 'entry' may still be of use at 'now'. */
static bool
is_live(const struct xfsm_fragments *table, const struct entry *entry,
        uint64_t now)
{
    uint64_t age = now > entry->time ? now - entry->time : entry->time - now;

    return entry->used && age <= table->timeout;
}

static struct entry *
find_entry(const struct xfsm_fragments *table, struct entry *bucket,
           const uint64_t key[KEY_WORDS], uint64_t now)
{
    unsigned int i;

    for (i = 0; i < BUCKET_WAYS; i++) {
        if (is_live(table, &bucket[i], now)
            && !memcmp(bucket[i].key, key, sizeof bucket[i].key)) {
            return &bucket[i];
        }
    }
    return NULL;
}

/* Returns the entry of 'bucket' that can best be spared. */
static struct entry *
find_victim(struct xfsm_fragments *table, struct entry *bucket, uint64_t now)
{
    struct entry *oldest = &bucket[0];
    unsigned int i;

    for (i = 0; i < BUCKET_WAYS; i++) {
        if (!is_live(table, &bucket[i], now)) {
            return &bucket[i];
        }
        if (bucket[i].time < oldest->time) {
            oldest = &bucket[i];
        }
    }
    table->stats.evicted++;
    return oldest;
}

static void
remember(struct xfsm_fragments *table, const struct xfsm_packet *packet,
         const uint64_t key[KEY_WORDS])
{
    struct entry *bucket = find_bucket(table, key);
    struct entry *entry = find_entry(table, bucket, key, packet->ts);

    if (entry && !entry->ended) {
        table->stats.repeated++;
        return;
    }
    if (!entry) {
        entry = find_victim(table, bucket, packet->ts);
    }
    memcpy(entry->key, key, sizeof entry->key);
    entry->time = packet->ts;
    entry->src_port = packet->src_port;
    entry->dst_port = packet->dst_port;
    entry->proto = packet->ip_proto;
    entry->used = true;
    entry->ended = false;
    table->stats.first++;
}

static void
recall(struct xfsm_fragments *table, struct xfsm_packet *packet,
       const uint64_t key[KEY_WORDS])
{
    struct entry *bucket = find_bucket(table, key);
    struct entry *entry = find_entry(table, bucket, key, packet->ts);

    if (!entry) {
        table->stats.unknown++;
        return;
    }
    packet->src_port = entry->src_port;
    packet->dst_port = entry->dst_port;
    packet->ip_proto = entry->proto;
    xfsm_fieldset_add(&packet->present, XFSM_F_SRC_PORT);
    xfsm_fieldset_add(&packet->present, XFSM_F_DST_PORT);
    entry->ended = entry->ended || !packet->ip_more_fragments;
    table->stats.resolved++;
}

/* Tells whether the datagram of a later fragment may have ports: ICMP has
 * none, what IPv6 extension headers lead to is unknown. */
static bool
may_have_ports(const struct xfsm_packet *packet)
{
    switch (packet->ip_proto) {
    case PROTO_TCP:
    case PROTO_UDP:
    case PROTO_SCTP:
        return true;
    default:
        return (packet->ip_version == 6
                && xfsm_ip6_extension(packet->ip_proto));
    }
}

void
xfsm_fragments_resolve(struct xfsm_fragments *table,
                       struct xfsm_packet *packet)
{
    const struct xfsm_fieldset *present = &packet->present;
    uint64_t key[KEY_WORDS];

    if (!xfsm_fieldset_has(present, XFSM_F_IP_FRAG_OFFSET)
        || !xfsm_fieldset_has(present, XFSM_F_PROTO)) {
        return;
    }
    make_key(packet, key);
    if (packet->ip_frag_offset) {
        if (may_have_ports(packet)) {
            recall(table, packet, key);
        }
    } else if (xfsm_fieldset_has(present, XFSM_F_SRC_PORT)) {
        remember(table, packet, key);
    }
}
