// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// Fields for the parameters of programs, which their sources tell.

import { request } from "./api.js";
import { el, field } from "./ui.js";

async function getParameters(program) {
  const response = await request(
    `/api/v1/programs/${encodeURIComponent(program)}/source`);
  const source = new DOMParser().parseFromString(await response.text(),
                                                 "text/xml");
  return new Map([...source.querySelectorAll("xfsm > param")]
    .map((p) => [p.getAttribute("name"), p]));
}

// Fields for the parameters that all of the programs that are chosen have, and
// for those that have a value already.
export class Parameters {
  constructor(values) {
    this.values = { ...values };
    this.fields = el("div");
    this.element = el("fieldset", {}, el("legend", {}, "Parameters"),
      this.fields, el("small", { class: "dim" },
        "Empty: as the program has it. All programs must have what is set."));
    this.chosen = 0;
  }

  async choose(programs) {
    const turn = this.chosen += 1;
    const maps = await Promise.all(programs.map(
      (p) => getParameters(p).catch(() => new Map())));
    if (turn !== this.chosen) {
      return;                   // Others were chosen meanwhile.
    }
    this.values = this.get();
    const names = new Set([...(maps[0]?.keys() ?? [])]
      .filter((name) => maps.every((m) => m.has(name))));
    const all = new Set([...names, ...Object.keys(this.values)]);
    this.fields.replaceChildren(...[...all].map(
      (name) => this.makeField(name, maps[0]?.get(name), names.has(name))));
    if (!all.size) {
      this.fields.append(el("p", { class: "dim" }, programs.length
        ? "These programs have none in common." : "Choose a program."));
    }
  }

  makeField(name, param, has) {
    const input = el("input", { name, autocomplete: "off", maxlength: 1024,
                                placeholder: param?.getAttribute("default") });
    const unit = param?.getAttribute("unit");
    input.value = this.values[name] ?? "";
    return field(name, input, has
      ? [param.getAttribute("description"), unit && `in ${unit}`]
        .filter(Boolean).join(", ")
      : "Not all of the programs have this one.");
  }

  get() {
    const values = { ...this.values };
    for (const input of this.fields.querySelectorAll("input")) {
      delete values[input.name];
      if (input.value.trim()) {
        values[input.name] = input.value.trim();
      }
    }
    return values;
  }
}
