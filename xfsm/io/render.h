/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_RENDER_H
#define XFSM_IO_RENDER_H 1

/* Events in the forms that other software takes as they are.
 *
 *   - eve: a line of Suricata's eve.json.  Labels alert and critical become
 *     "event_type":"alert", with the severities 1 (high) to 4; others become
 *     "event_type":"xfsm".  "signature_id" is a hash of program and code, the
 *     same for ever.
 *   - ecs: Elastic Common Schema 8.11; what has no place there is in the
 *     object "xfsm".
 *   - ocsf: Detection Finding (class 2004) of OCSF 1.3, with the packet's
 *     addresses as evidence.
 *
 * The virtual machine is "cloud.instance.id" of ecs and a resource of ocsf,
 * the interface "observer.ingress.interface" and "device.interface_uid".
 *
 * Addresses, ports and so on come from the event's key and fields.  Severity
 * comes from "level" (INFO, LOW, MEDIUM or WARN, HIGH or ERROR, CRITICAL, in
 * any case) or else from the label.
 *
 * Text stays as it was escaped in the event, so the result is one line of
 * printable ASCII, as the event is.
 *
 * Thread-safety: these functions keep no state. */

#include <stdbool.h>
#include <stddef.h>

#include "xfsm/io/event-decode.h"
#include "xfsm/runtime/event.h"

/* R(NAME) */
#define XFSM_RENDERERS(R) R(eve) R(ecs) R(ocsf)

enum xfsm_renderer {
#define XFSM_RENDERER_ENUM(NAME) XFSM_RENDER_##NAME,
    XFSM_RENDERERS(XFSM_RENDERER_ENUM)
#undef XFSM_RENDERER_ENUM
    XFSM_N_RENDERERS
};

/* A buffer of this size takes any event in any form. */
#define XFSM_RENDER_MAX (2 * XFSM_EVENT_JSON_MAX + 4096)

/* Severities, also of syslog.h. */
enum xfsm_severity {
    XFSM_SEVERITY_INFO,
    XFSM_SEVERITY_LOW,
    XFSM_SEVERITY_MEDIUM,
    XFSM_SEVERITY_HIGH,
    XFSM_SEVERITY_CRITICAL,
};

enum xfsm_severity xfsm_event_severity(const struct xfsm_event_view *);

/* Finds the renderer of that name.  Returns false if there is none. */
bool xfsm_renderer_from_name(const char *name, enum xfsm_renderer *);

/* Writes 'event' in 'buf' of XFSM_RENDER_MAX bytes, terminated.  Returns its
 * length. */
size_t xfsm_render(enum xfsm_renderer, const struct xfsm_event_view *event,
                   char *buf);

#endif /* xfsm/io/render.h */
