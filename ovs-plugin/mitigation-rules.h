/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_MITIGATION_RULES_H
#define OVS_PLUGIN_MITIGATION_RULES_H 1

/* The books of mitigation: the rules that there are, and how many were planned
 * lately, from which the planner's caps are kept.  Rules of dry runs are kept
 * apart: they use up none of what is for those that are installed.
 *
 * The caller has the clock: all times are its milliseconds.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/list.h"
#include "ovs-plugin/mitigation-plan.h"
#include "ovs-plugin/mitigator.h"
#include "openvswitch/uuid.h"

/* A flow that is, or in a dry run would be, in the switch. */
struct mitigation_rule {
    struct ovs_list node;
    uint32_t id;                /* Lower half of the cookie. */
    struct mitigation_request request;
    struct mitigation_flow flow;
    char *interface;            /* That was watched... */
    struct uuid uuid;           /* ...and its row, set by the caller. */
    char *bridge;
    char *program;              /* That asked. */
    char *key;                  /* The same for the same match and action. */
    bool installed;             /* The switch has said so. */
    long long int asked;        /* When it was planned. */
    long long int until;        /* When its time is over. */
};

struct mitigation_books {
    struct ovs_list rules;      /* struct mitigation_rule, oldest first. */
    uint32_t next_id;

    /* When rules were planned, and for which interface (a hash): a ring for
     * rules that are installed and one for dry runs. */
    struct {
        struct {
            long long int when; /* 0: not yet. */
            uint32_t port;
        } entries[MITIGATION_PER_MINUTE];
        size_t next;
    } planned[2];
};

/* Initializes the books.  Rules are numbered from 'first_id', which should be
 * random, so that two agents do not use the same numbers. */
void mitigation_books_init(struct mitigation_books *, uint32_t first_id);
void mitigation_books_destroy(struct mitigation_books *);

/* Tells the planner what there is, for a rule of 'interface' at time 'now'.
 * The number of the rule is not 0, and its meter is that of no rule. */
struct mitigation_usage mitigation_books_usage(
    const struct mitigation_books *, const char *interface, bool dry_run,
    long long int now);

/* Returns what a flow has in common with those of the same match and action,
 * to be freed. */
char *mitigation_key(const struct mitigation_flow *, const char *bridge);

/* Is there a rule of that key? */
bool mitigation_books_has(const struct mitigation_books *, const char *key,
                          bool dry_run);

/* Returns the installed rule, or one that is to be, of that number or NULL. */
struct mitigation_rule *mitigation_books_find(const struct mitigation_books *,
                                              uint32_t id);

/* Adds a rule that was planned at time 'now', and returns it.  Texts are
 * copied. */
struct mitigation_rule *mitigation_books_add(
    struct mitigation_books *, const struct mitigation_request *,
    const struct mitigation_flow *, const char *interface, const char *bridge,
    const char *program, long long int now);

/* Removes a rule from the books. */
void mitigation_rule_destroy(struct mitigation_rule *);

#endif /* ovs-plugin/mitigation-rules.h */
