/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_EVENT_CBOR_H
#define XFSM_IO_EVENT_CBOR_H 1

/* Events as CBOR (RFC 8949), for subscribers to whom reading JSON is work.
 *
 * It is the same event: what a reader of CBOR makes of it equals what a reader
 * of JSON makes of the original.  Objects become maps of indefinite length,
 * whose members keep their order; text becomes UTF-8; a number without
 * fraction or exponent becomes an integer where 64 bits hold it, another one a
 * float of 32 bits where that is exact, or else of 64.
 *
 * Nothing is allocated, and libcbor is used for its encoders alone, which
 * write to a buffer.  The JSON is read as hostile (event-decode.h).
 *
 * Thread-safety: these functions keep no state. */

#include <stddef.h>
#include <stdint.h>

#include "xfsm/runtime/event.h"

/* A buffer of this size takes any event: none of its parts grows more than
 * from ",0.1" to the nine bytes of a double. */
#define XFSM_EVENT_CBOR_MAX (3 * XFSM_EVENT_JSON_MAX)

/* Writes the event of 'len' bytes at 'json' at 'buf' of 'size' bytes.  Returns
 * its length, 0 if it is no event (xfsm_event_decode()) or does not fit. */
size_t xfsm_event_to_cbor(const char *json, size_t len, uint8_t *buf,
                          size_t size);

#endif /* xfsm/io/event-cbor.h */
