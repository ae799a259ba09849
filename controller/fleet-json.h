/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_FLEET_JSON_H
#define CONTROLLER_FLEET_JSON_H 1

/* The fleet as a file in JSON:
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
 * is an array of names from "hosts", or "*"; "parameters", an object with
 * strings, may be left out; "enabled" is true if left out.
 *
 * All that is wrong is reported at once, each with its place as a JSON pointer
 * (RFC 6901) and what would be right. */

#include "controller/fleet.h"

struct json;

#define XFSM_FLEET_MAX_ERRORS 50        /* Errors that are listed. */

/* Reads 'json', of the file 'file'.  Returns NULL and stores the fleet in
 * '*fleetp', or one or more lines of errors without a newline at the end,
 * which the caller frees. */
char *xfsm_fleet_parse(const struct json *json, const char *file,
                       struct xfsm_fleet **fleetp);

/* The same for the file itself. */
char *xfsm_fleet_read_file(const char *file, struct xfsm_fleet **fleetp);

#endif /* controller/fleet-json.h */
