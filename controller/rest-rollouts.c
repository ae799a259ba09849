/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "controller/fleetd.h"
#include "controller/operate.h"
#include "controller/rest-call.h"
#include "controller/rest-db.h"
#include "controller/rollout.h"
#include "openvswitch/json.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "util.h"

/* P(ID, NAME): how far a roll-out is, as openapi.json tells. */
#define PHASES(P) \
    P(NONE, "none")             /* No version is wanted. */ \
    P(WAITING, "waiting")       /* Not decided yet, or cannot be. */ \
    P(CANARY, "canary")         /* It has yet to come to a canary. */ \
    P(HEALTH, "health")         /* The canaries have it, and are watched. */ \
    P(SPREADING, "spreading")   /* It has yet to come to another host. */ \
    P(DONE, "done")

enum phase {
#define PHASE_ENUM(ID, NAME) PHASE_##ID,
    PHASES(PHASE_ENUM)
#undef PHASE_ENUM
};

static const char *const phase_names[] = {
#define PHASE_NAME(ID, NAME) NAME,
    PHASES(PHASE_NAME)
#undef PHASE_NAME
};

/* How many hosts of a roll-out are how. */
struct counts {
    size_t hosts;               /* That an assignment gives the program. */
    size_t done;                /* That have the version that is wanted. */
    size_t canaries, well, ill;
};

/* ## Hosts of a roll-out ## */

/* Adds the rows of the hosts that an assignment which is enabled gives
 * 'program' to, by name. */
static void
find_users(struct xfsm_rest_call *call, const struct ovsdb_idl *idl,
           const char *program, struct shash *users)
{
    const struct xfsm_fleet *fleet = call->rest->ctl->fleet;
    struct sset names = SSET_INITIALIZER(&names);
    const struct fleetrec_assignment *row;
    const struct fleetrec_host *host;
    const char *name;

    FLEETREC_ASSIGNMENT_FOR_EACH (row, idl) {
        const struct xfsm_fleet_assignment *assignment
            = fleet ? shash_find_data(&fleet->assignments, row->name) : NULL;
        bool has = false;

        for (size_t i = 0; i < row->n_programs; i++) {
            has = has || !strcmp(row->programs[i], program);
        }
        if (has && row->enabled && assignment && !assignment->error) {
            SSET_FOR_EACH (name, &assignment->hosts) {
                sset_add(&names, name);
            }
        }
    }
    FLEETREC_HOST_FOR_EACH (host, idl) {
        if (sset_contains(&names, host->name)) {
            shash_add(users, host->name, host);
        }
    }
    sset_destroy(&names);
}

/* What 'host' says of 'version' of 'program', or NULL. */
static const char *
get_verdict(const struct fleetrec_host *host, const char *program,
            int64_t version)
{
    char *key = xasprintf("%s/%"PRId64, program, version);
    const char *verdict = smap_get(&host->canaries, key);

    free(key);
    return verdict;
}

/* The version of 'program' that 'host' is to have, and is a canary of. */
static const struct xfsm_fleet_program *
get_placed(struct xfsm_rest_call *call, const char *program,
           const char *host)
{
    const struct xfsm_fleet *fleet = call->rest->ctl->fleet;

    return fleet ? xfsm_fleet_find_program(fleet, host, program) : NULL;
}

static bool
is_done(const struct fleetrec_host *host)
{
    return host->state && !strcmp(host->state, "done");
}

/* Tells whether 'host' has 'version' of 'program', and its agent acknowledged
 * that.  Its state can still be of before that was wanted, and is asked only
 * where the database is of before version 1.3.0, which does not have more. */
static bool
has_version(struct xfsm_rest_call *call, const struct fleetrec_host *host,
            const char *program, int64_t version)
{
    const struct xfsm_fleet_program *placed;

    if (fleetrec_server_has_host_table_col_programs(
            xfsm_rest_db_idl(call->rest->db))) {
        return smap_get_ullong(&host->programs, program, 0) == version;
    }
    placed = get_placed(call, program, host->name);
    return placed && placed->version == version && is_done(host);
}

