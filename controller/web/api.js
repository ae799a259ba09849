// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// Requests to the REST API.  The token is kept for this tab only.

const KEY = "xfsm-token";

export const getToken = () => sessionStorage.getItem(KEY) || "";
export const setToken = (token) => sessionStorage.setItem(KEY, token);
export const forgetToken = () => sessionStorage.removeItem(KEY);

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

// Answer to a request, or a Problem.
export async function request(path, options = {}) {
  const headers = { Authorization: `Bearer ${getToken()}`,
                    ...(options.headers || {}) };
  const response = await fetch(path, { ...options, headers,
                                       cache: "no-store" });
  if (!response.ok) {
    let detail = response.statusText;
    try {
      detail = (await response.json()).detail;
    } catch {
      // Not one of ours: what the status says is all there is.
    }
    throw new Problem(response.status, detail);
  }
  return response;
}

export const getJson = async (path) => (await request(path)).json();

// All pages of a list, up to max items.
export async function getAll(path, max = 5000) {
  const items = [];
  const more = path.includes("?") ? "&" : "?";
  let after = "";
  do {
    const page = await getJson(
      `${path}${more}limit=1000&after=${encodeURIComponent(after)}`);
    items.push(...page.items);
    after = page.next;
  } while (after && items.length < max);
  return items;
}
