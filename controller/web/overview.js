// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// The overview: the whole fleet, and what is wrong with it.

import { getAll, getJson } from "./api.js";
import { Charts, FLEET } from "./charts.js";
import { $, eventRow, fill, here } from "./dom.js";
import { hostRow } from "./host.js";

const EVENTS = 5;

let charts = null;

// What 'promise' gives, or 'other' where that is not for users of a tenant.
const unlessForbidden = (promise, other) => promise.catch((error) => {
  if (error.status === 403) {
    return other;
  }
  throw error;
});

export async function showOverview() {
  const stay = here();
  charts ??= new Charts($("overview-charts"), FLEET);
  const [hosts, alerts] = await Promise.all([
    unlessForbidden(getAll("/api/v1/hosts"), []),
    getJson(`/api/v1/events?label=alert&limit=${EVENTS}`),
    unlessForbidden(charts.show("/api/v1/history"))]);
  if (!stay()) {
    return;
  }
  fill("overview-hosts", hosts.filter((host) => host.state !== "done"
                                      || host.statistics.probes_failed),
       hostRow);
  fill("overview-alerts", alerts.items, eventRow);
}
