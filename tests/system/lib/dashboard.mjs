// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// Uses the dashboard in a browser, by keyboard and by roles, as one who does
// not see it would.  Arguments: URL, token, chromium, folder for pictures,
// capture of a port scan by 10.9.0.1.

import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.XFSM_PLAYWRIGHT, "x.js"));
const { chromium } = require("playwright-core");

const [url, token, executablePath, folder, capture] = process.argv.slice(2);
const PATIENCE = 20000 * Number(process.env.XFSM_TEST_PATIENCE || 1);
const problems = [];
let hostile = false;            // The policy of the page has work to do.

const HOSTILE = `<svg xmlns="http://www.w3.org/2000/svg" width="9pt"
  xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" onload="x()">
  <script>x()</script><style>body { display: none }</style>
  <a href="javascript:x()"><text>link</text></a>
  <image href="http://192.0.2.1/"/><use xlink:href="#graph"/>
  <foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>
  <g class="x" style="fill: red" id="main"><animate attributeName="x"/>
  <text x="1" y="8" onclick="x()">harmless</text></g></svg>`;

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
    // The browser itself tells of a wrong token and of a bad capture.
    if (message.type() === "error"
        && !/status of (401|422)\b/.test(message.text())
        && !(hostile && /Content Security Policy/.test(message.text()))) {
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

// A chart that tells so in words, and has drawn something.
async function chart(page, words) {
  const plot = page.locator("section:not([hidden])")
    .getByRole("img", { name: words });
  await plot.waitFor();
  check(await plot.locator("canvas").evaluate((canvas) =>
    canvas.width > 0 && new Uint32Array(canvas.getContext("2d")
      .getImageData(0, 0, canvas.width, canvas.height).data.buffer)
      .some((pixel) => pixel)), `an empty chart: ${words}`);
}

const picture = (page, name) => page.screenshot({
  path: join(folder, `dashboard-${name}.png`), fullPage: true });

// Lists of both ports; and of a drawing, whatever it has, shapes alone.
async function useTalkers(page) {
  hostile = true;
  await page.route("**/toptalkers/graph", (route) => route.fulfill({
    contentType: "image/svg+xml", body: HOSTILE }));
  await page.getByRole("link", { name: "toptalkers" }).press("Enter");
  await heading(page, "toptalkers");
  await page.locator("#program-talkers table").nth(1).waitFor();
  await page.locator("#program-talkers").getByText("at hv1, vm2,").waitFor();
  await page.locator("#graph").getByText("harmless").waitFor();
  const left = await page.evaluate(() => [...document.querySelectorAll(
    "#graph *")].flatMap((e) => [e.localName, ...e.getAttributeNames()]));
  check(JSON.stringify(left) === JSON.stringify(
    ["svg", "viewBox", "style", "g", "class", "text", "x", "y"]),
    `of a hostile drawing there is ${left}`);
  await picture(page, "Talkers-dark");
}

async function useOverview(page) {
  await chart(page, /^Hosts: now 1, at most 1 in the last 30 minutes/);
  await chart(page, /^Ports: now 2,/);
  await chart(page, /^Probes: now 2,/);
  await chart(page, /^Packets a second: now [\d.]/);
  await page.getByRole("combobox", { name: "Show" })
    .selectOption("the last 24 hours");
  await chart(page, /^Probes: now [\d.]+, at most 2 in the last 24 hours/);
  await page.getByRole("combobox", { name: "Show" })
    .selectOption("the last 30 minutes");
  await page.locator("#overview-alerts tr").getByText("portscan").first()
    .waitFor();
  await checkAccess(page);
  await picture(page, "Overview-light");
}

async function useHost(page) {
  await go(page, "Hosts");
  await page.getByRole("row").filter({ hasText: "hv1" }).getByText("done")
    .waitFor();
  await picture(page, "Hosts");
  await page.getByRole("link", { name: "hv1" }).press("Enter");
  await heading(page, "Host hv1");
  check(await page.getByRole("link", { name: "Hosts", exact: true })
    .getAttribute("aria-current") === "page", "where the page belongs");
  await chart(page, /^Alerts a second: now [\d.]/);
  await page.locator("#host-facts").getByText("done").waitFor();
  await page.locator("#host-facts").getByText("running").waitFor();
  await page.locator("#host-events").getByText("portscan").first().waitFor();
  await page.locator("#host-ports tr").nth(1).waitFor();
  await checkAccess(page);
  await picture(page, "Host");
}

async function usePort(page) {
  await go(page, "Ports");
  await page.getByRole("row").filter({ hasText: "vm1" }).getByText("running")
    .waitFor();
  await picture(page, "Ports");
  const link = page.locator("#ports").getByRole("link", { name: "vm1" });
  await link.focus();
  // Rows are made anew meanwhile, and the focus stays.
  const row = await link.elementHandle();
  await page.waitForFunction((element) => !element.isConnected, row);
  check(await page.evaluate(() => document.activeElement.textContent)
        === "vm1", "the focus went");
  await page.keyboard.press("Enter");
  await heading(page, "Port vm1 of hv1");
  await chart(page, /^Packets a second: now [\d.]/);
  await page.locator("#port-facts")
    .getByText("portscan (version 1)").waitFor();
  await page.locator("#port-states tr").getByText("portscan").first()
    .waitFor();
  await page.locator("#port-talkers").getByText("10.0.0.").first().waitFor();
  await page.locator("#port-events").getByText("portscan").first().waitFor();
  await checkAccess(page);
  await picture(page, "Port");
}

async function useEvents(page) {
  await go(page, "Events");
  await page.getByText("live", { exact: true }).waitFor();
  await page.getByRole("textbox", { name: "Label" }).fill("alert");
  await page.keyboard.press("Enter");
  const row = page.getByRole("row").filter({ hasText: "portscan" }).first();
  await row.waitFor();
  await picture(page, "Events");
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

// What is wrong is marked where it is, and leads there.
async function useMarks(page, source, text) {
  const lines = text.split("\n");
  const line = 1 + lines.findIndex((l) => l.includes("next_state=\"reported"));
  await source.fill(text.replace("next_state=\"reported", "next_state=\"no"));
  await page.getByRole("button", { name: "Validate" }).press("Enter");
  const button = page.getByRole("button", { name: `line ${line}` });
  await button.waitFor();
  check(await page.locator("#source-lines .bad").textContent()
        === `● ${line}`, "the number of the line");
  check((await page.locator("#source-colors .line-bad").textContent())
        .includes("next_state=\"no"), "the line that is marked");
  await picture(page, "Program-error");
  await button.press("Enter");
  check(await source.evaluate((area) => area === document.activeElement
        && area.value.slice(area.selectionStart, area.selectionEnd)
             .includes("next_state=\"no")), "the line that is selected");
  // A change takes the marks off; colors are those of the same text.
  await source.press("End");
  await page.keyboard.type(" ");
  await page.locator("#source-lines .bad").waitFor({ state: "detached" });
  check(await page.evaluate(() =>
    document.getElementById("source-colors").textContent
      === `${document.getElementById("source").value}\n`), "other text");
}

async function useCapture(page, source, text) {
  await source.fill(text);
  const run = page.getByRole("button", { name: "Run the source" });
  await run.press("Enter");
  await page.locator("#message").getByText("choose a capture").waitFor();
  await page.getByLabel("Capture (pcap").setInputFiles({
    name: "bad.pcap", mimeType: "application/octet-stream",
    buffer: Buffer.from("no capture") });
  await run.press("Enter");
  await page.locator("#message").getByText("not a readable capture")
    .waitFor();
  await page.getByLabel("Capture (pcap").setInputFiles(capture);
  const parameters = page.getByLabel("Parameters (name=value");
  await parameters.fill("max_rate");
  await run.press("Enter");
  await page.locator("#message").getByText("not of the form").waitFor();
  await parameters.fill("max_rate=100000  confirm=60 ");
  await run.press("Enter");
  await page.locator("#capture-summary").getByText("0 events").waitFor();
  await parameters.fill("");
  await run.press("Enter");
  await page.getByRole("row").filter({ hasText: "10.9.0.1" })
    .filter({ hasText: "suspected → reported" }).first().waitFor();
  await page.locator("#message", { hasText: /^$/ }).waitFor({
    state: "attached" });
  await checkAccess(page);
  await picture(page, "Program");
}

async function usePrograms(page) {
  await go(page, "Programs");
  await picture(page, "Programs");
  await page.getByRole("link", { name: "portscan" }).press("Enter");
  const source = page.getByRole("textbox", { name: "Source" });
  await page.waitForFunction(() =>
    document.getElementById("source").value.includes("<xfsm"));
  const reported = page.locator("#state-rows tr")
    .filter({ hasText: "reported" });
  await reported.waitFor();
  if (process.env.XFSM_TEST_DOT) {
    // Live: the number at the state grows with that of the table.
    const badge = page.locator("#graph g.node.live")
      .filter({ hasText: "reported" }).locator(".badge text");
    await badge.waitFor();
    const before = Number(await badge.textContent());
    await page.waitForFunction((n) => [...document.querySelectorAll(
      "#graph .badge text")].some((e) => Number(e.textContent) > n), before);
  }
  await page.locator("#program-ports").getByText("Runs on 2 ports").waitFor();
  const text = await source.inputValue();
  await source.fill("<nonsense/>");
  await page.getByRole("button", { name: "Validate" }).press("Enter");
  await page.locator("#diagnostics").getByText("nonsense").waitFor();
  await useMarks(page, source, text);
  await source.fill(text.replace("<event type",
                                 "<statedef id=\"lost\"/>\n<event type"));
  await page.getByRole("button", { name: "Validate" }).press("Enter");
  await page.locator("#diagnostics").getByText("valid").waitFor();
  await page.locator("#diagnostics li").getByText("nothing leads to the state")
    .waitFor();
  await useCapture(page, source, text);
  await source.fill(`${text}\n<!-- <b id="injected">x</b> -->\n`);
  await page.getByRole("button", { name: "Validate" }).press("Enter");
  await page.locator("#diagnostics").getByText("valid", { exact: true })
    .waitFor();
  await page.getByRole("button", { name: "Save" }).press("Enter");
  await page.locator("#diagnostics").getByText("saved").waitFor();
  check((await source.inputValue()).includes("injected")
        && !await page.locator("#injected").count(), "text became markup");
  await checkAccess(page);
}

async function run(browser) {
  const page = await open(browser, "light");
  await heading(page, "Sign in");
  const focus = await page.evaluate(() => document.activeElement.outerHTML);
  check(focus.includes('id="token"'), `the focus is at ${focus}`);
  await signIn(page, "wrong");
  await page.locator("#message").getByText("not known").waitFor();
  await signIn(page, token);
  await heading(page, "Overview");
  await useOverview(page);
  await useHost(page);
  await usePort(page);
  await useEvents(page);
  await usePrograms(page);

  await page.getByRole("button", { name: "Dark" }).press("Enter");
  const back = () => page.evaluate(() =>
    getComputedStyle(document.body).backgroundColor);
  check(await back() === "rgb(18, 22, 27)", `dark is ${await back()}`);
  await go(page, "Overview");
  await chart(page, /^Packets a second: now [\d.]/);
  await picture(page, "Overview-dark");
  await go(page, "Programs");
  await page.getByRole("link", { name: "portscan" }).press("Enter");
  await page.locator("#state-rows tr").filter({ hasText: "reported" })
    .waitFor();
  await picture(page, "Program-dark");
  await useTalkers(page);
  await page.getByRole("button", { name: "Sign out" }).press("Enter");
  await heading(page, "Sign in");
  await page.reload();
  await heading(page, "Sign in");

  const dark = await open(browser, "dark");
  check(await dark.evaluate(() => document.documentElement.dataset.theme)
        === "dark", "the scheme of the system");
  check(!problems.length, "the page has problems");
}

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--no-proxy-server"],
});
try {
  await run(browser);
} catch (error) {
  console.log(problems.join("\n"));
  throw error;
} finally {
  await browser.close();
}
