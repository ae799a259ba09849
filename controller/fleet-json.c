/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/fleet-json.h"
#include "controller/parameters.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "util.h"
#include "xfsm/io/zmq-socket.h"

/* A reader: the file's name, and the errors so far. */
struct reader {
    const char *file;
    struct xfsm_fleet *fleet;
    struct ds errors;
    int n_errors;
};

/* Adds an error about the value at the JSON pointer 'where'. */
static void OVS_PRINTF_FORMAT(3, 4)
add_error(struct reader *r, const char *where, const char *format, ...)
{
    va_list args;

    if (r->n_errors++ < XFSM_FLEET_MAX_ERRORS) {
        ds_put_format(&r->errors, "%s: %s: ", r->file, where[0] ? where : "/");
        va_start(args, format);
        ds_put_format_valist(&r->errors, format, args);
        va_end(args);
        ds_put_char(&r->errors, '\n');
    }
}

/* Returns the JSON pointer of the member 'name' of the value at 'where'. */
static char *
member_pointer(const char *where, const char *name)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    const char *p;

    ds_put_format(&ds, "%s/", where);
    for (p = name; *p; p++) {
        if (*p == '~') {
            ds_put_cstr(&ds, "~0");
        } else if (*p == '/') {
            ds_put_cstr(&ds, "~1");
        } else if ((unsigned char) *p < ' ' || *p == '\x7f') {
            ds_put_char(&ds, '?');
        } else {
            ds_put_char(&ds, *p);
        }
    }
    return ds_steal_cstr(&ds);
}

/* Returns 'json' in JSON, cut to what fits into an error. */
static char *
quote(const struct json *json)
{
    char *s = json_to_string(json, JSSF_SORT);

    if (strlen(s) > 80) {
        strcpy(s + 77, "...");
    }
    return s;
}

static bool
check_type(struct reader *r, const char *where, const struct json *json,
           enum json_type type, const char *expected)
{
    if (json->type != type) {
        char *s = quote(json);

        add_error(r, where, "%s is not %s", s, expected);
        free(s);
        return false;
    }
    return true;
}

/* Checks that the object 'json' has no members but those in 'names', which
 * ends in NULL. */
static void
check_members(struct reader *r, const char *where, const struct json *json,
              const char *const names[])
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, json_object(json)) {
        struct ds known = DS_EMPTY_INITIALIZER;
        bool found = false;
        size_t i;

        for (i = 0; names[i]; i++) {
            ds_put_format(&known, "%s\"%s\"",
                          !i ? "" : names[i + 1] ? ", " : " or ", names[i]);
            found = found || !strcmp(names[i], node->name);
        }
        if (!found) {
            char *pointer = member_pointer(where, node->name);

            add_error(r, pointer, "unknown member; expected %s",
                      ds_cstr(&known));
            free(pointer);
        }
        ds_destroy(&known);
    }
}

/* Adds 'error', if not NULL, and frees it.  Returns true if there was none. */
static bool
take_error(struct reader *r, const char *where, char *error)
{
    if (error) {
        add_error(r, where, "%s", error);
        free(error);
        return false;
    }
    return true;
}

/* Returns the string member 'name' of 'json', or NULL after an error. */
static const char *
get_string(struct reader *r, const char *where, const struct json *json,
           const char *name, const char *expected)
{
    const struct json *member = shash_find_data(json_object(json), name);
    char *pointer = member_pointer(where, name);
    const char *s = NULL;

    if (!member) {
        add_error(r, pointer, "missing; expected %s", expected);
    } else if (check_type(r, pointer, member, JSON_STRING, expected)) {
        s = json_string(member);
        if (!s[0]) {
            add_error(r, pointer, "empty; expected %s", expected);
            s = NULL;
        }
    }
    free(pointer);
    return s;
}

/* ## Hosts ## */

static void
check_remotes(struct reader *r, const char *where, const char *remotes)
{
    char *copy = xstrdup(remotes);
    char *save = NULL;
    char *remote;
    int n = 0;

    for (remote = strtok_r(copy, ",", &save); remote;
         remote = strtok_r(NULL, ",", &save)) {
        take_error(r, where, xfsm_fleet_check_remote(remote));
        n++;
    }
    if (n > XFSM_FLEET_MAX_REMOTES) {
        add_error(r, where, "more than %d remotes", XFSM_FLEET_MAX_REMOTES);
    }
    free(copy);
}

