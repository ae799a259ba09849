// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// Assignments: which programs run on which ports of which hosts.

import { getAll, request } from "./api.js";
import { Parameters } from "./parameters.js";
import { act, button, checkbox, confirm, count, el, field, formatPairs,
         openDialog, Pairs, splitList, Table } from "./ui.js";

const PAUSE = 300;              // Until a selector that was changed is tried.
const MAX_SHOWN = 50;           // Ports of a preview.
const KEYS = ["port", "bridge", "type", "tag", "iface-id", "attached-mac",
              "vm-uuid", "vm-id", "external_ids:", "neutron:"];

const path = (name) => `/api/v1/assignments/${encodeURIComponent(name)}`;

const put = (name, config, etag) => request(path(name), {
  method: "PUT", body: JSON.stringify(config),
  headers: { "Content-Type": "application/json",
             ...(etag ? { "If-Match": etag } : { "If-None-Match": "*" }) } });

const configOf = ({ programs, parameters, target, hosts, host_labels,
                    enabled, tenant }) =>
  ({ programs, parameters, target, hosts, host_labels, enabled,
     ...(tenant ? { tenant } : {}) });

// Reads an assignment, and writes what edit() makes of it.
async function change(name, edit) {
  const response = await request(path(name));
  const config = configOf(await response.json());
  await put(name, edit(config), response.headers.get("ETag"));
}

// ## Preview ##

// What a preview says: in short, and port by port.
const tell = ({ hosts, ports, total, silent }, asked) => [
  [`${count(total, "port")}${asked ? "" : " with a probe"}, on `
     + `${count(hosts.length, "host")}`,
   silent.length && `no answer from ${silent.join(", ")}`]
    .filter(Boolean).join(", "),
  ports.map(({ id, off, sure }) =>
    `${id}${off ? " (off)" : ""}${asked && !sure ? " (perhaps)" : ""}`)];

// Which ports a selector means, as it is being written.
class Preview {
  constructor(selector) {
    this.selector = selector;
    this.summary = el("p", { role: "status", "aria-live": "polite",
                             class: "preview" });
    this.list = el("ul");
    this.more = button("Ask the switches", () => this.ask(true));
    this.element = el("section", { "aria-label": "Preview" },
                      el("h3", {}, "What this means now"), this.summary,
                      this.list, el("p", {}, this.more));
    this.asked = 0;
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), PAUSE);
  }

  // Asks this controller, or the switches themselves.
  async ask(switches = false) {
    const turn = this.asked += 1;
    let text = "";
    let items = [];
    if (switches) {
      this.summary.textContent = "asking";
    }
    try {
      const response = await request(
        `/api/v1/assignments/preview?switches=${switches ? "yes" : "no"}`, {
          method: "POST", body: JSON.stringify(this.selector()),
          headers: { "Content-Type": "application/json" } });
      [text, items] = tell(await response.json(), switches);
    } catch (error) {
      text = error.message;
    }
    if (turn === this.asked) {
      this.summary.textContent = text;
      this.list.replaceChildren(...items.slice(0, MAX_SHOWN).map(
        (item) => el("li", {}, item)));
      if (items.length > MAX_SHOWN) {
        this.list.append(el("li", { class: "dim" },
                            `and ${items.length - MAX_SHOWN} more`));
      }
    }
  }
}

// ## The form ##

const NEW = { programs: [], parameters: {}, target: { port: "*" },
              hosts: ["*"], host_labels: {}, enabled: true };

// A group of boxes, one for each program.
function programBoxes(names, config, changed) {
  const all = [...new Set([...names, ...config.programs])].sort();
  const boxes = all.map((name) => checkbox(name, {
    value: name, checked: config.programs.includes(name), change: changed }));
  return {
    element: el("fieldset", { class: "boxes" },
      el("legend", {}, "Programs"), ...boxes.map((b) => b.label)),
    get: () => boxes.filter((b) => b.input.checked).map((b) => b.input.value),
  };
}

