// SPDX-License-Identifier: GPL-2.0-only

// Looks at a report in a real browser. Usage: node browser.mjs REPORT WANT CHROMIUM, where WANT is a JSON file with what
// points must show, as Go code has found it (browser_test.go). Prints a line for each thing that is wrong.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { shown, visible } from "./shown.mjs";

const [report, wantFile, executablePath] = process.argv.slice(2);
const want = JSON.parse(readFileSync(wantFile, "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const took = [];
let last = Date.now();
let faults = 0;
let checks = 0;

function check(ok, what) {
  checks++;
  if (ok) return;
  faults++;
  console.log("FAIL " + what);
}

function same(got, wanted, what) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
  check(a === b, what + "\n  got  " + a + "\n  want " + b);
}

async function page(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const p = await context.newPage();
  p.on("console", (m) => check(!["error", "warning"].includes(m.type()), "console: " + m.text()));
  p.on("pageerror", (e) => check(false, "script: " + e.stack));
  p.on("request", (r) => check(/^(file|data|blob):/.test(r.url()), "the report asks the network for " + r.url()));
  return p;
}

function lap(what) {
  took.push(what + " " + (Date.now() - last) + " ms");
  last = Date.now();
}

async function open(p, hash = "") {
  await p.goto("about:blank");
  await p.goto("file://" + report + hash);
}

async function accessible(p, where) {
  await p.evaluate(axe);
  const { violations } = await p.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const v of violations) check(false, where + ": axe: " + v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " " + (n.any[0]?.message ?? "")).join(" | "));
  checks++;
}

function agree(got, w) {
  for (const [field, has, value] of visible(got, w)) same(has, value, w.hash + ": " + field);
}

// The overview: what the sweep found, and the filters.
const p = await page();
await open(p);
const paint = await p.evaluate(() => new Promise((done) => {
  const seen = performance.getEntriesByName("first-contentful-paint")[0];
  if (seen) return done(seen.startTime);
  new PerformanceObserver((l) => l.getEntriesByName("first-contentful-paint").forEach((e) => done(e.startTime))).observe({ type: "paint", buffered: true });
}));
console.log("first paint after " + Math.round(paint) + " ms");
check(paint < 2000, "the first paint takes " + paint + " ms");
await accessible(p, "overview");
const rows = () => p.evaluate(() => [...document.querySelectorAll("#unsound tbody tr")].filter((r) => !r.hidden && !r.closest("details").hidden).map((r) => r.dataset.symbol + " " + r.dataset.verdict + " " + r.dataset.walkers));
const before = await rows();
same(before.length, want.findings, "number of unsound windows");
await p.click("#filters-box > summary");
await accessible(p, "filters");
await p.fill("#symbol", "return_to_handler");
const hash = await p.evaluate(() => location.hash);
check(hash.includes("symbol=return_to_handler"), "the filter is not in the address: " + hash);
same(await rows(), before.filter((r) => r.split(" ")[0].includes("return_to_handler")), "filter by symbol");
await p.fill("#symbol", "");
await p.uncheck("#filters label:text-is('fp') input");
same(await rows(), before.filter((r) => r.split(" ").slice(2).join(" ") !== "fp"), "filter by walker");
check(await p.isHidden("#matrix th.w0"), "the column of a walker that is filtered out is shown");
const box = (v) => p.locator("#filters label", { hasText: new RegExp("^.?" + v + "$") }).locator("input");
for (const v of ["exact", "refused", "ghost", "omitted", "fault"]) await box(v).uncheck();
same((await rows()).filter((r) => !r.includes(" wrong ")), [], "filter by verdict");
await p.reload();
check(!(await box("omitted").isChecked()), "filters don't survive a reload");

lap("overview");

// Every wanted point: by its permalink. Its line of the listing is in sight, too.
for (const w of want.points) {
  await open(p, w.hash);
  agree(await shown(p), w);
  const inSight = await p.evaluate(() => {
    const row = document.querySelector("tr.here").getBoundingClientRect();
    const pane = document.querySelector(".functions").getBoundingClientRect();
    return row.top >= Math.max(0, pane.top) && row.bottom <= Math.min(innerHeight, pane.bottom);
  });
  check(inSight, w.hash + ": the line of the listing is out of sight");
}
await accessible(p, "point");

lap("points");

// The same by clicks, from the overview: the matrix, the strip, a line of the listing.
const first = want.points[0];
await open(p);
await p.click(`#matrix a[data-target="${first.target}"][data-mode="irq"]`);
await p.waitForSelector("canvas");
await p.waitForTimeout(100);
check((await p.textContent("#target h1")) === first.target, "a click in the matrix opens " + (await p.textContent("#target h1")));
await accessible(p, "target");
for (const click of want.clicks) {
  // Until there, with the keyboard: Home, then as often to the right and down as the cell lies.
  await p.focus("canvas");
  await p.keyboard.press("Home");
  for (let i = 0; i < want.walkers.length; i++) await p.keyboard.press("ArrowUp");
  for (let i = 0; i < Math.floor(click.column / 20); i++) await p.keyboard.press("PageDown");
  for (let i = 0; i < click.column % 20; i++) await p.keyboard.press("ArrowRight");
  for (let i = 0; i < click.row; i++) await p.keyboard.press("ArrowDown");
  await p.keyboard.press("Enter");
  await p.waitForFunction((s) => document.querySelector("#point h3")?.textContent === s, click.point, { timeout: 5000 }).catch(() => {});
  same((await shown(p)).point, click.point, "Enter in the strip at column " + click.column + ", row " + click.row);
  // And with the mouse, away from there and back.
  await p.keyboard.press("Escape");
  const frame = await p.locator("canvas").boundingBox();
  const cell = Math.max(3, Math.min(14, (await p.evaluate(() => document.querySelector(".strip .scroller").clientWidth)) / want.columns));
  await p.evaluate((x) => (document.querySelector(".strip .scroller").scrollLeft = x), click.column * cell - 200);
  const left = (await p.locator("canvas").boundingBox()).x;
  await p.mouse.click(left + (click.column + 0.5) * cell, frame.y + 16 + click.row * 14 + 7);
  await p.waitForFunction((s) => document.querySelector("#point h3")?.textContent === s, click.point, { timeout: 5000 }).catch(() => {});
  same((await shown(p)).point, click.point, "a click in the strip at column " + click.column + ", row " + click.row);
}
await p.locator("tr.here").locator("xpath=preceding-sibling::tr[@data-pc][1]").locator("td.text").click();
await p.waitForTimeout(50);
same((await shown(p)).place, want.lineBefore, "a click on the line before");

