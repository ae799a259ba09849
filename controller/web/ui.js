// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// What the pages that operate the fleet are built of.  Text is put in as text,
// never as markup, and nothing has a style or a handler in its markup.

let ids = 0;
const newId = () => `ui-${ids += 1}`;

// An element.  Of its attributes, a function is a listener, true is an
// attribute without a value, and false or undefined is none.
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name, value);
    } else if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.filter((c) => c !== undefined && c !== null));
  return element;
}

export const button = (text, click, more = {}) =>
  el("button", { type: "button", click, ...more }, text);

// An input with its label, and what helps to fill it in.
export function field(label, input, hint) {
  const help = hint && el("small", { id: newId(), class: "dim" }, hint);
  if (help) {
    input.setAttribute("aria-describedby", help.id);
  }
  input.id ||= newId();
  return el("div", { class: "field" }, el("label", { for: input.id }, label),
            input, help);
}

export const checkbox = (label, more = {}) => {
  const input = el("input", { type: "checkbox", ...more });
  return { input, label: el("label", { class: "check" }, input, label) };
};

// ## Telling ##

// What was done, or went wrong, as it is told to a screen reader, too.
export function announce(text, tone = "good") {
  const note = document.getElementById("note");
  note.className = text ? tone : "";
  note.textContent = text;
}

// Does what a button of a page stands for, and tells how it went.
export async function act(what) {
  announce("");
  try {
    announce(await what() ?? "");
  } catch (error) {
    announce(error.message, "bad");
  }
}

// ## Dialogs ##

const FOCUSABLE = "a[href], button, input, select, textarea";

const canFocus = (root) => [...root.querySelectorAll(FOCUSABLE)]
  .filter((e) => !e.disabled && e.checkVisibility());

// Keeps the focus going round in the dialog.
function goRound(event, dialog) {
  const all = canFocus(dialog);
  const edge = event.shiftKey ? all[0] : all.at(-1);
  if (event.key === "Tab" && document.activeElement === edge) {
    event.preventDefault();
    (event.shiftKey ? all.at(-1) : all[0]).focus();
  }
}

// Opens a dialog with 'body', which has the focus until it is closed, by the
// button 'verb' when submit() succeeds, by Cancel or by Escape.  What submit()
// returns is announced.  The focus goes back to where it was, or, if that is
// gone, to the heading of the page.
export function openDialog({ title, verb, body, submit, danger }) {
  const before = document.activeElement;
  const heading = el("h2", { id: newId() }, title);
  const problem = el("p", { class: "bad", role: "alert" });
  const ok = el("button", { class: danger ? "danger" : "main" }, verb);
  const form = el("form", { novalidate: true }, heading, body, problem,
    el("p", { class: "buttons" }, ok,
       button("Cancel", () => dialog.close())));
  const dialog = el("dialog", { "aria-labelledby": heading.id }, form);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    ok.disabled = true;
    try {
      const done = await submit();
      dialog.close();
      announce(done ?? "");
    } catch (error) {
      problem.textContent = error.message;
    } finally {
      ok.disabled = false;
    }
  });
  dialog.addEventListener("keydown", (event) => goRound(event, dialog));
  dialog.addEventListener("close", () => {
    dialog.remove();
    const back = before?.isConnected && before.checkVisibility() ? before
      : document.querySelector("main > section:not([hidden]) h2");
    back?.focus();
  });
  document.body.append(dialog);
  announce("");
  dialog.showModal();
  (body.querySelector?.("input, select, textarea") ?? ok).focus();
  return dialog;
}

// Asks before something is done that cannot be undone by one more click.
export const confirm = (title, text, verb, submit) => openDialog({
  title, verb, submit, danger: true, body: el("p", {}, text) });

// ## Tables ##

// A table that is shown again and again: a row stays the same element as long
// as what it is about is there, so that no focus and no selection is lost; the
// focus of a row that goes, goes to the heading.
//
// A column has a title and text(item), and may have tone(item), or show(cell,
// item); or it has actions: { name, when(item), run(item) }.
export class Table {
  constructor({ caption, columns, key }) {
    this.columns = columns;
    this.key = key;
    this.rows = new Map();
    this.body = el("tbody");
    this.element = el("div", { class: "scroll" }, el("table", {},
      el("caption", {}, caption),
      el("thead", {}, el("tr", {}, ...columns.map(
        (c) => el("th", { scope: "col" }, c.title)))), this.body));
    this.empty = el("tr", {}, el("td", { class: "dim",
                                         colspan: columns.length }, "none"));
  }

