// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// The source of a program: a text area that lies over a copy of its text with
// colors, beside line numbers.  Lines that the toolbox complains of are marked,
// and what it says leads there.

import { make } from "./dom.js";

// Longest text that gets colors, in characters, and most that is told of it.
const MAX_COLORED = 200000;
const MAX_MESSAGES = 100;

// Names of the groups are classes.
const TOKENS = new RegExp([
  "(?<comment><!--[^]*?(?:-->|$)|<\\?[^]*?(?:\\?>|$))",
  "(?<tag></?[\\w:.-]+|/?>)",
  "(?<name>[\\w:.-]+(?=\\s*=\\s*[\"']))",
  "(?<text>\"[^\"]*\"|'[^']*')",
].join("|"), "g");

// What the toolbox says: "NAME:LINE: message".
const MESSAGE = /^[^:\n]*:(\d+): (.*)$/;

// Yields [class, text] of all of it.
function* tokenize(source) {
  let at = 0;
  for (const match of source.matchAll(TOKENS)) {
    if (match.index > at) {
      yield ["", source.slice(at, match.index)];
    }
    const [name] = Object.entries(match.groups).find(([, text]) => text);
    yield [name, match[0]];
    at = match.index + match[0].length;
  }
  yield ["", source.slice(at)];
}

// One element for each line.
function colorLines(source) {
  const lines = [make("span")];
  for (const [name, text] of tokenize(source)) {
    text.split("\n").forEach((part, i) => {
      if (i) {
        lines.push(make("span"));
      }
      if (part) {
        lines.at(-1).append(name ? make("span", part, `token-${name}`)
                                 : part);
      }
    });
  }
  return lines;
}

export class Editor {
  constructor({ area, colors, gutter, messages }) {
    Object.assign(this, { area, colors, gutter, messages });
    this.bad = new Map();       // Line number to what is wrong.
    this.pending = false;
    area.addEventListener("input", () => {
      this.bad.clear();
      this.update();
    });
    area.addEventListener("scroll", () => this.scroll());
    area.addEventListener("keydown", (event) => this.indent(event));
  }

  get value() {
    return this.area.value;
  }

  set value(text) {
    this.area.value = text;
    this.area.setSelectionRange(0, 0);
    this.area.scrollTop = this.area.scrollLeft = 0;
    this.tell("");
  }

  // Draws once for all that changes before the next picture.
  update() {
    if (!this.pending) {
      this.pending = true;
      requestAnimationFrame(() => {
        this.pending = false;
        this.draw();
      });
    }
  }

  draw() {
    const text = this.value;
    const plain = text.length > MAX_COLORED;
    const lines = plain ? [] : colorLines(text);
    const n = plain ? text.split("\n").length : lines.length;
    const numbers = [];
    for (let i = 1; i <= n; i++) {
      const bad = this.bad.get(i);
      const line = make("span", bad ? `● ${i}` : i, bad ? "bad" : "");
      if (bad) {
        line.title = bad;
        lines[i - 1]?.classList.add("line-bad");
      }
      numbers.push(line, "\n");
    }
    this.gutter.replaceChildren(...numbers);
    this.colors.replaceChildren(...lines.flatMap((line) => [line, "\n"]));
    this.area.classList.toggle("plain", plain);
    this.area.setAttribute("aria-invalid", String(this.bad.size > 0));
    this.scroll();
  }

  scroll() {
    this.colors.scrollTop = this.gutter.scrollTop = this.area.scrollTop;
    this.colors.scrollLeft = this.area.scrollLeft;
  }

  // Two spaces for the key Tab with Alt; alone it leaves, as everywhere.
  indent(event) {
    if (event.key === "Tab" && event.altKey) {
      event.preventDefault();
      this.area.setRangeText("  ", this.area.selectionStart,
                             this.area.selectionEnd, "end");
      this.update();
    }
  }

  // Goes to a line and selects it.
  go(line) {
    const lines = this.value.split("\n");
    const start = lines.slice(0, line - 1)
      .reduce((sum, text) => sum + text.length + 1, 0);
    this.area.focus();
    this.area.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
    this.reveal(line);
  }

  reveal(line) {
    const height = this.area.scrollHeight / this.value.split("\n").length;
    this.area.scrollTop = Math.max(0, (line - 4) * height);
    this.scroll();
  }

  // Tells whether the toolbox complains of a line in a text.
  static complains(text) {
    return text.split("\n").some((line) => MESSAGE.test(line));
  }

  // Shows what the toolbox says, and where.
  tell(text) {
    const list = make("ul");
    const rest = [];
    this.bad.clear();
    for (const line of text.split("\n").slice(0, MAX_MESSAGES)) {
      const [, number, message] = MESSAGE.exec(line) ?? [];
      if (number) {
        const before = this.bad.get(Number(number));
        const button = make("button", `line ${number}`);
        button.type = "button";
        button.addEventListener("click", () => this.go(Number(number)));
        const item = make("li");
        item.append(button, ` ${message}`);
        list.append(item);
        this.bad.set(Number(number), before ? `${before}\n${message}`
                                            : message);
      } else if (line) {
        rest.push(line);
      }
    }
    this.messages.replaceChildren(rest.join("\n"),
                                  ...(list.childElementCount ? [list] : []));
    this.update();
    if (this.bad.size) {
      this.reveal(Math.min(...this.bad.keys()));
    }
  }
}
