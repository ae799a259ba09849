/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef UTILITIES_XFSM_EVENTS_H
#define UTILITIES_XFSM_EVENTS_H 1

/* What the parts of "xfsm events" share. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/io/event-decode.h"
#include "xfsm/runtime/event.h"

/* Longest line in text form: the longest event and what stands around it. */
#define XFSM_EVENT_LINE_MAX (XFSM_EVENT_JSON_MAX + 1024)

/* Writes an event for people, in 'line' of XFSM_EVENT_LINE_MAX bytes.
 * Returns its length. */
size_t xfsm_events_format_text(const struct xfsm_event_view *, bool colour,
                               char *line);

/* Parses a time: RFC 3339 ("2026-11-23T16:42:36Z", fractions and offsets
 * allowed, or the date alone), or how long ago ("90s", "15m", "2h", "3d"; a
 * bare number is of seconds), counted back from 'now_ms'.  Stores ms since
 * 1970 in '*ms'.  Returns false if it is none. */
bool xfsm_events_parse_since(const char *s, uint64_t now_ms, uint64_t *ms);

/* Formats ms since 1970 as RFC 3339, in 'buf' of XFSM_EVENTS_TIME_SIZE. */
#define XFSM_EVENTS_TIME_SIZE 32
void xfsm_events_format_time(uint64_t ms, char *buf);

#endif /* utilities/xfsm-events.h */
