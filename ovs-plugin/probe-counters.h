/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PROBE_COUNTERS_H
#define OVS_PLUGIN_PROBE_COUNTERS_H 1

/* What the counters of a probe mean, by name: for "xfsm/stats", and for the
 * metrics of the agent, which has no more than names and values.
 *
 * Thread-safety: nothing here changes. */

#include <stdbool.h>

/* C(TYPE, NAME, DOC): counters of the probe, and what of it can fall, besides
 * XFSM_ENGINE_COUNTERS, XFSM_DECODE_ERRORS ("decode_" and what is wrong) and
 * XFSM_PUBLISH_LABELS ("publish_drop_" and the label). */
#define XFSM_PROBE_COUNTERS(C) \
    C(counter, rx_received, "Packets that passed the kernel's filter") \
    C(counter, rx_packets, \
      "Of these, packets taken from the ring and processed") \
    C(gauge, rx_waiting, "Of these, packets still in the ring") \
    C(counter, rx_segments, "Packets on the wire that those processed were") \
    C(counter, rx_headers, \
      "Packets processed of which only the headers were copied") \
    C(counter, rx_truncated, "Packets that were not captured to their end") \
    C(counter, dropped, "Packets lost since the ring was full") \
    C(counter, rx_ring_full, "Times at which the ring was found full") \
    C(counter, rx_filtered, \
      "Packets that no program wants, spared by the kernel") \
    C(counter, publish_sent, "Events handed to the hub") \
    C(counter, publish_delayed, "Events that had to wait for the hub") \
    C(gauge, publish_queued, "Events that wait for the hub now") \
    C(counter, mitigation_sent, "Requests for mitigation told to the agent") \
    C(counter, mitigation_repeated, \
      "Requests told less than a second before") \
    C(counter, mitigation_dropped, \
      "Requests that the agent was not told of") \
    C(counter, messages_received, "Messages that came from the hub") \
    C(counter, messages_malformed, "Messages that are no events") \
    C(counter, messages_own, "Messages that pretend to be of this probe") \
    C(counter, messages_unheard, "Messages that no program hears any more") \
    C(gauge, topics_heard, "Topics that programs hear of other probes") \
    C(counter, topics_refused, "Topics beyond 64 that were not asked for") \
    C(counter, cpu_ms, "Processor time used, in ms") \
    C(gauge, workers, "Threads that share the packets") \
    C(gauge, workers_split, "1 if they do, 0 if one of them does all") \
    C(counter, workers_resteered, \
      "Programs begun anew to spread packets otherwise")

/* Returns what the counter counts, or "". */
const char *xfsm_probe_counter_doc(const char *name);

/* True if its value can fall. */
bool xfsm_probe_counter_is_gauge(const char *name);

#endif /* ovs-plugin/probe-counters.h */