static void
read_host(struct reader *r, const char *where, const char *name,
          const struct json *json)
{
    static const char *const members[] = { "ovsdb", "events", "hub-key",
                                           NULL };
    struct xfsm_fleet_host *host;
    const char *ovsdb;
    const char *events = NULL;
    const char *hub_key = NULL;
    char *pointer;

    if (!take_error(r, where, xfsm_fleet_check_name(name))
        || !check_type(r, where, json, JSON_OBJECT, "an object such as "
                       "{\"ovsdb\": \"ssl:IP:PORT\"}")) {
        return;
    }
    check_members(r, where, json, members);
    ovsdb = get_string(r, where, json, "ovsdb", "an OVSDB remote: unix:PATH, "
                       "tcp:IP:PORT or ssl:IP:PORT");
    if (ovsdb) {
        pointer = member_pointer(where, "ovsdb");
        check_remotes(r, pointer, ovsdb);
        free(pointer);
    }
    if (shash_find(json_object(json), "events")) {
        events = get_string(r, where, json, "events", "a ZeroMQ endpoint: "
                            "ipc://PATH or tcp://HOST:PORT");
    }
    if (events) {
        pointer = member_pointer(where, "events");
        take_error(r, pointer, xfsm_zmq_check_endpoint(events, false));
        free(pointer);
    }

    if (shash_find(json_object(json), "hub-key")) {
        hub_key = get_string(r, where, json, "hub-key", "a public key");
    }
    if (hub_key) {
        pointer = member_pointer(where, "hub-key");
        take_error(r, pointer, xfsm_fleet_check_hub_key(hub_key));
        free(pointer);
    }

    host = xfsm_fleet_add_host(r->fleet, name);
    host->ovsdb = xstrdup(ovsdb ? ovsdb : "");
    host->events = nullable_xstrdup(events);
    host->hub_key = nullable_xstrdup(hub_key);
}

/* ## Programs ## */

static void
read_program(struct reader *r, const char *where, const char *name,
             const struct json *json)
{
    struct xfsm_fleet_program *program;

    if (!check_type(r, where, json, JSON_STRING,
                    "the name of a file, such as \"portscan.xml\"")
        || !take_error(r, where, xfsm_fleet_check_program_name(name))) {
        return;
    }
    if (!json_string(json)[0]) {
        add_error(r, where, "empty; expected the name of a file");
    }
    program = xfsm_fleet_add_program(r->fleet, name);
    program->path = xstrdup(json_string(json));
}

/* ## Assignments ## */

/* Reads the array of strings 'json' into 'set'.  Each must be one of 'known';
 * 'kind' is what they are. */
static void
read_names(struct reader *r, const char *where, const struct json *json,
           const struct shash *known, const char *kind, struct sset *set)
{
    const struct json_array *array = json_array(json);
    size_t i;

    for (i = 0; i < array->n; i++) {
        char *pointer = xasprintf("%s/%"PRIuSIZE, where, i);
        const struct json *elem = array->elems[i];

        if (!check_type(r, pointer, elem, JSON_STRING, "a string")) {
            /* Reported. */
        } else if (!shash_find(known, json_string(elem))) {
            char *s = quote(elem);

            add_error(r, pointer, "%s is none of the %ss in \"%ss\"", s, kind,
                      kind);
            free(s);
        } else if (!sset_add(set, json_string(elem))) {
            add_error(r, pointer, "\"%s\" is listed twice",
                      json_string(elem));
        }
        free(pointer);
    }
    if (!array->n) {
        add_error(r, where, "empty; expected at least one %s", kind);
    }
}

static void
read_assignment_programs(struct reader *r, const char *where,
                         const struct json *json,
                         struct xfsm_fleet_assignment *assignment)
{
    char *pointer = member_pointer(where, "programs");
    const struct json *member = shash_find_data(json_object(json),
                                                "programs");

