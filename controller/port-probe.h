/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_PORT_PROBE_H
#define CONTROLLER_PORT_PROBE_H 1

/* Plain verbs for one program on one port of one host: install, start, stop,
 * remove.  The REST API and xfsm-ctl have them by these functions.
 *
 * What they do is desired state as any other: a row of table Assignment for
 * just that port, which is disabled while the program is stopped.  The name
 * of the row is a function of host, port and program, so that of two who
 * start the same at once one has the row and the other finds it; and whether
 * a row is such a one is told by the row itself, so that somebody who edits
 * it makes an ordinary assignment of it, and nothing has to be kept in step.
 *
 * Thread-safety: none. */

#include <stdbool.h>

struct fleetrec_assignment;
struct ovsdb_idl;
struct ovsdb_idl_txn;
struct smap;
struct sset;

/* Characters of the name of a port. */
#define XFSM_PORT_PROBE_MAX_PORT 255

/* V(ID, NAME): verbs. */
#define XFSM_PORT_VERBS(V) \
    V(INSTALL, "install")       /* Stopped. */ \
    V(START, "start")           /* Installs it if need be. */ \
    V(STOP, "stop") \
    V(REMOVE, "remove")

enum xfsm_port_verb {
#define XFSM_PORT_VERB_ENUM(ID, NAME) XFSM_PORT_VERB_##ID,
    XFSM_PORT_VERBS(XFSM_PORT_VERB_ENUM)
#undef XFSM_PORT_VERB_ENUM
    XFSM_PORT_N_VERBS
};

extern const char *const xfsm_port_verb_names[XFSM_PORT_N_VERBS];

/* A program on a port.  All is borrowed. */
struct xfsm_port_probe {
    const char *host;
    const char *port;
    const char *program;
    const char *tenant;         /* Whose it is; NULL: the operator's. */
};

/* The name of the row of 'probe', 33 characters at most, after the name of the
 * tenant and a dot if there is one; the caller frees it. */
char *xfsm_port_probe_make_name(const struct xfsm_port_probe *probe);

/* Tells whether 'row' is one for a program on a port, and stores that. */
bool xfsm_port_probe_from_row(const struct fleetrec_assignment *row,
                              struct xfsm_port_probe *);

/* Does 'verb', in 'txn', the transaction of 'idl' that is being made.
 * 'parameters' of the program, which may be NULL, replace those that there
 * are.  Returns NULL and stores in '*donep' what will be done, in words, or
 * an error; the caller frees either. */
char *xfsm_port_probe_do(const struct ovsdb_idl *idl,
                         struct ovsdb_idl_txn *txn, enum xfsm_port_verb verb,
                         const struct xfsm_port_probe *,
                         const struct smap *parameters, char **donep);

#endif /* controller/port-probe.h */
