/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_INSPECT_H
#define XFSM_RUNTIME_INSPECT_H 1

/* Looking into a running program: its keys, what it knows of one, and why
 * that is where it is.  engine.h has the functions; here is what they tell.
 *
 * Nothing is changed by looking.  States whose time is up are shown as they
 * are in the table: a program finds that out when the key comes up again.
 *
 * ## Keys as text ##
 *
 * A key is written as "ip_src=10.0.0.1,ip_dst=10.0.0.2", and is understood
 * like that, or as the values of a primary key in its order,
 * "10.0.0.1-10.0.0.2", as in "xfsm test".  An address may be written with the
 * prefix length of its key.  Fields that are not part of the primary key may
 * be given too: with them more metrics can be looked up.  Where the program
 * has several primary keys, values alone are those of the first one that they
 * can be, and fields make the longest, of these one in whose order they are
 * given.  The key of the program itself, of its events "start", "stop" and
 * "period", is empty.
 *
 * Tables keep a digest of a text, not the text.  Where only that is known, it
 * is written, and understood, as '#' and 32 hexadecimal digits, which mean
 * something to the engine that wrote them alone.  All output is printable
 * ASCII.
 *
 * Thread-safety: as the engine. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key in a state other than the default, or the program itself. */
struct xfsm_flow {
    const char *key;
    const char *state;
    uint64_t since;             /* When it came into it, packet time, ns. */
    bool times_out;             /* Does the state have a timeout?  Then: */
    int64_t left;               /* ns until that, negative if it is over; */
    const char *next;           /* and the state after it. */
};

/* K(ID, NAME): kinds of facts about a key. */
#define XFSM_FACTS(K) \
    K(STATE, "state")           /* First, and always there. */ \
    K(DETECTOR, "detector")     /* 'value': 1 seen before, 0 new. */ \
    K(MONITOR, "monitor") \
    K(TABLE, "table") \
    K(FEATURE, "feature") \
    K(TIMER, "timer")           /* 'value': seconds it was set to. */ \
    K(CUT, "cut")               /* There is more, but no room to tell. */

enum xfsm_fact_kind {
#define XFSM_FACT_ENUM(ID, NAME) XFSM_FACT_##ID,
    XFSM_FACTS(XFSM_FACT_ENUM)
#undef XFSM_FACT_ENUM
    XFSM_N_FACTS
};

/* Different things that are told of a key at the most. */
#define XFSM_FACTS_MAX 1024

struct xfsm_fact {
    enum xfsm_fact_kind kind;
    const char *name;           /* Of the state, metric, table, feature or
                                 * timer class. */
    const char *type;           /* MONITOR: its type.  FEATURE: the event that
                                 * it is a feature of.  Else empty. */
    const char *key;            /* What it is kept under: the primary key, or
                                 * another.  Empty for a feature. */
    const char *missing;        /* Fields without which it cannot be told,
                                 * with commas; NULL if it is known. */
    bool there;                 /* TABLE: is there an entry?  TIMER: is it
                                 * armed?  Else true. */
    double value;
    const char *text;           /* TABLE: its text, if it has texts, 'len'
                                 * bytes, not terminated or made printable;
                                 * else NULL. */
    size_t len;
    uint64_t since;             /* STATE: as in struct xfsm_flow; 0 in the
                                 * default state, which is not kept. */
    bool times_out;             /* Does it have a deadline?  Then: */
    int64_t left;               /* ns until that; */
    const char *next;           /* STATE: and the state after it. */
};

/* A transition of a key, with its reason. */
struct xfsm_step {
    uint64_t ts;                /* Packet time, ns. */
    const char *from, *to;      /* States. */
    bool gone;                  /* It made room for another key, or its time
                                 * was up when that came. */
    const char *event;          /* Type of the event; NULL: that, or the
                                 * state's time was up, and nothing below says
                                 * more. */
    const char *detail;         /* Its timer class or topic, or empty. */
    unsigned int event_no;      /* In the program, from 1. */
    unsigned int condition;     /* In the event's state, from 1; 0: unknown. */
    unsigned int line;          /* Of the source, where that is. */
    const char *expression;     /* Of the condition, as written... */
    const char *actions;        /* ...and what was done.  Not made
                                 * printable. */
};

/* What is remembered of a program's transitions. */
struct xfsm_memory_of_steps {
    uint64_t n;                 /* Transitions that there were... */
    uint64_t kept;              /* ...and those that are remembered. */
    uint64_t since;             /* When the oldest of these was, packet time;
                                 * 0 if there is none. */
};

#endif /* xfsm/runtime/inspect.h */
