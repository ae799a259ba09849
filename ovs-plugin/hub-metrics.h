/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_METRICS_H
#define OVS_PLUGIN_HUB_METRICS_H 1

/* Counters of the hub and of its probes in the text format of OpenMetrics
 * 1.0, which Prometheus reads too.
 *
 * "ovs-appctl -t xfsm-hub xfsm/metrics" prints it; written to a file NAME.prom
 * it is what the textfile collector of a node exporter takes.  Names begin
 * with xfsm_hub_ (the process) and xfsm_probe_ (labels: host, bridge, port).
 *
 * Thread-safety: for one thread. */

#include <stdint.h>

struct ds;

/* M(TYPE, NAME, DOC): all counters of the hub, and what of it can fall. */
#define XFSM_HUB_METRICS(M) \
    M(counter, "received", "Events that came from probes") \
    M(counter, "received_bytes", "Bytes of these") \
    M(counter, "malformed", "Messages of probes that are no events") \
    M(counter, "lost", "Events that never came to the hub") \
    M(counter, "suppressed", "Events beyond what a probe may publish") \
    M(counter, "repeated", "Events that were in the journal already") \
    M(counter, "published", "Events, and records of the hub's own, that " \
      "ZeroMQ took") \
    M(counter, "publish_failed", "The same that it did not take") \
    M(gauge, "probes", "Probes that are connected") \
    M(counter, "probes_refused", "Probes beyond the limit") \
    M(counter, "topics_forgotten", "Topics of probes that made room for " \
      "others: a gap before their next event is not seen") \
    M(gauge, "subscriptions", "Topics that subscribers asked for") \
    M(counter, "cbor_published", "Events published as CBOR") \
    M(counter, "line_published", "Events published in one frame") \
    M(counter, "forms_failed", "Events that could not be published so") \
    M(gauge, "forms_subscriptions", "Topics that subscribers to these forms " \
      "asked for") \
    M(counter, "replay_requests", "Questions for what was missed") \
    M(counter, "replay_refused", "Questions that were not answered") \
    M(counter, "replayed", "Events sent again") \
    M(counter, "clients_allowed", "Handshakes over TCP with a key of a " \
      "client") \
    M(counter, "clients_denied", "Handshakes over TCP with another key") \
    M(gauge, "journal_records", "Records that the journal has") \
    M(counter, "journal_appended", "Records written") \
    M(counter, "journal_failed", "Records that could not be written") \
    M(counter, "journal_recovered", "Records found at the start") \
    M(counter, "journal_torn", "Segments that ended in half a record") \
    M(counter, "journal_syncs", "Times that the journal was synced") \
    M(counter, "journal_recycled", "Segments that were written over") \
    M(counter, "messages_said", "Events that some probe hears") \
    M(counter, "messages_delivered", "Messages handed to probes") \
    M(counter, "messages_looped", "Events that went through too many " \
      "messages already") \
    M(counter, "messages_shed_said", "Events beyond the rate of who said " \
      "them") \
    M(counter, "messages_shed_heard", "Messages beyond the rate of who " \
      "hears them") \
    M(counter, "messages_shed_hub", "Messages beyond the rate of the hub") \
    M(counter, "messages_shed_full", "Messages to probes that do not keep " \
      "up") \
    M(counter, "wants_malformed", "Lists of topics that are none") \
    M(counter, "wants_early", "Lists of topics beyond their rate") \
    M(counter, "wants_refused", "Topics beyond the limit") \
    M(gauge, "topics_heard", "Topics that probes hear") \
    M(gauge, "peers", "Hubs of other hosts that are followed") \
    M(gauge, "peers_connected", "Of these, those that are connected") \
    M(counter, "peers_refused", "Connections that these refused") \
    M(counter, "peer_messages", "Events that came from these") \
    M(counter, "peer_malformed", "Messages of these that are no events")
struct xfsm_hub_core;

/* Adds the metric 'xfsm_hub_NAME' with 'value'; one that XFSM_HUB_METRICS does
 * not know is a counter. */
void xfsm_hub_metrics_add(const char *name, uint64_t value, void *ds);

/* Adds the metrics of all probes, and the end. */
void xfsm_hub_metrics_add_probes(const struct xfsm_hub_core *, struct ds *);

#endif /* ovs-plugin/hub-metrics.h */