  makeRow() {
    const row = { item: null, cells: [], element: el("tr"), buttons: [] };
    for (const column of this.columns) {
      const cell = row.element.insertCell();
      cell.className = column.actions ? "actions" : "";
      row.cells.push(cell);
      for (const action of column.actions ?? []) {
        const element = button("", () => action.run(row.item));
        row.buttons.push({ action, element });
        cell.append(element);
      }
    }
    return row;
  }

  fillRow(row, item) {
    row.item = item;
    this.columns.forEach((column, i) => {
      const cell = row.cells[i];
      if (column.show) {
        column.show(cell, item);
      } else if (column.text) {
        const text = String(column.text(item) ?? "");
        if (cell.textContent !== text) {
          cell.textContent = text;
        }
        cell.className = column.tone?.(item) ?? "";
      }
    });
    for (const { action, element } of row.buttons) {
      const name = typeof action.name === "function" ? action.name(item)
        : action.name;
      element.textContent = name;
      element.setAttribute("aria-label", `${name} ${this.key(item)}`);
      element.hidden = action.when && !action.when(item);
    }
  }

  show(items) {
    const old = this.rows;
    this.rows = new Map();
    for (const item of items) {
      const key = this.key(item);
      const row = old.get(key) ?? this.makeRow();
      this.fillRow(row, item);
      this.rows.set(key, row);
      old.delete(key);
    }
    for (const row of old.values()) {
      const lost = row.element.contains(document.activeElement);
      row.element.remove();
      if (lost) {
        this.element.closest("section").querySelector("h2, h3").focus();
      }
    }
    const wanted = items.length
      ? [...this.rows.values()].map((r) => r.element) : [this.empty];
    wanted.forEach((element, i) => {
      if (this.body.rows[i] !== element) {
        this.body.insertBefore(element, this.body.rows[i] ?? null);
      }
    });
    if (items.length) {
      this.empty.remove();
    }
  }
}

// ## Keys with values ##

// Any number of keys with values.  'keys' are proposed.
export class Pairs {
  constructor({ legend, hint, keys = [], values = {}, changed }) {
    const id = newId();
    this.changed = changed ?? (() => {});
    this.legend = legend;
    this.list = keys.length ? el("datalist", { id }, ...keys.map(
      (value) => el("option", { value }))) : null;
    this.rows = el("div");
    this.add = button("Add", () => this.addRow("", "").focus(),
                      { "aria-label": `Add to ${legend}` });
    this.element = el("fieldset", {}, el("legend", {}, legend), this.list,
      this.rows, this.add, hint && el("small", { class: "dim" }, hint));
    for (const [key, value] of Object.entries(values)) {
      this.addRow(key, value);
    }
  }

  addRow(key, value) {
    const n = this.rows.children.length + 1;
    const more = { autocomplete: "off", spellcheck: "false",
                   input: () => this.changed() };
    const name = el("input", { ...more, list: this.list?.id, maxlength: 255,
                               "aria-label": `${this.legend}: key ${n}` });
    const text = el("input", { ...more, maxlength: 1024,
                               "aria-label": `${this.legend}: value ${n}` });
    const row = el("div", { class: "pair" }, name, el("span", {
      "aria-hidden": "true" }, "="), text, button("Remove", () => {
      row.remove();
      this.add.focus();
      this.changed();
    }, { "aria-label": `Remove ${this.legend} ${n}` }));
    name.value = key;
    text.value = value;
    this.rows.append(row);
    return name;
  }

  get() {
    const values = {};
    for (const row of this.rows.children) {
      const [name, text] = row.querySelectorAll("input");
      if (name.value.trim()) {
        values[name.value.trim()] = text.value.trim();
      }
    }
    return values;
  }
}

// ## Bits ##

export const count = (n, what, many = `${what}s`) =>
  `${n} ${n === 1 ? what : many}`;

export const formatPairs = (map) => Object.entries(map)
  .map(([k, v]) => `${k}=${v}`).join(", ");

export const splitList = (text) => text.split(/[\s,]+/).filter(Boolean);

export const formatTime = (ms) => (ms
  ? new Date(ms).toISOString().slice(0, 19).replace("T", " ") : "");