// Opens the form, for a new assignment or to change that called 'name'.
async function edit(name, reload) {
  const [programs, response] = await Promise.all([
    getAll("/api/v1/programs"), name ? request(path(name)) : null]);
  const config = response ? configOf(await response.json()) : NEW;
  const etag = response?.headers.get("ETag");
  const preview = new Preview(() => ({ target: target.get(),
    hosts: splitList(hosts.value), host_labels: labels.get() }));
  const changed = () => preview.later();
  const title = el("input", { required: true, maxlength: 63,
                              autocomplete: "off", spellcheck: "false",
                              readonly: Boolean(name) });
  const hosts = el("input", { autocomplete: "off", spellcheck: "false",
                              input: changed });
  const parameters = new Parameters(config.parameters);
  const choice = programBoxes(programs.map((p) => p.name), config,
                              () => parameters.choose(choice.get()));
  const target = new Pairs({ legend: "Ports", keys: KEYS,
    values: config.target, changed,
    hint: "A port must match all; * and ? are wildcards." });
  const labels = new Pairs({ legend: "Host labels", changed,
    values: config.host_labels, hint: "A host must have all of them." });
  const enabled = checkbox("Enabled", { checked: config.enabled });

  title.value = name ?? "";
  hosts.value = config.hosts.join(", ");
  parameters.choose(config.programs);
  preview.ask();
  openDialog({
    title: name ? `Change assignment ${name}` : "New assignment",
    verb: "Save",
    body: el("div", { class: "form" },
      field("Name", title, name ? undefined
        : "Letters, digits, _ . : and -, 63 at most."),
      choice.element, target.element,
      field("Hosts", hosts, "Names, with * and ?, separated by commas."),
      labels.element, preview.element, parameters.element, enabled.label),
    submit: async () => {
      if (!title.value.trim()) {
        throw new Error("A name is needed.");
      }
      await put(title.value.trim(), {
        ...config, programs: choice.get(), parameters: parameters.get(),
        target: target.get(), hosts: splitList(hosts.value),
        host_labels: labels.get(), enabled: enabled.input.checked }, etag);
      await reload();
      return `Assignment ${title.value.trim()} is saved.`;
    },
  });
}

// ## The page ##

function remove(name, reload) {
  confirm(`Delete assignment ${name}?`,
          "What it has run on ports ends there, unless another assignment "
          + "has it, too.", "Delete", async () => {
            const response = await request(path(name));
            await request(path(name), { method: "DELETE", headers: {
              "If-Match": response.headers.get("ETag") } });
            await reload();
            return `Assignment ${name} is deleted.`;
          });
}

export const assignments = {
  id: "assignments",
  title: "Assignments",
  live: true,

  create(section, context) {
    const reload = () => this.show(context);
    const writes = () => context.may("operator");
    this.add = button("New assignment", () => act(() => edit(null, reload)));
    this.table = new Table({
      caption: "Which programs run on which ports of which hosts",
      key: (a) => a.name,
      columns: [
        { title: "Name", text: (a) => a.name },
        { title: "Programs", text: (a) => a.programs.join(", ") },
        { title: "Ports", text: (a) => formatPairs(a.target) },
        { title: "Hosts", text: (a) => [a.hosts.join(", "),
                                        formatPairs(a.host_labels)]
          .filter(Boolean).join("; ") },
        { title: "Parameters", text: (a) => formatPairs(a.parameters) },
        { title: "State", text: (a) => [a.enabled ? "enabled" : "disabled",
                                        count(a.matches, "host"), a.error]
          .filter(Boolean).join(", "),
          tone: (a) => (a.error ? "bad" : a.enabled ? "good" : "dim") },
        { title: "Actions", actions: [
          { name: "Edit", when: writes,
            run: (a) => act(() => edit(a.name, reload)) },
          { name: (a) => (a.enabled ? "Disable" : "Enable"), when: writes,
            run: (a) => act(async () => {
              await change(a.name, (c) => ({ ...c, enabled: !a.enabled }));
              await reload();
              return `Assignment ${a.name} is `
                     + `${a.enabled ? "disabled" : "enabled"}.`;
            }) },
          { name: "Delete", when: writes,
            run: (a) => remove(a.name, reload) },
        ] },
      ],
    });
    section.append(el("p", {}, this.add), this.table.element);
  },

  async show(context) {
    this.add.hidden = !context.may("operator");
    this.table.show(await getAll("/api/v1/assignments"));
  },
};
