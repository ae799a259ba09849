/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_MESSAGE_DECODE_H
#define XFSM_IO_MESSAGE_DECODE_H 1

/* Messages (xfsm/runtime/message.h) on their way from probe to probe.
 *
 * Between a probe and its hub there is one SOCK_SEQPACKET socket.  Each packet
 * on it is one of these:
 *
 *     probe to hub    TOPIC \0 JSON     an event
 *                     \1 ...            several events (event-batch.h)
 *                     \0 (WANT \0)...   all topics the probe hears from now
 *                                       on; none at all: it hears nothing
 *     hub to probe    TOPIC \0 JSON     a message: an event of another probe
 *                     \0                "tell what you hear": a new hub asks
 *
 * A WANT is the beginning of a topic as a program names it, whole words:
 * "alert/portscan" is not the beginning of "alert/portscan2/br0/vnet7".
 *
 * Both sides may be in the hands of an attacker, and events may come from
 * another host, so all is read as hostile.  A message must be an event that
 * event-decode.h accepts; its texts are taken out of their escapes, into
 * memory of fixed size.
 *
 * Thread-safety: these functions keep no state. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/base/bytes.h"
#include "xfsm/program/model.h"
#include "xfsm/runtime/event.h"
#include "xfsm/runtime/message.h"

/* Topics that one probe may ask for; their bytes, as in a program. */
#define XFSM_WANTS_MAX 64
#define XFSM_WANT_LEN XFSM_MAX_TOPIC

/* A buffer of this size takes any packet with wants. */
#define XFSM_WANTS_SIZE (1 + XFSM_WANTS_MAX * (XFSM_WANT_LEN + 1))

/* A buffer of this size takes any packet on the socket. */
#define XFSM_MESSAGE_PACKET_MAX \
    (XFSM_EVENT_TOPIC_MAX + XFSM_EVENT_JSON_MAX + 1)

/* True if the topic of 'len' bytes begins with the words of 'want'. */
bool xfsm_want_fits(const char *want, const char *topic, size_t len);

/* Sorts out of the 'n' topics those that another one covers, and returns how
 * many are left, in front. */
size_t xfsm_wants_reduce(const char **topics, size_t n);

/* Writes a packet with the first XFSM_WANTS_MAX of 'n' topics, each of
 * XFSM_WANT_LEN bytes at most, at 'buf' of XFSM_WANTS_SIZE bytes.  Returns its
 * length. */
size_t xfsm_wants_encode(const char *const *topics, size_t n, uint8_t *buf);

/* Reads a packet with wants.  Returns false if it is malformed, or stores the
 * topics, terminated and within 'data', and their number. */
bool xfsm_wants_decode(const void *data, size_t len,
                       const char *topics[XFSM_WANTS_MAX], size_t *np);

/* True if the 'len' bytes at 'topic' can be the topic of an event: printable,
 * and less than XFSM_EVENT_TOPIC_MAX. */
bool xfsm_topic_is_valid(const void *topic, size_t len);

/* Takes a packet with an event apart.  Returns false if its form is not that
 * of one: a valid topic, a null byte, and braces, within the limit of
 * event.h. */
bool xfsm_message_split(const void *data, size_t len,
                        struct xfsm_bytes *topic, struct xfsm_bytes *json);

/* A message, and the memory that it borrows. */
struct xfsm_letter {
    struct xfsm_message message;
    struct xfsm_message_field fields[XFSM_MAX_KEY_FIELDS + XFSM_MAX_MEMBERS];
    char text[XFSM_EVENT_JSON_MAX];
    size_t used;                /* Bytes of 'text'. */
};

/* Reads the event of 'len' bytes at 'json', which must outlive the letter.
 * Returns false if it is none that programs can hear: malformed, of another
 * schema, without a name, with a text that no probe writes, or of too many
 * fields.  The time is left 0: whoever delivers it sets that.  Hops beyond
 * XFSM_MESSAGE_HOPS come out as that many.
 *
 * Members that are no text or number are left out.  A network, "10.0.0.0/24"
 * as the value of an address, comes out as its first address. */
bool xfsm_message_decode(const char *json, size_t len, struct xfsm_letter *);

#endif /* xfsm/io/message-decode.h */
