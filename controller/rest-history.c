/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/rest-history.h"

#include <math.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "controller/fleetd.h"
#include "controller/health.h"
#include "controller/history.h"
#include "controller/members.h"
#include "controller/meter.h"
#include "controller/rest-call.h"
#include "controller/rest-db.h"
#include "controller/rest-tenants.h"
#include "controller/talkers.h"
#include "controller/tenants.h"
#include "hash.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "timeval.h"
#include "util.h"

/* R(KEY), G(KEY): what is kept, in this order: of a port what comes a second,
 * of a host also how much there is, of the fleet also the hosts. */
#define RATES(R) R("packets") R("dropped") R("events") R("alerts")
#define GAUGES(G) G("probes") G("probes_failed") G("ports")

static const char *const value_names[] = {
#define VALUE_NAME(KEY) KEY,
    RATES(VALUE_NAME)
    GAUGES(VALUE_NAME)
#undef VALUE_NAME
    "hosts",
};

enum {
    N_PORT = 4,
    N_HOST = 7,
    N_FLEET = 8,
};
BUILD_ASSERT_DECL(ARRAY_SIZE(value_names) == N_FLEET);
BUILD_ASSERT_DECL(N_FLEET <= XFSM_HISTORY_VALUES);
BUILD_ASSERT_DECL(N_PORT == XFSM_METER_N);

/* Another controller writes sums of its hosts each XFSM_MEMBERS_STATISTICS:
 * what they went up by is what there is a second until they change again, or
 * are seen not to. */
#define HOLD (XFSM_MEMBERS_STATISTICS * 5 / 2)

/* Of a port, or of a host of another controller. */
struct meter {
    bool seen;                  /* In this turn. */
    struct xfsm_meter meter;
};

/* Since when something is as it is. */
struct tenure {
    uint32_t hash;              /* Of what it is. */
    int64_t since;              /* In milliseconds since the Epoch. */
    uint64_t turn;              /* When it was looked at last. */
};

struct xfsm_rest_history {
    struct xfsm_history *series;
    struct shash meters;        /* struct meter, by name of the series. */
    struct shash ports;         /* struct tenure, by name of the series, if
                                 * there are tenants. */
    struct shash tenants;       /* struct tenure, by name. */
    uint64_t turn;
    long long int next;         /* When to look again. */
};

struct xfsm_rest_history *
xfsm_rest_history_create(void)
{
    struct xfsm_rest_history *history = xzalloc(sizeof *history);

    history->series = xfsm_history_create(XFSM_REST_MAX_SERIES);
    shash_init(&history->meters);
    shash_init(&history->ports);
    shash_init(&history->tenants);
    return history;
}

void
xfsm_rest_history_destroy(struct xfsm_rest_history *history)
{
    if (history) {
        xfsm_history_destroy(history->series);
        shash_destroy_free_data(&history->meters);
        shash_destroy_free_data(&history->ports);
        shash_destroy_free_data(&history->tenants);
        free(history);
    }
}

uint64_t
xfsm_rest_history_refused(const struct xfsm_rest_history *history)
{
    return xfsm_history_refused(history->series);
}

size_t
xfsm_rest_history_count(const struct xfsm_rest_history *history)
{
    return xfsm_history_count(history->series);
}

/* ## Samples ## */

/* Reads what of the names of values is among 'n' keys; 0 if it is not. */
static void
read_values(char *const keys[], const int64_t values[], size_t n,
            int64_t found[], size_t n_found)
{
    size_t i, j;

    for (i = 0; i < n_found; i++) {
        found[i] = 0;
        for (j = 0; j < n; j++) {
            if (!strcmp(keys[j], value_names[i])) {
                found[i] = values[j];
            }
        }
    }
}

/* Returns what comes a second, by 'counters', of the series called 'name'. */
static const float *
measure(struct xfsm_rest_history *history, const char *name,
        const int64_t counters[N_PORT], bool sums, long long int hold)
{
    struct meter *m = shash_find_data(&history->meters, name);

    if (!m) {
        m = xzalloc(sizeof *m);
        m->meter.sums = sums;
        m->meter.hold = hold;
        shash_add(&history->meters, name, m);
    }
    m->seen = true;
    xfsm_meter_read(&m->meter, counters, time_msec());
    return m->meter.rates;
}

