// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// The page of one port.

import { getJson } from "./api.js";
import { Charts, PORT } from "./charts.js";
import { $, cell, eventRow, facts, fill, here, link, number, pairs }
  from "./dom.js";
import { showTalkers } from "./talkers.js";

const EVENTS = 20;

let charts = null;

function programs(port) {
  const running = new Set(port.running_programs);
  return port.programs.map((name) => {
    const version = port.versions[name];
    return name + (version ? ` (version ${version})` : "")
      + (running.has(name) ? "" : ": not running");
  }).join(", ");
}

export async function showPort(host, name) {
  const stay = here();
  const path = `/api/v1/hosts/${encodeURIComponent(host)}/ports/${
    encodeURIComponent(name)}`;
  $("h-port").textContent = `Port ${name} of ${host}`;
  charts ??= new Charts($("port-charts"), PORT);
  const [port] = await Promise.all([getJson(path),
                                    charts.show(`${path}/history`)]);
  const of = { host, port: port.port };
  const events = await getJson(`/api/v1/events?${
    new URLSearchParams({ ...of, limit: EVENTS })}`);
  if (!stay()) {
    return;
  }
  const s = port.statistics;
  facts("port-facts", [
    ["Status", port.status, port.status === "running" ? "good" : "bad"],
    ["Error", port.error, "bad"], ["What it cannot see", port.notes, "bad"],
    ["Host", link(host, "host", host)], ["Bridge", port.bridge],
    ["Port", port.port === port.interface ? "" : port.port],
    ["Programs", programs(port)], ["Restarts", number(port.restarts)],
    ["Reads by", port.netdev_class],
    ["Packets", number(s.packets)], ["Dropped", number(s.dropped)],
    ["Alerts", number(s.alerts)], ["Last event", port.last_event],
    ["External ids", pairs(port.external_ids)],
  ]);
  fill("port-states", Object.entries(port.states).sort(), (row, [key, n]) => {
    const slash = key.indexOf("/");
    cell(row, key.slice(0, slash));
    cell(row, key.slice(slash + 1));
    cell(row, number(n), "number");
  });
  fill("port-counters", Object.entries(s).sort(), (row, [key, n]) => {
    cell(row, key);
    cell(row, number(n), "number");
  });
  fill("port-events", events.items, eventRow);
  await showTalkers($("port-talkers"), of, stay);
}
