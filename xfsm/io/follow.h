/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_FOLLOW_H
#define XFSM_IO_FOLLOW_H 1

/* A subscriber that loses nothing without saying so.
 *
 * PUB/SUB of ZeroMQ drops messages and tells nobody.  This puts on top of it
 * what it takes to follow the events of hubs:
 *
 *   - gaps are found: by the numbers of the events where all are subscribed,
 *     by the member "prev", which links the events of one topic, where only
 *     some are, and by the heartbeats, which tell the last numbers once a
 *     second;
 *   - a gap is filled from the hub's journal, as far as that goes (it keeps
 *     the labels alert and critical), and what is still missing is told;
 *   - repetitions are dropped;
 *   - events of the past can be had first.
 *
 * Hence items come as they should be shown: events in their order, recovered
 * ones where they belong, and after them an item XFSM_FOLLOW_GAP if some are
 * gone for good or were recovered.
 *
 * While a gap is being filled, at most some seconds, xfsm_follow_next() has
 * nothing to give; what is published meanwhile is queued by ZeroMQ.
 *
 * It can be driven by a poll loop, together with many others, as nothing in it
 * waits but xfsm_follow_next() with a timeout.
 *
 * Who goes on where it stopped before, after a restart, tells what it had by
 * xfsm_follow_know(), and asks for the past since then.  The same is needed
 * when a connection was lost: a probe may have come and gone meanwhile, of
 * which no heartbeat will tell.  xfsm_follow_again() has that past come.
 *
 * Limits: the first number heard of a probe is taken as given.  Of one gap,
 * XFSM_FOLLOW_REPAIR_MAX events are recovered at most.
 *
 * Thread-safety: a follower belongs to one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/io/event-decode.h"
#include "xfsm/io/zmq-socket.h"

#define XFSM_FOLLOW_REPAIR_MAX 65536

/* Messages that are nothing to give out, as heartbeats and repetitions, that
 * are taken in a turn: who sends nothing else does not keep others from
 * theirs. */
#define XFSM_FOLLOW_TURN 1024

struct xfsm_key_pair;

struct xfsm_follow_options {
    const char *const *endpoints;
    size_t n_endpoints;
    char *const *topics;        /* Prefixes; none: all. */
    size_t n_topics;
    const struct xfsm_key_pair *keys;   /* NULL: no CURVE. */
    const char *server_key;
    uint64_t since_ms;          /* Events of the journal since then, in ms
                                 * since 1970, first; 0: none. */
    void *context;              /* Of ZeroMQ; NULL: one of its own. */

    /* For a loop, or NULL: is told of file descriptors to poll. */
    xfsm_zmq_watch_cb *watch;
    void *watch_aux;
};

enum xfsm_follow_kind {
    XFSM_FOLLOW_EVENT,          /* An event. */
    XFSM_FOLLOW_RECORD,         /* Of the hub: LOST or SUPPRESSED. */
    XFSM_FOLLOW_GAP,            /* A gap was found. */
    XFSM_FOLLOW_PAST,           /* That was the past. */
};

/* Good until the next call with the same follower. */
struct xfsm_follow_item {
    enum xfsm_follow_kind kind;

    /* Of an event, and of a record. */
    const char *topic;
    size_t topic_len;
    const char *body;
    size_t body_len;
    struct xfsm_event_view event;
    bool recovered;             /* From the journal. */
    bool subscribed;            /* Its topic was asked for. */

    /* Of a gap.  Its 'event' is that from which it was seen. */
    uint64_t n_recovered;
    uint64_t n_missing;         /* Still. */
    bool uncertain;             /* There may be more than 'n_missing'. */
    bool answered;              /* A hub was asked and answered. */

    /* Of the past. */
    bool complete;              /* All hubs answered. */
    uint64_t oldest_ms;         /* Oldest event that they have, or 0. */
};

struct xfsm_follow;

/* Creates a follower; 'options' and what it points to must outlive it.
 * Returns NULL and stores it in '*fp', or an error that the caller frees. */
char *xfsm_follow_create(const struct xfsm_follow_options *options,
                         struct xfsm_follow **fp);
void xfsm_follow_destroy(struct xfsm_follow *);

/* Tells that the events of a probe up to 'seq' in its life 'epoch' were had.
 * Only for a follower of all topics. */
void xfsm_follow_know(struct xfsm_follow *, struct xfsm_str host,
                      struct xfsm_str bridge, struct xfsm_str port,
                      uint64_t epoch, uint64_t seq);

/* Has the events of the journals since 'since_ms', which is not 0, come before
 * what is next, and an item XFSM_FOLLOW_PAST after them.  Events that came
 * already come again. */
void xfsm_follow_again(struct xfsm_follow *, uint64_t since_ms);

/* Takes the next item, after waiting for it up to 'timeout_ms' as
 * xfsm_zmq_sub_recv() does.  Returns 0 and fills in '*item', or what that
 * returns. */
int xfsm_follow_next(struct xfsm_follow *, int timeout_ms,
                     struct xfsm_follow_item *item);

/* For a loop: when xfsm_follow_next() is to be called, with a timeout of 0 and
 * until it returns EAGAIN, even without input: monotonic ms, INT64_MAX for
 * never. */
int64_t xfsm_follow_deadline(const struct xfsm_follow *);

/* As those of zmq-sub.h. */
unsigned int xfsm_follow_n_connected(struct xfsm_follow *);
uint64_t xfsm_follow_n_lost(struct xfsm_follow *);
uint64_t xfsm_follow_refused(struct xfsm_follow *);

/* When, by the clock of the hub, it published the heartbeat that was taken
 * last, in ms since 1970; 0: there was none, and it may be no hub. */
uint64_t xfsm_follow_heard_ms(const struct xfsm_follow *);

/* True if all items were given out that came before that. */
bool xfsm_follow_is_empty(const struct xfsm_follow *);

/* Repetitions dropped. */
uint64_t xfsm_follow_repeated(const struct xfsm_follow *);

/* Publishers forgotten for want of room (XFSM_GAP_SOURCES): a gap right before
 * the next event of one of these is not found. */
uint64_t xfsm_follow_forgotten(const struct xfsm_follow *);

#endif /* xfsm/io/follow.h */
