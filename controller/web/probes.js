// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// One program on one port: install, start, stop, remove.

import { getAll, request } from "./api.js";
import { Parameters } from "./parameters.js";
import { act, button, checkbox, confirm, el, field, formatPairs, openDialog,
         Table } from "./ui.js";

async function order(verb, { host, port, program }, parameters) {
  const response = await request(`/api/v1/probes/${verb}`, {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ host, port, program,
                           ...(parameters ? { parameters } : {}) }) });
  const { detail } = await response.json();
  return `Done: ${detail}.`;
}

const select = (values, chosen, more = {}) => {
  const element = el("select", more, ...values.map(
    (value) => el("option", { value, selected: value === chosen }, value)));
  return element;
};

// Opens the form; 'port' is what is known already, or {}.
async function install(port, reload) {
  const [ports, programs] = await Promise.all([
    getAll("/api/v1/ports"), getAll("/api/v1/programs")]);
  // A tenant is not told of hosts, but of those where it has ports.
  const hosts = await getAll("/api/v1/hosts").catch(
    () => [...new Set(ports.map((p) => p.host))].map((h) => ({ name: h })));
  const parameters = new Parameters({});
  const known = el("datalist", { id: "known-ports" });
  const host = select(hosts.map((h) => h.name), port.host, {
    change: () => showKnown() });
  const name = el("input", { maxlength: 255, list: known.id,
                             autocomplete: "off", spellcheck: "false" });
  const program = select(programs.map((p) => p.name), port.program, {
    change: () => parameters.choose([program.value]) });
  const start = checkbox("Start at once", { checked: true });
  const showKnown = () => known.replaceChildren(...ports
    .filter((p) => p.host === host.value)
    .map((p) => el("option", { value: p.port })));

  name.value = port.port ?? "";
  showKnown();
  parameters.choose(program.value ? [program.value] : []);
  openDialog({
    title: "A program on a port",
    verb: "Install",
    body: el("div", { class: "form" }, known, field("Host", host),
      field("Port", name, "As the switch calls it; it need not be there yet."),
      field("Program", program), parameters.element, start.label),
    submit: async () => {
      const done = await order(start.input.checked ? "start" : "install",
        { host: host.value, port: name.value.trim(), program: program.value },
        parameters.get());
      await reload();
      return done;
    },
  });
}

const TONES = { running: "good", stopped: "dim", unknown: "dim",
                starting: "", waiting: "" };

export const probes = {
  id: "probes",
  title: "Probes",
  live: true,

  create(section, context) {
    const reload = () => this.show(context);
    const writes = () => context.may("operator");
    const run = (verb) => (p) => act(async () => {
      const done = await order(verb, p);
      await reload();
      return done;
    });
    this.add = button("Install on a port", () => act(
      () => install({}, reload)));
    this.installed = new Table({
      caption: "Programs installed on a port of their own",
      key: (p) => p.id,
      columns: [
        { title: "Host", text: (p) => p.host },
        { title: "Port", text: (p) => p.port },
        { title: "Program", text: (p) => p.program },
        { title: "Parameters", text: (p) => formatPairs(p.parameters) },
        { title: "State", text: (p) => (p.error ? `${p.status}: ${p.error}`
          : p.status), tone: (p) => (p.error ? "bad"
          : TONES[p.status] ?? "bad") },
        { title: "Actions", actions: [
          { name: "Start", when: (p) => writes() && !p.started,
            run: run("start") },
          { name: "Stop", when: (p) => writes() && p.started,
            run: run("stop") },
          { name: "Remove", when: writes, run: (p) => confirm(
            `Remove ${p.program} from ${p.host}/${p.port}?`,
            "Its assignment and the parameters go. What another assignment "
            + "has run there goes on.", "Remove", async () => {
              const done = await order("remove", p);
              await reload();
              return done;
            }) },
        ] },
      ],
    });
    this.ports = new Table({
      caption: "All ports with a probe, of the hosts of this controller",
      key: (p) => p.id,
      columns: [
        { title: "Host", text: (p) => p.host },
        { title: "Bridge", text: (p) => p.bridge },
        { title: "Port", text: (p) => p.port },
        { title: "State", text: (p) => p.status,
          tone: (p) => (p.status === "running" ? "good" : "bad") },
        { title: "Programs", text: (p) => p.programs.join(", ") },
        { title: "Actions", actions: [
          { name: "Add a program", when: writes,
            run: (p) => act(() => install(p, reload)) }] },
      ],
    });
    section.append(el("p", {}, this.add), this.installed.element,
                   this.ports.element);
  },

  async show(context) {
    this.add.hidden = !context.may("operator");
    const [installed, ports] = await Promise.all([
      getAll("/api/v1/probes"), getAll("/api/v1/ports")]);
    this.installed.show(installed);
    this.ports.show(ports);
  },
};
