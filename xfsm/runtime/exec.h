/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_EXEC_H
#define XFSM_RUNTIME_EXEC_H 1

/* The executor: matcher and handlers of one instance on one packet.
 *
 * It relies on the verifier for everything an instruction refers to and
 * checks nothing again.
 *
 * Internal to the engine.  Thread-safety: none. */

#include "xfsm/runtime/clock.h"
#include "xfsm/runtime/instance.h"
#include "xfsm/runtime/message.h"
#include "xfsm/runtime/options.h"

struct xfsm_mailbox;

/* Periods that a timer may be behind when time jumps: it fires for each of
 * them.  Those beyond are skipped and counted, so that a timestamp from
 * another decade does not hold the engine up. */
#define XFSM_TIMER_CATCH_UP 1000

/* What is found out about a packet for one program before its turn. */
struct xfsm_match {
    uint16_t event;             /* Or XFSM_NONE. */
    struct xfsm_key_row keys;
};

/* What all instances of an engine share. */
struct xfsm_exec {
    struct xfsm_engine_options options;
    struct xfsm_seed seed;
    struct xfsm_engine_stats stats;
    struct xfsm_clock clock;
    unsigned int budget;        /* What of that which is due may be done
                                 * before the caller is asked again: timers
                                 * and periods, and moving some timers. */
    uint64_t seq;               /* Of the last event. */
    uint64_t lost;              /* Packets lost of late... */
    uint64_t lost_until;        /* ...which events up to then tell. */
    char text[XFSM_EVENT_TEXT_MAX + 4];
    const char *feature_names[XFSM_MAX_FEATURES];
    double feature_values[XFSM_MAX_FEATURES];
    struct xfsm_event_field fields[XFSM_MAX_MEMBERS];   /* Of 'text'. */
    int n_fields;
    char lists[XFSM_EVENT_LISTS_MAX];   /* Of 'fields'. */
    size_t n_lists;             /* Bytes. */

    /* Programs, what is known of packets for each of them, and messages among
     * them. */
    struct xfsm_instance **programs;
    struct xfsm_match **matches;
    unsigned int n_programs;

    /* Where xfsm_exec_packets() left off, before a packet: whether time has
     * come to that one, and which program has it next. */
    bool begun;
    unsigned int next_program;

    struct xfsm_mailbox *mailbox;   /* NULL if no program hears messages. */
    unsigned int n_letters;     /* In the mailbox. */
    unsigned int hops;          /* Of events published now. */
    struct xfsm_packet blank;   /* Of an event that brings no packet. */
};

/* The event that 'packet' goes to, or XFSM_NONE. */
uint16_t xfsm_exec_match(const struct xfsm_instance *,
                         const struct xfsm_packet *packet);

/* Does one test of the matcher hold for 'packet'?  Not for MJUMP, MEVENT and
 * MNONE, which are none. */
bool xfsm_match_test(const struct xfsm_instance *,
                     const struct xfsm_packet *packet,
                     const struct xfsm_match_op *);

/* Brings packets 'start' to 'end' to all programs, x->matches saying for each
 * what event it goes to: moves time, does what is due before each, and runs
 * what the event says for the state of the packet's primary key, if the packet
 * has that.  Returns the packet before which more is due than may be done now,
 * or 'end'. */
size_t xfsm_exec_packets(struct xfsm_exec *, const struct xfsm_packet *packets,
                         size_t start, size_t end);

/* Fires the timers of the instance that are due at 'limit', which is now or
 * before.  False if the budget was used up, so that there may be more. */
bool xfsm_exec_timers(struct xfsm_exec *, struct xfsm_instance *,
                      uint64_t limit);

/* Does what is due now: the start, timers and periods, in order of time; at
 * the same time timers go first, then events in document order.  False if the
 * budget was used up, so that there may be more: xfsm_exec_is_due() tells. */
bool xfsm_exec_wake(struct xfsm_exec *, struct xfsm_instance *);

/* Takes one from the budget; false if that was the last. */
static inline bool
xfsm_exec_spend(struct xfsm_exec *x)
{
    x->budget -= x->budget > 0;
    return x->budget > 0;
}

/* Runs the stop events of an instance that has started, once. */
void xfsm_exec_stop(struct xfsm_exec *, struct xfsm_instance *);

/* The message event that a message of 'topic' goes to, or XFSM_NONE. */
uint16_t xfsm_exec_hears(const struct xfsm_instance *, const char *topic);

/* Gives the instance a message of 'topic'; false if it does not hear it. */
bool xfsm_exec_message(struct xfsm_exec *, struct xfsm_instance *,
                       const struct xfsm_message *, const char *topic);

/* Is something due now? */
static inline bool
xfsm_exec_is_due(const struct xfsm_exec *x, const struct xfsm_instance *p)
{
    return p->wake <= x->clock.now
           || (p->timers && xfsm_timers_next(p->timers) <= x->clock.now);
}

/* Substitutes the text template 'text' into x->text, terminated, and returns
 * its length.  A structured one becomes "NAME=VALUE NAME=VALUE", and x->fields
 * points to the values; fields that do not fit are left out.  Lists are
 * "KEY(COUNT),KEY(COUNT)" in it, and JSON in x->lists: entries that do not fit
 * into both are left out. */
size_t xfsm_exec_text(struct xfsm_exec *, struct xfsm_instance *,
                      const struct xfsm_packet *packet, uint64_t ts,
                      const double *regs, uint16_t text);

/* Puts the text template 'text', which is neither structured nor has lists,
 * together as the value of a table: what does not fit is cut off and counted
 * (text_cut), and bytes that it does not take are zero. */
void xfsm_exec_table_text(struct xfsm_exec *, struct xfsm_instance *,
                          const struct xfsm_packet *packet, uint64_t ts,
                          const double *regs, uint16_t text,
                          struct xfsm_table_text *value);

/* Key 'key' of 'packet', built at most once into its row; NULL if the packet
 * lacks one of its fields. */
static inline const struct xfsm_key_value *
xfsm_exec_row_key(const struct xfsm_instance *p, struct xfsm_key_row *row,
                  const struct xfsm_packet *packet, uint16_t key)
{
    uint64_t bit = UINT64_C(1) << key;

    if (!(row->built & bit)) {
        row->built |= bit;
        if (xfsm_instance_key(p, key, packet,
                              xfsm_key_row_value(p, row, key))) {
            row->complete |= bit;
        }
    }
    return row->complete & bit ? xfsm_key_row_value(p, row, key) : NULL;
}

/* The same for the packet at hand. */
static inline const struct xfsm_key_value *
xfsm_exec_key(const struct xfsm_instance *p, const struct xfsm_packet *packet,
              uint16_t key)
{
    return xfsm_exec_row_key(p, p->keys, packet, key);
}

#endif /* xfsm/runtime/exec.h */
