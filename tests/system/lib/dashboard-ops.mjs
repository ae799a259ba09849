// Copyright (c) 2026 The ovs-xfsm authors.
// SPDX-License-Identifier: Apache-2.0

// Operates a fleet by the dashboard in a browser, by keyboard and by roles, as
// one who does not see it would.  Arguments: URL, tokens of a viewer, an
// operator and an admin, chromium, folder for pictures, file of a program.

import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.XFSM_PLAYWRIGHT, "x.js"));
const { chromium } = require("playwright-core");

const [url, viewer, operator, admin, executablePath, folder, program]
  = process.argv.slice(2);
const PATIENCE = 20000 * Number(process.env.XFSM_TEST_PATIENCE || 1);
const MAX_TABS = 200;
const CONTRAST = 4.5;           // WCAG 2.2, 1.4.3.
const problems = [];

function check(condition, what) {
  if (!condition) {
    throw new Error(what);
  }
}

// ## Bits ##

async function open(browser, colorScheme, token) {
  const context = await browser.newContext({ colorScheme,
    viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    // What the API refuses is told to the console by the browser itself.
    if (message.type() === "error"
        && !/\b(400|401|403|409|412)\b/.test(message.text())) {
      problems.push(message.text());
    }
  });
  await page.goto(url);
  await page.getByRole("textbox", { name: "Token" }).waitFor();
  await page.keyboard.type(token);
  await page.keyboard.press("Enter");
  await heading(page, "Overview");
  return page;
}

const heading = (page, name) =>
  page.getByRole("heading", { name, exact: true }).waitFor();

const row = (page, section, text) =>
  page.locator(`#${section} tbody tr`).filter({ hasText: text }).first();

const note = (page, text) => page.locator("#note").getByText(text).waitFor();

// The state, and not the buttons "Disable" and "Delete" side by side.
const DISABLED = /^disabled, /;

const dialog = (page) => page.getByRole("dialog");

// Has the dialog do it, and waits until it has closed and given the focus
// back: a key that is pressed before would be its.
async function submit(page, verb) {
  await dialog(page).getByRole("button", { name: verb, exact: true })
    .press("Enter");
  await dialog(page).waitFor({ state: "detached" });
}

async function go(page, name) {
  await page.getByRole("link", { name, exact: true }).press("Enter");
  await heading(page, name);
}

const picture = (page, name) =>
  page.screenshot({ path: join(folder, `dashboard-${name}.png`) });

// What has the focus, as it is told.
const focused = (page) => page.evaluate(() => {
  const e = document.activeElement;
  const label = e.getAttribute("aria-label")
    || [...(e.labels ?? [])].map((l) => l.textContent).join(" ")
    || e.textContent;
  return { name: label.trim(), tag: e.tagName.toLowerCase(), id: e.id,
           inDialog: Boolean(e.closest("dialog")) };
});

// Goes on by the Tab key alone to what is called so.
async function tabTo(page, name) {
  for (let i = 0; i < MAX_TABS; i += 1) {
    await page.keyboard.press("Tab");
    if ((await focused(page)).name.startsWith(name)) {
      return;
    }
  }
  throw new Error(`Tab never comes to ${name}`);
}

// ## Access ##

