// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// Roll-outs: which version of a program is on which hosts, and how to have
// another one there.

import { getAll, getJson, request } from "./api.js";
import { act, announce, button, confirm, count, el, field, formatTime,
         openDialog, Table } from "./ui.js";

// Options of a roll-out: key, label, least and greatest value.
const OPTIONS = [
  ["canary-percent", "Hosts that get it first (%)", 1, 100],
  ["canary-seconds", "How long these must be well (s)", 1, 604800],
  ["max-errors", "Failures of a probe that are too many", 0, 1000000],
  ["max-drop-percent", "Packets lost that are too many (%)", 0, 100],
  ["max-cpu-percent", "Processor time that is too much (%)", 1, 100000],
];

const PHASES = {
  none: () => "no version is wanted",
  waiting: (r) => (r.error ? "waiting" : "waiting to be decided"),
  canary: (r) => `canary: ${r.well} of ${count(r.canaries, "host")} well`,
  health: (r) => `health: ${count(r.well, "host")} well, until `
    + `${formatTime(r.ends)} UTC`,
  spreading: (r) => `spreading: on ${r.done} of ${count(r.hosts, "host")}`,
  done: (r) => `done: on ${count(r.hosts, "host")}`,
};
const GOING = new Set(["waiting", "canary", "health", "spreading"]);

const path = (program, what) =>
  `/api/v1/programs/${encodeURIComponent(program)}/${what}`;

