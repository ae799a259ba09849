/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_EXPORTER_LINK_H
#define OVS_PLUGIN_EXPORTER_LINK_H 1

/* The agent's side of the metrics endpoint: keeps xfsm-exporter running while
 * there is a port for it, and gives it the text of agent-metrics.h once a
 * second, in a sealed memfd.
 *
 * The agent itself, which is root, speaks no HTTP.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stdbool.h>

#include "ovs-plugin/worker.h"

struct ds;

/* Between two texts, in ms. */
#define XFSM_EXPORTER_PERIOD_MS 1000

struct xfsm_exporter_link {
    struct xfsm_worker worker;
    char *program;              /* Path of xfsm-exporter. */
    char *user;                 /* Whom it becomes, or NULL. */
    unsigned int port;          /* 0: none is to run. */
    long long int next_text;
};

void xfsm_exporter_link_init(struct xfsm_exporter_link *, const char *program,
                             const char *user);
void xfsm_exporter_link_destroy(struct xfsm_exporter_link *);

/* Sets the TCP port; another one than before restarts it, 0 ends it. */
void xfsm_exporter_link_configure(struct xfsm_exporter_link *,
                                  unsigned int port);

/* Does what there is to do; 'format' appends the text.  Returns true if its
 * state changed. */
bool xfsm_exporter_link_run(struct xfsm_exporter_link *,
                            void (*format)(struct ds *, void *aux),
                            void *aux);
void xfsm_exporter_link_wait(const struct xfsm_exporter_link *);

/* "running", "starting", "error", or NULL if none is to run. */
const char *xfsm_exporter_link_status(const struct xfsm_exporter_link *);

#endif /* ovs-plugin/exporter-link.h */
