/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_LINK_COUNT_H
#define OVS_PLUGIN_LINK_COUNT_H 1

/* How many packets a network device has carried, as the kernel counts them
 * for it: those received and those sent.
 *
 * Asks over a route netlink socket that is opened once, so that it works in a
 * cage.
 *
 * Thread-safety: none needed. */

#include <stdint.h>

struct nl_sock;

struct xfsm_link_count {
    struct nl_sock *sock;       /* NULL if there is none. */
    int ifindex;
};

/* Opens the socket.  Returns 0 or a positive errno, after which the counter
 * may be read and destroyed all the same. */
int xfsm_link_count_init(struct xfsm_link_count *, int ifindex);
void xfsm_link_count_destroy(struct xfsm_link_count *);

/* Stores the number in '*countp'.  Returns 0 or a positive errno. */
int xfsm_link_count_read(const struct xfsm_link_count *, uint64_t *countp);

#endif /* ovs-plugin/link-count.h */
