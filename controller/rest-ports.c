/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "controller/fleetd.h"
#include "controller/rest-call.h"
#include "controller/rest-tenants.h"
#include "controller/talkers.h"
#include "openvswitch/json.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "util.h"

/* Tells whether what a host calls 'on_host', of 'len' characters, is 'name',
 * perhaps with the parameters of an assignment. */
static bool
is_program(const struct xfsm_rest *rest, const char *on_host, size_t len,
           const char *name)
{
    const struct xfsm_fleet *fleet = rest->ctl->fleet;
    char *copy = xmemdup0(on_host, len);
    const struct xfsm_fleet_program *program
        = fleet ? shash_find_data(&fleet->programs, copy) : NULL;

    free(copy);
    if (program && program->assignment) {
        len -= strlen(program->assignment) + 1;
    }
    return strlen(name) == len && !memcmp(name, on_host, len);
}

static bool
has_program(const struct xfsm_rest *rest, const struct xfsmrec_probe *probe,
            const char *name)
{
    size_t i;

    for (i = 0; i < probe->n_programs; i++) {
        if (is_program(rest, probe->programs[i], strlen(probe->programs[i]),
                       name)) {
            return true;
        }
    }
    return false;
}

/* ## Ports ## */

void
xfsm_rest_get_ports(struct xfsm_rest_call *call)
{
    const char *program = xfsm_http_query(call->request, "program");
    struct shash_node *node;
    struct shash ports;

    xfsm_rest_list_ports(call->rest, xfsm_http_query(call->request, "host"),
                         &ports);
    xfsm_rest_keep_own_ports(call, &ports);
    SHASH_FOR_EACH_SAFE (node, &ports) {
        if (program && (!xfsm_rest_may_see_program(call, program)
                        || !has_program(call->rest, node->data, program))) {
            shash_delete(&ports, node);
        }
    }
    xfsm_rest_reply_page(call, &ports, xfsm_rest_build_port);
}

/* Versions of the programs of a port, those that are of the fleet. */
static struct json *
build_versions(const struct xfsm_rest_call *call, const char *host,
               const struct xfsmrec_probe *probe)
{
    const struct xfsm_fleet *fleet = call->rest->ctl->fleet;
    struct json *json = json_object_create();
    size_t i;

    for (i = 0; i < probe->n_programs && fleet; i++) {
        const struct xfsm_fleet_program *program
            = xfsm_fleet_find_program(fleet, host, probe->programs[i]);

        if (program && xfsm_rest_may_see_program(call, probe->programs[i])) {
            json_object_put(json, probe->programs[i],
                            json_integer_create(program->version));
        }
    }
    return json;
}

/* Tells whether the user may see what is said of a program as
 * "PROGRAM/...". */
static bool
may_see(const struct xfsm_rest_call *call, const char *text)
{
    char *program = xmemdup0(text, strcspn(text, "/"));
    bool may = xfsm_rest_may_see_program(call, program);

    free(program);
    return may;
}

/* The topic of an event has a label, and then the program. */
static const char *
get_last_event(const struct xfsm_rest_call *call,
               const struct xfsmrec_probe *probe)
{
    const char *slash = strchr(probe->last_event, '/');

    return (!call->tenant[0] || (slash && may_see(call, slash + 1))
            ? probe->last_event : "");
}

void
xfsm_rest_get_port(struct xfsm_rest_call *call)
{
    char *name = xasprintf("%s/%s", call->name, call->port);
    const struct xfsmrec_probe *probe;
    struct json *json, *states;
    struct shash ports;
    size_t i;

    xfsm_rest_list_ports(call->rest, call->name, &ports);
    xfsm_rest_keep_own_ports(call, &ports);
    probe = shash_find_data(&ports, name);
    if (probe) {
        json = xfsm_rest_build_port(call, name, probe);
        states = json_object_create();
        for (i = 0; i < probe->n_state_keys; i++) {
            const char *key = probe->key_state_keys[i];

            if (may_see(call, key)) {
                json_object_put(states, key, json_integer_create(
                    probe->value_state_keys[i]));
            }
        }
        json_object_put(json, "states", states);
        json_object_put(json, "running_programs", xfsm_rest_programs_to_json(
            call, probe->running_programs, probe->n_running_programs));
        json_object_put(json, "versions", build_versions(call, call->name,
                                                         probe));
        json_object_put_string(json, "netdev_class", probe->netdev_class);
        json_object_put_string(json, "last_event",
                               get_last_event(call, probe));
        xfsm_rest_reply_json(call, MHD_HTTP_OK, json);
    } else {
        xfsm_rest_not_found(call);
    }
    shash_destroy(&ports);
    free(name);
}

