// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// Adding, changing and removing hosts, below the list of them.

import { getAll, request } from "./api.js";
import { act, button, checkbox, el, field, formatPairs, openDialog, Pairs,
         splitList, Table } from "./ui.js";

const path = (name) => `/api/v1/hosts/${encodeURIComponent(name)}`;

// Opens the form, for a new host or to change that called 'name'.
async function edit(name, reload) {
  const response = name ? await request(path(name)) : null;
  const host = response ? await response.json() : { remotes: [], labels: {} };
  const etag = response?.headers.get("ETag");
  const make = (value, more = {}) => {
    const input = el("input", { autocomplete: "off", spellcheck: "false",
                                maxlength: 1024, ...more });
    input.value = value;
    return input;
  };
  const title = make(name ?? "", { maxlength: 63, readonly: Boolean(name) });
  const remotes = make(host.remotes.join(", "));
  const events = make(host.events ?? "");
  const hubKey = make(host.hub_key ?? "", { maxlength: 40 });
  const labels = new Pairs({ legend: "Labels", values: host.labels,
    hint: "What selectors can go by, such as rack = r7." });

  openDialog({
    title: name ? `Change host ${name}` : "New host",
    verb: "Save",
    body: el("div", { class: "form" }, field("Name", title),
      field("OVSDB remotes", remotes, "Of its ovsdb-server, or of all servers "
            + "of a cluster: ssl:IP:PORT, tcp:IP:PORT or unix:PATH."),
      field("Events", events, "ZeroMQ endpoint of its hub, such as "
            + "tcp://HOST:PORT; without, none are collected."),
      field("Key of the hub", hubKey, "Its public key, of 40 characters, as "
            + "\"xfsm keygen\" printed it."),
      labels.element),
    submit: async () => {
      if (!title.value.trim()) {
        throw new Error("A name is needed.");
      }
      await request(path(title.value.trim()), {
        method: "PUT",
        body: JSON.stringify({ remotes: splitList(remotes.value),
          events: events.value.trim(),
          hub_key: hubKey.value.trim(), labels: labels.get() }),
        headers: { "Content-Type": "application/json",
                   ...(etag ? { "If-Match": etag }
                     : { "If-None-Match": "*" }) } });
      await reload();
      return `Host ${title.value.trim()} is saved.`;
    },
  });
}

function remove(name, reload) {
  const force = checkbox("At once, without cleaning it: what was written to "
                         + "it stays there, and runs");
  openDialog({
    title: `Remove host ${name}?`,
    verb: "Remove",
    danger: true,
    body: el("div", { class: "form" }, el("p", {},
      "Its controller first removes the programs and assignments that it "
      + "wrote there, then the host. One that cannot be met any more can only "
      + "be removed at once."), force.label),
    submit: async () => {
      const etag = (await request(path(name))).headers.get("ETag");
      const response = await request(
        `${path(name)}?force=${force.input.checked}`,
        { method: "DELETE", headers: { "If-Match": etag } });
      const { detail } = await response.json();
      await reload();
      return detail;
    },
  });
}

export const hostsEdit = {
  id: "hosts",
  title: "Which hosts there are",
  live: true,

  create(section, context) {
    const reload = () => this.show(context);
    const writes = () => context.may("admin");
    this.add = button("New host", () => act(() => edit(null, reload)));
    this.table = new Table({
      caption: "Where they are, and labels to select them by",
      key: (h) => h.name,
      columns: [
        { title: "Host", text: (h) => h.name },
        { title: "OVSDB remotes", text: (h) => h.remotes.join(", ") },
        { title: "Events", text: (h) => h.events },
        { title: "Labels", text: (h) => formatPairs(h.labels) },
        { title: "Leaving", tone: () => "bad",
          text: (h) => (h.leaving ? `leaving: ${h.state}` : "") },
        { title: "Actions", actions: [
          { name: "Edit", when: writes,
            run: (h) => act(() => edit(h.name, reload)) },
          { name: "Remove", when: writes,
            run: (h) => remove(h.name, reload) },
        ] },
      ],
    });
    section.append(el("p", {}, this.add), this.table.element);
  },

  async show(context) {
    this.add.hidden = !context.may("admin");
    this.table.show(await getAll("/api/v1/hosts"));
  },
};