// Has the API do 'verb', and returns what that said.
async function order(program, verb, body) {
  const response = await request(path(program, verb), {
    method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" } });
  const { detail } = await response.json();
  return `${program}: ${detail}`;
}

// Share of the way that a roll-out has gone.
function progressOf(rollout) {
  if (rollout.phase === "canary") {
    return 0.3 * (rollout.canaries ? rollout.well / rollout.canaries : 0);
  } else if (rollout.phase === "health") {
    const all = rollout.ends - rollout.since;
    return 0.3 + 0.4 * Math.min(1, Math.max(0, (Date.now() - rollout.since)
                                               / all));
  } else if (rollout.phase === "spreading") {
    return rollout.hosts ? Math.max(0.7, rollout.done / rollout.hosts) : 0.7;
  }
  return rollout.phase === "done" ? 1 : 0;
}

function showProgress(cell, rollout) {
  if (!cell.firstChild) {
    cell.append(el("progress", { max: 1 }), el("span"));
  }
  const [bar, text] = cell.children;
  bar.value = progressOf(rollout);
  bar.hidden = !rollout.version;
  bar.setAttribute("aria-label", `Roll-out of ${rollout.program}`);
  text.textContent = PHASES[rollout.phase](rollout);
  text.className = rollout.error || rollout.ill ? "bad"
    : rollout.phase === "done" ? "good" : "";
}

// ## Forms ##

class Options {
  constructor(values = {}) {
    this.inputs = OPTIONS.map(([name, label, min, max]) => {
      const input = el("input", { name, type: "number", min, max,
                                  placeholder: "as the fleet has it" });
      input.value = values[name] ?? "";
      return [input, label];
    });
    this.element = el("fieldset", {}, el("legend", {}, "How"),
      ...this.inputs.map(([input, label]) => field(label, input)));
  }

  get() {
    const values = {};
    for (const [input] of this.inputs) {
      if (input.value !== "") {
        values[input.name] = Number(input.value);
      } else if (!input.validity.valid) {
        throw new Error(`${input.name} is no number.`);
      }
    }
    return values;
  }
}

function rollOut(version, reload) {
  const options = new Options(version.options);
  const { name } = version;
  openDialog({
    title: `Roll out ${name}, version ${version.version}`,
    verb: "Roll out",
    body: el("div", { class: "form" }, el("p", {},
      "A version that is newer than the active one goes to the first hosts, "
      + "and, if these are well, to all. An older one takes the place of all "
      + "newer ones, on all hosts at once."), options.element),
    submit: async () => {
      const done = await order(name, "rollout", {
        version: version.version, options: options.get() });
      await reload();
      return done;
    },
  });
}

function upload(names, reload) {
  const program = el("input", { required: true, maxlength: 63, list: "known",
                                autocomplete: "off", spellcheck: "false" });
  const file = el("input", { type: "file", accept: ".xml,text/xml" });
  const options = new Options();
  file.addEventListener("change", () => {
    program.value ||= file.files[0]?.name.replace(/\.xml$/, "") ?? "";
  });
  openDialog({
    title: "Roll out a new version",
    verb: "Roll out",
    body: el("div", { class: "form" },
      el("datalist", { id: "known" }, ...names.map(
        (value) => el("option", { value }))),
      field("File", file, "A program in XML."),
      field("Program", program, "An old one, or a new name."),
      options.element),
    submit: async () => {
      if (!file.files[0] || !program.value.trim()) {
        throw new Error("A file and a name are needed.");
      }
      const name = program.value.trim();
      const etag = names.includes(name)
        ? (await request(path(name, "source"))).headers.get("ETag") : null;
      const query = new URLSearchParams(options.get());
      const response = await request(`${path(name, "source")}?${query}`, {
        method: "PUT", body: await file.files[0].text(),
        headers: { "Content-Type": "application/xml",
                   ...(etag ? { "If-Match": etag }
                     : { "If-None-Match": "*" }) } });
      const { detail } = await response.json();
      await reload();
      return `${name}: ${detail}`;
    },
  });
}

// ## One program ##

class Details {
  constructor(context, reload) {
    this.heading = el("h3", { tabindex: "-1" });
    this.options = el("p");
    this.versions = new Table({
      caption: "Versions, newest first",
      key: (v) => `version ${v.version}`,
      columns: [
        { title: "Version", text: (v) => v.version },
        { title: "State", text: (v) => v.state || "new",
          tone: (v) => ({ active: "good", invalid: "bad",
                          "rolled-back": "bad" })[v.state] ?? "" },
        { title: "Since (UTC)", text: (v) => formatTime(v.since) },
        { title: "Error", text: (v) => v.error },
        { title: "Actions", actions: [
          { name: "Roll out", run: (v) => rollOut(v, reload),
            when: (v) => context.may("operator")
              && (v.state === "rolled-back" || v.state === "replaced") }] },
      ],
    });
    this.hosts = new Table({
      caption: "Hosts that have the program",
      key: (h) => h.host,
      columns: [
        { title: "Host", text: (h) => h.host },
        { title: "Version", text: (h) => h.version || "none" },
        { title: "First", text: (h) => (h.canary ? "canary" : "") },
        { title: "State", text: (h) => (h.error ? `${h.state}: ${h.error}`
          : h.state), tone: (h) => (h.state === "done" ? "good" : "bad") },
        { title: "Verdict", text: (h) => h.verdict,
          tone: (h) => (h.verdict === "well" ? "good" : "bad") },
      ],
    });
    this.element = el("section", { hidden: true, "aria-label": "Roll-out" },
      this.heading, this.options, this.hosts.element, this.versions.element);
  }

  async open(program) {
    this.program = program;
    await this.show();
    this.heading.focus();
  }

  async show() {
    const { program } = this;
    if (!program) {
      return;
    }
    const [rollout, versions, hosts] = await Promise.all([
      getJson(path(program, "rollout")), getJson(path(program, "versions")),
      getAll(path(program, "rollout/hosts"))]);
    this.element.hidden = false;
    this.heading.textContent = `Roll-out of ${program}`;
    this.options.textContent = Object.entries(rollout.options ?? {})
      .map(([k, v]) => `${k}=${v}`).join(", ");
    this.versions.show(versions.items);
    this.hosts.show(hosts);
  }
}

// ## The page ##

export const rollouts = {
  id: "rollouts",
  title: "Roll-outs",
  live: true,

  create(section, context) {
    const reload = () => this.show(context);
    const writes = () => context.may("operator");
    this.names = [];
    this.phases = new Map();
    this.details = new Details(context, reload);
    this.add = button("New version", () => upload(this.names, reload));
    this.table = new Table({
      caption: "The version of each program that is wanted",
      key: (r) => r.program,
      columns: [
        { title: "Program", text: (r) => r.program },
        { title: "Version", text: (r) => r.version || "none" },
        { title: "Progress", show: showProgress },
        { title: "Error", tone: () => "bad",
          text: (r) => r.error ?? (r.newest_error
            && `version ${r.newest}: ${r.newest_error}`) },
        { title: "Actions", actions: [
          { name: "Details",
            run: (r) => act(() => this.details.open(r.program)) },
          { name: "Abort", when: (r) => writes() && r.version
              && ["waiting", "canary", "health"].includes(r.phase),
            run: (r) => this.goBack(r, "abort", reload) },
          { name: "Roll back", when: (r) => writes() && r.before
              && ["spreading", "done"].includes(r.phase),
            run: (r) => this.goBack(r, "rollback", reload) },
        ] },
      ],
    });
    section.append(el("p", {}, this.add), this.table.element,
                   this.details.element);
  },

  goBack({ program, version, before }, verb, reload) {
    const word = verb === "abort" ? "Abort" : "Roll back";
    confirm(`${word} ${program}, version ${version}?`, before
      ? `All hosts have version ${before} then.`
      : "No host has the program then.", word, async () => {
      const done = await order(program, verb, { version });
      await reload();
      return done;
    });
  },

  // Tells those who do not see it that a roll-out has gone on.
  tell(items) {
    for (const r of items) {
      const now = `${r.version} ${r.phase}`;
      const before = this.phases.get(r.program);
      if (before && before !== now) {
        announce(`${r.program}, version ${r.version}: `
                 + `${PHASES[r.phase](r)}`, GOING.has(r.phase) ? "" : "good");
      }
      this.phases.set(r.program, now);
    }
  },

  async show(context) {
    this.add.hidden = !context.may("operator");
    const [items] = await Promise.all([getAll("/api/v1/rollouts"),
                                       this.details.show()]);
    this.names = items.map((r) => r.program);
    this.table.show(items);
    this.tell(items);
  },
};
