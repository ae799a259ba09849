/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/positions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "util.h"
#include "xfsm/io/event-decode.h"
#include "xfsm/runtime/event.h"

#define MAGIC "xfsm-positions 1 "

/* A number in a life. */
struct position {
    uint64_t epoch, seq;
};

struct probe {
    struct hmap_node node;
    struct ovs_list by_age;     /* In 'by_age' of the positions. */
    char *name;                 /* Host, bridge and port, tabs between. */
    struct position last;
    struct position kept;       /* Of those that a journal keeps. */
};

struct xfsm_positions {
    struct hmap probes;
    struct ovs_list by_age;     /* First the one not heard of for longest. */
    uint64_t since_ms;
    uint64_t forgotten;
};

struct xfsm_positions *
xfsm_positions_create(void)
{
    struct xfsm_positions *p = xzalloc(sizeof *p);

    hmap_init(&p->probes);
    ovs_list_init(&p->by_age);
    return p;
}

static void
remove_probe(struct xfsm_positions *p, struct probe *probe)
{
    hmap_remove(&p->probes, &probe->node);
    ovs_list_remove(&probe->by_age);
    free(probe->name);
    free(probe);
}

static void
clear(struct xfsm_positions *p)
{
    while (!ovs_list_is_empty(&p->by_age)) {
        remove_probe(p, CONTAINER_OF(ovs_list_front(&p->by_age),
                                     struct probe, by_age));
    }
}

void
xfsm_positions_destroy(struct xfsm_positions *p)
{
    if (p) {
        clear(p);
        hmap_destroy(&p->probes);
        free(p);
    }
}

static struct probe *
find_probe(const struct xfsm_positions *p, const char *name)
{
    struct probe *probe;

    HMAP_FOR_EACH_WITH_HASH (probe, node, hash_string(name, 0), &p->probes) {
        if (!strcmp(probe->name, name)) {
            return probe;
        }
    }
    return NULL;
}

/* Returns the probe 'name', a new one if need be, as heard of last. */
static struct probe *
get_probe(struct xfsm_positions *p, const char *name)
{
    struct probe *probe = find_probe(p, name);

    if (probe) {
        ovs_list_remove(&probe->by_age);
        ovs_list_push_back(&p->by_age, &probe->by_age);
        return probe;
    }
    if (hmap_count(&p->probes) >= XFSM_POSITIONS_MAX) {
        remove_probe(p, CONTAINER_OF(ovs_list_front(&p->by_age),
                                     struct probe, by_age));
        p->forgotten++;
    }
    probe = xzalloc(sizeof *probe);
    probe->name = xstrdup(name);
    hmap_insert(&p->probes, &probe->node, hash_string(name, 0));
    ovs_list_push_back(&p->by_age, &probe->by_age);
    return probe;
}

static char *
name_of(const struct xfsm_event_view *e)
{
    return xasprintf("%.*s\t%.*s\t%.*s", (int) e->host.len,
                     e->host.p ? e->host.p : "", (int) e->bridge.len,
                     e->bridge.p ? e->bridge.p : "", (int) e->port.len,
                     e->port.p ? e->port.p : "");
}

/* The number of an event; of a record, the last one that it is about. */
static struct position
position_of(const struct xfsm_event_view *e)
{
    return (struct position) { e->epoch, e->has_seq ? e->seq : e->to };
}

static bool
is_after(struct position a, struct position b)
{
    return a.epoch > b.epoch || (a.epoch == b.epoch && a.seq > b.seq);
}

bool
xfsm_positions_is_kept(const struct xfsm_event_view *e)
{
    return (xfsm_str_is(e->label, XFSM_LABEL_ALERT)
            || xfsm_str_is(e->label, XFSM_LABEL_CRITICAL)
            || xfsm_str_is(e->label, "lost"));
}

bool
xfsm_positions_has(const struct xfsm_positions *p,
                   const struct xfsm_event_view *e)
{
    struct position at = position_of(e);
    const struct probe *probe;
    char *name;

    if (!e->has_epoch || !at.seq || !xfsm_positions_is_kept(e)) {
        return false;
    }
    name = name_of(e);
    probe = find_probe(p, name);
    free(name);
    return probe && !is_after(at, probe->kept);
}

