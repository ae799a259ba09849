// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// What the pages share.  All that comes from the API is put into the page as
// text, never as markup.

export const $ = (id) => document.getElementById(id);

export function make(tag, text = "", name = "") {
  const element = document.createElement(tag);
  element.textContent = text ?? "";
  element.className = name;
  return element;
}

// A cell, with a class that is not the only thing that tells.
export function cell(row, text, name = "") {
  const td = row.insertCell();
  td.textContent = text ?? "";
  td.className = name;
  return td;
}

// A link to a page: link("vm1", "port", "hv1", "vm1").
export function link(text, ...where) {
  const a = make("a", text);
  a.href = `#${where.map(encodeURIComponent).join("/")}`;
  return a;
}

// Gives a table a head.
function addHead(element, columns) {
  const row = element.createTHead().insertRow();
  for (const column of columns) {
    const th = make("th", column);
    th.scope = "col";
    row.append(th);
  }
}

// Puts a row for each item into the body of a table, which has a head, or is
// given that of the rows, build.columns.  The focus stays on the link that had
// it.
export function fill(id, items, build) {
  const body = typeof id === "string" ? $(id) : id;
  const parent = body.parentElement;
  if (!parent.tHead) {
    addHead(parent, build.columns);
  }
  const focus = body.contains(document.activeElement)
    ? document.activeElement.getAttribute("href") : null;
  body.replaceChildren();
  for (const item of items) {
    build(body.insertRow(), item);
  }
  if (!items.length) {
    const td = cell(body.insertRow(), "none", "dim");
    td.colSpan = parent.tHead.rows[0].cells.length;
  }
  if (focus) {
    [...body.querySelectorAll("a")]
      .find((a) => a.getAttribute("href") === focus)?.focus();
  }
}

// A table with a head: put into parent, to be filled.  Returns its body.
export function table(parent, caption, ...columns) {
  const element = make("table");
  if (caption) {
    element.append(make("caption", caption));
  }
  addHead(element, columns);
  parent.append(element);
  return element.createTBody();
}

// Names and what they stand for; what has no value is left out.
export function facts(id, pairs) {
  const dl = $(id);
  dl.replaceChildren();
  for (const [name, value, kind] of pairs) {
    if (value !== undefined && value !== null && value !== "") {
      const dd = make("dd", "", kind ?? "");
      dd.append(value);
      const div = make("div");
      div.append(make("dt", name), dd);
      dl.append(div);
    }
  }
}

export const number = (n) => (n ?? 0).toLocaleString("en");

// A number that may have no meaning yet, and few digits.
export const value = (n) => (n === null || n === undefined ? "–"
  : n.toLocaleString("en", { maximumFractionDigits: n < 10 ? 2 : 0 }));

export const pairs = (object) => Object.entries(object ?? {})
  .map(([key, text]) => `${key}=${text}`).join(", ");

export const time = (ms) => (ms ? new Date(ms).toISOString() : "");

export const isBad = (label) => label === "alert" || label === "critical";

// Milliseconds are enough to read; all digits are in the attribute.
function timeCell(row, text) {
  const element = make("time", (text ?? "").replace(/(\.\d{3})\d*Z$/, "$1Z"));
  element.dateTime = text;
  cell(row, "", "time").append(element);
}

export function eventRow(row, { host, event }) {
  timeCell(row, event.time);
  cell(row, host);
  cell(row, event.port);
  cell(row, event.label, isBad(event.label) ? "bad" : "");
  cell(row, event.program);
  cell(row, event.text);
}
eventRow.columns = ["Time", "Host", "Port", "Label", "Program", "Text"];

// Tells later whether the user is still on the same page.
export function here() {
  const { hash } = location;
  return () => location.hash === hash;
}
