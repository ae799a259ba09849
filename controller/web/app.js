// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// The dashboard.  All that comes from the API is put into the page as text,
// never as markup.

import { forgetToken, getAll, getJson, getToken, request, setToken }
  from "./api.js";
import { Sparkline } from "./chart.js";
import { Stream } from "./events.js";
import { operate } from "./operate.js";

const PERIOD = 2000;
const MAX_EVENTS = 500;

const $ = (id) => document.getElementById(id);
const say = (text) => { $("message").textContent = text; };

const state = { status: null, stream: null, paused: false, program: null,
                graph: null };

// A cell, with a class that is not the only thing that tells.
function cell(row, text, name = "") {
  const td = row.insertCell();
  td.textContent = text ?? "";
  td.className = name;
  return td;
}

function fill(id, items, build) {
  const body = $(id);
  body.replaceChildren();
  for (const item of items) {
    build(body.insertRow(), item);
  }
  if (!items.length) {
    const td = cell(body.insertRow(), "none", "dim");
    td.colSpan = 8;
  }
}

const number = (n) => (n ?? 0).toLocaleString("en");

// ## Overview ##

const CARDS = [
  ["Hosts", (s) => s.status.hosts],
  ["Probes", (s) => s.sums.probes],
  ["Probes that failed", (s) => s.sums.probes_failed],
  ["Packets a second", (s) => s.rate("packets")],
  ["Dropped a second", (s) => s.rate("dropped")],
  ["Alerts a second", (s) => s.rate("alerts")],
];
const cards = new Map();
let before = null;

function showCard(name, value) {
  if (!cards.has(name)) {
    const div = document.createElement("div");
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    dt.textContent = name;
    div.append(dt, dd);
    $("cards").append(div);
    cards.set(name, { dd, spark: new Sparkline(div, name) });
  }
  const card = cards.get(name);
  card.dd.textContent = number(Math.round(value));
  card.spark.add(value);
}

async function showOverview() {
  const [status, hosts] = await Promise.all([getJson("/api/v1/status"),
                                             getAll("/api/v1/hosts")]);
  const sums = {};
  for (const host of hosts) {
    for (const [key, value] of Object.entries(host.statistics)) {
      sums[key] = (sums[key] ?? 0) + value;
    }
  }
  const now = { status, sums };
  now.rate = (key) => (before && status.time > before.status.time
    ? Math.max(0, ((sums[key] ?? 0) - (before.sums[key] ?? 0)) * 1000
                  / (status.time - before.status.time)) : 0);
  for (const [name, value] of CARDS) {
    showCard(name, value(now) ?? 0);
  }
  before = now;
}

// ## Events ##

function eventRow(row, { host, event }) {
  cell(row, event.time);
  cell(row, host);
  cell(row, event.port);
  cell(row, event.label, event.label === "alert" ? "bad" : "");
  cell(row, event.program);
  cell(row, event.text);
}

function filter() {
  return Object.fromEntries([...new FormData($("filter"))]
    .filter(([, value]) => value));
}

async function followEvents() {
  state.stream?.stop();
  const wanted = filter();
  const page = await getJson(`/api/v1/events?${new URLSearchParams(wanted)}`);
  fill("event-rows", page.items, eventRow);
  state.stream = new Stream(wanted, (gap, item) => {
    if (gap) {
      say(`${item.lost} events came faster than they could be shown`);
    } else if (!state.paused) {
      const body = $("event-rows");
      if (body.rows[0]?.cells.length === 1) {
        body.replaceChildren();
      }
      eventRow(body.insertRow(0), item);
      if (body.rows.length > MAX_EVENTS) {
        body.deleteRow(-1);
      }
    }
  }, (text) => { $("stream-state").textContent = text; });
}

// ## Hosts and ports ##

async function showHosts() {
  fill("host-rows", await getAll("/api/v1/hosts"), (row, host) => {
    const s = host.statistics;
    cell(row, host.name);
    cell(row, host.error ? `${host.state}: ${host.error}` : host.state,
         host.state === "done" ? "good" : "bad");
    cell(row, host.controller);
    cell(row, host.agent_version);
    for (const key of ["probes", "packets", "dropped", "alerts"]) {
      cell(row, number(s[key]));
    }
  });
}

async function showPorts() {
  fill("port-rows", await getAll("/api/v1/ports"), (row, port) => {
    cell(row, port.host);
    cell(row, port.bridge);
    cell(row, port.port);
    cell(row, port.status, port.status === "running" ? "good" : "bad");
    cell(row, port.programs.join(", "));
    cell(row, number(port.statistics.packets));
    cell(row, port.error);
  });
}

// ## Programs ##

