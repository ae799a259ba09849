// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// What a program makes of a capture.

import { request } from "./api.js";
import { $, cell, fill, isBad, number } from "./dom.js";

const state = (event) => (event.next_state && event.next_state !== event.state
  ? `${event.state} → ${event.next_state}` : event.state);

const key = (event) => Object.entries(event.key ?? {})
  .map(([name, text]) => `${name} ${text}`).join(", ");

export function hideCapture() {
  $("capture-summary").textContent = "";
  $("capture-result").hidden = true;
}

function show({ events, truncated }) {
  const n = events.length;
  $("capture-summary").textContent = truncated
    ? `the first ${number(n)} events; there are more`
    : `${number(n)} event${n === 1 ? "" : "s"}`;
  $("capture-result").hidden = false;
  fill("capture-rows", events, (row, event) => {
    cell(row, event.time, "time");
    cell(row, event.label, isBad(event.label) ? "bad" : "");
    cell(row, state(event));
    cell(row, key(event));
    cell(row, event.text);
  });
}

// The object of "name=value ...", as text.
function readParameters(text) {
  const pairs = text.split(/\s+/).filter(Boolean).map((pair) => {
    const [, key, value] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
    if (!key) {
      throw new Error(`"${pair}" is not of the form name=value`);
    }
    return [key, value];
  });
  return JSON.stringify(Object.fromEntries(pairs));
}

// Runs source, the text of the program called name, on a file, with parameters
// as a user writes them.
export async function testCapture(name, source, file, parameters) {
  const form = new FormData();
  form.set("source", new Blob([source], { type: "application/xml" }),
           `${name}.xml`);
  form.set("capture", file);
  form.set("parameters", readParameters(parameters));
  hideCapture();
  $("capture-summary").textContent = "running";
  try {
    const response = await request("/api/v1/programs/test",
      { method: "POST", body: form });
    show(await response.json());
  } catch (error) {
    $("capture-summary").textContent = "not run to its end";
    throw error;
  }
}
