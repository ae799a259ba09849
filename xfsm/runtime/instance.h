/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_INSTANCE_H
#define XFSM_RUNTIME_INSTANCE_H 1

/* An instance: a verified image with the memory it runs on.
 *
 * Metrics, tables, the state table and the timers are allocated here, once,
 * at the sizes the image states; what is not touched costs nothing (mem.h).
 *
 * A timer outlives the packet that armed it, so it carries a *snapshot*: the
 * values of every packet field that some timeout handler of the program can
 * read, and the head of the packet if one publishes it raw.  When the timer
 * fires, the snapshot is unfolded into a struct xfsm_packet, and the handler
 * runs on that as on any packet.
 *
 * Internal to the engine.  Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/base/hash.h"
#include "xfsm/packet/packet.h"
#include "xfsm/program/image.h"
#include "xfsm/runtime/history.h"
#include "xfsm/runtime/key-value.h"
#include "xfsm/runtime/lower.h"
#include "xfsm/runtime/native.h"
#include "xfsm/runtime/summary.h"
#include "xfsm/runtime/timers.h"
#include "xfsm/sketch/detector.h"
#include "xfsm/sketch/keytable.h"
#include "xfsm/sketch/tewma.h"

/* Bytes of text, and of the packet itself, that a snapshot keeps. */
#define XFSM_SNAPSHOT_TEXT_MAX 255
#define XFSM_SNAPSHOT_RAW_MAX 256

/* Record of a table of texts. */
struct xfsm_table_text {
    uint8_t len;                /* At most XFSM_MAX_TABLE_TEXT. */
    char bytes[XFSM_MAX_TABLE_TEXT];
};

/* Record of the state table. */
struct xfsm_state_entry {
    uint64_t since;             /* When the state was entered, packet time. */
    uint16_t state;
    uint16_t spec;              /* Which key of the image it was: a hint. */
};

struct xfsm_metric_memory {
    struct xfsm_detector *detector;     /* NULL if off. */
    struct xfsm_tewma *tewma;           /* By the type of the monitor: one */
    struct xfsm_keytable *counters;     /* of these,                       */
    struct xfsm_summary *summary;       /* which is for those of dialect 2, */
    double simple;                      /* or this.                        */
};

/* So many keys in the state table are in the cache: they are looked up when
 * their packet has its turn, and not told ahead. */
#define XFSM_FEW_STATES 1024

/* Where a field lies in the snapshot. */
struct xfsm_snapshot_field {
    uint8_t field_id;
    uint16_t offset;
};

struct xfsm_snapshot_layout {
    struct xfsm_snapshot_field fields[XFSM_N_FIELDS];
    unsigned int n_fields;
    bool raw;                   /* Keep the head of the packet. */
    uint16_t raw_offset;
    size_t size;                /* Bytes. */
};

/* Memory that a handler of an event is likely to touch, so that it can be
 * fetched ahead: what is found under 'key' in one structure. */
struct xfsm_touch {
    enum {
        XFSM_TOUCH_DETECTOR,
        XFSM_TOUCH_TEWMA,
        XFSM_TOUCH_COUNTMIN,
        XFSM_TOUCH_KEYTABLE,
    } kind;
    uint16_t key;
    bool first;                 /* By the handler of the first state alone, but
                                 * perhaps those of few others: for keys in the
                                 * state table it is not fetched. */
    const void *memory;
};

/* Touches of one event that are worth it. */
#define XFSM_MAX_TOUCHES 8

struct xfsm_touches {
    unsigned int n;
    bool tables;                /* Is one of them a table? */
    bool firsts;                /* Is one of them 'first'? */
    struct xfsm_touch list[XFSM_MAX_TOUCHES];
};

/* What is done with a packet of an event, at hand without looking around in
 * the image. */
struct xfsm_plan {
    uint64_t primary;           /* Its primary key, as a bit map by key... */
    uint32_t key_offset;        /* ...in a row... */
    uint16_t key;               /* ...and by number. */
    const uint16_t *handlers;   /* By state; XFSM_NONE: none. */
};

/* The keys of one packet: those built so far, and those that the packet is
 * known to have all fields of.  What is complete and not built has its hash,
 * and no words yet.  Each value has as many words as its key needs,
 * so that a row is short: xfsm_key_row_value() finds it. */
struct xfsm_key_row {
    uint64_t built, complete;   /* Bit maps by key. */
    char *values;
    uint32_t slot;              /* Where the state table has the primary key,
                                 * probably: for xfsm_keytable_find_at(). */
};

struct xfsm_instance {
    void *bytes;                /* The image; 'image' is a view of it. */
    size_t n_bytes;
    struct xfsm_image image;
    const struct xfsm_seed *seed;
    uint64_t tweak;             /* Sets this program's hashes apart. */

    const char *name;
    struct xfsm_fieldset wants; /* Fields the program reads. */
    bool dynamic_matcher;       /* Does matching look into tables? */
    bool has_tables;            /* Do touches have tables among them? */
    bool has_rare;              /* Is one of 'rare' not NULL? */
    uint32_t seconds;           /* Packet time, where matching does. */