async function showPrograms() {
  fill("program-rows", await getAll("/api/v1/programs"), (row, program) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = program.name;
    button.addEventListener("click", () => guard(openProgram(program.name)));
    cell(row, "").append(button);
    cell(row, program.version);
    cell(row, program.state);
    cell(row, program.error, "bad");
  });
}

async function showGraph(name) {
  const img = $("graph");
  if (state.graph) {
    URL.revokeObjectURL(state.graph);
  }
  state.graph = null;
  img.removeAttribute("src");
  img.alt = "";
  try {
    const response = await request(`/api/v1/programs/${name}/graph`);
    state.graph = URL.createObjectURL(await response.blob());
    img.src = state.graph;
    img.alt = `State machine of ${name}; its source follows`;
  } catch (error) {
    $("diagnostics").textContent = error.message;
  }
}

async function openProgram(name) {
  const response = await request(`/api/v1/programs/${name}/source`);
  state.program = { name, etag: response.headers.get("ETag") };
  $("source").value = await response.text();
  $("diagnostics").textContent = "";
  $("program-name").textContent = name;
  $("program").hidden = false;
  $("program-name").focus();
  await showGraph(name);
}

async function validate() {
  const response = await request("/api/v1/programs/validate",
    { method: "POST", body: $("source").value,
      headers: { "Content-Type": "application/xml" } });
  const { valid, diagnostics } = await response.json();
  $("diagnostics").textContent = valid ? "valid" : diagnostics;
}

async function save() {
  const { name, etag } = state.program;
  await request(`/api/v1/programs/${name}/source`,
    { method: "PUT", body: $("source").value,
      headers: { "Content-Type": "application/xml", "If-Match": etag } });
  await openProgram(name);
  await showPrograms();
  $("diagnostics").textContent = "saved";
}

// ## Pages ##

const PAGES = { overview: showOverview, events: followEvents,
                hosts: showHosts, ports: showPorts, programs: showPrograms };
const LIVE = new Set(["overview", "hosts", "ports"]);

function currentPage() {
  const name = location.hash.slice(1);
  return name in PAGES ? name : "overview";
}

// Tells what went wrong in whatever 'promise' stands for.
async function guard(promise) {
  try {
    await promise;
    say("");
  } catch (error) {
    if (error.status === 401) {
      signOut();
    }
    say(error.message);
  }
}

function showPage() {
  if (location.hash === "#main" || !state.status) {
    return;
  }
  const page = currentPage();
  for (const section of document.querySelectorAll("main > section")) {
    section.hidden = section.id !== page;
  }
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${page}`) {
      link.setAttribute("aria-current", "page");
    } else {
      link.removeAttribute("aria-current");
    }
  }
  if (page !== "events") {
    state.stream?.stop();
    state.stream = null;
  }
  guard(PAGES[page]());
}

async function signIn() {
  state.status = await getJson("/api/v1/status");
  const { user, role, name } = state.status;
  $("who").textContent = `${user} (${role}) at ${name}`;
  $("nav").hidden = $("sign-out").hidden = false;
  const writes = role !== "viewer";
  $("validate").disabled = !writes;
  $("save").disabled = !writes || state.status.source !== "database";
  showPage();
}

function signOut() {
  forgetToken();
  state.stream?.stop();
  state.status = null;
  $("who").textContent = "";
  $("nav").hidden = $("sign-out").hidden = true;
  for (const section of document.querySelectorAll("main > section")) {
    section.hidden = section.id !== "sign-in";
  }
  $("token").focus();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  $("theme").setAttribute("aria-pressed", String(theme === "dark"));
  localStorage.setItem("xfsm-theme", theme);
}

function start() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  setTheme(localStorage.getItem("xfsm-theme") || (dark ? "dark" : "light"));
  $("theme").addEventListener("click", () => setTheme(
    document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  $("sign-in-form").addEventListener("submit", (event) => {
    event.preventDefault();
    setToken($("token").value.trim());
    $("token").value = "";
    guard(signIn());
  });
  $("sign-out").addEventListener("click", signOut);
  $("filter").addEventListener("submit", (event) => {
    event.preventDefault();
    guard(followEvents());
  });
  $("pause").addEventListener("click", () => {
    state.paused = !state.paused;
    $("pause").setAttribute("aria-pressed", String(state.paused));
  });
  $("validate").addEventListener("click", () => guard(validate()));
  $("save").addEventListener("click", () => guard(save()));
  operate({ pages: PAGES, live: LIVE, state });
  addEventListener("hashchange", showPage);
  setInterval(() => {
    const page = currentPage();
    if (state.status && !document.hidden && LIVE.has(page)) {
      guard(PAGES[page]());
    }
  }, PERIOD);
  if (getToken()) {
    guard(signIn());
  } else {
    signOut();
  }
}

start();
