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
#include "controller/talkers.h"
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

struct xfsm_rest_history {
    struct xfsm_history *series;
    struct shash meters;        /* struct meter, by name of the series. */
    long long int next;         /* When to look again. */
};

struct xfsm_rest_history *
xfsm_rest_history_create(void)
{
    struct xfsm_rest_history *history = xzalloc(sizeof *history);

    history->series = xfsm_history_create(XFSM_REST_MAX_SERIES);
    shash_init(&history->meters);
    return history;
}

void
xfsm_rest_history_destroy(struct xfsm_rest_history *history)
{
    if (history) {
        xfsm_history_destroy(history->series);
        shash_destroy_free_data(&history->meters);
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

/* Looks at a host that is connected with us, port by port. */
static void
sample_own(struct xfsm_rest_history *history, const char *name,
           struct xfsm_host *host, float sums[N_HOST])
{
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
        sample_own(rest->history, name, host, sums);
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
 * "range" says. */
static void
reply_series(struct xfsm_rest_call *call, const char *name)
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
    reply_series(call, "");
}

void
xfsm_rest_get_host_history(struct xfsm_rest_call *call)
{
    reply_series(call, call->name);
}

void
xfsm_rest_get_port_history(struct xfsm_rest_call *call)
{
    char *name = xasprintf("%s/%s", call->name, call->port);

    reply_series(call, name);
    free(name);
}
