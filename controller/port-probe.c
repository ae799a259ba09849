/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/port-probe.h"

#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "controller/parameters.h"
#include "openvswitch/dynamic-string.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "sha1.h"
#include "smap.h"
#include "sset.h"
#include "util.h"
#include "xfsm/base/glob.h"

/* Characters of a port's name, and of a digest, that a row's name has. */
#define MAX_SLUG 15
#define MAX_HEX 12

const char *const xfsm_port_verb_names[XFSM_PORT_N_VERBS] = {
#define VERB_NAME(ID, NAME) NAME,
    XFSM_PORT_VERBS(VERB_NAME)
#undef VERB_NAME
};

/* ## Names ## */

/* Appends as much of 'port' as a name can have, without a colon, which the
 * name of a program cannot have. */
static void
put_slug(struct ds *ds, const char *port)
{
    size_t n = 0;

    for (; *port && n < MAX_SLUG; port++) {
        if ((*port >= 'a' && *port <= 'z') || (*port >= 'A' && *port <= 'Z')
            || (*port >= '0' && *port <= '9') || *port == '_') {
            ds_put_char(ds, *port);
            n++;
        }
    }
}

char *
xfsm_port_probe_make_name(const struct xfsm_port_probe *probe)
{
    char *text = xasprintf("%s\n%s\n%s", probe->host, probe->port,
                           probe->program);
    struct ds name = DS_EMPTY_INITIALIZER;
    char hex[SHA1_HEX_DIGEST_LEN + 1];
    uint8_t digest[SHA1_DIGEST_SIZE];

    sha1_bytes(text, strlen(text), digest);
    sha1_to_hex(digest, hex);
    free(text);
    if (probe->tenant) {
        ds_put_format(&name, "%s.", probe->tenant);
    }
    ds_put_cstr(&name, "port-");
    put_slug(&name, probe->port);
    ds_put_format(&name, "-%.*s", MAX_HEX, hex);
    return ds_steal_cstr(&name);
}

bool
xfsm_port_probe_from_row(const struct fleetrec_assignment *row,
                         struct xfsm_port_probe *probe)
{
    const char *port = smap_get(&row->target, "port");
    char *name;
    bool is;

    if (!row->name || row->n_programs != 1 || row->n_hosts != 1 || !port
        || smap_count(&row->target) != 1
        || !smap_is_empty(&row->host_labels)) {
        return false;
    }
    *probe = (struct xfsm_port_probe) { row->hosts[0], port,
                                        row->programs[0], row->tenant };
    name = xfsm_port_probe_make_name(probe);
    is = !strcmp(name, row->name);
    free(name);
    return is;
}