/* Adds up; what is not known adds nothing. */
static void
add_values(float sums[], const float values[], size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (!isnan(values[i])) {
            sums[i] = isnan(sums[i]) ? values[i] : sums[i] + values[i];
        }
    }
}

static void
clear_values(float values[], size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        values[i] = NAN;
    }
}

/* ## Since when a tenant has a port ## */

/* Takes note that what is called 'name' has 'hash' in this turn. */
static void
note_tenure(struct xfsm_rest_history *history, struct shash *tenures,
            const char *name, uint32_t hash)
{
    struct tenure *tenure = shash_find_data(tenures, name);

    if (!tenure) {
        tenure = xzalloc(sizeof *tenure);
        tenure->hash = ~hash;
        shash_add(tenures, name, tenure);
    }
    if (tenure->hash != hash) {
        tenure->hash = hash;
        tenure->since = time_wall_msec();
    }
    tenure->turn = history->turn;
}

/* Forgets what was not there in this turn. */
static void
forget_tenures(const struct xfsm_rest_history *history, struct shash *tenures)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, tenures) {
        const struct tenure *tenure = node->data;

        if (tenure->turn != history->turn) {
            free(node->data);
            shash_delete(tenures, node);
        }
    }
}

static uint32_t
hash_map(const struct smap *map)
{
    const struct smap_node **nodes = smap_sort(map);
    uint32_t hash = 0;
    size_t i;

    for (i = 0; i < smap_count(map); i++) {
        hash = hash_string(nodes[i]->key, hash);
        hash = hash_string(nodes[i]->value, hash);
    }
    free(nodes);
    return hash;
}

/* The hash of what makes a port a tenant's. */
static uint32_t
hash_probe(const struct xfsmrec_probe *probe)
{
    uint32_t hash = hash_map(&probe->ids);

    if (probe->n_interface_uuid) {
        hash = hash_add(hash, uuid_hash(&probe->interface_uuid[0]));
    }
    hash = hash_string(probe->bridge, hash);
    hash = hash_string(probe->port, hash);
    hash = hash_string(probe->type, hash);
    return hash_add(hash, probe->n_tag ? probe->tag[0] : -1);
}

/* The hash of which ports a tenant has. */
static uint32_t
hash_tenant(const struct xfsm_fleet_tenant *tenant)
{
    uint32_t hash = hash_add(hash_map(&tenant->target), tenant->all_hosts);
    const char **hosts = sset_sort(&tenant->hosts);
    size_t i;

    for (i = 0; i < sset_count(&tenant->hosts) && !tenant->all_hosts; i++) {
        hash = hash_string(hosts[i], hash);
    }
    free(hosts);
    return hash;
}

static void
note_tenants(struct xfsm_rest *rest)
{
    const struct xfsm_fleet *fleet = rest->ctl->fleet;
    struct xfsm_rest_history *history = rest->history;
    const struct shash_node *node;

    if (fleet) {
        SHASH_FOR_EACH (node, &fleet->tenants) {
            note_tenure(history, &history->tenants, node->name,
                        hash_tenant(node->data));
        }
        forget_tenures(history, &history->tenants);
        forget_tenures(history, &history->ports);
    }
}

/* Returns since when the user's tenant has the port called 'name' for sure,
 * whose probe is 'probe'. */
static int64_t
find_since(const struct xfsm_rest_call *call, const char *name,
           const struct xfsmrec_probe *probe)
{
    const struct xfsm_rest_history *history = call->rest->history;
    const struct xfsm_fleet_tenant *tenant = xfsm_rest_get_tenant(call);
    const struct tenure *a = shash_find_data(&history->ports, name);
    const struct tenure *b = shash_find_data(&history->tenants, call->tenant);

    if (!call->tenant[0]) {
        return 0;
    } else if (!tenant || !a || a->hash != hash_probe(probe)
               || !b || b->hash != hash_tenant(tenant)) {
        return INT64_MAX;       /* Not looked at since that changed. */
    }
    return MAX(a->since, b->since);
}

