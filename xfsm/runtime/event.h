/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_EVENT_H
#define XFSM_RUNTIME_EVENT_H 1

/* Events: what programs publish.
 *
 * The engine hands each event to its owner's callback as a struct xfsm_event,
 * which borrows everything it points to: it is good until the callback
 * returns.  xfsm_event_format_json() gives the form in which an event leaves
 * the host:
 *
 *     {"v":1,"time":"2026-11-23T16:42:36.123456789Z","label":"alert",
 *      "program":"portscan","version":"1.0","host":"hv1","bridge":"br0",
 *      "port":"vnet7","interface_uuid":"1b6e...","epoch":1763916156,
 *      "seq":17,"state":"suspicious","next_state":"scanning",
 *      "code":"D1","level":"WARN","description":"Port scan","attack":"T1046",
 *      "fields":{"target":"10.0.0.2","rate":4.5},
 *      "text":"...","suspect":true,"lost":12,"hops":1,
 *      "key":{"ip_src":"10.0.0.1"},
 *      "external_ids":{"iface-id":"4b1f...","vm-uuid":"9c02..."},
 *      "features":{"ports":31},
 *      "raw":"BASE64"}
 *
 * Where a key goes by the prefix of an address, "key" has the network, as
 * "10.0.0.0/24".  A field "a.b" is member "b" of an object "a", as "match" in
 * the events of label "mitigation" (xfsm/program/mitigation.h).  A field that
 * is a list of keys is an array of
 *
 *     {"key":{"ip_src":"10.0.0.1"},"count":1500,"error":20}
 *
 * the highest counts first; at most "error" of "count" is of other keys.
 *
 * "state" is that of the key when the event was published, before any change,
 * and "next_state" the one that the transition which published it leads to;
 * it is absent where the key stays in its state.
 *
 * "external_ids" are those of XFSM_IDENTITY_IDS that the switch's database has
 * for the interface or its port: what tells the operator's cloud which machine
 * it is.  They are of the moment of the event.
 *
 * Members without a value are left out, all but "v" to "seq".  Text is made
 * printable: a byte of a packet never reaches the output unescaped, and the
 * result is always valid JSON in ASCII. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/packet/packet.h"
#include "xfsm/packet/prefix.h"

/* Version of the event schema, the member "v". */
#define XFSM_EVENT_SCHEMA 1

/* Longest text of an event; the rest is cut, and "..." says so. */
#define XFSM_EVENT_TEXT_MAX 2048

/* Bytes that the lists of an event take together as JSON; entries that do not
 * fit are left out. */
#define XFSM_EVENT_LISTS_MAX 4096

/* Packet bytes that a raw event carries at most. */
#define XFSM_EVENT_RAW_MAX 1024

/* A buffer of this size takes any event as JSON, terminator included. */
#define XFSM_EVENT_JSON_MAX 16384

/* A buffer of this size takes any topic, terminator included. */
#define XFSM_EVENT_TOPIC_MAX 320

/* Labels that the original used; a program may use any other word. */
#define XFSM_LABEL_LOG "log"
#define XFSM_LABEL_ALERT "alert"
#define XFSM_LABEL_CRITICAL "critical"
#define XFSM_LABEL_FEATURE "feature"

/* I(ID, NAME): external_ids that events carry, no others: their number and
 * the length of each are bounded. */
#define XFSM_IDENTITY_IDS(I) \
    I(IFACE_ID, "iface-id") \
    I(VM_UUID, "vm-uuid") \
    I(VM_ID, "vm-id") \
    I(ATTACHED_MAC, "attached-mac")

enum xfsm_identity_id {
#define XFSM_IDENTITY_ENUM(ID, NAME) XFSM_ID_##ID,
    XFSM_IDENTITY_IDS(XFSM_IDENTITY_ENUM)
#undef XFSM_IDENTITY_ENUM
    XFSM_N_IDENTITY_IDS
};

extern const char *const xfsm_identity_id_names[XFSM_N_IDENTITY_IDS];

/* Longest value of one of them.  It must be printable ASCII, too. */
#define XFSM_IDENTITY_ID_MAX 128

/* Can it be told in events? */
bool xfsm_identity_id_fits(const char *value);

/* Who publishes. */
struct xfsm_identity {
    const char *host;           /* Never NULL, may be empty, as the others. */
    const char *bridge;
    const char *port;
    uint64_t epoch;             /* Tells one life of a probe from the next. */

    /* For xfsm_event_format_json() alone; NULL or empty: not known. */
    const char *interface_uuid;
    const char *ids[XFSM_N_IDENTITY_IDS];
};

/* A field of a structured event. */
struct xfsm_event_field {
    const char *name;
    const char *value;          /* As text, not terminated. */
    size_t len;
    bool number;                /* The text is that of a number... */
    bool list;                  /* ...or the JSON of a list of keys. */
};

struct xfsm_event {
    uint64_t ts;                /* Packet time, ns since the epoch. */
    uint64_t seq;               /* 1 for the engine's first event. */
    const char *program;
    const char *version;
    const char *label;
    const char *state;          /* State of the key when the event ran. */
    const char *next_state;     /* The one it is put into; empty: none. */
    const char *code;
    const char *level;
    const char *description;
    const char *attack;         /* MITRE ATT&CK technique, or empty. */

    const char *text;           /* Terminated. */
    size_t text_len;

    /* The key: field ids, and the packet that holds their values. */
    const struct xfsm_packet *packet;
    const uint8_t *key_fields;
    int n_key_fields;
    const struct xfsm_prefix_lengths *key_prefixes; /* By field, or NULL. */

    /* Fields of a structured event, which are in 'text' too, lists in a form
     * of their own. */
    int n_fields;
    const struct xfsm_event_field *fields;

    /* Features, for label "feature" and Export. */
    int n_features;
    const char *const *feature_names;
    const double *feature_values;

    const uint8_t *raw;         /* The packet, or NULL. */
    size_t raw_len;

    unsigned int hops;          /* Message events that led to it. */
    bool suspect;
    uint64_t lost;              /* Packets lost shortly before, engine.h. */
};

/* Writes 'event' as one line of JSON without a newline, terminated.  Returns
 * its length.  'size' must be at least XFSM_EVENT_JSON_MAX. */
size_t xfsm_event_format_json(const struct xfsm_event *event,
                              const struct xfsm_identity *identity,
                              char *buf, size_t size);

/* Writes "LABEL/PROGRAM/BRIDGE/PORT", terminated; '/' and bytes that are not
 * printable within a part come out as '_'.  Returns its length.  'size' must
 * be at least XFSM_EVENT_TOPIC_MAX. */
size_t xfsm_event_format_topic(const struct xfsm_event *event,
                               const struct xfsm_identity *identity,
                               char *buf, size_t size);

/* Writes the value of field 'i' of the key at 'buf', not terminated, and
 * returns its length; 0 if the packet lacks the field. */
size_t xfsm_event_format_key(const struct xfsm_event *event, int i,
                             char *buf, size_t size);

#endif /* xfsm/runtime/event.h */