// Each text can be told from what is behind it, each control has a name.
async function checkLooks(page, what) {
  const bad = await page.evaluate((least) => {
    const parse = (color) => {
      const all = color.match(/[\d.]+/g).map(Number);
      return { rgb: all.slice(0, 3), alpha: all[3] ?? 1 };
    };
    const light = ({ rgb }) => {
      const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92
        : ((v / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const back = (e) => {
      const color = e ? parse(getComputedStyle(e).backgroundColor)
        : { rgb: [255, 255, 255], alpha: 1 };
      return color.alpha === 1 ? color : back(e.parentElement);
    };
    const found = [];
    for (const e of document.querySelectorAll("body *")) {
      const hasText = [...e.childNodes].some(
        (n) => n.nodeType === 3 && n.textContent.trim());
      if (!e.checkVisibility() || e.disabled) {
        continue;
      }
      if (hasText) {
        const [a, b] = [light(parse(getComputedStyle(e).color)),
                        light(back(e))].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < least) {
          found.push(`${ratio.toFixed(2)}: ${e.outerHTML.slice(0, 120)}`);
        }
      }
      if (e.matches("input, button, textarea, select, img, a, progress")
          && !(e.textContent.trim() || e.labels?.length || e.alt
               || e.getAttribute("aria-label"))) {
        found.push(`without a name: ${e.outerHTML}`);
      }
    }
    return found;
  }, CONTRAST);
  check(!bad.length, `${what}: ${bad.join("\n")}`);
}

// The focus stays in the dialog that is open, whichever way it goes.
async function checkTrap(page) {
  for (const key of ["Tab", "Shift+Tab"]) {
    const seen = new Set();
    for (let i = 0; i < 40; i += 1) {
      await page.keyboard.press(key);
      const now = await focused(page);
      check(now.inDialog, `${key} leaves the dialog, to ${now.name}`);
      seen.add(now.name);
    }
    check(seen.has("Cancel") && seen.has("Save"), [...seen].join(", "));
  }
}

// ## Assignments ##

// Makes one without a mouse, from the top of the page on.
async function createByKeyboard(page) {
  await tabTo(page, "Assignments");
  await page.keyboard.press("Enter");
  await heading(page, "Assignments");
  await tabTo(page, "New assignment");
  await page.keyboard.press("Enter");
  await dialog(page).waitFor();
  check((await focused(page)).name.startsWith("Name"),
        "the focus is not in the dialog");
  await checkTrap(page);
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  check((await focused(page)).name === "New assignment",
        "the focus does not come back");

  await page.keyboard.press("Enter");
  await dialog(page).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("A name is needed.").waitFor();
  await page.getByRole("textbox", { name: "Name" }).focus();
  await page.keyboard.type("by-keyboard");
  await tabTo(page, "portscan");
  await page.keyboard.press("Space");
  await tabTo(page, "Ports: value 1");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("vm1");
  await page.getByText("1 port with a probe, on 2 hosts").waitFor();
  await page.locator("dialog li").getByText("hv1/vm1").waitFor();
  await tabTo(page, "Ask the switches");
  await page.keyboard.press("Enter");
  await page.getByText("1 port, on 2 hosts, no answer from hv2").waitFor();
  await page.locator("dialog li").getByText("hv1/vm1").waitFor();
  await tabTo(page, "max_rate");
  await page.keyboard.type("7");
  await checkLooks(page, "the form");
  await picture(page, "Assignment");
  await page.keyboard.press("Enter");
  await dialog(page).waitFor({ state: "detached" });
  await note(page, "Assignment by-keyboard is saved.");
  await row(page, "assignments", "by-keyboard").getByText("max_rate=7")
    .waitFor();
}

async function useAssignments(page) {
  await createByKeyboard(page);
  const mine = row(page, "assignments", "by-keyboard");
  await mine.getByText("enabled, 2 hosts").waitFor();
  await picture(page, "Assignments");
  await mine.getByRole("button", { name: "Disable" }).press("Enter");
  await mine.getByText(DISABLED).waitFor();
  await mine.getByRole("button", { name: "Enable" }).waitFor();
  check((await focused(page)).name === "Enable by-keyboard",
        "the focus is lost when a row changes");

  await mine.getByRole("button", { name: "Edit" }).press("Enter");
  await dialog(page).waitFor();
  const hosts = page.getByRole("textbox", { name: "Hosts", exact: true });
  await hosts.fill("nosuch*");
  await page.getByText("0 ports with a probe, on 0 hosts").waitFor();
  await page.getByLabel("Ports: key 1").fill("nonsense");
  await page.getByRole("button", { name: "Save" }).press("Enter");
  await page.getByRole("alert").getByText("unknown key").waitFor();
  await page.getByLabel("Ports: key 1").fill("port");
  await hosts.fill("hv1");
  await submit(page, "Save");
  await mine.getByText("disabled, 1 host").waitFor();

  await mine.getByRole("button", { name: "Delete" }).press("Enter");
  await dialog(page).getByText("Delete assignment by-keyboard?").waitFor();
  await submit(page, "Delete");
  await note(page, "deleted");
  await mine.waitFor({ state: "detached" });
}

// What an assignment has that the form does not is kept.
async function useTenant(page) {
  const mine = row(page, "assignments", "blue.web");
  await mine.getByRole("button", { name: "Disable" }).press("Enter");
  await mine.getByText(DISABLED).waitFor();
  await mine.getByRole("button", { name: "Edit" }).press("Enter");
  await dialog(page).getByLabel("Ports: value 1").fill("vm9");
  await submit(page, "Save");
  await mine.getByText("port=vm9").waitFor();
}

// ## Roll-outs ##

async function confirmIt(page, verb, text) {
  await row(page, "rollouts", "portscan")
    .getByRole("button", { name: verb }).press("Enter");
  await submit(page, verb);
  await note(page, text);
}

async function useRollouts(page) {
  await go(page, "Roll-outs");
  const mine = row(page, "rollouts", "portscan");
  await mine.getByText("done: on 2 hosts").waitFor();
  await page.getByRole("button", { name: "New version" }).press("Enter");
  await page.getByLabel("File").setInputFiles(program);
  await dialog(page).getByLabel("Program", { exact: true })
    .fill("portscan");
  await page.getByLabel("Hosts that get it first").fill("50");
  await page.getByLabel("How long these must be well").fill("3600");
  await submit(page, "Roll out");
  await note(page, "portscan: version 2");
  await mine.getByText("health: 1 host well").waitFor();
  await mine.getByRole("button", { name: "Details" }).press("Enter");
  await heading(page, "Roll-out of portscan");
  await page.getByRole("row").filter({ hasText: "canary" })
    .filter({ hasText: "well" }).first().waitFor();
  await checkLooks(page, "roll-outs");
  await picture(page, "Roll-outs");
  await confirmIt(page, "Abort", "portscan: version 1 stays, not 2");
  await mine.getByText("done: on 2 hosts").waitFor();
  await mine.getByText("aborted by user the-operator").waitFor();

  await page.getByRole("button", { name: "Roll out version 2" })
    .press("Enter");
  await page.getByLabel("Hosts that get it first").fill("100");
  await submit(page, "Roll out");
  await note(page, "portscan");
  await mine.getByRole("cell", { name: "2", exact: true }).waitFor();
  await mine.getByText("done: on 2 hosts").waitFor();
  await confirmIt(page, "Roll back", "portscan: version 1 instead of 2");
  await mine.getByRole("cell", { name: "1", exact: true }).waitFor();
}

// ## Probes ##

async function useProbes(page) {
  await go(page, "Probes");
  await page.getByRole("button", { name: "Add a program hv1/vm1" }).waitFor();
  await page.getByRole("button", { name: "Install on a port" })
    .press("Enter");
  const form = dialog(page);
  await form.getByLabel("Host", { exact: true }).selectOption("hv1");
  await form.getByLabel("Port", { exact: true }).fill("vm*");
  await form.getByRole("button", { name: "Install" }).press("Enter");
  await form.getByRole("alert").getByText("without").waitFor();
  await form.getByLabel("Port", { exact: true }).fill("lan1");
  await submit(page, "Install");
  await note(page, "start portscan on hv1/lan1");
  const mine = page.getByRole("row").filter({ hasText: "lan1" })
    .filter({ hasText: "Remove" });
  await mine.getByText("running").waitFor();
  await checkLooks(page, "probes");
  await picture(page, "Probes");
  await mine.getByRole("button", { name: "Stop" }).press("Enter");
  await mine.getByText("stopped").waitFor();
  await mine.getByRole("button", { name: "Start" }).press("Enter");
  await mine.getByText("running").waitFor();
  await mine.getByRole("button", { name: "Remove" }).press("Enter");
  await submit(page, "Remove");
  await mine.waitFor({ state: "detached" });
  check((await focused(page)).id === "h-operate-probes", "the focus is lost");
}

// ## Hosts ##

async function useHosts(browser) {
  const page = await open(browser, "light", admin);
  await go(page, "Hosts");
  const mine = page.getByRole("row").filter({ hasText: "ghost" })
    .filter({ hasText: "Remove" });
  await page.getByRole("button", { name: "New host" }).press("Enter");
  const form = dialog(page);
  await form.getByLabel("Name").fill("ghost");
  await form.getByLabel("OVSDB remotes").fill("nonsense");
  await form.getByRole("button", { name: "Save" }).press("Enter");
  await form.getByRole("alert").getByText("no OVSDB remote").waitFor();
  await form.getByLabel("OVSDB remotes").fill("unix:/nowhere");
  await form.getByRole("button", { name: "Add to Labels" }).press("Enter");
  await page.keyboard.type("rack");
  await form.getByLabel("Labels: value 1").fill("r7");
  await picture(page, "Host");
  await submit(page, "Save");
  await mine.getByText("rack=r7").waitFor();
  await mine.getByRole("button", { name: "Edit" }).press("Enter");
  await form.getByLabel("Labels: value 1").fill("r8");
  await submit(page, "Save");
  await mine.getByText("rack=r8").waitFor();
  await checkLooks(page, "hosts");
  await picture(page, "Hosts-edit");
  await mine.getByRole("button", { name: "Remove" }).press("Enter");
  await submit(page, "Remove");
  await note(page, "is leaving");
  await mine.getByText("leaving").waitFor();
  await mine.getByRole("button", { name: "Remove" }).press("Enter");
  await form.getByLabel("At once").press("Space");
  await submit(page, "Remove");
  await mine.waitFor({ state: "detached" });
  await note(page, "stay there");
}

// ## Users ##

async function useUsers(browser) {
  const page = await open(browser, "light", admin);
  await go(page, "Users");
  const mine = row(page, "users", "carol");
  const form = dialog(page);
  await page.getByRole("button", { name: "New user" }).press("Enter");
  await form.getByRole("button", { name: "Save" }).press("Enter");
  await form.getByRole("alert").getByText("A name is needed").waitFor();
  await form.getByLabel("Name").fill("carol");
  await form.getByLabel("Tenant").selectOption("blue");
  await checkLooks(page, "the form of a user");
  await picture(page, "User");
  await submit(page, "Save");
  await mine.getByText("blue").waitFor();
  await mine.getByRole("button", { name: "Edit" }).press("Enter");
  await form.getByLabel("Level").selectOption("operator");
  await submit(page, "Save");
  await mine.getByText("operator").waitFor();
  await mine.getByRole("button", { name: "New token" }).press("Enter");
  await form.waitFor();
  const token = await form.getByLabel("Token").inputValue();
  check(token.startsWith("xfsm_"), `a token: ${token}`);
  await submit(page, "Done");
  await checkLooks(page, "users");
  await picture(page, "Users");

  // Its user signs in, and sees what is the tenant's.
  const other = await open(browser, "light", token);
  await other.getByText("carol (operator)").waitFor();
  await go(other, "Ports");
  await other.locator("#port-rows").getByText("vm2").waitFor();
  check(await other.getByRole("link", { name: "Users" }).count() === 0
        && await other.locator("#port-rows").getByText("vm1").count() === 0,
        "a tenant sees others");

  await mine.getByRole("button", { name: "Remove tokens" }).press("Enter");
  await submit(page, "Remove tokens");
  await note(page, "has no token");
  await other.getByText("this token is not known").waitFor();
  await mine.getByRole("button", { name: "Remove carol" }).press("Enter");
  await submit(page, "Remove");
  await mine.waitFor({ state: "detached" });
}

// ## Audit ##

async function useAudit(browser) {
  const page = await open(browser, "light", admin);
  await go(page, "Audit");
  const rows = page.locator("#audit tbody tr");
  await row(page, "audit", "remove host by force").waitFor();
  await row(page, "audit", "version 1 instead of 2").waitFor();
  await checkLooks(page, "audit");
  await picture(page, "Audit");
  await page.locator("#audit").getByLabel("Action").fill("roll back");
  await page.keyboard.press("Enter");
  await rows.filter({ hasText: "roll back" }).first().waitFor();
  await page.waitForFunction(() =>
    document.querySelectorAll("#audit tbody tr").length === 1);
  await page.locator("#audit").getByLabel("User").fill("nosuch");
  await page.keyboard.press("Enter");
  await rows.getByText("none").waitFor();
}

// ## Others ##

async function useDark(browser) {
  const page = await open(browser, "dark", admin);
  await checkLooks(page, "the overview in the dark");
  for (const name of ["Events", "Hosts", "Ports", "Programs", "Assignments",
                      "Roll-outs", "Probes", "Users", "Audit"]) {
    await go(page, name);
    await page.locator("main > section:not([hidden]) tbody td").first()
      .waitFor();
    await checkLooks(page, `${name} in the dark`);
    await picture(page, `${name}-dark`);
  }
  await go(page, "Assignments");
  await page.getByRole("button", { name: "New assignment" }).press("Enter");
  await dialog(page).waitFor();
  await checkLooks(page, "the form in the dark");
  await picture(page, "Assignment-dark");
}

// One who may only look is not offered what would be refused.
async function useViewer(browser) {
  const page = await open(browser, "light", viewer);
  check(await page.getByRole("link", { name: "Audit" }).count() === 0,
        "a viewer is led to the audit log");
  await go(page, "Assignments");
  await row(page, "assignments", "all").waitFor();
  check(await page.getByRole("button", { name: /assignment|all$/ }).count()
        === 0, "a viewer may write assignments");
  await go(page, "Roll-outs");
  await row(page, "rollouts", "portscan").waitFor();
  check(await page.getByRole("button", { name: /Roll|New|Abort/ }).count()
        === 0, "a viewer may roll out");
}

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--no-proxy-server"],
});
try {
  const page = await open(browser, "light", operator);
  await useAssignments(page);
  await useTenant(page);
  await useRollouts(page);
  await useProbes(page);
  await useHosts(browser);
  await useUsers(browser);
  await useAudit(browser);
  await useDark(browser);
  await useViewer(browser);
  check(!problems.length, "the page has problems");
} catch (error) {
  console.log(problems.join("\n"));
  throw error;
} finally {
  await browser.close();
}
