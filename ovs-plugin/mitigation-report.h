/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_MITIGATION_REPORT_H
#define OVS_PLUGIN_MITIGATION_REPORT_H 1

/* What is told of mitigation.  What becomes of a rule, and each refusal, goes
 * to three places:
 *
 *   - the log;
 *   - a list of the last MITIGATION_HISTORY lines, for ovs-appctl, that of
 *     rules apart from that of refusals, so that these do not drive out those;
 *   - the hub, as an event with topic mitigated/PROGRAM/ovs-xfsmd/mitigation
 *     and the fields "outcome", "bridge", "interface", "action" and "flow" (of
 *     a refusal but the first three).  The agent is a publisher of its own for
 *     that, with its own sequence, from the first event on.
 *
 * How often a rule is told is bounded by the caps of the planner.  Refusals,
 * which any packet may cause, are logged and published at most 60 at once and
 * one a second from then on; the counters have all.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stddef.h>
#include <stdint.h>

#include "openvswitch/token-bucket.h"
#include "ovs-plugin/mitigation-plan.h"
#include "ovs-plugin/mitigator.h"
#include "xfsm/runtime/event.h"

struct ds;
struct mitigation_rule;
struct xfsm_hub_link;
struct xfsm_publisher;

#define MITIGATION_LABEL "mitigated"

/* The last lines of a kind, in a ring. */
struct mitigation_history {
    char *entries[MITIGATION_HISTORY];
    size_t next;
};

struct mitigation_report {
    struct mitigation_history rules;
    struct mitigation_history refusals;
    struct token_bucket tokens; /* Of refusals. */
    struct xfsm_identity identity;
    struct xfsm_publisher *publisher;   /* NULL before the first event. */
    uint64_t hub_generation;    /* Of the hub it is joined to, or 0. */
};

/* 'epoch' is the number of its life, of epoch.h. */
void mitigation_report_init(struct mitigation_report *, uint64_t epoch);
void mitigation_report_destroy(struct mitigation_report *);

/* Tells what became of a rule. */
void mitigation_report_rule(struct mitigation_report *,
                            const struct mitigation_rule *,
                            const char *outcome);

/* Tells that a request was refused. */
void mitigation_report_refusal(struct mitigation_report *, const char *bridge,
                               const char *interface, const char *program,
                               enum mitigation_refusal);

/* Sends events to the hub, as those of 'host'. */
void mitigation_report_run(struct mitigation_report *,
                           struct xfsm_hub_link *, const char *host);
void mitigation_report_wait(const struct mitigation_report *);

/* Writes both lists. */
void mitigation_report_format(const struct mitigation_report *, struct ds *);

#endif /* ovs-plugin/mitigation-report.h */