// The filters of a target: rows of the strip, functions, and cells of a listing that don't stand out.
await open(p, "#/" + first.target + "?mode=irq&walkers=fp,cfi&verdicts=omitted&symbol=CHAIN_");
await p.waitForSelector(".function");
const listed = await p.evaluate(() => [...document.querySelectorAll(".function")].map((e) => e.dataset.symbol));
check(listed.length > 1 && listed.every((s) => s.includes("chain_")), "filter by symbol lists " + listed);
same(await p.evaluate(() => [...document.querySelectorAll(".labels li")].map((e) => e.textContent)), ["fp", "cfi"], "rows of the strip");
await p.click('.function[data-symbol="chain_4"] > summary');
await p.waitForSelector('.function[data-symbol="chain_4"] td.gutter'); // which is drawn when it is open
const cells = await p.evaluate(() => [...document.querySelectorAll("td.gutter")].map((e) => e.textContent + e.classList.contains("dim")));
same([...new Set(cells)].filter((c) => c !== "false").sort(), [".true", "Ofalse", "rtrue"], "cells that stand out");

// What is copied.
await p.context().grantPermissions(["clipboard-read", "clipboard-write"]);
await open(p, first.hash);
await shown(p);
for (const [button, text] of [["Copy", first.shows.command], ["Copy link", "file://" + report + first.hash]]) {
  await p.getByRole("button", { name: button, exact: true }).click();
  await p.getByRole("button", { name: "Copied" }).waitFor();
  same(await p.evaluate(() => navigator.clipboard.readText()), text, button);
  await p.getByRole("button", { name: button, exact: true }).waitFor();
}

lap("clicks");

// Keys.
await open(p, first.hash);
await shown(p);
await p.keyboard.press("n");
await p.waitForTimeout(50);
same((await shown(p)).point, first.target + "@" + want.next, "key n");
await p.keyboard.press("p");
await p.waitForTimeout(50);
same((await shown(p)).point, first.shows.point, "key p");
await p.keyboard.press("N");
await p.waitForTimeout(50);
same((await shown(p)).point, first.target + "@" + want.nextFailing, "key N");
await p.goBack();
await p.waitForTimeout(50);
same((await shown(p)).point, first.shows.point, "the browser's Back");
await p.keyboard.press("Escape");
await p.keyboard.press("Escape");
check(await p.isVisible("#overview"), "Escape doesn't lead to the overview");
await p.keyboard.press("/");
check(await p.evaluate(() => document.activeElement.id === "symbol"), "/ doesn't lead to the filter");

lap("keys");

// A point that isn't there, a target that isn't, nonsense.
for (const [hash, text] of [["#/" + first.target + "@99999999", "no such point"], ["#/no/such:thing@1", "no points of such a target"], ["#/%3Cimg%20src=x%20onerror=alert(1)%3E", "no points of such a target"]]) {
  await open(p, hash);
  await p.waitForFunction((t) => document.querySelector("#target").textContent.includes(t), text, { timeout: 5000 }).catch(() => check(false, hash + ": " + text + " is missing"));
}

lap("nonsense");

// Dark mode, a phone, and paper.
for (const [name, options] of [["dark", { colorScheme: "dark" }], ["phone", { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }]]) {
  const q = await page(options);
  for (const hash of ["", first.hash]) {
    await open(q, hash);
    if (hash) await shown(q);
    await accessible(q, name + " " + hash);
    const wide = await q.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(wide <= 0, name + " " + hash + ": the page is " + wide + " pixels too wide");
  }
  await q.context().close();
}
// On paper a screen that is dark is not, nothing is cut off (A4 less its margins is 718 pixels wide), and a filter shows.
const paper = await page({ colorScheme: "dark", viewport: { width: 718, height: 1000 } });
for (const hash of ["", first.hash]) {
  await open(paper, hash);
  if (hash) await shown(paper);
  await paper.emulateMedia({ media: "print" });
  await paper.waitForTimeout(100); // the strip is drawn anew
  const [colour, wide] = await paper.evaluate(() => [getComputedStyle(document.body).backgroundColor, document.documentElement.scrollWidth - innerWidth]);
  same(colour, "rgb(255, 255, 255)", "the colour of paper, " + hash);
  check(wide <= 0, "print " + hash + ": the page is " + wide + " pixels too wide");
  check(await paper.isHidden("header"), "the header is printed");
  check((await paper.pdf()).length > 10000, "there is nothing on paper");
  await paper.emulateMedia({ media: null });
}
await open(paper, "#/?symbol=return_to_handler");
await paper.emulateMedia({ media: "print" });
check(await paper.isVisible("#filters-state"), "paper doesn't say what the filter leaves out");

lap("media");
await browser.close();
console.log("took " + took.join(", "));
console.log(checks + " checks, " + faults + " faults");
process.exit(faults ? 1 : 0);
