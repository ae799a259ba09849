// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// The dashboard: signing in, and which page is shown.

import { forgetToken, getAll, getJson, getToken, request, setToken }
  from "./api.js";
import { $, cell, eventRow, fill } from "./dom.js";
import { Stream } from "./events.js";
import { hostRow, portRow, showHost } from "./host.js";
import { showOverview } from "./overview.js";
import { showPort } from "./port.js";

const PERIOD = 2000;
const MAX_EVENTS = 500;

const say = (text) => { $("message").textContent = text; };

const state = { status: null, stream: null, paused: false, program: null,
                graph: null };

// ## Events ##

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

const showHosts = async () =>
  fill("host-rows", await getAll("/api/v1/hosts"), hostRow);

const showPorts = async () =>
  fill("port-rows", await getAll("/api/v1/ports"), portRow);

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
                hosts: showHosts, ports: showPorts, host: showHost,
                port: showPort, programs: showPrograms };
const LIVE = new Set(["overview", "hosts", "ports", "host", "port"]);

// Pages that the navigation does not have, and those that lead to them.
const ABOVE = { host: "hosts", port: "ports" };

// The name of the page, and what it is about: "#port/hv1/vm1".
function currentPage() {
  const [name, ...about] = location.hash.slice(1).split("/")
    .map(decodeURIComponent);
  return name in PAGES ? [name, ...about] : ["overview"];
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
  const [page, ...about] = currentPage();
  for (const section of document.querySelectorAll("main > section")) {
    section.hidden = section.id !== page;
  }
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${ABOVE[page] ?? page}`) {
      link.setAttribute("aria-current", "page");
    } else {
      link.removeAttribute("aria-current");
    }
  }
  if (page !== "events") {
    state.stream?.stop();
    state.stream = null;
  }
  guard(PAGES[page](...about));
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
  addEventListener("hashchange", showPage);
  setInterval(() => {
    const [page, ...about] = currentPage();
    if (state.status && !document.hidden && LIVE.has(page)) {
      guard(PAGES[page](...about));
    }
  }, PERIOD);
  if (getToken()) {
    guard(signIn());
  } else {
    signOut();
  }
}

start();
