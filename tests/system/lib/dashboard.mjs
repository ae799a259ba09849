// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// Uses the dashboard in a browser, by keyboard and by roles, as one who does
// not see it would.  Arguments: URL, token, chromium, folder for pictures.

import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.XFSM_PLAYWRIGHT, "x.js"));
const { chromium } = require("playwright-core");

const [url, token, executablePath, folder] = process.argv.slice(2);
const PATIENCE = 20000 * Number(process.env.XFSM_TEST_PATIENCE || 1);
const problems = [];

function check(condition, what) {
  if (!condition) {
    throw new Error(what);
  }
}

async function open(browser, colorScheme) {
  const context = await browser.newContext({ colorScheme });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    // A wrong token is told to the console by the browser itself.
    if (message.type() === "error" && !/\b401\b/.test(message.text())) {
      problems.push(message.text());
    }
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("blob:")) {
      problems.push(`asks elsewhere: ${request.url()}`);
    }
  });
  await page.goto(url);
  return page;
}

const heading = (page, name) =>
  page.getByRole("heading", { name, exact: true }).waitFor();

async function signIn(page, secret) {
  await page.getByRole("textbox", { name: "Token" }).fill(secret);
  await page.keyboard.press("Enter");
}

async function go(page, name) {
  await page.getByRole("link", { name, exact: true }).focus();
  await page.keyboard.press("Enter");
  await heading(page, name);
  await page.screenshot({ path: join(folder, `dashboard-${name}.png`) });
}

// No text of one size comes without a name, and all can be reached.
async function checkAccess(page) {
  const bad = await page.evaluate(() =>
    [...document.querySelectorAll("input, button, textarea, img, a")]
      .filter((e) => e.checkVisibility())
      .filter((e) => !(e.textContent.trim() || e.labels?.length
                       || e.getAttribute("aria-label") || e.alt))
      .map((e) => e.outerHTML));
  check(!bad.length, `without a name: ${bad}`);
}

async function useEvents(page) {
  await go(page, "Events");
  await page.getByText("live", { exact: true }).waitFor();
  await page.getByRole("textbox", { name: "Label" }).fill("alert");
  await page.keyboard.press("Enter");
  const row = page.getByRole("row").filter({ hasText: "portscan" }).first();
  await row.waitFor();
  const rows = await page.locator("#event-rows tr").count();
  await page.waitForFunction((n) =>
    document.querySelectorAll("#event-rows tr").length > n, rows);
  check(!(await page.locator("#event-rows").textContent()).includes("status"),
        "the filter");
  await page.getByRole("textbox", { name: "Host" }).fill("nosuch");
  await page.keyboard.press("Enter");
  await page.locator("#event-rows").getByText("none").waitFor();
  await page.getByRole("button", { name: "Pause" }).press("Space");
  check(await page.locator("#pause[aria-pressed=true]").count(), "pause");
}

async function usePrograms(page) {
  await go(page, "Programs");
  await page.getByRole("button", { name: "portscan" }).press("Enter");
  const source = page.getByRole("textbox", { name: "Source" });
  await page.waitForFunction(() =>
    document.getElementById("source").value.includes("<xfsm"));
  if (process.env.XFSM_TEST_DOT) {
    await page.waitForFunction(() =>
      document.getElementById("graph").naturalWidth > 0);
  }
  const text = await source.inputValue();
  await source.fill("<nonsense/>");
  await page.getByRole("button", { name: "Validate" }).press("Enter");
  await page.locator("#diagnostics").getByText("nonsense").waitFor();
  await source.fill(`${text}\n<!-- <b id="injected">x</b> -->\n`);
  await page.getByRole("button", { name: "Validate" }).press("Enter");
  await page.locator("#diagnostics").getByText("valid", { exact: true })
    .waitFor();
  await page.getByRole("button", { name: "Save" }).press("Enter");
  await page.locator("#diagnostics").getByText("saved").waitFor();
  check((await source.inputValue()).includes("injected")
        && !await page.locator("#injected").count(), "text became markup");
  await checkAccess(page);
  await page.screenshot({ path: join(folder, "dashboard-Program.png"),
                          fullPage: true });
}

async function run(browser) {
  const page = await open(browser, "light");
  await heading(page, "Sign in");
  check(await page.evaluate(() => document.activeElement.id) === "token",
        "the focus is elsewhere");
  await signIn(page, "wrong");
  await page.locator("#message").getByText("not known").waitFor();
  await signIn(page, token);
  await heading(page, "Overview");
  await page.locator("dd").first().waitFor();
  await page.locator("svg.spark[aria-label^='Hosts: now 1']").waitFor();
  await checkAccess(page);
  await go(page, "Hosts");
  await page.getByRole("row").filter({ hasText: "hv1" }).getByText("done")
    .waitFor();
  await go(page, "Ports");
  await page.getByRole("row").filter({ hasText: "vm1" }).getByText("running")
    .waitFor();
  await useEvents(page);
  await usePrograms(page);

  await page.getByRole("button", { name: "Dark" }).press("Enter");
  const back = () => page.evaluate(() =>
    getComputedStyle(document.body).backgroundColor);
  check(await back() === "rgb(18, 22, 27)", `dark is ${await back()}`);
  await go(page, "Overview");
  await page.getByRole("button", { name: "Sign out" }).press("Enter");
  await heading(page, "Sign in");
  await page.reload();
  await heading(page, "Sign in");

  const dark = await open(browser, "dark");
  check(await dark.evaluate(() => document.documentElement.dataset.theme)
        === "dark", "the scheme of the system");
  check(!problems.length, problems.join("\n"));
}

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--no-proxy-server"],
});
try {
  await run(browser);
} finally {
  await browser.close();
}
