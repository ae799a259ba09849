// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// A line over the last minutes.  Fifty lines of our own instead of a library:
// the page draws one short line for each number, and stays without any
// dependency to vendor, watch and update.

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 240;
const HEIGHT = 48;
const POINTS = 120;

const make = (name, attributes) => {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  return element;
};

export class Sparkline {
  constructor(parent, label) {
    this.label = label;
    this.values = [];
    this.svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
                             class: "spark" });
    this.line = make("polyline", { fill: "none" });
    this.svg.append(this.line);
    parent.append(this.svg);
  }

  add(value) {
    this.values.push(value);
    if (this.values.length > POINTS) {
      this.values.shift();
    }
    const top = Math.max(1, ...this.values);
    this.line.setAttribute("points", this.values.map((v, i) => {
      const x = (i * WIDTH) / (POINTS - 1);
      const y = HEIGHT - 2 - (v / top) * (HEIGHT - 4);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    }).join(" "));
    this.svg.setAttribute("aria-label",
      `${this.label}: now ${Math.round(value)}, at most ${Math.round(top)}`);
  }
}