static void
count_hosts(struct xfsm_rest_call *call, const struct shash *users,
            const struct fleetrec_program *wanted, struct counts *counts)
{
    const struct shash_node *node;

    *counts = (struct counts) { .hosts = shash_count(users) };
    SHASH_FOR_EACH (node, users) {
        const struct fleetrec_host *host = node->data;
        const struct xfsm_fleet_program *placed
            = get_placed(call, wanted->name, host->name);

        counts->done += has_version(call, host, wanted->name,
                                    wanted->version);
        if (placed && placed->version == wanted->version) {
            const char *verdict = get_verdict(host, wanted->name,
                                              wanted->version);

            counts->canaries += !placed->all_hosts;
            counts->well += verdict && !strcmp(verdict, "well");
            counts->ill += verdict && strcmp(verdict, "well");
        }
    }
}

/* ## Roll-outs ## */

static enum phase
get_phase(const struct fleetrec_program *wanted, const struct counts *counts)
{
    enum xfsm_rollout_state state;

    if (!xfsm_rollout_state_from_name(wanted->state, &state)
        || state == XFSM_ROLLOUT_NEW) {
        return PHASE_WAITING;
    } else if (state == XFSM_ROLLOUT_CANARY) {
        return wanted->n_since ? PHASE_HEALTH : PHASE_CANARY;
    }
    return counts->done < counts->hosts ? PHASE_SPREADING : PHASE_DONE;
}

static struct json *
options_to_json(const struct xfsm_rollout_options *options)
{
    struct json *json = json_object_create();

#define PUT_OPTION(KEY, MEMBER, DEFAULT, MIN, MAX) \
    json_object_put(json, KEY, json_integer_create(options->MEMBER));
    XFSM_ROLLOUT_OPTIONS(PUT_OPTION)
#undef PUT_OPTION
    return json;
}

/* Puts what is told of the version that is wanted. */
static void
put_wanted(struct xfsm_rest_call *call, const struct ovsdb_idl *idl,
           const struct fleetrec_program *wanted, struct json *json)
{
    const struct fleetrec_fleet *global = fleetrec_fleet_first(idl);
    const struct smap none = SMAP_INITIALIZER(&none);
    struct shash users = SHASH_INITIALIZER(&users);
    struct xfsm_rollout_options options;
    struct counts counts;
    enum phase phase;

    free(xfsm_rollout_read_options(&wanted->options,
                                   global ? &global->options : &none,
                                   &options));
    find_users(call, idl, wanted->name, &users);
    count_hosts(call, &users, wanted, &counts);
    phase = get_phase(wanted, &counts);
    json_object_put(json, "version", json_integer_create(wanted->version));
    json_object_put_string(json, "phase", phase_names[phase]);
    json_object_put(json, "options", options_to_json(&options));
    if (wanted->n_since) {
        json_object_put(json, "since",
                        json_integer_create(wanted->since[0]));
    }
    if (phase == PHASE_HEALTH) {
        json_object_put(json, "ends", json_integer_create(
            wanted->since[0] + options.canary_seconds * INT64_C(1000)));
    }
    json_object_put(json, "hosts", json_integer_create(counts.hosts));
    json_object_put(json, "done", json_integer_create(counts.done));
    json_object_put(json, "canaries", json_integer_create(counts.canaries));
    json_object_put(json, "well", json_integer_create(counts.well));
    json_object_put(json, "ill", json_integer_create(counts.ill));
    if (wanted->error) {
        json_object_put_string(json, "error", wanted->error);
    }
    shash_destroy(&users);
}

