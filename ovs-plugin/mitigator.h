/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_MITIGATOR_H
#define OVS_PLUGIN_MITIGATOR_H 1

/* The agent's part of mitigation: takes requests off monitors, has flows
 * planned (mitigation-plan.h) with the policy of the port, and installs them
 * (mitigation-switch.h) where the operator has said "enforce".
 *
 * The mode of a port is external_ids:xfsm-mitigation of its Port, or else
 * options:mitigation, or else "dry-run", which plans, logs and counts, and
 * keeps to the same caps, but tells the switch nothing.
 *
 * Options that are not valid turn mitigation off: a list of protected
 * addresses that was misspelt must not protect less than it was to.
 *
 * A rule is a flow that was planned.  It is kept until its time is over, even
 * where the switch forgot the flow before, so that caps are never exceeded.
 * A request whose match and action have a rule already is counted and
 * otherwise ignored: the packets of a host that is blocked still come to the
 * probe, and each may ask again.
 *
 * A rule is planned anew whenever the configuration changes, and withdrawn if
 * that gives something else: its port is not to be enforced any more or has
 * another number, the address is protected now, the copy would go to another
 * port.  So numbers of ports that the switch uses again do no harm.
 *
 * The switch has what is in our books.  When a bridge was restarted, rules go
 * there again, for what is left of their time.  When an agent starts, or takes
 * over from another, it deletes what an agent that was killed has left in any
 * bridge; when it ends, what is its own.
 *
 * What becomes of requests is told by mitigation-report.h.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stddef.h>

#include "ovs-plugin/desired.h"
#include "sset.h"

struct ds;
struct mitigation_prefix;
struct ovsdb_idl;
struct smap;
struct xfsm_counters;
struct xfsm_hub_link;
struct xfsm_mitigator;
struct xfsm_monitor;

/* Named limits, of options and otherwise. */
#define MITIGATION_MAX_RULES 64             /* mitigation-max-rules. */
#define MITIGATION_MAX_SECONDS 3600         /* mitigation-max-seconds. */
#define MITIGATION_MAX_PORT_RULES 16        /* mitigation-max-port-rules. */
#define MITIGATION_PROTECTED_MAX 1024       /* Of mitigation-protect. */
#define MITIGATION_PER_MINUTE 60            /* Rules planned... */
#define MITIGATION_PORT_PER_MINUTE 20       /* ...of them, for one port. */
#define MITIGATION_HISTORY 64               /* Lines that are listed. */

/* How long the switch has to install a flow.  One that is late is deleted. */
#define MITIGATION_INSTALL_MS 5000

/* How long a bridge has to delete what was left. */
#define MITIGATION_CLEAN_MS 60000

/* Key of a Port's external_ids: with "true", copies may go there. */
#define MITIGATION_MIRROR_KEY "xfsm-mitigation-mirror"

/* C(NAME, DOC): counters, as "mitigation_NAME" in statistics. */
#define MITIGATION_COUNTERS(C) \
    C(asked, "Requests that came") \
    C(lost, "Requests that came faster than they were taken") \
    C(off, "Requests where mitigation is off") \
    C(refused, "Requests that were refused") \
    C(repeated, "Requests whose match and action have a rule already") \
    C(dry_run, "Rules that would have been installed") \
    C(installed, "Rules that the switch installed") \
    C(failed, "Rules that the switch refused or did not answer") \
    C(expired, "Rules that were installed and whose time is over") \
    C(withdrawn, "Rules deleted before their time was over")

/* What the operator set. */
struct mitigator_options {
    enum xfsm_mitigation_mode mode;     /* Never XFSM_MITIGATION_DEFAULT. */
    char *error;                /* Why nothing is done, or NULL. */
    unsigned int actions;       /* Bit map by enum xfsm_mitigation. */
    struct sset programs;       /* That may ask; empty: all. */
    unsigned int max_rules;
    unsigned int max_port_rules;
    unsigned int max_seconds;
    struct mitigation_prefix *prefixes;
    size_t n_prefixes;
    uint64_t *macs;
    size_t n_macs;
};

/* ## mitigator-options.c ## */

/* Reads options, of which those that are not valid are told in 'error'. */
void mitigator_options_init(struct mitigator_options *,
                            const struct smap *options);
void mitigator_options_destroy(struct mitigator_options *);

/* ## mitigator.c ## */

/* 'epoch' is the number of its life, of epoch.h. */
struct xfsm_mitigator *xfsm_mitigator_create(uint64_t epoch);
void xfsm_mitigator_destroy(struct xfsm_mitigator *);

/* Reads the options and adds what is wrong with them to 'errors'. */
void xfsm_mitigator_configure(struct xfsm_mitigator *,
                              const struct smap *options, struct ds *errors);

/* Takes the requests of a monitor.  'idl' is of database Open_vSwitch. */
void xfsm_mitigator_take(struct xfsm_mitigator *, struct xfsm_monitor *,
                         struct ovsdb_idl *);

/* Sends what there is to send, and forgets rules that are over.  'monitors'
 * are all, by interface; 'changed' tells that the configuration may be
 * another. */
void xfsm_mitigator_run(struct xfsm_mitigator *, struct ovsdb_idl *,
                        const struct shash *monitors, bool changed);
void xfsm_mitigator_wait(const struct xfsm_mitigator *);

/* Publishes events of what was done, as those of 'host'. */
void xfsm_mitigator_publish(struct xfsm_mitigator *, struct xfsm_hub_link *,
                            const char *host);

/* Withdraws all rules, since the agent ends or is not in charge any more. */
void xfsm_mitigator_stop(struct xfsm_mitigator *);

/* Adds the counters. */
void xfsm_mitigator_count(const struct xfsm_mitigator *,
                          struct xfsm_counters *);

/* Writes counters, rules and the last requests. */
void xfsm_mitigator_format(const struct xfsm_mitigator *, struct ds *);

#endif /* ovs-plugin/mitigator.h */
