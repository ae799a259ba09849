/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PORT_IDS_H
#define OVS_PLUGIN_PORT_IDS_H 1

/* Which machine a port is of, as far as the switch's database tells, and the
 * message (ipc.h, IDENTITY) by which the agent tells it to a probe, so that
 * events tell it to everybody (event.h).
 *
 * A key is looked for in external_ids of the Interface, then of the Port: the
 * former is where libvirt, Nova and OVN agents put it.  Only the keys of
 * XFSM_IDENTITY_IDS are taken, and only values that xfsm_identity_id_fits();
 * what is left out for that reason is a note of the probe.
 *
 * Strings are copied.  Thread-safety: none. */

#include <stdbool.h>

#include "ovs-plugin/ipc.h"
#include "uuid.h"
#include "xfsm/runtime/event.h"

struct smap;

/* The form of a UUID, terminator included. */
#define XFSM_PORT_IDS_UUID_SIZE (UUID_LEN + 1)

struct xfsm_port_ids {
    char uuid[XFSM_PORT_IDS_UUID_SIZE];     /* Of the Interface, or "". */
    char *id[XFSM_N_IDENTITY_IDS];          /* NULL: there is none. */
};

/* The value of 'key' for an interface, NULL if there is none. */
const char *xfsm_port_ids_find(const char *key, const struct smap *interface,
                               const struct smap *port);

/* Initializes 'ids' from the database. */
void xfsm_port_ids_read(struct xfsm_port_ids *ids, const struct uuid *,
                        const struct smap *interface,
                        const struct smap *port);
void xfsm_port_ids_clone(struct xfsm_port_ids *copy,
                         const struct xfsm_port_ids *);
void xfsm_port_ids_destroy(struct xfsm_port_ids *);
bool xfsm_port_ids_equal(const struct xfsm_port_ids *,
                         const struct xfsm_port_ids *);

/* What events do not tell, and why, NULL if they tell all; the caller frees
 * it. */
char *xfsm_port_ids_note(const struct xfsm_port_ids *);

/* Composes the message in 'buf' of XFSM_IPC_MAX bytes. */
void xfsm_port_ids_compose(const struct xfsm_port_ids *, uint8_t *buf,
                           struct xfsm_ipc_writer *);

/* Reads the message.  Returns false, with nothing to free, if it is
 * malformed. */
bool xfsm_port_ids_parse(struct xfsm_bytes *payload, struct xfsm_port_ids *);

#endif /* ovs-plugin/port-ids.h */