static const struct fleetrec_assignment *
find_row(const struct ovsdb_idl *idl, const char *name)
{
    const struct fleetrec_assignment *row;

    FLEETREC_ASSIGNMENT_FOR_EACH (row, idl) {
        if (row->name && !strcmp(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

static const struct fleetrec_host *
find_host(const struct ovsdb_idl *idl, const char *name)
{
    const struct fleetrec_host *row;

    FLEETREC_HOST_FOR_EACH (row, idl) {
        if (row->name && !strcmp(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

static bool
has_program(const struct ovsdb_idl *idl, const char *name)
{
    const struct fleetrec_program *row;

    FLEETREC_PROGRAM_FOR_EACH (row, idl) {
        if (row->name && !strcmp(row->name, name)) {
            return true;
        }
    }
    return false;
}

/* ## Others ## */

/* Tells whether 'row' means the host of 'probe'. */
static bool
means_host(const struct ovsdb_idl *idl, const struct fleetrec_assignment *row,
           const struct xfsm_port_probe *probe)
{
    const struct fleetrec_host *host = find_host(idl, probe->host);
    struct xfsm_fleet_host wanted = { .name = CONST_CAST(char *,
                                                         probe->host) };
    bool means;

    if (!host) {
        return false;
    }
    smap_clone(&wanted.labels, &host->labels);
    means = xfsm_fleet_host_is_meant(&wanted, row->hosts, row->n_hosts,
                                     &row->host_labels);
    smap_destroy(&wanted.labels);
    return means;
}

/* Adds to 'names' the assignments that are enabled and have the program run
 * on that port, too, as far as host and port tell; for a tenant only the
 * tenant's. */
static void
find_others(const struct ovsdb_idl *idl, const struct xfsm_port_probe *probe,
            struct sset *names)
{
    char *own = xfsm_port_probe_make_name(probe);
    const struct fleetrec_assignment *row;

    FLEETREC_ASSIGNMENT_FOR_EACH (row, idl) {
        const char *port = smap_get(&row->target, "port");

        if (row->name && row->enabled && strcmp(row->name, own)
            && (!probe->tenant
                || !strcmp(probe->tenant, row->tenant ? row->tenant : ""))
            && (!port || xfsm_glob_match(port, probe->port))
            && means_host(idl, row, probe)) {
            for (size_t i = 0; i < row->n_programs; i++) {
                if (!strcmp(row->programs[i], probe->program)) {
                    sset_add(names, row->name);
                }
            }
        }
    }
    free(own);
}

/* Appends which others have the program run on the port. */
static void
put_others(const struct ovsdb_idl *idl, const struct xfsm_port_probe *probe,
           struct ds *ds)
{
    struct sset names = SSET_INITIALIZER(&names);

    find_others(idl, probe, &names);
    if (!sset_is_empty(&names)) {
        char *list = sset_join(&names, ", ", "");

        ds_put_format(ds, "; as far as host and port tell, it runs there by "
                      "%s", list);
        free(list);
    }
    sset_destroy(&names);
}

/* ## Verbs ## */

static char *
check_probe(const struct ovsdb_idl *idl, const struct xfsm_port_probe *probe)
{
    size_t len = strlen(probe->port);

    if (!len || len > XFSM_PORT_PROBE_MAX_PORT
        || strpbrk(probe->port, "*?")) {
        return xasprintf("a port has a name of 1 to %d characters without "
                         "\"*\" and \"?\"; an assignment can mean several",
                         XFSM_PORT_PROBE_MAX_PORT);
    } else if (!find_host(idl, probe->host)) {
        return xasprintf("there is no host %s", probe->host);
    } else if (!has_program(idl, probe->program)) {
        return xasprintf("there is no program %s", probe->program);
    }
    return NULL;
}

static const struct fleetrec_assignment *
insert_row(struct ovsdb_idl_txn *txn, const char *name,
           const struct xfsm_port_probe *probe)
{
    const struct fleetrec_assignment *row = fleetrec_assignment_insert(txn);
    const struct smap target = SMAP_CONST1(&target, "port", probe->port);

    fleetrec_assignment_set_name(row, name);
    fleetrec_assignment_set_programs(row, (const char **) &probe->program, 1);
    fleetrec_assignment_set_hosts(row, (const char **) &probe->host, 1);
    fleetrec_assignment_set_target(row, &target);
    if (probe->tenant) {
        fleetrec_assignment_set_tenant(row, probe->tenant);
    }
    return row;
}

/* Installs or starts. */
static char *
put_row(const struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
        const struct fleetrec_assignment *row, const char *name, bool start,
        const struct xfsm_port_probe *probe, const struct smap *parameters,
        struct ds *done)
{
    char *error = check_probe(idl, probe);

    error = error ? error : xfsm_fleet_check_name(name);
    if (!error && parameters) {
        error = xfsm_fleet_check_parameters(&probe->program, 1, parameters);
    }
    if (error) {
        return error;
    } else if (row && !start) {
        return xasprintf("%s is installed on %s/%s already",
                         probe->program, probe->host, probe->port);
    }
    ds_put_format(done, "%s %s on %s/%s", start ? "start" : "install",
                  probe->program, probe->host, probe->port);
    if (!row) {
        row = insert_row(txn, name, probe);
    } else {
        fleetrec_assignment_verify_enabled(row);
        fleetrec_assignment_verify_target(row);
        fleetrec_assignment_verify_hosts(row);
    }
    if (parameters && !smap_is_empty(parameters)) {
        fleetrec_assignment_set_parameters(row, parameters);
    }
    fleetrec_assignment_set_enabled(row, start);
    return NULL;
}

/* Stops or removes. */
static char *
drop_row(const struct ovsdb_idl *idl, const struct fleetrec_assignment *row,
         bool stop, const struct xfsm_port_probe *probe, struct ds *done)
{
    if (!row) {
        struct ds ds = DS_EMPTY_INITIALIZER;

        ds_put_format(&ds, "%s is not installed on %s/%s by itself",
                      probe->program, probe->host, probe->port);
        put_others(idl, probe, &ds);
        return ds_steal_cstr(&ds);
    }
    fleetrec_assignment_verify_target(row);
    fleetrec_assignment_verify_hosts(row);
    ds_put_format(done, "%s %s on %s/%s", stop ? "stop" : "remove",
                  probe->program, probe->host, probe->port);
    put_others(idl, probe, done);
    if (stop) {
        fleetrec_assignment_verify_enabled(row);
        fleetrec_assignment_set_enabled(row, false);
    } else {
        fleetrec_assignment_delete(row);
    }
    return NULL;
}

char *
xfsm_port_probe_do(const struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
                   enum xfsm_port_verb verb,
                   const struct xfsm_port_probe *probe,
                   const struct smap *parameters, char **donep)
{
    char *name = xfsm_port_probe_make_name(probe);
    const struct fleetrec_assignment *row = find_row(idl, name);
    struct ds done = DS_EMPTY_INITIALIZER;
    struct xfsm_port_probe now;
    char *error;

    if (row && !xfsm_port_probe_from_row(row, &now)) {
        error = xasprintf("assignment %s was made for %s on %s/%s, and is "
                          "for something else now: change or remove it",
                          name, probe->program, probe->host, probe->port);
    } else if (verb == XFSM_PORT_VERB_INSTALL
               || verb == XFSM_PORT_VERB_START) {
        error = put_row(idl, txn, row, name, verb == XFSM_PORT_VERB_START,
                        probe, parameters, &done);
    } else {
        error = drop_row(idl, row, verb == XFSM_PORT_VERB_STOP, probe,
                         &done);
    }
    free(name);
    if (error) {
        ds_destroy(&done);
    } else {
        *donep = ds_steal_cstr(&done);
    }
    return error;
}