void
xfsm_positions_note(struct xfsm_positions *p,
                    const struct xfsm_event_view *e)
{
    struct position at = position_of(e);
    struct probe *probe;
    char *name;

    if (!e->has_epoch || !at.seq) {
        return;
    }
    name = name_of(e);
    probe = get_probe(p, name);
    free(name);
    if (xfsm_positions_is_kept(e)) {
        probe->kept = at;
    }
    if (is_after(at, probe->last)) {
        probe->last = at;
    }
}

void
xfsm_positions_each(const struct xfsm_positions *p,
                    void (*cb)(struct xfsm_str host, struct xfsm_str bridge,
                               struct xfsm_str port, uint64_t epoch,
                               uint64_t seq, void *aux),
                    void *aux)
{
    const struct probe *probe;

    LIST_FOR_EACH (probe, by_age, &p->by_age) {
        const char *bridge = strchr(probe->name, '\t') + 1;
        const char *port = strchr(bridge, '\t') + 1;

        cb((struct xfsm_str) { probe->name, bridge - 1 - probe->name },
           (struct xfsm_str) { bridge, port - 1 - bridge },
           (struct xfsm_str) { port, strlen(port) }, probe->last.epoch,
           probe->last.seq, aux);
    }
}

uint64_t
xfsm_positions_since(const struct xfsm_positions *p)
{
    return p->since_ms;
}

void
xfsm_positions_set_since(struct xfsm_positions *p, uint64_t since_ms)
{
    p->since_ms = since_ms;
}

size_t
xfsm_positions_count(const struct xfsm_positions *p)
{
    return hmap_count(&p->probes);
}

uint64_t
xfsm_positions_forgotten(const struct xfsm_positions *p)
{
    return p->forgotten;
}

/* ## The file ## */

/* Takes a line of a probe.  Returns false if it is none. */
static bool
take_line(struct xfsm_positions *p, const char *line)
{
    struct position last, kept;
    struct probe *probe;
    const char *bridge;
    int n = 0;

    if (sscanf(line, "%"SCNu64"\t%"SCNu64"\t%"SCNu64"\t%"SCNu64"\t%n",
               &last.epoch, &last.seq, &kept.epoch, &kept.seq, &n) < 4
        || !n) {
        return false;
    }
    bridge = strchr(line + n, '\t');
    if (!bridge || !strchr(bridge + 1, '\t')) {
        return false;
    }
    probe = get_probe(p, line + n);
    probe->last = last;
    probe->kept = kept;
    return true;
}

bool
xfsm_positions_load(struct xfsm_positions *p, const char *path)
{
    FILE *f = fopen(path, "r");
    bool complete = false;
    char *line = NULL;
    size_t size = 0;
    bool ok;

    if (!f) {
        return false;
    }
    ok = (getline(&line, &size, f) > 0
          && !strncmp(line, MAGIC, strlen(MAGIC)));
    if (ok) {
        p->since_ms = strtoull(line + strlen(MAGIC), NULL, 10);
    }
    while (ok && !complete && getline(&line, &size, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        complete = !strcmp(line, "end");
        ok = complete || take_line(p, line);
    }
    free(line);
    fclose(f);
    if (!complete) {
        clear(p);
        p->since_ms = 0;
    }
    return complete;
}

int
xfsm_positions_save(const struct xfsm_positions *p, const char *path)
{
    char *temporary = xasprintf("%s.new", path);
    FILE *f = fopen(temporary, "we");
    const struct probe *probe;
    int error = 0;

    if (!f) {
        error = errno;
        free(temporary);
        return error;
    }
    fprintf(f, MAGIC"%"PRIu64"\n", p->since_ms);
    LIST_FOR_EACH (probe, by_age, &p->by_age) {
        fprintf(f, "%"PRIu64"\t%"PRIu64"\t%"PRIu64"\t%"PRIu64"\t%s\n",
                probe->last.epoch, probe->last.seq, probe->kept.epoch,
                probe->kept.seq, probe->name);
    }
    fputs("end\n", f);
    error = ferror(f) || fflush(f) ? EIO : 0;
    if (fclose(f) && !error) {
        error = errno;
    }
    if (!error && rename(temporary, path)) {
        error = errno;
    }
    free(temporary);
    return error;
}
