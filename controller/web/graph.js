// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// The state machine of a program, with the number of keys in each state.
//
// The drawing is made of the text of a program, so nothing of it is trusted:
// only the elements and attributes below are copied into the page.

import { request } from "./api.js";
import { make, number } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const ELEMENTS = new Set(["svg", "g", "polygon", "polyline", "path",
                          "ellipse", "text"]);
const ATTRIBUTES = new Set(["viewBox", "transform", "points", "d", "cx", "cy",
                            "rx", "ry", "x", "y", "text-anchor",
                            "font-family", "font-size", "fill", "stroke",
                            "stroke-dasharray", "class"]);

// The colors of the drawing, in those of the page.
const COLORS = { black: "currentColor", white: "none" };

function copy(from) {
  const to = document.createElementNS(SVG, from.localName);
  for (const { name, value } of from.attributes) {
    if (ATTRIBUTES.has(name)) {
      to.setAttribute(name, COLORS[value] ?? value);
    }
  }
  for (const child of from.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) {
      to.append(child.data);
    } else if (ELEMENTS.has(child.localName)) {
      to.append(copy(child));
    }
  }
  return to;
}

function element(name, attributes) {
  const e = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    e.setAttribute(key, value);
  }
  return e;
}

export class Graph {
  constructor(parent) {
    this.parent = parent;
    this.states = new Map();    // Name to node.
  }

  clear() {
    this.states.clear();
    this.parent.replaceChildren();
    this.parent.removeAttribute("aria-label");
  }

  // Draws the program called name.
  async load(name) {
    this.clear();
    let text = "";
    try {
      text = await (await request(
        `/api/v1/programs/${encodeURIComponent(name)}/graph`)).text();
    } catch (error) {
      this.parent.append(make("p", error.message, "dim"));
      return;
    }
    const root = new DOMParser().parseFromString(text, "image/svg+xml")
      .documentElement;
    if (root.localName !== "svg") {
      return;
    }
    const svg = copy(root);
    // Not larger than it was drawn.
    svg.style.maxWidth = `${parseFloat(root.getAttribute("width"))}pt`;
    this.parent.replaceChildren(svg);
    this.parent.setAttribute("role", "img");
    this.parent.setAttribute("aria-label",
      `State machine of ${name}; keys in each state and its source follow`);
    for (const node of svg.querySelectorAll("g.node")) {
      const label = node.querySelector("text");
      if (label) {
        this.states.set(label.textContent, node);
      }
    }
  }

  // Shows [{ state, keys }], at the corner of each state.
  show(items) {
    const keys = new Map(items.map((item) => [item.state, item.keys]));
    for (const [state, node] of this.states) {
      const n = keys.get(state);
      node.querySelector(".badge")?.remove();
      node.classList.toggle("live", Boolean(n));
      if (n !== undefined) {
        const box = node.querySelector("path, polygon").getBBox();
        const width = 10 + 7 * number(n).length;
        const badge = element("g", { class: "badge" });
        const text = element("text", { x: box.x + box.width, y: box.y + 4,
                                       "text-anchor": "middle",
                                       "font-size": 11 });
        text.textContent = number(n);
        badge.append(element("rect", { x: box.x + box.width - width / 2,
                                       y: box.y - 8, width, height: 16,
                                       rx: 8 }), text);
        node.append(badge);
      }
    }
  }
}