static struct json *
build_rollout(struct xfsm_rest_call *call, const char *name,
              const void *idl_)
{
    const struct ovsdb_idl *idl = idl_;
    const struct fleetrec_program *wanted, *before;
    struct json *json = json_object_create();
    size_t n;
    const struct fleetrec_program **versions
        = xfsm_operate_find_versions(idl, name, &n);

    xfsm_operate_find_wanted(versions, n, &wanted, &before);
    json_object_put_string(json, "program", name);
    json_object_put(json, "newest", json_integer_create(
        n ? versions[0]->version : 0));
    json_object_put_string(json, "newest_state",
                           n && versions[0]->state ? versions[0]->state : "");
    if (n && versions[0] != wanted && versions[0]->error) {
        json_object_put_string(json, "newest_error", versions[0]->error);
    }
    json_object_put(json, "before", json_integer_create(
        before ? before->version : 0));
    if (wanted) {
        put_wanted(call, idl, wanted, json);
    } else {
        json_object_put(json, "version", json_integer_create(0));
        json_object_put_string(json, "phase", phase_names[PHASE_NONE]);
    }
    free(versions);
    return json;
}

void
xfsm_rest_get_rollouts(struct xfsm_rest_call *call)
{
    struct ovsdb_idl *idl = call->rest->db ? xfsm_rest_db_rows(call) : NULL;
    struct shash items = SHASH_INITIALIZER(&items);
    const struct fleetrec_program *row;

    if (idl) {
        FLEETREC_PROGRAM_FOR_EACH (row, idl) {
            shash_replace(&items, row->name, idl);
        }
    }
    if (!call->request->answered) {
        xfsm_rest_reply_page(call, &items, build_rollout);
    }
}

/* The database, if there is a program of the name in the path.  Returns NULL
 * after answering. */
static struct ovsdb_idl *
find_program(struct xfsm_rest_call *call)
{
    struct ovsdb_idl *idl = call->rest->db ? xfsm_rest_db_rows(call) : NULL;
    size_t n = 0;

    if (idl) {
        free(xfsm_operate_find_versions(idl, call->name, &n));
    }
    if (!n && !call->request->answered) {
        xfsm_rest_not_found(call);
    }
    return n ? idl : NULL;
}

void
xfsm_rest_get_rollout(struct xfsm_rest_call *call)
{
    struct ovsdb_idl *idl = find_program(call);

    if (idl) {
        xfsm_rest_reply_json(call, MHD_HTTP_OK,
                             build_rollout(call, call->name, idl));
    }
}

/* How 'host' is, which is to have 'placed', or none if NULL. */
static const char *
get_host_state(struct xfsm_rest_call *call, const struct fleetrec_host *host,
               const struct xfsm_fleet_program *placed)
{
    if (placed && is_done(host)
        && !has_version(call, host, call->name, placed->version)) {
        return xfsm_host_state_to_word(XFSM_HOST_WRITING);
    }
    return host->state ? host->state : "unknown";
}

/* A host of the roll-out of the program in the path. */
static struct json *
build_host(struct xfsm_rest_call *call, const char *name, const void *host_)
{
    const struct fleetrec_host *host = host_;
    const struct xfsm_fleet_program *placed = get_placed(call, call->name,
                                                         name);
    const char *verdict = placed ? get_verdict(host, call->name,
                                               placed->version) : NULL;
    struct json *json = json_object_create();

    json_object_put_string(json, "host", name);
    json_object_put(json, "version", json_integer_create(
        placed ? placed->version : 0));
    json_object_put(json, "canary", json_boolean_create(
        placed && !placed->all_hosts));
    json_object_put_string(json, "state", get_host_state(call, host, placed));
    if (verdict) {
        json_object_put_string(json, "verdict", verdict);
    }
    if (host->error) {
        json_object_put_string(json, "error", host->error);
    }
    return json;
}

void
xfsm_rest_get_rollout_hosts(struct xfsm_rest_call *call)
{
    struct ovsdb_idl *idl = find_program(call);
    struct shash users = SHASH_INITIALIZER(&users);

    if (idl) {
        find_users(call, idl, call->name, &users);
        xfsm_rest_reply_page(call, &users, build_host);
    }
}

/* ## Verbs ## */

/* What a body may have. */
struct order {
    bool takes_options;
    int64_t version;            /* 0: not given. */
    struct smap options;
};

