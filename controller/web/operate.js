// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// The pages that operate the fleet.  Each is a module with
//
//   id, title   of the page, in the address and in the navigation; a part of
//               another page has the id of that;
//   live        whether it is shown again while one looks at it;
//   role        the least one that sees it, a viewer if there is none;
//   fleet       whether it is not for users of a tenant;
//   create(section, context)   fills the section of the page, once;
//   show(context)              gets what is to be shown.
//
// 'context' has state, of whom is signed in, and may(role, reads): whether
// that is one who may write what this role can, or only read it.

import { assignments } from "./assignments.js";
import { audit } from "./audit.js";
import { hostsEdit } from "./hosts-edit.js";
import { probes } from "./probes.js";
import { rollouts } from "./rollouts.js";
import { announce, el } from "./ui.js";
import { users } from "./users.js";

const PAGES = [hostsEdit, assignments, rollouts, probes, users,
               audit];
const ROLES = ["viewer", "operator", "admin"];

// Adds a page, or a part at the end of one that is there.
function addPage(page, pages, context) {
  const before = pages[page.id];
  const heading = el(before ? "h3" : "h2",
                     { id: `h-operate-${page.id}`, tabindex: "-1" },
                     page.title);
  const section = el("section", { id: before ? undefined : page.id,
                                  hidden: !before,
                                  "aria-labelledby": heading.id }, heading);

  if (before) {
    document.getElementById(page.id).append(section);
  } else {
    document.getElementById("main").append(section);
    document.getElementById("nav").append(
      el("a", { href: `#${page.id}`, "data-role": page.role,
            "data-fleet": page.fleet }, page.title));
  }
  page.create(section, context);
  pages[page.id] = async (...about) => {
    await before?.(...about);
    await page.show(context);
  };
}

// Adds the pages to those of the dashboard.
export function operate({ pages, live, state }) {
  const context = {
    state,
    may: (role, reads) =>
      ROLES.indexOf(state.status?.role) >= ROLES.indexOf(role)
      && (reads || state.status.source === "database"),
  };

  document.getElementById("message").after(
    el("p", { id: "note", role: "status", "aria-live": "polite" }));
  for (const page of PAGES) {
    addPage(page, pages, context);
    if (page.live) {
      live.add(page.id);
    }
  }
  for (const [id, show] of Object.entries(pages)) {
    pages[id] = (...about) => {
      for (const link of document.querySelectorAll("#nav a[data-role]")) {
        link.hidden = !context.may(link.dataset.role, true)
          || ("fleet" in link.dataset && Boolean(state.status?.tenant));
      }
      return show(...about);
    };
  }
  addEventListener("hashchange", () => announce(""));
}
