// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// Lists of keys that programs tell: who sends the most.

import { getAll } from "./api.js";
import { cell, fill, link, make, number, table } from "./dom.js";

// Lists that are shown at a time.
const MAX_LISTS = 20;

const keyText = (key) => Object.entries(key)
  .map(([name, text]) => `${name} ${text}`).join(", ");

function showList(parent, list, names) {
  const caption = names ? `${list.program}: ${list.field}, ${list.time}`
    : `${list.field} at ${list.host}, ${list.port}, ${list.time}`;
  const body = table(parent, caption, "Key", "Count", "Share",
                     "Perhaps another's");
  const top = Math.max(1, ...list.entries.map((entry) => entry.count));
  fill(body, list.entries, (row, entry) => {
    cell(row, keyText(entry.key));
    cell(row, number(entry.count), "number");
    const meter = make("meter");
    meter.max = top;
    meter.value = entry.count;
    meter.setAttribute("aria-label",
      `${Math.round((100 * entry.count) / top)} % of the highest`);
    cell(row, "").append(meter);
    cell(row, number(entry.error), "number");
  });
}

// Shows the lists that the filter lets through, { host, port } or
// { program }; stay tells whether the user is still there.
export async function showTalkers(parent, filter, stay) {
  const lists = await getAll(`/api/v1/talkers?${new URLSearchParams(filter)}`);
  const text = JSON.stringify(lists);
  if (!stay() || parent.dataset.shown === text) {
    return;
  }
  parent.dataset.shown = text;
  parent.replaceChildren();
  for (const list of lists.slice(0, MAX_LISTS)) {
    showList(parent, list, !("program" in filter));
  }
  if (lists.length > MAX_LISTS) {
    parent.append(make("p", `and ${lists.length - MAX_LISTS} more lists, `
                       + "on the pages of their ports", "dim"));
  } else if (!lists.length && "program" in filter) {
    parent.append(make("p", "It has told no list.", "dim"));
  } else if (!lists.length) {
    const p = make("p", "No program has told a list yet; ", "dim");
    p.append(link("toptalkers", "programs"), " does so each minute.");
    parent.append(p);
  }
}
