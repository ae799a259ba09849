/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_MAILBOX_H
#define XFSM_RUNTIME_MAILBOX_H 1

/* The mailbox: events on their way from program to program of one engine
 * (message.h).  An event borrows its text, which is gone when its handler
 * goes on, so the mailbox keeps a copy.
 *
 * It is of fixed size, some 400 kB, and there only while a program hears
 * messages.  Internal to the engine.  Thread-safety: none. */

#include "xfsm/runtime/exec.h"
#include "xfsm/runtime/message.h"

/* Returns an empty mailbox, NULL if there is no memory. */
struct xfsm_mailbox *xfsm_mailbox_create(void);
void xfsm_mailbox_destroy(struct xfsm_mailbox *);

/* Puts the event that 'from' publishes into the mailbox of 'x', if another
 * program would hear it. */
void xfsm_mailbox_put(struct xfsm_exec *x, const struct xfsm_instance *from,
                      const struct xfsm_event *event);

/* Gives the programs what is in the mailbox of 'x', and what comes of that;
 * then it is empty. */
void xfsm_mailbox_deliver(struct xfsm_exec *x);

/* Is there something to deliver? */
static inline bool
xfsm_mailbox_waits(const struct xfsm_exec *x)
{
    return x->n_letters > 0;
}

/* Writes the topic of a message, as xfsm_event_format_topic(). */
void xfsm_message_format_topic(const struct xfsm_message *, char *buf,
                               size_t size);

#endif /* xfsm/runtime/mailbox.h */
