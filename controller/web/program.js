// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// The library of programs, and one of them: its state machine with live
// counts, its source, top talkers, and what it makes of a capture.

import { getAll, request } from "./api.js";
import { hideCapture, testCapture } from "./capture.js";
import { $, cell, fill, here, link, number } from "./dom.js";
import { Editor } from "./editor.js";
import { Graph } from "./graph.js";
import { showTalkers } from "./talkers.js";

const XML = { "Content-Type": "application/xml" };

const graph = new Graph($("graph"));
const editor = new Editor({ area: $("source"), colors: $("source-colors"),
                            gutter: $("source-lines"),
                            messages: $("diagnostics") });
let open = null;                // { name, etag } of the one that is shown.

const path = (name) => `/api/v1/programs/${encodeURIComponent(name)}`;

function programRow(row, program) {
  cell(row, "").append(link(program.name, "programs", program.name));
  cell(row, program.version);
  cell(row, program.state);
  cell(row, program.error, "bad");
}

async function load(name) {
  const response = await request(`${path(name)}/source`);
  open = { name, etag: response.headers.get("ETag") };
  editor.value = await response.text();
  $("program-name").textContent = name;
  $("program").hidden = false;
  $("program-name").focus();
  hideCapture();
  await graph.load(name);
}

// What changes while one looks at it.
async function follow(name, stay) {
  const [states, ports] = await Promise.all([
    getAll(`${path(name)}/states`),
    getAll(`/api/v1/ports?program=${encodeURIComponent(name)}`)]);
  if (!stay()) {
    return;
  }
  graph.show(states);
  fill("state-rows", states, (row, state) => {
    cell(row, state.state);
    cell(row, number(state.keys), "number");
    cell(row, number(state.ports), "number");
  });
  $("program-ports").textContent = `Runs on ${number(ports.length)} port${
    ports.length === 1 ? "" : "s"} of this controller's hosts.`;
  await showTalkers($("program-talkers"), { program: name }, stay);
}

export async function showPrograms(name) {
  const stay = here();
  fill("program-rows", await getAll("/api/v1/programs"), programRow);
  if (!name) {
    open = null;
    $("program").hidden = true;
  } else if (stay()) {
    if (open?.name !== name) {
      await load(name);
    }
    await follow(name, stay);
  }
}

export async function validate() {
  const response = await request("/api/v1/programs/validate",
    { method: "POST", body: editor.value, headers: XML });
  const { valid, diagnostics } = await response.json();
  editor.tell(valid ? `valid\n${diagnostics}` : diagnostics);
}

export async function save() {
  const { name, etag } = open;
  let response = null;
  try {
    response = await request(`${path(name)}/source`,
      { method: "PUT", body: editor.value,
        headers: { ...XML, "If-Match": etag } });
  } catch (error) {
    if (error.status === 422) {
      editor.tell(error.message);
    }
    throw error;
  }
  open.etag = response.headers.get("ETag");
  editor.tell("saved");
  await graph.load(name);
  await showPrograms(name);
}

// Runs the program as it stands in the editor.
export async function runCapture() {
  const [file] = $("capture").files;
  if (!file) {
    throw new Error("choose a capture first");
  }
  editor.tell("");
  try {
    await testCapture(open.name, editor.value, file,
                      $("capture-parameters").value);
  } catch (error) {
    if (Editor.complains(error.message)) {
      editor.tell(error.message);
    }
    throw error;
  }
}
