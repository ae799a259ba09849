/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PORT_STATE_H
#define OVS_PLUGIN_PORT_STATE_H 1

/* State of a port, to a file and back (xfsm_engine_save()).
 *
 * A command comes by ovs-appctl, the agent asks the probe, and answers the
 * command when the probe has.  The agent opens the file; the probe, which can
 * open none, writes into memory that the agent gave it, or reads from such.
 * What is in it the agent does not look at: whoever reads it checks it.
 *
 * A saved state has the secret of the port's hashes, so its file is for its
 * owner only.  It appears complete or not at all.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stdbool.h>
#include <stdint.h>

struct xfsm_agent;
struct xfsm_bytes;

/* Longest state. */
#define XFSM_PORT_STATE_MAX ((size_t) 256 << 20)

/* A command that waits for the probe's answer, or NULL. */
struct xfsm_port_state;

/* Registers the commands. */
void xfsm_port_state_init(struct xfsm_agent *);

/* Takes the payload of DONE and answers the command.  False if it is
 * malformed. */
bool xfsm_port_state_done(struct xfsm_port_state **, struct xfsm_bytes *);

/* Answers the command: there will be no answer, because of 'why'. */
void xfsm_port_state_cancel(struct xfsm_port_state **, const char *why);

#endif /* ovs-plugin/port-state.h */
