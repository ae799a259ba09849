// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// The page of one host, and the rows of ports that others show, too.

import { getAll, getJson } from "./api.js";
import { Charts, HOST } from "./charts.js";
import { $, cell, eventRow, facts, fill, here, link, number, pairs, time }
  from "./dom.js";

const EVENTS = 20;

let charts = null;

export function hostRow(row, host) {
  const s = host.statistics;
  cell(row, "").append(link(host.name, "host", host.name));
  cell(row, host.error ? `${host.state}: ${host.error}` : host.state,
       host.state === "done" ? "good" : "bad");
  cell(row, host.controller);
  cell(row, host.agent_version);
  for (const key of ["probes", "packets", "dropped", "alerts"]) {
    cell(row, number(s[key]), "number");
  }
}
hostRow.columns = ["Host", "State", "Controller", "Agent", "Probes",
                   "Packets", "Dropped", "Alerts"];

export function portRow(row, port) {
  cell(row, "").append(link(port.host, "host", port.host));
  cell(row, port.bridge);
  cell(row, "").append(link(port.interface, "port", port.host,
                            port.interface));
  cell(row, port.status, port.status === "running" ? "good" : "bad");
  cell(row, port.programs.join(", "));
  cell(row, number(port.statistics.packets), "number");
  cell(row, number(port.statistics.alerts), "number");
  cell(row, [port.error, port.notes].filter((x) => x).join("; "),
       port.error ? "bad" : "");
}
portRow.columns = ["Host", "Bridge", "Port", "Status", "Programs", "Packets",
                   "Alerts", "Error, limits"];

export async function showHost(name) {
  const stay = here();
  const path = `/api/v1/hosts/${encodeURIComponent(name)}`;
  const query = `host=${encodeURIComponent(name)}`;
  $("h-host").textContent = `Host ${name}`;
  charts ??= new Charts($("host-charts"), HOST);
  const [host, ports, events] = await Promise.all([
    getJson(path), getAll(`/api/v1/ports?${query}`),
    getJson(`/api/v1/events?limit=${EVENTS}&${query}`),
    charts.show(`${path}/history`)]);
  if (!stay()) {
    return;
  }
  const agent = host.agent ?? {};
  facts("host-facts", [
    ["State", host.state, host.state === "done" ? "good" : "bad"],
    ["What stands in the way", host.error, "bad"],
    ["What it cannot see", agent.visibility, "bad"],
    ["Its options", agent["options-error"], "bad"],
    ["Its hub", agent["hub-error"] ?? agent.hub,
     agent["hub-error"] ? "bad" : ""],
    ["Its metrics", agent["metrics-error"] ?? agent.metrics,
     agent["metrics-error"] ? "bad" : ""],
    ["Agent", host.agent_version], ["Controller", host.controller],
    ["As wanted since", time(host.last_sync)],
    ["Database", host.remotes.join(", ")], ["Events", host.events],
    ["Labels", pairs(host.labels)],
    ["First versions", pairs(host.canaries)],
    ["Packets", number(host.statistics.packets)],
    ["Dropped", number(host.statistics.dropped)],
    ["Alerts", number(host.statistics.alerts)],
    ["Changes put back", number(host.statistics.drifts)],
  ]);
  fill("host-ports", ports, portRow);
  fill("host-events", events.items, eventRow);
}