/* ## Turns ## */

/* Looks at a host that is connected with us, port by port. */
static void
sample_own(struct xfsm_rest *rest, const char *name, struct xfsm_host *host,
           float sums[N_HOST])
{
    struct xfsm_rest_history *history = rest->history;
    bool tenants = (rest->ctl->fleet
                    && !shash_is_empty(&rest->ctl->fleet->tenants));
    struct ovsdb_idl *idl = (xfsm_host_get_state(host) != XFSM_HOST_CONNECTING
                             ? xfsm_host_get_rows(host) : NULL);
    struct xfsm_health_sums health;
    const struct xfsmrec_probe *probe;

    if (!idl) {
        return;
    }
    XFSMREC_PROBE_FOR_EACH (probe, idl) {
        char *port = xasprintf("%s/%s", name, probe->interface);
        int64_t counters[N_PORT];
        const float *rates;

        read_values(probe->key_statistics, probe->value_statistics,
                    probe->n_statistics, counters, N_PORT);
        rates = measure(history, port, counters, false, 0);
        xfsm_history_add(history->series, port, rates, N_PORT,
                         time_wall_msec());
        add_values(sums, rates, N_PORT);
        if (tenants) {
            note_tenure(history, &history->ports, port, hash_probe(probe));
        }
        free(port);
    }
    xfsm_health_sum(idl, &health);
    sums[N_PORT] = health.probes;
    sums[N_PORT + 1] = health.probes_failed;
    sums[N_PORT + 2] = health.ports;
}

/* Looks at a host of another controller, which tells sums. */
static void
sample_row(struct xfsm_rest_history *history, const struct fleetrec_host *row,
           float sums[N_HOST])
{
    int64_t counters[N_HOST];
    size_t i;

    if (row->n_statistics) {
        read_values(row->key_statistics, row->value_statistics,
                    row->n_statistics, counters, N_HOST);
        add_values(sums, measure(history, row->name, counters, true, HOLD),
                   N_PORT);
        for (i = N_PORT; i < N_HOST; i++) {
            sums[i] = counters[i];
        }
    }
}

/* Looks at the host called 'name', of 'row' unless that is NULL, and adds what
 * there is to the values of the fleet. */
static void
sample_host(struct xfsm_rest *rest, const char *name,
            const struct fleetrec_host *row, float fleet[N_FLEET])
{
    struct xfsm_host *host = shash_find_data(&rest->ctl->hosts, name);
    float sums[N_HOST];

    clear_values(sums, N_HOST);
    if (host) {
        sample_own(rest, name, host, sums);
    } else if (row) {
        sample_row(rest->history, row, sums);
    }
    xfsm_history_add(rest->history->series, name, sums, N_HOST,
                     time_wall_msec());
    add_values(fleet, sums, N_HOST);
    fleet[N_FLEET - 1]++;
}

/* Tells whether a host can be called 'name'.  The database takes others, which
 * could be those of other series. */
static bool
is_name(const char *name)
{
    char *error = xfsm_fleet_check_name(name);

    free(error);
    return !error;
}

static void
sample(struct xfsm_rest *rest)
{
    struct ovsdb_idl *idl = rest->db ? xfsm_rest_db_peek(rest->db) : NULL;
    struct xfsm_rest_history *history = rest->history;
    const struct xfsm_fleet *fleet = rest->ctl->fleet;
    const struct fleetrec_host *row;
    const struct shash_node *node;
    float values[N_FLEET];

    if (!idl && !fleet) {
        return;
    }
    history->turn++;
    clear_values(values, N_FLEET);
    values[N_FLEET - 1] = 0;
    if (idl) {
        FLEETREC_HOST_FOR_EACH (row, idl) {
            if (is_name(row->name)) {
                sample_host(rest, row->name, row, values);
            }
        }
    } else if (fleet) {
        SHASH_FOR_EACH (node, &fleet->hosts) {
            sample_host(rest, node->name, NULL, values);
        }
    }
    xfsm_history_add(history->series, "", values, N_FLEET, time_wall_msec());
    note_tenants(rest);
}

