/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_TRAFFIC_H
#define CONTROLLER_TRAFFIC_H 1

/* Sums over the probes of a host that only ever grow.
 *
 * A probe's counters begin anew when it is started again, and go with the
 * port.  Their sum would fall then, which whoever takes it for a counter must
 * read as a new beginning, and so count all that is left once more.  So what
 * each counter went up by is added up here instead.
 *
 * What the probes of a host had when the host was first looked at is not
 * counted: a controller that starts, or takes over a host, begins at 0.  Nor
 * is it where a row comes back, after the database server forgot it, and the
 * probe is none that was started meanwhile, as its epoch tells.
 *
 * What a probe counted after the last look, and before it ended, is missing.
 *
 * Costs 8 bytes a counter, and a name, for each probe.
 *
 * Thread-safety: none. */

#include <stdint.h>

struct ovsdb_idl;
struct xfsmrec_probe;

/* T(NAME, KEY, DOC): counters of probes, as column "statistics" of table Probe
 * has them; those called seconds are milliseconds here as well. */
#define XFSM_TRAFFIC(T) \
    T(packets, "packets", "Packets that programs saw") \
    T(bytes, "bytes", "Bytes of these, on the wire") \
    T(dropped, "dropped", "Packets lost since the probe was too slow") \
    T(filtered, "rx_filtered", \
      "Packets that no program wants, spared by the kernel") \
    T(truncated, "rx_truncated", \
      "Packets that were not captured to their end") \
    T(events, "events", "Events that programs published") \
    T(alerts, "alerts", "Of these, those labelled alert or critical") \
    T(events_dropped_critical, "publish_drop_critical", \
      "Critical events lost since the hub was too slow") \
    T(events_dropped_alert, "publish_drop_alert", \
      "Alerts lost since the hub was too slow") \
    T(state_refused, "state_refused", \
      "Keys that full state tables did not take") \
    T(probe_cpu_seconds, "cpu_ms", \
      "Processor time that probes used, in steps of 0.1")

/* T(NAME, KEY, DOC): counters of the hub, and of mitigation, as column
 * "statistics" of table XFSM_Global has them. */
#define XFSM_TRAFFIC_HUB(T) \
    T(published, "published", "Events that the hub published") \
    T(lost, "lost", "Events that never came to the hub") \
    T(suppressed, "suppressed", "Events beyond what a probe may publish") \
    T(journal_failed, "journal_failed", \
      "Records that the hub's journal could not take") \
    T(clients_denied, "clients_denied", \
      "Handshakes over TCP with a key that the hub does not know") \
    T(mitigations, "mitigation_installed", \
      "Flows that the switch installed for programs")

enum xfsm_traffic_id {
#define XFSM_TRAFFIC_ENUM(NAME, KEY, DOC) XFSM_TRAFFIC_##NAME,
    XFSM_TRAFFIC(XFSM_TRAFFIC_ENUM)
#undef XFSM_TRAFFIC_ENUM
    XFSM_TRAFFIC_N
};

enum xfsm_traffic_hub_id {
#define XFSM_TRAFFIC_ENUM(NAME, KEY, DOC) XFSM_TRAFFIC_HUB_##NAME,
    XFSM_TRAFFIC_HUB(XFSM_TRAFFIC_ENUM)
#undef XFSM_TRAFFIC_ENUM
    XFSM_TRAFFIC_HUB_N
};

struct xfsm_traffic_sums {
    uint64_t probes[XFSM_TRAFFIC_N];
    uint64_t hub[XFSM_TRAFFIC_HUB_N];
};

struct xfsm_traffic;

struct xfsm_traffic *xfsm_traffic_create(void);
void xfsm_traffic_destroy(struct xfsm_traffic *);

/* Takes what changed in the database of the host, which must be known. */
void xfsm_traffic_run(struct xfsm_traffic *, struct ovsdb_idl *);

const struct xfsm_traffic_sums *xfsm_traffic_get(const struct xfsm_traffic *);

/* Adds 'from' to 'to'. */
void xfsm_traffic_add(struct xfsm_traffic_sums *to,
                      const struct xfsm_traffic_sums *from);

/* What 'probe' itself has now. */
void xfsm_traffic_read(const struct xfsmrec_probe *probe,
                       uint64_t values[XFSM_TRAFFIC_N]);

#endif /* controller/traffic.h */