    if (!member) {
        add_error(r, pointer, "missing; expected an array of programs");
    } else if (check_type(r, pointer, member, JSON_ARRAY,
                          "an array of programs")) {
        read_names(r, pointer, member, &r->fleet->programs, "program",
                   &assignment->programs);
        if (sset_count(&assignment->programs)
            > XFSM_FLEET_MAX_PER_ASSIGNMENT) {
            add_error(r, pointer, "more than %d programs",
                      XFSM_FLEET_MAX_PER_ASSIGNMENT);
        }
    }
    free(pointer);
}

static void
read_assignment_hosts(struct reader *r, const char *where,
                      const struct json *json,
                      struct xfsm_fleet_assignment *assignment)
{
    const struct json *member = shash_find_data(json_object(json), "hosts");
    char *pointer = member_pointer(where, "hosts");

    if (!member) {
        add_error(r, pointer,
                  "missing; expected an array of hosts, or \"*\" for all");
    } else if (member->type == JSON_STRING
               && !strcmp(json_string(member), "*")) {
        assignment->all_hosts = true;
    } else if (check_type(r, pointer, member, JSON_ARRAY,
                          "an array of hosts, or \"*\" for all")) {
        read_names(r, pointer, member, &r->fleet->hosts, "host",
                   &assignment->hosts);
    }
    free(pointer);
}

static void
read_target(struct reader *r, const char *where, const struct json *json,
            struct smap *target)
{
    const struct json *member = shash_find_data(json_object(json), "target");
    char *pointer = member_pointer(where, "target");
    const struct shash_node *node;

    if (!member) {
        add_error(r, pointer,
                  "missing; expected an object such as {\"port\": \"NAME\"}");
    } else if (check_type(r, pointer, member, JSON_OBJECT,
                          "an object such as {\"port\": \"NAME\"}")) {
        SHASH_FOR_EACH (node, json_object(member)) {
            const char *value = get_string(r, pointer, member, node->name,
                                           "a string");

            if (value) {
                char *key = member_pointer(pointer, node->name);

                take_error(r, key, xfsm_fleet_check_target(node->name,
                                                           value));
                smap_add(target, node->name, value);
                free(key);
            }
        }
        if (shash_is_empty(json_object(member))) {
            add_error(r, pointer, "empty: would match nothing; expected an "
                      "object such as {\"port\": \"NAME\"}");
        }
    }
    free(pointer);
}

static void
read_parameters(struct reader *r, const char *where, const struct json *json,
                struct xfsm_fleet_assignment *assignment)
{
    static const char expected[] = "an object such as {\"NAME\": \"VALUE\"}";
    const struct json *member = shash_find_data(json_object(json),
                                                "parameters");
    struct smap parameters = SMAP_INITIALIZER(&parameters);
    char *pointer = member_pointer(where, "parameters");
    const struct shash_node *node;

    if (member && check_type(r, pointer, member, JSON_OBJECT, expected)) {
        SHASH_FOR_EACH (node, json_object(member)) {
            const char *value = get_string(r, pointer, member, node->name,
                                           "a string");

            if (value) {
                smap_add(&parameters, node->name, value);
            }
        }
    }
    take_error(r, pointer, xfsm_fleet_set_parameters(assignment,
                                                     &parameters));
    smap_destroy(&parameters);
    free(pointer);
}

static void
read_enabled(struct reader *r, const char *where, const struct json *json,
             bool *enabled)
{
    const struct json *member = shash_find_data(json_object(json), "enabled");

    *enabled = !member || member->type == JSON_TRUE;
    if (member && member->type != JSON_TRUE && member->type != JSON_FALSE) {
        char *pointer = member_pointer(where, "enabled");
        char *s = quote(member);

        add_error(r, pointer, "%s is neither true nor false", s);
        free(s);
        free(pointer);
    }
}

static void
read_assignment(struct reader *r, const char *where, const struct json *json)
{
    static const char *const members[] = {
        "name", "programs", "parameters", "target", "hosts", "enabled", NULL
    };
    struct xfsm_fleet_assignment *assignment;
    const char *name;
    char *pointer;

    if (!check_type(r, where, json, JSON_OBJECT, "an object")) {
        return;
    }
    check_members(r, where, json, members);
    name = get_string(r, where, json, "name", "a name");
    if (!name) {
        return;
    }
    pointer = member_pointer(where, "name");
    if (shash_find(&r->fleet->assignments, name)) {
        add_error(r, pointer, "another assignment is called \"%s\"", name);
    } else if (take_error(r, pointer, xfsm_fleet_check_name(name))) {
        assignment = xfsm_fleet_add_assignment(r->fleet, name);
        read_assignment_programs(r, where, json, assignment);
        read_parameters(r, where, json, assignment);
        read_assignment_hosts(r, where, json, assignment);
        read_target(r, where, json, &assignment->target);
        read_enabled(r, where, json, &assignment->enabled);
    }
    free(pointer);
}

