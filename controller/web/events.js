// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// The stream of events.  It is read with fetch(), since EventSource cannot
// send a token.

import { request } from "./api.js";

const PAUSE = 2000;

// Splits text that comes in pieces into messages: { id, event, data }.
export class Parser {
  constructor(deliver) {
    this.deliver = deliver;
    this.rest = "";
  }

  push(text) {
    const blocks = (this.rest + text).split("\n\n");
    this.rest = blocks.pop();
    for (const block of blocks) {
      const message = {};
      for (const line of block.split("\n")) {
        const colon = line.indexOf(": ");
        if (colon > 0) {
          message[line.slice(0, colon)] = line.slice(colon + 2);
        }
      }
      if (message.data) {
        this.deliver(message);
      }
    }
  }
}

// Follows the stream with a filter until stop() is called.
export class Stream {
  constructor(filter, deliver, tell) {
    this.filter = filter;
    this.deliver = deliver;
    this.tell = tell;
    this.last = "";
    this.stopped = false;
    this.run();
  }

  stop() {
    this.stopped = true;
    this.abort?.abort();
  }

  async run() {
    while (!this.stopped) {
      try {
        await this.follow();
      } catch (error) {
        if (!this.stopped) {
          this.tell(`not connected: ${error.message}`);
          if (error.status === 401) {
            return;
          }
        }
      }
      await new Promise((resolve) => { setTimeout(resolve, PAUSE); });
    }
  }

  async follow() {
    this.abort = new AbortController();
    const response = await request(
      `/api/v1/events/stream?${new URLSearchParams(this.filter)}`,
      { signal: this.abort.signal,
        headers: this.last ? { "Last-Event-ID": this.last } : {} });
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const parser = new Parser((message) => {
      this.last = message.id || this.last;
      this.deliver(message.event === "gap", JSON.parse(message.data));
    });
    this.tell("live");
    for (;;) {
      const { value, done } = await reader.read();
      if (done) {
        this.tell("the stream ended; connecting again");
        return;
      }
      parser.push(decoder.decode(value, { stream: true }));
    }
  }
}
