// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// What users did: who, what, when, and what came of it.

import { getJson } from "./api.js";
import { act, button, el, formatTime, Table } from "./ui.js";

const PAGE = 50;

export const audit = {
  id: "audit",
  title: "Audit",
  live: false,
  role: "admin",

  create(section) {
    const input = (name) => el("input", { name, maxlength: 255 });
    this.form = el("form", { class: "filter", role: "search",
                             "aria-label": "Filter of the audit log" },
      el("label", {}, "User ", input("user")),
      el("label", {}, "Action ", input("action")),
      el("label", {}, "Outcome ", input("outcome")),
      el("label", {}, "Text ", input("q")),
      el("button", {}, "Filter"));
    this.table = new Table({
      caption: "What users of this controller did, newest first",
      key: (e) => String(e.id),
      columns: [
        { title: "Time (UTC)", text: (e) => formatTime(e.time) },
        { title: "User", text: (e) => e.user },
        { title: "From", text: (e) => e.client },
        { title: "Action", text: (e) => e.action },
        { title: "Object", text: (e) => e.object },
        { title: "Outcome", text: (e) => e.outcome,
          tone: (e) => (e.outcome === "done" ? "good" : "bad") },
        { title: "Detail", text: (e) => e.detail },
      ],
    });
    this.older = button("Older", () => act(() => this.more()));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      act(() => this.show());
    });
    section.append(this.form, this.table.element, el("p", {}, this.older));
  },

  async ask(before) {
    const query = new URLSearchParams([...new FormData(this.form)]
      .filter(([, value]) => value));
    query.set("limit", PAGE);
    if (before) {
      query.set("before", before);
    }
    const { items, next } = await getJson(`/api/v1/audit?${query}`);
    this.items = before ? [...this.items, ...items] : items;
    this.next = next;
    this.table.show(this.items);
    this.older.disabled = !next;
  },

  async more() {
    const n = this.items.length;
    await this.ask(this.next);
    return `${this.items.length - n} more entries`;
  },

  async show() {
    await this.ask();
  },
};
