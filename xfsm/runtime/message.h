/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_MESSAGE_H
#define XFSM_RUNTIME_MESSAGE_H 1

/* Messages: events as other programs hear them.
 *
 * A program that has <event type="message" topic="alert/portscan"> hears the
 * events whose topic, LABEL/PROGRAM/BRIDGE/PORT as xfsm_event_format_topic()
 * writes it, begins with those words: "alert/portscan" is the beginning of
 * "alert/portscan/br0/vnet7" and not of "alert/portscan2/br0/vnet7".  Its
 * first message event, in document order, whose topic fits is run, no other.
 *
 * What the handler sees is a packet without bytes.  The fields of the event's
 * key are fields of it, under their own names, and so are members of a
 * structured event that bear the name of a packet field; fields about the
 * frame itself (layer "meta") are not taken from a message.  msg_label,
 * msg_program, msg_host, msg_bridge, msg_port, msg_state and msg_hops tell
 * the rest, and "ts" is the time of the engine.
 *
 * Two ways lead to a program.  Programs of one engine hear each other at
 * once: after the packet, timer or message that caused the events, in the
 * order in which they were published.  No program hears itself.  Events of
 * other probes come by xfsm_engine_message() (xfsm/io/message-decode.h says
 * in which form they travel).
 *
 * Loops end: an event says how many message events it went through before, its
 * *hops*.  What a message event's handler publishes has one more than the
 * message, and a message of XFSM_MESSAGE_HOPS is refused.  A loop through a
 * timer or a state begins at 0 again, but goes no faster than the timer, or
 * the packets.
 *
 * Time: a message is handled at the engine's time, which is that of its
 * packets; the clock of another host never moves it.  An engine that has seen
 * neither packet nor time yet takes that of the message. */

#include <stddef.h>
#include <stdint.h>

/* Hops at which a message is refused. */
#define XFSM_MESSAGE_HOPS 4

/* Messages among the programs of an engine that one packet, one look at the
 * timers or one message from outside may cause; more are dropped, counted. */
#define XFSM_MESSAGE_QUEUE 64

/* A field of a message: a field of the key, or a named member. */
struct xfsm_message_field {
    const char *name;           /* Neither is terminated. */
    size_t name_len;
    const char *value;          /* As xfsm_field_format() writes it. */
    size_t len;
};

/* Borrows all it points to. */
struct xfsm_message {
    uint64_t ts;                /* When it was published, ns. */
    const char *label, *program, *state;        /* Terminated, not NULL, */
    const char *host, *bridge, *port;           /* may be empty. */
    unsigned int hops;
    size_t n_fields;
    const struct xfsm_message_field *fields;    /* Of the key first: of equal
                                                 * names the first counts. */
};

#endif /* xfsm/runtime/message.h */