    struct xfsm_metric_memory metrics[XFSM_MAX_METRICS];
    struct xfsm_keytable *tables[XFSM_MAX_TABLES];
    struct xfsm_keytable *states;
    uint8_t state_lifetimes[XFSM_MAX_STATES];   /* Number of each state's
                                                 * lifetime in the table: its
                                                 * own, or where these are
                                                 * more than a table has, the
                                                 * next longer one. */
    uint64_t state_keys[XFSM_MAX_STATES];
    const char *state_names[XFSM_MAX_STATES];
    bool specs_stale;           /* Is the hint of an entry of another image,
                                 * which numbers keys in another way? */
    struct xfsm_history *history;
    struct xfsm_timers *timers;
    struct xfsm_snapshot_layout snapshot;

    /* Where a popped timer is unfolded. */
    struct xfsm_packet fired_packet;
    char *fired_payload;

    struct xfsm_lowered lowered;
    struct xfsm_native native;
    struct xfsm_touches touches[XFSM_MAX_EVENTS];
    struct xfsm_touches *rare[XFSM_MAX_EVENTS]; /* By state, what its handler
                                 * touches more; NULL: none does. */
    struct xfsm_plan plans[XFSM_MAX_EVENTS];    /* Of events of packets. */
    struct xfsm_key_row *keys;  /* Of the packet at hand. */
    struct xfsm_key_row fired_keys;     /* Of a timer's snapshot. */
    uint16_t key_offsets[XFSM_MAX_KEYS + 1];    /* In a row; the end of it. */

    /* Events about the program, and messages. */
    struct xfsm_state_entry own;        /* State of the empty key. */
    uint64_t wake;              /* When a period is due; 0 before the start of
                                 * a program that has events about itself,
                                 * UINT64_MAX if there is nothing to do. */
    uint64_t period_due[XFSM_MAX_EVENTS];
    bool started, stopped;
    bool hears;                 /* Has message events. */

    uint64_t handled, events;   /* Statistics. */
};

/* Works out 'wake' from 'started', 'stopped' and 'period_due'. */
void xfsm_instance_set_wake(struct xfsm_instance *);

/* Verifies the image of 'len' bytes, copies it and allocates its memory.
 * 'seed' must outlive the instance.  Returns NULL and stores the instance, or
 * an error that the caller frees. */
char *xfsm_instance_create(const void *image, size_t len,
                           const struct xfsm_seed *seed,
                           struct xfsm_instance **instancep);

/* Then, gets it ready to run on that memory, which stays where it is from
 * then on.  Returns false if there is none for that. */
bool xfsm_instance_prepare(struct xfsm_instance *);

/* Of the keys of event 'event' whose memory is fetched ahead, as a bit map,
 * those that only keys in the first state need: others are not built. */
uint64_t xfsm_instance_first_keys(const struct xfsm_instance *,
                                  uint32_t event);

/* Links its detectors to their slaves. */
void xfsm_instance_link(struct xfsm_instance *);
void xfsm_instance_destroy(struct xfsm_instance *);

/* Address space of all its tables, in bytes. */
uint64_t xfsm_instance_bytes(const struct xfsm_instance *);

/* Builds key 'key' of 'packet' into '*value'; false if the packet lacks one
 * of its fields. */
bool xfsm_instance_key(const struct xfsm_instance *, uint16_t key,
                       const struct xfsm_packet *packet,
                       struct xfsm_key_value *value);

/* Bytes of a value of 'n' words: only these are there in a row. */
static inline size_t
xfsm_key_value_size(unsigned int n)
{
    return offsetof(struct xfsm_key_value, w) + n * sizeof(uint64_t);
}

/* Where the row has key 'key'. */
static inline struct xfsm_key_value *
xfsm_key_row_value(const struct xfsm_instance *p,
                   const struct xfsm_key_row *row, uint16_t key)
{
    return (struct xfsm_key_value *) (void *) (row->values
                                               + p->key_offsets[key]);
}

/* Allocates a row for the keys of one packet, empty; false if there is no
 * memory. */
bool xfsm_key_row_init(const struct xfsm_instance *, struct xfsm_key_row *);
void xfsm_key_row_destroy(struct xfsm_key_row *);

/* Writes the snapshot of 'packet' to 'payload', and unfolds the one at
 * 'payload' into 'packet', whose text then points into 'payload'. */
void xfsm_snapshot_take(const struct xfsm_snapshot_layout *,
                        const struct xfsm_seed *,
                        const struct xfsm_packet *packet, char *payload);
void xfsm_snapshot_unfold(const struct xfsm_snapshot_layout *,
                          char *payload, struct xfsm_packet *packet);

/* Could xfsm_snapshot_take() have written this?  To be asked of what comes
 * from elsewhere. */
bool xfsm_snapshot_good(const struct xfsm_snapshot_layout *,
                        const char *payload);

/* If the text 'str' of an unfolded packet was cut when its snapshot was taken,
 * stores the digest of the whole text and returns true. */
bool xfsm_snapshot_digest(const struct xfsm_str *str, uint64_t digest[2]);

/* Works out which fields the timeout handlers of 'image' read. */
void xfsm_snapshot_lay_out(const struct xfsm_image *image,
                           struct xfsm_snapshot_layout *layout);

#endif /* xfsm/runtime/instance.h */
