/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/rollout.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "smap.h"
#include "sset.h"
#include "util.h"

const char *const xfsm_rollout_state_names[XFSM_ROLLOUT_N_STATES] = {
#define STATE_NAME(ID, NAME) NAME,
    XFSM_ROLLOUT_STATES(STATE_NAME)
#undef STATE_NAME
};

bool
xfsm_rollout_state_from_name(const char *name, enum xfsm_rollout_state *statep)
{
    int i;

    for (i = 0; i < XFSM_ROLLOUT_N_STATES; i++) {
        if (!strcmp(name ? name : "", xfsm_rollout_state_names[i])) {
            *statep = i;
            return true;
        }
    }
    return false;
}

/* ## Options ## */

static void
read_option(const struct smap *own, const struct smap *common,
            const char *key, unsigned int def, unsigned int min,
            unsigned int max, unsigned int *valuep, struct ds *errors)
{
    const char *s = smap_get(own, key);

    s = s ? s : smap_get(common, key);
    *valuep = def;
    if (s && (!str_to_uint(s, 10, valuep) || *valuep < min
              || *valuep > max)) {
        ds_put_format(errors, "%soptions:%s=%s is not a number from %u to %u",
                      errors->length ? "; " : "", key, s, min, max);
        *valuep = def;
    }
}

char *
xfsm_rollout_read_options(const struct smap *own, const struct smap *common,
                          struct xfsm_rollout_options *options)
{
    struct ds errors = DS_EMPTY_INITIALIZER;

#define READ_OPTION(KEY, MEMBER, DEFAULT, MIN, MAX) \
    read_option(own, common, KEY, DEFAULT, MIN, MAX, &options->MEMBER, \
                &errors);
    XFSM_ROLLOUT_OPTIONS(READ_OPTION)
#undef READ_OPTION
    if (!errors.length) {
        ds_destroy(&errors);
        return NULL;
    }
    return ds_steal_cstr(&errors);
}

/* ## Canaries ## */

struct pick {
    const char *host;
    uint32_t hash;
};

static int
compare_picks(const void *a_, const void *b_)
{
    const struct pick *a = a_;
    const struct pick *b = b_;

    return a->hash != b->hash ? (a->hash < b->hash ? -1 : 1)
                              : strcmp(a->host, b->host);
}

void
xfsm_rollout_pick(const char *program, const struct sset *hosts,
                  unsigned int percent, struct sset *canaries)
{
    size_t n = sset_count(hosts);
    struct pick *picks = xcalloc(MAX(n, 1), sizeof *picks);
    size_t wanted = DIV_ROUND_UP(n * percent, 100);
    const char *host;
    size_t i = 0;

    SSET_FOR_EACH (host, hosts) {
        picks[i].host = host;
        picks[i].hash = hash_string(host, hash_string(program, 0));
        i++;
    }
    qsort(picks, n, sizeof *picks, compare_picks);
    for (i = 0; i < wanted; i++) {
        sset_add(canaries, picks[i].host);
    }
    free(picks);
}

/* ## Decisions ## */

static void
set_state(struct xfsm_rollout *v, enum xfsm_rollout_state state, int64_t now)
{
    if (v->state != state) {
        v->state = state;
        v->since = now;
    }
}

/* Says what is wrong with 'v', and puts it out of, or back into, the game. */
static void
check_version(struct xfsm_rollout *v, int64_t now)
{
    if (v->invalid) {
        set_state(v, XFSM_ROLLOUT_INVALID, now);
        free(v->error);
        v->error = xstrdup(v->invalid);
    } else if (v->state == XFSM_ROLLOUT_INVALID && !v->unknown) {
        set_state(v, XFSM_ROLLOUT_NEW, now);
        free(v->error);
        v->error = NULL;
    }
    if (!v->error && v->blocked) {
        v->error = xstrdup(v->blocked);
    }
}

/* Goes on with the canary 'v'.  Returns when to look again. */
static int64_t
decide_canary(struct xfsm_rollout *v, int64_t now)
{
    int64_t due;

    if (v->health == XFSM_ROLLOUT_ILL && v->n_hosts) {
        set_state(v, XFSM_ROLLOUT_ROLLED_BACK, now);
        free(v->error);
        v->error = nullable_xstrdup(v->reason);
        return INT64_MAX;
    } else if (v->blocked) {
        return INT64_MAX;
    } else if (v->options.canary_percent >= 100 || !v->n_hosts) {
        set_state(v, XFSM_ROLLOUT_ACTIVE, now);
        return INT64_MAX;
    } else if (v->health == XFSM_ROLLOUT_UNKNOWN) {
        v->since = 0;
        return INT64_MAX;
    } else if (!v->since || v->since > now) {
        /* Anew, too, if the clock was set back: else it would not end. */
        v->since = now;
    }
    due = v->since + v->options.canary_seconds * INT64_C(1000);
    if (now < due) {
        return due;
    }
    set_state(v, XFSM_ROLLOUT_ACTIVE, now);
    return INT64_MAX;
}

/* Decides about the version that is wanted.  Returns when to look again. */
static int64_t
decide_wanted(struct xfsm_rollout *v, int64_t now)
{
    if (v->state == XFSM_ROLLOUT_REPLACED) {
        set_state(v, XFSM_ROLLOUT_ACTIVE, now);
    } else if (v->state == XFSM_ROLLOUT_NEW && !v->blocked) {
        v->state = XFSM_ROLLOUT_CANARY;
        v->since = 0;
        v->health = XFSM_ROLLOUT_UNKNOWN;
    }
    return v->state == XFSM_ROLLOUT_CANARY ? decide_canary(v, now)
                                           : INT64_MAX;
}

/* Returns the index of the version that is wanted, or 'n'.  What was replaced
 * is wanted again only if there is nothing that was left in its place. */
static size_t
find_wanted(struct xfsm_rollout *const versions[], size_t n)
{
    bool active = false;
    size_t i;

    for (i = 0; i < n; i++) {
        active = active || versions[i]->state == XFSM_ROLLOUT_ACTIVE;
    }
    for (i = 0; i < n; i++) {
        enum xfsm_rollout_state state = versions[i]->state;

        if (state != XFSM_ROLLOUT_INVALID && state != XFSM_ROLLOUT_ROLLED_BACK
            && !(active && state == XFSM_ROLLOUT_REPLACED)) {
            break;
        }
    }
    return i;
}

int64_t
xfsm_rollout_decide(struct xfsm_rollout *const versions[], size_t n,
                    int64_t now)
{
    struct xfsm_rollout *wanted;
    int64_t next;
    bool active;
    size_t i;

    for (i = 0; i < n; i++) {
        check_version(versions[i], now);
    }
    i = find_wanted(versions, n);
    if (i >= n) {
        return INT64_MAX;
    }
    wanted = versions[i];
    next = decide_wanted(wanted, now);
    if (wanted->state == XFSM_ROLLOUT_ROLLED_BACK) {
        return now;             /* The next one's turn, at once. */
    }
    active = wanted->state == XFSM_ROLLOUT_ACTIVE;
    for (i++; i < n && wanted->state != XFSM_ROLLOUT_NEW; i++) {
        struct xfsm_rollout *v = versions[i];

        if (v->state == XFSM_ROLLOUT_CANARY || v->state == XFSM_ROLLOUT_NEW
            || (v->state == XFSM_ROLLOUT_ACTIVE && active)) {
            set_state(v, XFSM_ROLLOUT_REPLACED, now);
        }
        active = active || v->state == XFSM_ROLLOUT_ACTIVE;
    }
    return next;
}
