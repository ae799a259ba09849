/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_FLEET_H
#define CONTROLLER_FLEET_H 1

/* The fleet description: which hosts there are, and what is to run on them.
 *
 *     {
 *       "hosts": {
 *         "hv1": {"ovsdb": "ssl:192.0.2.1:6640",
 *                 "events": "tcp://192.0.2.1:5560"}
 *       },
 *       "programs": {"portscan": "programs/portscan.xml"},
 *       "assignments": [
 *         {"name": "web-scan", "programs": ["portscan"],
 *          "target": {"bridge": "br-int"}, "hosts": "*"}
 *       ]
 *     }
 *
 * "hosts": the name is ours alone; "ovsdb" is an OVSDB remote, or several of
 * a cluster separated by commas; "events" is the ZeroMQ endpoint of the
 * host's hub, and may be left out.
 *
 * "programs": name and file, relative to the folder of the description.
 * Every host gets all of them.
 *
 * "assignments": "target" is as in the table Assignment of xfsm-db(5); "hosts"
 * is an array of names from "hosts", or "*"; "enabled", true if left out.
 *
 * This is the pure part: no file is read, nothing is compiled.  All that is
 * wrong is reported at once, each with its place as a JSON pointer (RFC 6901)
 * and what would be right.
 *
 * Thread-safety: none. */

#include <stdbool.h>

#include "openvswitch/shash.h"
#include "smap.h"
#include "sset.h"

struct json;

/* Named limits. */
#define XFSM_FLEET_MAX_HOSTS 1024
#define XFSM_FLEET_MAX_PROGRAMS 256
#define XFSM_FLEET_MAX_ASSIGNMENTS 4096
#define XFSM_FLEET_MAX_NAME 63          /* Characters of any name. */
#define XFSM_FLEET_MAX_PER_ASSIGNMENT 32    /* Programs; as the schema has. */
#define XFSM_FLEET_MAX_ERRORS 50        /* Errors that are listed. */

/* T(KEY): keys of a target that the agent knows. */
#define XFSM_FLEET_TARGETS(T) \
    T("port") T("bridge") T("iface-id") T("attached-mac") T("vm-uuid") \
    T("vm-id")

struct xfsm_fleet_host {
    char *name;
    char *ovsdb;
    char *events;               /* NULL if not given. */
};

struct xfsm_fleet_program {
    char *name;
    char *path;                 /* As written. */

    /* Filled in by programs.h. */
    char *source;               /* Text of the file. */
    char *image;                /* The compiled program, in base64. */
};

struct xfsm_fleet_assignment {
    char *name;
    struct sset programs;
    struct smap target;
    bool enabled;
    bool all_hosts;             /* "*"; then 'hosts' is empty. */
    struct sset hosts;
};

struct xfsm_fleet {
    struct shash hosts;         /* struct xfsm_fleet_host, by name. */
    struct shash programs;      /* struct xfsm_fleet_program, by name. */
    struct shash assignments;   /* struct xfsm_fleet_assignment, by name. */
};

/* Reads 'json', of the file 'file'.  Returns NULL and stores the fleet in
 * '*fleetp', or one or more lines of errors without a newline at the end,
 * which the caller frees. */
char *xfsm_fleet_parse(const struct json *json, const char *file,
                       struct xfsm_fleet **fleetp);

/* Frees 'fleet', which may be NULL. */
void xfsm_fleet_destroy(struct xfsm_fleet *fleet);

/* Tells whether 'assignment' concerns the host named 'host'. */
bool xfsm_fleet_assignment_has_host(const struct xfsm_fleet_assignment *,
                                    const char *host);

#endif /* controller/fleet.h */
