// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// Roles in the database of the fleet: users, whom they are confined to, and
// their tokens.

import { getAll, request } from "./api.js";
import { act, button, confirm, count, el, field, openDialog, Table }
  from "./ui.js";

const LEVELS = ["viewer", "operator", "admin"];

const path = (name) => `/api/v1/roles/${encodeURIComponent(name)}`;

const select = (values, chosen) => el("select", {}, ...values.map(
  ([value, text]) => el("option", { value, selected: value === chosen },
                        text)));

// Opens the form, for a new role or to change that called 'name'.
async function edit(name, reload) {
  const [response, tenants] = await Promise.all([
    name ? request(path(name)) : null, getAll("/api/v1/tenants")]);
  const role = response ? await response.json() : { level: "viewer" };
  const etag = response?.headers.get("ETag");
  const title = el("input", { maxlength: 63, autocomplete: "off",
                              spellcheck: "false",
                              readonly: Boolean(name) });
  const level = select(LEVELS.map((l) => [l, l]), role.level);
  const tenant = select([["", "the whole fleet"],
    ...tenants.map((t) => [t.name, t.name])], role.tenant ?? "");

  title.value = name ?? "";
  openDialog({
    title: name ? `Change user ${name}` : "New user",
    verb: "Save",
    body: el("div", { class: "form" }, field("Name", title),
      field("Level", level, "A viewer sees, an operator changes, an admin "
            + "also sees what others did."),
      field("Tenant", tenant, "Whose ports it is confined to.")),
    submit: async () => {
      if (!title.value.trim()) {
        throw new Error("A name is needed.");
      }
      await request(path(title.value.trim()), {
        method: "PUT",
        body: JSON.stringify({ level: level.value,
          ...(tenant.value ? { tenant: tenant.value } : {}) }),
        headers: { "Content-Type": "application/json",
                   ...(etag ? { "If-Match": etag }
                     : { "If-None-Match": "*" }) } });
      await reload();
      return `User ${title.value.trim()} is saved.`;
    },
  });
}

// Makes a token and shows it, this once.
async function makeToken(name, reload) {
  const response = await request(`${path(name)}/tokens`, { method: "POST" });
  const { token } = await response.json();
  const shown = el("input", { readonly: true });

  shown.value = token;
  await reload();
  openDialog({
    title: `A token for ${name}`,
    verb: "Done",
    body: el("div", { class: "form" }, field("Token", shown,
      "Copy it now: it is not told again.")),
    submit: async () => { shown.value = ""; },
  });
  shown.select();
}

const removeTokens = (role, reload) => confirm(
  `Remove the tokens of ${role.name}?`,
  `${count(role.tokens.length, "token")} will be refused from then on, and `
  + "event streams end.", "Remove tokens", async () => {
    await request(`${path(role.name)}/tokens`, { method: "DELETE" });
    await reload();
    return `${role.name} has no token any more.`;
  });

const remove = (name, reload) => confirm(
  `Remove user ${name}?`, "Its tokens go with it.", "Remove", async () => {
    const etag = (await request(path(name))).headers.get("ETag");
    await request(path(name), { method: "DELETE",
                                headers: { "If-Match": etag } });
    await reload();
    return `User ${name} is removed.`;
  });

export const users = {
  id: "users",
  title: "Users",
  live: false,
  role: "admin",
  fleet: true,

  create(section, context) {
    const reload = () => this.show(context);
    const writes = () => context.may("admin");
    this.add = button("New user", () => act(() => edit(null, reload)));
    this.table = new Table({
      caption: "Who may use this page and the API, beside those in files of "
        + "tokens",
      key: (r) => r.name,
      columns: [
        { title: "User", text: (r) => r.name },
        { title: "Level", text: (r) => r.level },
        { title: "Tenant", text: (r) => r.tenant },
        { title: "Tokens", text: (r) => r.tokens.length },
        { title: "Actions", actions: [
          { name: "Edit", when: writes,
            run: (r) => act(() => edit(r.name, reload)) },
          { name: "New token", when: writes,
            run: (r) => act(() => makeToken(r.name, reload)) },
          { name: "Remove tokens", when: (r) => writes() && r.tokens.length,
            run: (r) => removeTokens(r, reload) },
          { name: "Remove", when: writes,
            run: (r) => remove(r.name, reload) },
        ] },
      ],
    });
    section.append(el("p", {}, this.add), this.table.element);
  },

  async show(context) {
    this.add.hidden = !context.may("admin");
    this.table.show(await getAll("/api/v1/roles"));
  },
};
