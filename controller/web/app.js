// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// The dashboard: signing in, and which page is shown.

import { forgetToken, getAll, getJson, getToken, setToken } from "./api.js";
import { $, eventRow, fill } from "./dom.js";
import { Stream } from "./events.js";
import { hostRow, portRow, showHost } from "./host.js";
import { showOverview } from "./overview.js";
import { showPort } from "./port.js";
import { runCapture, save, showPrograms, validate } from "./program.js";
import { operate } from "./operate.js";

const PERIOD = 2000;
const MAX_EVENTS = 500;

const say = (text) => { $("message").textContent = text; };

const state = { status: null, stream: null, paused: false,
                liveMessage: false };

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

// ## Pages ##

const PAGES = { overview: showOverview, events: followEvents,
                hosts: showHosts, ports: showPorts, host: showHost,
                port: showPort, programs: showPrograms };
const LIVE = new Set(["overview", "hosts", "ports", "host", "port",
                      "programs"]);

// Pages that the navigation does not have, and those that lead to them.
const ABOVE = { host: "hosts", port: "ports" };

// The name of the page, and what it is about: "#port/hv1/vm1".
function currentPage() {
  const [name, ...about] = location.hash.slice(1).split("/")
    .map(decodeURIComponent);
  return name in PAGES ? [name, ...about] : ["overview"];
}

// Tells what went wrong in whatever 'promise' stands for.  What a user did
// wrong is told until the user does something else.
async function guard(promise, live = false) {
  try {
    await promise;
    if (!live || state.liveMessage) {
      say("");
    }
  } catch (error) {
    state.liveMessage = live;
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
  $("validate").disabled = $("capture-run").disabled = !writes;
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
  $("capture-form").addEventListener("submit", (event) => {
    event.preventDefault();
    guard(runCapture());
  });
  operate({ pages: PAGES, live: LIVE, state });
  addEventListener("hashchange", showPage);
  setInterval(() => {
    const [page, ...about] = currentPage();
    if (state.status && !document.hidden && LIVE.has(page)) {
      guard(PAGES[page](...about), true);
    }
  }, PERIOD);
  if (getToken()) {
    guard(signIn());
  } else {
    signOut();
  }
}

start();
