// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// Charts of what the API keeps of the last minutes, or the last day.  uPlot
// draws them; what a chart shows is also told in words.

import uPlot from "./uPlot.js";
import { getJson } from "./api.js";
import { make, value } from "./dom.js";

const RANGES = [["30m", "the last 30 minutes", 1800],
                ["24h", "the last 24 hours", 86400]];
const HEIGHT = 130;

// Points that are too few for a line to be seen.
const FEW = 20;

// Milliseconds after which there may be a new point.
const PERIOD = 4500;

// [name of the value, title, color] of the charts of a page.
export const FLEET = [
  ["hosts", "Hosts", "--fore"], ["ports", "Ports", "--fore"],
  ["probes", "Probes", "--fore"],
  ["probes_failed", "Probes that failed", "--bad"],
  ["packets", "Packets a second", "--link"],
  ["dropped", "Dropped a second", "--bad"],
  ["events", "Events a second", "--link"],
  ["alerts", "Alerts a second", "--bad"],
];
export const HOST = FLEET.slice(1);
export const PORT = FLEET.slice(4);

const color = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const clock = (seconds, timeStyle) => new Date(seconds * 1000)
  .toLocaleTimeString("en-GB", { timeStyle });

class Chart {
  constructor(parent, [name, title, stroke]) {
    this.name = name;
    this.title = title;
    this.stroke = stroke;
    this.figure = make("figure");
    this.now = make("strong", "–");
    const caption = make("figcaption", title);
    caption.append(this.now);
    this.plot = make("div", "", "plot");
    this.plot.setAttribute("role", "img");
    this.plot.setAttribute("aria-label", `${title}: no values yet`);
    this.figure.append(caption, this.plot);
    parent.append(this.figure);
    this.seconds = RANGES[0][2];
    this.data = [[], []];
    new ResizeObserver(() => this.uplot?.setSize(this.size()))
      .observe(this.plot);
  }

  size() {
    return { width: Math.max(this.plot.clientWidth, 160), height: HEIGHT };
  }

  // Draws anew, with the colors of the theme.
  draw() {
    const axis = { stroke: color("--dim"), font: "11px system-ui",
                   grid: { stroke: color("--line"), width: 1 },
                   ticks: { show: false } };
    this.uplot?.destroy();
    this.uplot = new uPlot({
      ...this.size(),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: {
        x: { range: (u, min, max) => [max - this.seconds, max] },
        y: { range: (u, min, max) => [0, Math.max(max * 1.1, 1)] },
      },
      axes: [{ ...axis, size: 24, space: 60,
               values: (u, splits) => splits.map((s) => clock(s, "short")) },
             { ...axis, size: 44, space: 30,
               values: (u, splits) => splits.map(value) }],
      series: [{}, { stroke: color(this.stroke), width: 2,
                     points: { size: 5, fill: color(this.stroke),
                               show: (u) => u.data[0].length < FEW } }],
      hooks: { setCursor: [(u) => this.tell(u.cursor.idx)] },
    }, this.data, this.plot);
  }

  // Shows the value at a place, or the last one.
  tell(at) {
    const values = this.data[1];
    const i = at ?? values.length - 1;
    const when = at === null || at === undefined ? ""
      : ` at ${clock(this.data[0][i], "medium")}`;
    this.now.textContent = values.length ? value(values[i]) + when : "–";
  }

  set(history, words, seconds) {
    const values = history.values[this.name] ?? [];
    this.seconds = seconds;
    this.data = [history.times.map((ms) => ms / 1000), values];
    if (!this.uplot) {
      this.draw();
    } else {
      this.uplot.setData(this.data);
    }
    this.tell(this.uplot.cursor.idx);
    this.plot.setAttribute("aria-label", values.length
      ? `${this.title}: now ${value(values.at(-1))}, at most `
        + `${value(Math.max(...values))} in ${words}`
      : `${this.title}: no values yet`);
  }
}

// The charts of a page, with the choice of a range.
export class Charts {
  constructor(parent, specs) {
    this.select = document.createElement("select");
    for (const [name, words] of RANGES) {
      this.select.append(new Option(words, name));
    }
    const label = make("label", "Show ", "range");
    label.append(this.select);
    const grid = make("div", "", "charts");
    parent.replaceChildren(label, grid);
    this.charts = specs.map((spec) => new Chart(grid, spec));
    this.select.addEventListener("change", () => {
      this.asked = 0;
      this.show(this.path);
    });
    new MutationObserver(() => this.charts.forEach((c) => c.uplot && c.draw()))
      .observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  // Shows what is at path, if there may be something new.
  async show(path) {
    const now = Date.now();
    if (path === this.path && now - this.asked < PERIOD) {
      return;
    }
    this.path = path;
    this.asked = now;
    const [name, words, seconds] = RANGES.find((r) =>
      r[0] === this.select.value);
    let history = { times: [], values: {} };
    try {
      history = await getJson(`${path}?range=${name}`);
    } catch (error) {
      // There is none yet of what is new.
      if (error.status !== 404) {
        throw error;
      }
    }
    if (path === this.path && name === this.select.value) {
      this.charts.forEach((chart) => chart.set(history, words, seconds));
    }
  }
}
