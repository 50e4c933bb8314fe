// SPDX-License-Identifier: GPL-2.0-only

import { h } from "./dom";
import type { Instruction, Listing, Target } from "./model";
import { link } from "./route";
import { letters, verdicts } from "./verdict";

export interface ListingOptions {
  target: Target;
  mode: number;
  walkers: number[];
  shown: (verdict: number) => boolean;
}

// listingOf shows a function with a gutter of verdicts. Its lines are made when it is opened.
export function listingOf(l: Listing, o: ListingOptions): HTMLDetailsElement {
  const worst = (w: number) => l.lines.reduce((v, line) => Math.max(v, line.worst[w]), -1);
  const bad = Math.max(-1, ...o.walkers.map(worst));
  const executed = l.lines.filter((line) => line.points.length > 0).length;
  const summary = h("summary", {}, h("code", {}, l.symbol || "(no function)"), " ", executed ? executed + " instructions" : "no point in this mode", " ", bad > 0 ? badge(bad, "worst: ") : null);
  const details = h("details", { class: "function", "data-symbol": l.symbol }, summary);
  details.addEventListener("toggle", () => fill(details, l, o));
  return details;
}

export function badge(v: number, prefix = ""): HTMLElement {
  return h("span", { class: "badge v" + v }, prefix + verdicts[v]);
}

// fill makes the lines of a listing, once.
export function fill(details: HTMLDetailsElement, l: Listing, o: ListingOptions): void {
  if (details.querySelector("table") || !details.open) return;
  const names = o.target.data.walkers;
  const head = h("tr", {}, ...o.walkers.map((w) => h("th", { class: "gutter", scope: "col" }, h("span", {}, names[w]))), h("th", { scope: "col" }, "offset"), h("th", { scope: "col" }, "instruction"), h("th", { scope: "col" }, "points"));
  const body = h("tbody", {});
  for (const line of l.lines) {
    if (line.source) body.append(h("tr", { class: "source" }, h("td", { colspan: o.walkers.length + 3 }, line.source)));
    body.append(row(line, o));
  }
  details.append(h("div", { class: "scroller", tabindex: 0, role: "group", "aria-label": "listing of " + l.symbol }, h("table", { class: "listing" }, h("thead", {}, head), body)));
}

function row(line: Instruction, o: ListingOptions): HTMLTableRowElement {
  const gutter = o.walkers.map((w) => {
    const v = line.worst[w];
    return h("td", { class: "gutter" + (v >= 0 ? " v" + v : "") + (v >= 0 && !o.shown(v) ? " dim" : ""), title: v >= 0 ? verdicts[v] : undefined }, v >= 0 ? letters[v] : "");
  });
  const offset = "+0x" + line.offset.toString(16);
  const point = worstPoint(line, o.walkers);
  const place =
    point < 0 ? h("span", { class: "unreached" }, offset) : h("a", { href: link({ step: o.target.steps[point], mode: o.target.data.modes[o.mode] }), "data-point": point }, offset);
  const r = h("tr", { "data-pc": line.pc }, ...gutter, h("td", { class: "offset" }, place), h("td", { class: "text" }, line.text), h("td", { class: "count" }, line.points.length ? String(line.points.length) : ""));
  if (point >= 0)
    r.addEventListener("click", (e) => {
      if (e.target instanceof Element && !e.target.closest("a") && !getSelection()?.toString()) (place as HTMLAnchorElement).click();
    });
  return r;
}

// worstPoint is the first point at an instruction with the worst verdict that one of the walkers got there.
export function worstPoint(line: Instruction, walkers: number[]): number {
  let best = -1;
  let verdict = -1;
  for (const w of walkers)
    if (line.worst[w] > verdict || (line.worst[w] === verdict && verdict >= 0 && line.first[w] < best)) {
      verdict = line.worst[w];
      best = line.first[w];
    }
  return best >= 0 ? best : (line.points[0] ?? -1);
}
