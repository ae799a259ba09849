/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_AUTH_H
#define OVS_PLUGIN_HUB_AUTH_H 1

/* Who may subscribe: the hub's handler of ZAP (ZeroMQ RFC 27).
 *
 * CURVE alone lets in every client that has a key.  ZeroMQ asks the handler
 * of its context about each, and this one lets in those whose public keys are
 * on a list.  While there is no handler nobody is asked, so it is opened
 * before the sockets that clients connect to.
 *
 * Thread-safety: for one thread. */

#include <stdint.h>

#include "xfsm/io/keys.h"

struct xfsm_hub_auth {
    void *socket;
    const struct xfsm_key_list *clients;
    uint64_t allowed;           /* Connections. */
    uint64_t denied;
};

/* Opens the handler in the ZeroMQ context 'context' for the keys 'clients',
 * which must outlive it.  Returns NULL or an error that the caller frees. */
char *xfsm_hub_auth_open(struct xfsm_hub_auth *, void *context,
                         const struct xfsm_key_list *clients);
void xfsm_hub_auth_close(struct xfsm_hub_auth *);

/* Answers; does nothing while closed. */
void xfsm_hub_auth_run(struct xfsm_hub_auth *);
void xfsm_hub_auth_wait(const struct xfsm_hub_auth *);

#endif /* ovs-plugin/hub-auth.h */
