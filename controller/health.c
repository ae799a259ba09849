/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/health.h"

#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "openvswitch/dynamic-string.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "sset.h"
#include "util.h"

/* What a probe had when a canary came. */
struct baseline {
    bool failed;
    bool counted;               /* Counters were there; else they are to be
                                 * taken when they come. */
    int64_t restarts;
    int64_t packets;
    int64_t dropped;
    int64_t cpu_ms;
};

/* A canary. */
struct watch {
    bool wanted;                /* Still. */
    bool done;                  /* It has come to the host. */
    long long int since;
    struct shash probes;        /* struct baseline, by interface. */
    char *problem;              /* NULL if well. */
};

struct xfsm_health {
    struct shash watches;       /* struct watch, by "PROGRAM/VERSION". */
};

struct xfsm_health *
xfsm_health_create(void)
{
    struct xfsm_health *health = xzalloc(sizeof *health);

    shash_init(&health->watches);
    return health;
}

static void
destroy_watch(struct watch *watch)
{
    shash_destroy_free_data(&watch->probes);
    free(watch->problem);
    free(watch);
}

void
xfsm_health_destroy(struct xfsm_health *health)
{
    if (health) {
        struct shash_node *node;

        SHASH_FOR_EACH (node, &health->watches) {
            destroy_watch(node->data);
        }
        shash_destroy(&health->watches);
        free(health);
    }
}

/* ## Probes ## */

static int64_t
get_counter(const struct xfsmrec_probe *probe, const char *name)
{
    size_t i;

    for (i = 0; i < probe->n_statistics; i++) {
        if (!strcmp(probe->key_statistics[i], name)) {
            return probe->value_statistics[i];
        }
    }
    return 0;
}

static bool
has_failed(const struct xfsmrec_probe *probe)
{
    return probe->status && (!strcmp(probe->status, "error")
                             || !strcmp(probe->status, "degraded"));
}

static bool
has_program(const struct xfsmrec_probe *probe, const char *name)
{
    size_t i;

    for (i = 0; i < probe->n_programs; i++) {
        if (!strcmp(probe->programs[i], name)) {
            return true;
        }
    }
    return false;
}

static struct baseline
measure(const struct xfsmrec_probe *probe)
{
    return (struct baseline) {
        .failed = has_failed(probe),
        .counted = probe->n_statistics > 0,
        .restarts = probe->restarts,
        .packets = get_counter(probe, "rx_packets"),
        .dropped = get_counter(probe, "dropped"),
        .cpu_ms = get_counter(probe, "cpu_ms"),
    };
}

/* What a counter went up by; it began anew if it is less than before. */
static int64_t
increase(int64_t before, int64_t after)
{
    return after >= before ? after - before : after;
}

/* Returns what is wrong with 'probe' since 'before', or NULL. */
static char *
judge_probe(const struct xfsmrec_probe *probe, const struct baseline *before,
            const struct xfsm_rollout_options *options,
            long long int elapsed)
{
    const struct baseline now = measure(probe);
    int64_t errors = increase(before->restarts, now.restarts)
                     + (now.failed && !before->failed);
    int64_t dropped = increase(before->dropped, now.dropped);
    int64_t packets = increase(before->packets, now.packets) + dropped;
    int64_t cpu_ms = increase(before->cpu_ms, now.cpu_ms);

    if (errors > options->max_errors) {
        return xasprintf("%s failed or was started again %"PRId64" times, "
                         "the limit is %u%s%s", probe->interface, errors,
                         options->max_errors, probe->error ? ": " : "",
                         probe->error ? probe->error : "");
    } else if (packets >= XFSM_HEALTH_MIN_PACKETS
               && dropped * 100 > packets * options->max_drop_percent) {
        return xasprintf("%s lost %"PRId64" of %"PRId64" packets, the limit "
                         "is %u %%", probe->interface, dropped, packets,
                         options->max_drop_percent);
    } else if (elapsed >= XFSM_HEALTH_MIN_MS
               && cpu_ms * 100 > elapsed * options->max_cpu_percent) {
        return xasprintf("%s used %"PRId64" ms of processor time in %lld ms, "
                         "the limit is %u %%", probe->interface, cpu_ms,
                         elapsed, options->max_cpu_percent);
    }
    return NULL;
}

/* ## Canaries ## */

