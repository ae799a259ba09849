// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// The pages that operate the fleet.  Each is a module with
//
//   id, title   of the page, in the address and in the navigation;
//   live        whether it is shown again while one looks at it;
//   role        the least one that sees it, a viewer if there is none;
//   create(section, context)   fills the section of the page, once;
//   show(context)              gets what is to be shown.
//
// 'context' has state, of whom is signed in, and may(role).

import { assignments } from "./assignments.js";
import { probes } from "./probes.js";
import { rollouts } from "./rollouts.js";
import { announce, el } from "./ui.js";

const PAGES = [assignments, rollouts, probes];
const ROLES = ["viewer", "operator", "admin"];

// Adds the pages to those of the dashboard.
export function operate({ pages, live, state }) {
  const nav = document.getElementById("nav");
  const main = document.getElementById("main");
  const context = {
    state,
    may: (role) => ROLES.indexOf(state.status?.role) >= ROLES.indexOf(role)
      && (role === "viewer" || state.status.source === "database"),
  };

  document.getElementById("message").after(
    el("p", { id: "note", role: "status", "aria-live": "polite" }));
  for (const page of PAGES) {
    const heading = el("h2", { id: `h-${page.id}`, tabindex: "-1" },
                       page.title);
    const section = el("section", { id: page.id, hidden: true,
                                    "aria-labelledby": heading.id }, heading);
    main.append(section);
    nav.append(el("a", { href: `#${page.id}` }, page.title));
    page.create(section, context);
    pages[page.id] = () => page.show(context);
    if (page.live) {
      live.add(page.id);
    }
  }
  addEventListener("hashchange", () => announce(""));
}