/* Forgets what is no more. */
static void
forget(struct xfsm_rest_history *history)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &history->meters) {
        struct meter *meter = node->data;

        if (meter->seen) {
            meter->seen = false;
        } else {
            free(meter);
            shash_delete(&history->meters, node);
        }
    }
    xfsm_history_expire(history->series, time_wall_msec());
}

void
xfsm_rest_history_run(struct xfsm_rest *rest)
{
    struct xfsm_rest_history *history = rest->history;

    if (time_msec() >= history->next) {
        sample(rest);
        forget(history);
        xfsm_talkers_expire(rest->talkers, time_msec());
        history->next = (time_msec()
                         + xfsm_history_period(XFSM_HISTORY_SHORT));
    }
}

void
xfsm_rest_history_wait(const struct xfsm_rest *rest)
{
    poll_timer_wait_until(rest->history->next);
}

/* ## Answers ## */

/* The numbers of value 'i' of 'n_values', of 'n' points. */
static struct json *
build_value(const float points[], size_t n, size_t i, size_t n_values)
{
    struct json *json = json_array_create_empty();
    size_t j;

    for (j = 0; j < n; j++) {
        float value = points[j * n_values + i];

        json_array_add(json, isnan(value) ? json_null_create()
                       : json_real_create(round(value * 1000.0) / 1000));
    }
    return json;
}

static struct json *
build_times(size_t n, int64_t first, int64_t period)
{
    struct json *json = json_array_create_empty();
    size_t i;

    for (i = 0; i < n; i++) {
        json_array_add(json, json_integer_create(first + i * period));
    }
    return json;
}

/* Answers with the series called 'name', in the range that the parameter
 * "range" says, without values of before 'since'. */
static void
reply_series(struct xfsm_rest_call *call, const char *name, int64_t since)
{
    const char *wanted = xfsm_http_query(call->request, "range");
    enum xfsm_history_range range = XFSM_HISTORY_SHORT;
    struct json *json, *values;
    size_t n, i, n_values = 0;
    int64_t first = 0;
    float *points;

    if (wanted && !xfsm_history_find_range(wanted, &range)) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad parameter",
                          "there is no range \"%.20s\"", wanted);
        return;
    }
    n = xfsm_history_read(call->rest->history->series, name, range, &points,
                          &n_values, &first);
    if (!n && name[0]) {
        xfsm_rest_problem(call, MHD_HTTP_NOT_FOUND, "Not found",
                          "there is no history of %s, or not yet", name);
        return;
    }
    for (i = 0; i < n
         && first + i * xfsm_history_period(range) < since; i++) {
        clear_values(&points[i * n_values], n_values);
    }
    json = json_object_create();
    values = json_object_create();
    json_object_put_string(json, "range", xfsm_history_range_name(range));
    json_object_put(json, "period", json_integer_create(
        xfsm_history_period(range)));
    json_object_put(json, "times", build_times(
        n, first, xfsm_history_period(range)));
    for (i = 0; i < n_values; i++) {
        json_object_put(values, value_names[i],
                        build_value(points, n, i, n_values));
    }
    json_object_put(json, "values", values);
    free(points);
    xfsm_rest_reply_json(call, MHD_HTTP_OK, json);
}

void
xfsm_rest_get_history(struct xfsm_rest_call *call)
{
    reply_series(call, "", 0);
}

void
xfsm_rest_get_host_history(struct xfsm_rest_call *call)
{
    reply_series(call, call->name, 0);
}

void
xfsm_rest_get_port_history(struct xfsm_rest_call *call)
{
    char *name = xasprintf("%s/%s", call->name, call->port);
    const struct xfsmrec_probe *probe;
    struct shash ports;

    xfsm_rest_list_ports(call->rest, call->name, &ports);
    xfsm_rest_keep_own_ports(call, &ports);
    probe = shash_find_data(&ports, name);
    if (probe || !call->tenant[0]) {
        reply_series(call, name, find_since(call, name, probe));
    } else {
        xfsm_rest_not_found(call);
    }
    shash_destroy(&ports);
    free(name);
}