/* Returns the watch called 'key', which is made if need be. */
static struct watch *
get_watch(struct xfsm_health *health, struct ovsdb_idl *idl, const char *key,
          long long int now)
{
    struct watch *watch = shash_find_data(&health->watches, key);
    const struct xfsmrec_probe *probe;

    if (!watch) {
        watch = xzalloc(sizeof *watch);
        watch->since = now;
        shash_init(&watch->probes);
        shash_add(&health->watches, key, watch);
        XFSMREC_PROBE_FOR_EACH (probe, idl) {
            const struct baseline baseline = measure(probe);

            shash_add(&watch->probes, probe->interface,
                      xmemdup(&baseline, sizeof baseline));
        }
    }
    return watch;
}

static void
judge(struct watch *watch, struct ovsdb_idl *idl,
      const struct xfsm_fleet_program *program, long long int now)
{
    static const struct baseline nothing;
    const struct xfsmrec_probe *probe;

    XFSMREC_PROBE_FOR_EACH (probe, idl) {
        struct baseline *before = shash_find_data(&watch->probes,
                                                  probe->interface);

        if (watch->problem || !has_program(probe, program->name)) {
            continue;
        }
        if (before && !before->counted) {
            const struct baseline late = *before;

            *before = measure(probe);
            before->failed = late.failed;
            before->restarts = late.restarts;
        }
        watch->problem = judge_probe(probe, before ? before : &nothing,
                                     &program->rollout.options,
                                     now - watch->since);
    }
}

/* Returns "PROGRAM/VERSION"; a program with parameters counts for the one that
 * it is of. */
static char *
make_key(const struct xfsm_fleet_program *program)
{
    size_t len = strlen(program->name);

    if (program->assignment) {
        len -= strlen(program->assignment) + 1;
    }
    return xasprintf("%.*s/%"PRId64, (int) len, program->name,
                     program->version);
}

/* True if some host has 'program' as a canary. */
static bool
is_rolled_out(const struct xfsm_fleet_program *program)
{
    while (program && program->rollout.state != XFSM_ROLLOUT_CANARY) {
        program = program->older;
    }
    return program != NULL;
}

static void
remove_unwanted(struct xfsm_health *health)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &health->watches) {
        struct watch *watch = node->data;

        if (!watch->wanted) {
            destroy_watch(watch);
            shash_delete(&health->watches, node);
        }
    }
}

void
xfsm_health_run(struct xfsm_health *health, struct ovsdb_idl *idl,
                const struct xfsm_fleet *fleet, const char *host, bool done,
                long long int now)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &health->watches) {
        struct watch *watch = node->data;

        watch->wanted = false;
        free(watch->problem);
        watch->problem = NULL;
    }
    SHASH_FOR_EACH (node, &fleet->programs) {
        const struct xfsm_fleet_program *program
            = (is_rolled_out(node->data)
               ? xfsm_fleet_find_program(fleet, host, node->name) : NULL);

        if (program && program->rollout.state == XFSM_ROLLOUT_CANARY) {
            char *key = make_key(program);
            struct watch *watch = get_watch(health, idl, key, now);

            watch->wanted = true;
            watch->done = watch->done || done;
            judge(watch, idl, program, now);
            free(key);
        }
    }
    remove_unwanted(health);
}

void
xfsm_health_get_verdicts(const struct xfsm_health *health,
                         struct smap *verdicts)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &health->watches) {
        const struct watch *watch = node->data;

        if (watch->problem || watch->done) {
            smap_add(verdicts, node->name,
                     watch->problem ? watch->problem : XFSM_HEALTH_WELL);
        }
    }
}

void
xfsm_health_sum(struct ovsdb_idl *idl, struct xfsm_health_sums *sums)
{
    struct sset ports = SSET_INITIALIZER(&ports);
    const struct xfsmrec_probe *probe;

    memset(sums, 0, sizeof *sums);
    XFSMREC_PROBE_FOR_EACH (probe, idl) {
        sset_add(&ports, probe->port);
        sums->probes++;
        sums->probes_failed += (probe->status
                                && strcmp(probe->status, "starting")
                                && strcmp(probe->status, "running"));
        sums->packets += get_counter(probe, "packets");
        sums->dropped += get_counter(probe, "dropped");
        sums->events += get_counter(probe, "events");
        sums->alerts += get_counter(probe, "alerts");
    }
    sums->ports = sset_count(&ports);
    sset_destroy(&ports);
}