/* ## States ## */

/* Keys in a state, over all ports. */
struct state {
    int64_t keys;
    int64_t ports;              /* That have any. */
    const struct xfsmrec_probe *last;   /* Of these, to count each once. */
};

static struct json *
build_state(struct xfsm_rest_call *call OVS_UNUSED, const char *name,
            const void *state_)
{
    const struct state *state = state_;
    struct json *json = json_object_create();

    json_object_put_string(json, "state", name);
    json_object_put(json, "keys", json_integer_create(state->keys));
    json_object_put(json, "ports", json_integer_create(state->ports));
    return json;
}

/* Adds what 'probe' has of the program called 'name'. */
static void
add_states(const struct xfsm_rest *rest, const struct xfsmrec_probe *probe,
           const char *name, struct shash *states)
{
    size_t i;

    for (i = 0; i < probe->n_state_keys; i++) {
        const char *key = probe->key_state_keys[i];
        size_t len = strcspn(key, "/");
        struct state *state;

        if (!key[len] || !is_program(rest, key, len, name)) {
            continue;
        }
        state = shash_find_data(states, key + len + 1);
        if (!state) {
            state = xzalloc(sizeof *state);
            shash_add(states, key + len + 1, state);
        }
        state->keys += probe->value_state_keys[i];
        if (probe->value_state_keys[i] && state->last != probe) {
            state->last = probe;
            state->ports++;
        }
    }
}

void
xfsm_rest_get_states(struct xfsm_rest_call *call)
{
    struct shash states = SHASH_INITIALIZER(&states);
    struct shash copy = SHASH_INITIALIZER(&copy);
    const struct shash_node *node;
    struct shash ports;

    xfsm_rest_list_ports(call->rest, NULL, &ports);
    xfsm_rest_keep_own_ports(call, &ports);
    if (!xfsm_rest_may_see_program(call, call->name)) {
        shash_clear(&ports);
    }
    SHASH_FOR_EACH (node, &ports) {
        add_states(call->rest, node->data, call->name, &states);
    }
    shash_destroy(&ports);
    SHASH_FOR_EACH (node, &states) {
        shash_add(&copy, node->name, node->data);
    }
    xfsm_rest_reply_page(call, &copy, build_state);
    shash_destroy_free_data(&states);
}

/* ## Top talkers ## */

static struct json *
build_list(struct xfsm_rest_call *call OVS_UNUSED, const char *name,
           const void *list_)
{
    const struct xfsm_talkers_list *list = list_;
    struct json *json = json_object_create();

    json_object_put_string(json, "id", name);
    json_object_put_string(json, "host", list->host);
    json_object_put_string(json, "port", list->port);
    json_object_put_string(json, "program", list->program);
    json_object_put_string(json, "field", list->field);
    json_object_put_string(json, "time", list->time);
    json_object_put(json, "entries", json_clone(list->entries));
    return json;
}

void
xfsm_rest_get_talkers(struct xfsm_rest_call *call)
{
    const char *host = xfsm_http_query(call->request, "host");
    const char *port = xfsm_http_query(call->request, "port");
    const char *program = xfsm_http_query(call->request, "program");
    struct shash items = SHASH_INITIALIZER(&items);
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &call->rest->talkers->lists) {
        const struct xfsm_talkers_list *list = node->data;

        if ((!call->tenant[0]
             || xfsm_owners_may_see_program(call->rest, call->tenant,
                                            list->owners, list->program))
            && (!host || !strcmp(host, list->host))
            && (!port || !strcmp(port, list->port))
            && (!program || is_program(call->rest, list->program,
                                       strlen(list->program), program))) {
            shash_add(&items, node->name, list);
        }
    }
    xfsm_rest_reply_page(call, &items, build_list);
}
