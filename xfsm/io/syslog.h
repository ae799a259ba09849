/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_SYSLOG_H
#define XFSM_IO_SYSLOG_H 1

/* Events to syslog, as RFC 5424 has it.
 *
 *     <PRI>1 TIME HOST ovs-xfsm - LABEL [xfsm@32473 program="..."
 *     bridge="..." port="..." epoch="..." seq="..."] MESSAGE
 *
 * The facility is local0 (16); the severity comes from xfsm_event_severity().
 * MESSAGE is what the caller wants: text for people, or an event as JSON.  A
 * message is one datagram: over UDP (RFC 5426), which may lose it, or to a
 * Unix socket such as /dev/log, which tells when it is full.  A message that
 * is longer than XFSM_SYSLOG_MAX is cut.
 *
 * 32473 is the enterprise number that RFC 5612 sets aside for examples.
 *
 * Over TLS (RFC 5425; tls-stream.h) a message has its length in front, and
 * goes anywhere, to a server whose certificate is good.  While there is no
 * connection, messages are lost, and another one is tried once a second.  TLS
 * does not tell what arrived: messages of the last moment before a connection
 * broke are sent again on the next one, with the next message, and may so
 * arrive twice; of those that are too many for that it is counted how many may
 * be lost (syslog-flight.h).
 *
 * UDP is in clear text and unauthenticated, so addresses other than loopback
 * are refused.
 *
 * Thread-safety: a sink belongs to one thread. */

#include <stddef.h>
#include <stdint.h>

#include "xfsm/io/event-decode.h"
#include "xfsm/io/tls-stream.h"

#define XFSM_SYSLOG_MAX 8192

struct xfsm_syslog;

/* Port of syslog over TLS, where none is told. */
#define XFSM_SYSLOG_TLS_PORT "6514"

/* Opens a sink to 'where': "unix:PATH", "udp:127.0.0.1:PORT",
 * "udp:[::1]:PORT" or "tls:HOST[:PORT]", HOST being a name or an address, of
 * IPv6 in brackets.  'tls' is for the last; it is connected to by the first
 * message.  Returns NULL and stores it in '*sinkp', or an error that
 * the caller frees. */
char *xfsm_syslog_open(const char *where, const struct xfsm_tls_options *tls,
                       struct xfsm_syslog **sinkp);
void xfsm_syslog_close(struct xfsm_syslog *);

/* Writes a message about 'event' in 'buf' of 'size' bytes, terminated.
 * Returns its length. */
size_t xfsm_syslog_format(const struct xfsm_event_view *event,
                          const char *message, size_t len,
                          char *buf, size_t size);

/* What was wrong with TLS last, "" if nothing. */
const char *xfsm_syslog_why(const struct xfsm_syslog *);

/* Sends a message.  Returns 0 or a positive errno; lost messages are
 * counted.  A Unix socket that was made anew is connected to again. */
int xfsm_syslog_send(struct xfsm_syslog *, const struct xfsm_event_view *event,
                     const char *message, size_t len);

/* Messages lost so far; those that may be since a connection with TLS broke;
 * and those sent again for that reason. */
uint64_t xfsm_syslog_lost(const struct xfsm_syslog *);
uint64_t xfsm_syslog_uncertain(const struct xfsm_syslog *);
uint64_t xfsm_syslog_resent(const struct xfsm_syslog *);

#endif /* xfsm/io/syslog.h */