static char *
take_option(const char *key, const struct json *value, struct smap *options)
{
    if (value->type == JSON_INTEGER) {
        smap_add_format(options, key, "%lld", value->integer);
    } else if (value->type == JSON_STRING) {
        smap_add(options, key, json_string(value));
    } else {
        return xasprintf("%s must be a number", key);
    }
    return NULL;
}

static char *
take_member(const char *name, const struct json *value, void *order_)
{
    struct order *order = order_;
    const struct shash_node *node;
    char *error = NULL;

    if (!strcmp(name, "version")) {
        if (value->type != JSON_INTEGER || value->integer < 1) {
            return xstrdup("must be the number of a version");
        }
        order->version = value->integer;
    } else if (order->takes_options && !strcmp(name, "options")) {
        if (value->type != JSON_OBJECT) {
            return xstrdup("must be an object");
        }
        SHASH_FOR_EACH (node, json_object(value)) {
            error = take_option(node->name, node->data, &order->options);
            if (error) {
                break;
            }
        }
    } else {
        error = xstrdup("is not known");
    }
    return error;
}

/* Reads the body into 'order'.  Returns false after answering what is
 * wrong. */
static bool
read_order(struct xfsm_rest_call *call, struct order *order)
{
    return xfsm_rest_read_body(call, take_member, order)
           && xfsm_rest_accept(call, order->version ? NULL
                               : xstrdup("version is needed"));
}

enum verb { ROLL_OUT, ROLL_BACK, ABORT };

static char *
obey(enum verb verb, const struct ovsdb_idl *idl, const char *program,
     const struct order *order, const char *who, char **donep)
{
    switch (verb) {
    case ROLL_OUT:
        return xfsm_operate_roll_out(idl, program, order->version,
                                     &order->options, who, donep);
    case ROLL_BACK:
        return xfsm_operate_roll_back(idl, program, order->version, who,
                                      donep);
    case ABORT:
        return xfsm_operate_abort(idl, program, order->version, who, donep);
    }
    OVS_NOT_REACHED();
}

/* Does what 'order' says, to the program in the path. */
static void
write_order(struct xfsm_rest_call *call, enum verb verb,
            const struct ovsdb_idl *idl, const struct order *order)
{
    static const char *const actions[] = {
        [ROLL_OUT] = "roll out", [ROLL_BACK] = "roll back",
        [ABORT] = "abort roll-out",
    };
    struct ovsdb_idl_txn *txn = xfsm_rest_db_begin(call);
    char *done = NULL;
    char *who, *error;

    if (!txn) {
        return;
    }
    who = xasprintf("user %s", call->user);
    error = obey(verb, idl, call->name, order, who, &done);
    if (error) {
        ovsdb_idl_txn_destroy(txn);
        xfsm_rest_problem(call, MHD_HTTP_CONFLICT, "Not possible", "%s",
                          error);
    } else {
        xfsm_rest_set_detail(call, done);
        xfsm_rest_db_commit(call, txn, MHD_HTTP_OK, NULL, actions[verb]);
    }
    free(error);
    free(done);
    free(who);
}

static void
handle_order(struct xfsm_rest_call *call, enum verb verb)
{
    struct order order = {
        .takes_options = verb == ROLL_OUT,
        .options = SMAP_INITIALIZER(&order.options),
    };
    struct ovsdb_idl *idl;

    if (!call->rest->db) {
        xfsm_rest_db_begin(call);
        return;
    }
    idl = find_program(call);
    if (idl && read_order(call, &order)) {
        write_order(call, verb, idl, &order);
    }
    smap_destroy(&order.options);
}

void
xfsm_rest_roll_out(struct xfsm_rest_call *call)
{
    handle_order(call, ROLL_OUT);
}

void
xfsm_rest_roll_back(struct xfsm_rest_call *call)
{
    handle_order(call, ROLL_BACK);
}

void
xfsm_rest_abort_rollout(struct xfsm_rest_call *call)
{
    handle_order(call, ABORT);
}