/* ## The whole ## */

static bool
check_count(struct reader *r, const char *where, size_t n, size_t max)
{
    if (n > max) {
        add_error(r, where, "has %"PRIuSIZE" members; at most %"PRIuSIZE
                  " are supported", n, max);
        return false;
    }
    return true;
}

/* Reads each member of the object 'name' of 'json' with 'read_member', in
 * order of name. */
static void
read_object(struct reader *r, const struct json *json, const char *name,
            size_t max,
            void (*read_member)(struct reader *, const char *where,
                                const char *name, const struct json *))
{
    const struct json *object = shash_find_data(json_object(json), name);
    const struct shash_node **nodes;
    char *where = member_pointer("", name);
    size_t i, n;

    if (!object) {
        add_error(r, where, "missing; expected an object");
    } else if (check_type(r, where, object, JSON_OBJECT, "an object")
               && check_count(r, where, shash_count(json_object(object)),
                              max)) {
        n = shash_count(json_object(object));
        nodes = shash_sort(json_object(object));
        for (i = 0; i < n; i++) {
            char *pointer = member_pointer(where, nodes[i]->name);

            read_member(r, pointer, nodes[i]->name, nodes[i]->data);
            free(pointer);
        }
        free(nodes);
    }
    free(where);
}

static void
read_assignments(struct reader *r, const struct json *json)
{
    const struct json *member = shash_find_data(json_object(json),
                                                "assignments");
    size_t i;

    if (!member) {
        add_error(r, "/assignments", "missing; expected an array");
    } else if (check_type(r, "/assignments", member, JSON_ARRAY, "an array")
               && check_count(r, "/assignments", json_array(member)->n,
                              XFSM_FLEET_MAX_ASSIGNMENTS)) {
        for (i = 0; i < json_array(member)->n; i++) {
            char *pointer = xasprintf("/assignments/%"PRIuSIZE, i);

            read_assignment(r, pointer, json_array(member)->elems[i]);
            free(pointer);
        }
    }
}

static void
read_fleet(struct reader *r, const struct json *json)
{
    static const char *const members[] = {
        "hosts", "programs", "assignments", NULL
    };

    if (!check_type(r, "", json, JSON_OBJECT, "an object with the members "
                    "\"hosts\", \"programs\" and \"assignments\"")) {
        return;
    }
    check_members(r, "", json, members);
    read_object(r, json, "hosts", XFSM_FLEET_MAX_HOSTS, read_host);
    read_object(r, json, "programs", XFSM_FLEET_MAX_PROGRAMS, read_program);
    read_assignments(r, json);
}

char *
xfsm_fleet_parse(const struct json *json, const char *file,
                 struct xfsm_fleet **fleetp)
{
    struct reader r = {
        .file = file,
        .fleet = xfsm_fleet_create(),
        .errors = DS_EMPTY_INITIALIZER,
    };

    read_fleet(&r, json);
    if (!r.n_errors) {
        ds_destroy(&r.errors);
        *fleetp = r.fleet;
        return NULL;
    }
    if (r.n_errors > XFSM_FLEET_MAX_ERRORS) {
        ds_put_format(&r.errors, "%s: %d more errors\n", file,
                      r.n_errors - XFSM_FLEET_MAX_ERRORS);
    }
    ds_chomp(&r.errors, '\n');
    xfsm_fleet_destroy(r.fleet);
    return ds_steal_cstr(&r.errors);
}

char *
xfsm_fleet_read_file(const char *file, struct xfsm_fleet **fleetp)
{
    struct json *json = json_from_file(file);
    char *error;

    error = (json->type == JSON_STRING
             ? xasprintf("%s: %s", file, json_string(json))
             : xfsm_fleet_parse(json, file, fleetp));
    json_destroy(json);
    return error;
}
