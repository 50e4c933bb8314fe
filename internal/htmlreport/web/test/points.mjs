// SPDX-License-Identifier: GPL-2.0-only

// Opens points of a report by their permalinks, and by the links of the overview. Usage: node points.mjs REPORT WANT CHROMIUM, see
// browser.mjs. Prints a line for each thing that is wrong.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { shown, visible } from "./shown.mjs";

const [report, wantFile, executablePath] = process.argv.slice(2);
const want = JSON.parse(readFileSync(wantFile, "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let faults = 0;

function check(ok, what) {
  if (ok) return;
  faults++;
  console.log("FAIL " + what);
}

const p = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();
p.on("console", (m) => check(!["error", "warning"].includes(m.type()), "console: " + m.text()));
p.on("pageerror", (e) => check(false, "script: " + e.stack));

async function open(hash) {
  await p.goto("about:blank");
  await p.goto("file://" + report + hash);
}

for (const w of want.points) {
  await open(w.hash);
  const got = await shown(p);
  for (const [field, has, value] of visible(got, w)) {
    const [a, b] = [JSON.stringify(has), JSON.stringify(value)];
    check(a === b, w.hash + ": " + field + "\n  got  " + a + "\n  want " + b);
  }
  check((await p.evaluate(() => location.hash)) === w.hash, "the address becomes " + (await p.evaluate(() => location.hash)));
}
await p.evaluate(axe);
for (const v of (await p.evaluate(() => axe.run(document, { resultTypes: ["violations"] }))).violations) check(false, "axe: " + v.id + ": " + v.help);

// Every unsound window of the overview leads to a point that is as bad.
await open("");
const links = await p.evaluate(() => [...document.querySelectorAll("#unsound tbody tr")].map((r) => [r.querySelector("a").getAttribute("href"), r.dataset.verdict, r.dataset.walkers.split(" ")[0]]));
check(links.length > 0, "nothing is unsound");
for (const [hash, verdict, walker] of links) {
  await open(hash);
  await p.waitForSelector("#point h3");
  const got = await p.evaluate(() => document.querySelector("#point .walks")).then((has) => has && shown(p));
  check(got?.verdicts[walker] === verdict, hash + " shows " + got?.verdicts[walker] + " of " + walker + ", not " + verdict);
}
console.log(want.points.length + " points, " + links.length + " windows, " + faults + " faults");
await browser.close();
process.exit(faults ? 1 : 0);
