/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_TERM_SIGNAL_H
#define OVS_PLUGIN_TERM_SIGNAL_H 1

/* An orderly end on SIGTERM, SIGINT and SIGHUP.
 *
 * Open vSwitch's daemons end at once on these.  The agent has processes to
 * stop and rows to write first, so it takes note of the signal, and a second
 * one ends it at once.
 *
 * Thread-safety: for the main thread. */

#include <stdbool.h>

/* To be called after daemonize_start(), which sets handlers of its own, and
 * may leave a monitor process behind that should have these. */
void xfsm_term_signal_init(void);

/* True if there was a signal. */
bool xfsm_term_signal_received(void);

/* Wakes up poll_block() at a signal. */
void xfsm_term_signal_wait(void);

#endif /* ovs-plugin/term-signal.h */
