/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_SOURCE_H
#define OVS_PLUGIN_HUB_SOURCE_H 1

/* What the hub knows of each probe: its name, its present life (epoch), the
 * number of its last event, the last event of each of its topics, and how much
 * it may still publish.
 *
 * A source is found by host, bridge and port, as the probe's events tell
 * them, and outlives the probe by XFSM_HUB_SOURCE_LINGER, so that a probe that
 * is started again is followed without a break.  There are at most
 * XFSM_HUB_MAX_SOURCES; beyond that, the one that ended first makes room, and
 * if all are running a new one is refused.
 *
 * Thread-safety: for one thread. */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/hmap.h"
#include "xfsm/io/event-decode.h"

/* Sources at most, and how long one is kept after its probe, in ms. */
#define XFSM_HUB_MAX_SOURCES 8192
#define XFSM_HUB_SOURCE_LINGER 60000

/* Topics of a source that are followed: two labels of each of the programs
 * that a probe can have.  One that is new takes the place of that whose last
 * event is the oldest; of the latter the next event has no "prev". */
#define XFSM_HUB_MAX_TOPICS 64

/* Labels with a limit of their own. */
#define XFSM_HUB_MAX_LABEL_RATES 8

/* Longest label, terminator included. */
#define XFSM_HUB_LABEL_SIZE 64

/* Events a second that one probe may publish; 0: as many as it likes. */
struct xfsm_hub_rates {
    unsigned int all;           /* Of labels that are not kept. */
    size_t n;
    struct {
        char label[XFSM_HUB_LABEL_SIZE];
        unsigned int rate;
    } labels[XFSM_HUB_MAX_LABEL_RATES];
};

/* Parses "LABEL=RATE,..." into 'rates'.  Returns NULL or an error that the
 * caller frees. */
char *xfsm_hub_rates_parse(struct xfsm_hub_rates *rates, const char *s);

/* A token bucket that holds the tokens of one second. */
struct xfsm_hub_bucket {
    double tokens;
    long long int filled;       /* Monotonic ms. */
};

/* Adds the tokens of the time that has passed.  Returns how many there are. */
double xfsm_hub_bucket_fill(struct xfsm_hub_bucket *, unsigned int rate,
                            long long int now);

/* Takes a token.  'now' is in monotonic ms.  Returns false if there is none.
 */
bool xfsm_hub_bucket_take(struct xfsm_hub_bucket *, unsigned int rate,
                          long long int now);

struct xfsm_hub_topic {
    char *name;                 /* LABEL/PROGRAM. */
    size_t len;
    uint64_t seq;               /* Last event; 0: none in this life. */
};

struct xfsm_hub_source {
    struct hmap_node node;
    char *host, *bridge, *port; /* As in JSON, still escaped. */
    char *topic;                /* BRIDGE/PORT, as in topics. */
    int feeds;                  /* Feeds it comes from now: 0 or 1, and 2
                                 * while one probe replaces another. */
    long long int ended;        /* When that became 0, monotonic ms. */

    bool followed;              /* 'last_seq' is known. */
    uint64_t epoch;             /* 0: not known. */
    uint64_t last_seq;
    uint64_t journaled_seq;     /* Last one that is in the journal. */

    bool topics_forgotten;      /* In this life. */
    size_t n_topics;
    struct xfsm_hub_topic topics[XFSM_HUB_MAX_TOPICS];

    struct xfsm_hub_bucket all;
    struct xfsm_hub_bucket labels[XFSM_HUB_MAX_LABEL_RATES];
    struct xfsm_hub_bucket said;        /* hub-mail.h. */

    /* Events in a row that were suppressed and not told of yet. */
    uint64_t suppressed_from, suppressed_to;

    /* Counters, of all lives. */
    uint64_t events;            /* Published. */
    uint64_t lost;              /* Missing before the hub. */
    uint64_t suppressed;        /* Beyond the rate. */
};

struct xfsm_hub_sources {
    struct hmap map;
    uint32_t basis;             /* Of the hash of names. */
    uint64_t refused;           /* For want of room. */
};

/* Draws a random number, so it must be called outside the cage. */
void xfsm_hub_sources_init(struct xfsm_hub_sources *);
void xfsm_hub_sources_destroy(struct xfsm_hub_sources *);

/* Returns the source of the event 'view', made if need be, whose topic is
 * 'topic'; NULL if there is no room. */
struct xfsm_hub_source *xfsm_hub_sources_get(struct xfsm_hub_sources *,
                                             const struct xfsm_event_view *,
                                             const char *topic,
                                             size_t topic_len);

/* Removes the sources that ended long before 'now'. */
void xfsm_hub_sources_expire(struct xfsm_hub_sources *, long long int now);

/* True if 'view' is of this source. */
bool xfsm_hub_source_is(const struct xfsm_hub_source *,
                        const struct xfsm_event_view *);

/* Begins the life 'epoch'. */
void xfsm_hub_source_begin(struct xfsm_hub_source *, uint64_t epoch);

/* Returns the topic LABEL/PROGRAM at the start of 'topic', or NULL if that has
 * none.  Increments 'forgotten' if another one makes room for it. */
struct xfsm_hub_topic *xfsm_hub_source_topic(struct xfsm_hub_source *,
                                             const char *topic, size_t len,
                                             uint64_t *forgotten);

#endif /* ovs-plugin/hub-source.h */
