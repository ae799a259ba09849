/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_EVENT_NAME_H
#define CONTROLLER_EVENT_NAME_H 1

/* What an event is called at a broker.
 *
 * Its name is that of no other one, and the same each time that it is sent, so
 * that the broker can tell repetitions:
 *
 *     HOST/BRIDGE/PORT/EPOCH/SEQ
 *     HOST/BRIDGE/PORT/EPOCH/LABEL/FROM-TO     a record of a hub
 *
 * Its subject is PREFIX.LABEL.PROGRAM.PARTITION.HOST, each part without the
 * characters that a subject cannot have (".", "*", ">", spaces, control
 * characters, and backslashes for good measure), in whose places are "_".
 *
 * PARTITION is a number below that of the partitions, of the source key, so
 * that who correlates what one source does can share the work with others, and
 * each has all events of its sources.  The source key is "ip_src" of the key
 * of the flow, else "eth_src", else the first member of the key, else host and
 * port with a slash between.  Its hash is FNV-1a of 32 bits, of the text as it
 * is in the event.
 *
 * Thread-safety: these functions keep no state. */

#include <stdint.h>

#include "xfsm/packet/packet.h"

struct xfsm_event_view;

/* Room for a name or a subject, with its terminator; longer ones are cut, but
 * for the numbers at the end of a name. */
#define XFSM_EVENT_NAME_SIZE 1024

/* Writes the name to 'name': "" if the event has no number. */
void xfsm_event_name(const struct xfsm_event_view *,
                     char name[XFSM_EVENT_NAME_SIZE]);

void xfsm_event_subject(const struct xfsm_event_view *, const char *prefix,
                        unsigned int n_partitions,
                        char subject[XFSM_EVENT_NAME_SIZE]);

/* Writes the source key of an event to 'source'. */
void xfsm_event_source(const struct xfsm_event_view *,
                       char source[XFSM_EVENT_NAME_SIZE]);

/* The partition of an event, of 'n'. */
unsigned int xfsm_event_partition(const struct xfsm_event_view *,
                                  unsigned int n);

#endif /* controller/event-name.h */
