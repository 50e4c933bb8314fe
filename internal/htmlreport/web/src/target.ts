// SPDX-License-Identifier: GPL-2.0-only

import { momentName } from "./block";
import { byId, h, say } from "./dom";
import { sameFilters, shownWalkers, symbolShown, verdictShown } from "./filters";
import { fill, listingOf, type ListingOptions } from "./listing";
import { Target, type Listing } from "./model";
import { pointView } from "./point";
import { go, link, type Route } from "./route";
import { strip } from "./strip";

const loaded = new Map<string, Promise<Target | undefined>>();

function load(name: string): Promise<Target | undefined> {
  const i = (JSON.parse(byId("targets").textContent ?? "[]") as string[]).indexOf(name);
  if (i < 0) return Promise.resolve(undefined);
  let t = loaded.get(name);
  if (!t) {
    t = Target.load("t" + i);
    loaded.set(name, t);
  }
  return t;
}

// What is shown, so that only what changes is made anew.
let frame: { name: string; mode: number; route: Route; select: (pc: number) => void; listings: Listing[]; elements: HTMLDetailsElement[]; options: ListingOptions } | undefined;

// show shows a target, and a point of it if the address names one.
export async function show(r: Route, isCurrent: () => boolean): Promise<void> {
  const place = byId("target");
  const t = await load(r.target);
  if (!isCurrent()) return;
  if (!t) {
    frame = undefined;
    place.replaceChildren(h("h1", {}, r.target), h("p", {}, "The report has no points of such a target. ", h("a", { href: link({ target: "", step: -1 }) }, "Overview")));
    return;
  }
  const mode = modeOf(t, r);
  const opened = !frame;
  const walkers = shownWalkers(r).map((w) => t.data.walkers.indexOf(w)).filter((w) => w >= 0);
  if (!frame || frame.name !== r.target || frame.mode !== mode || !sameFilters(frame.route, r)) build(place, t, r, mode, walkers);
  const row = point(t, r, mode, walkers);
  if (opened && r.step >= 0) (narrow.matches ? byId("point") : document.querySelector(".strip"))?.scrollIntoView();
  if (row) reveal(row);
}

// One column: see style.css.
const narrow = matchMedia("(max-width: 60rem)");

function modeOf(t: Target, r: Route): number {
  const asked = t.data.modes.indexOf(r.mode);
  if (asked >= 0) return asked;
  const usual = t.data.modes.indexOf("irq");
  const there = r.step >= 0 ? t.modesAt(r.step) : t.data.modes.map((_, m) => m);
  return there.includes(usual) || !there.length ? Math.max(0, usual) : there[0];
}

function build(place: HTMLElement, t: Target, r: Route, mode: number, walkers: number[]): void {
  const d = t.data;
  const shown = (v: number) => verdictShown(r, v);
  const listings = t.listings(mode).filter((l) => symbolShown(r, l.symbol));
  const options: ListingOptions = { target: t, mode, walkers, shown };
  const elements = listings.map((l) => listingOf(l, options));
  const s = strip({ listings, walkers, names: d.walkers, shown, pick: (p) => go({ step: t.steps[p], mode: d.modes[mode] }) });
  const modes = h("nav", { class: "modes", "aria-label": "Modes" }, ...d.modes.map((m, i) => h("a", { href: link({ mode: m, step: -1 }), "aria-current": i === mode ? "true" : undefined }, m)));
  const left = d.total > t.steps.length ? h("p", {}, t.steps.length + " of " + d.total + " points are shown: where walkers did the same at the same instruction, the first ones.") : null;
  place.replaceChildren(
    h("p", { class: "crumbs" }, h("a", { href: link({ target: "", step: -1, mode: "" }) }, "Overview"), " › ", r.target.split("/")[0]),
    h("h1", { tabindex: -1 }, r.target),
    h("p", {}, d.doc),
    h("p", {}, d.steps + " instructions executed, " + d.total + " points."),
    left ?? "",
    modes,
    s.element,
    h("div", { class: "panes" }, h("div", { class: "functions" }, h("h2", {}, "Functions"), ...elements), h("div", { id: "point" })),
  );
  frame = { name: r.target, mode, route: r, select: s.select, listings, elements, options };
}

// point shows a point, if the address names one. It returns the line of its instruction.
function point(t: Target, r: Route, mode: number, walkers: number[]): HTMLElement | undefined {
  const f = frame!;
  f.route = r;
  const place = byId("point");
  for (const e of document.querySelectorAll("tr.here")) e.classList.remove("here");
  document.querySelector('a[aria-current="location"]')?.removeAttribute("aria-current");
  if (r.step < 0) {
    place.replaceChildren(h("p", { class: "hint" }, "Choose an instruction in the strip or in a function to see a point of it. Keys: n and p go to the next and previous point, N and P to failing ones, / to the filter."));
    f.select(-2);
    return undefined;
  }
  const at = t.point(r.step, mode);
  const pc = at < 0 ? -2 : t.pc(at);
  const line = f.listings.flatMap((l) => l.lines).find((l) => l.pc === pc);
  place.replaceChildren(pointView({ target: t, step: r.step, mode, walkers, neighbours: neighbours(t, at, mode, walkers), executions: (line?.points ?? []).map((p) => t.steps[p]) }));
  f.select(pc);
  say(r.target + "@" + momentName(r.step));
  const i = f.listings.findIndex((l) => l.lines.includes(line!));
  if (i < 0) return undefined;
  f.elements[i].open = true;
  fill(f.elements[i], f.listings[i], f.options);
  const row = f.elements[i].querySelector<HTMLElement>('tr[data-pc="' + pc + '"]');
  row?.classList.add("here");
  row?.querySelector("a")?.setAttribute("aria-current", "location");
  return row ?? undefined;
}

// reveal scrolls the list of functions, so that a row is in sight, and the page only if that is not enough: the list
// ends below the window unless the page is scrolled to it.
function reveal(row: HTMLElement): void {
  const pane = row.closest<HTMLElement>(".functions")!;
  const box = pane.getBoundingClientRect();
  const at = row.getBoundingClientRect();
  const bottom = Math.min(box.bottom, innerHeight);
  if (at.top < box.top || at.bottom > bottom) pane.scrollTop += at.top - box.top - (bottom - box.top) / 3;
  const below = row.getBoundingClientRect().bottom - innerHeight;
  if (below > 0 && !narrow.matches) scrollBy(0, below + at.height);
}

function neighbours(t: Target, at: number, mode: number, walkers: number[]) {
  const find = (by: number, failing: boolean) => {
    if (at < 0) return -1;
    for (let p = at + by; p >= 0 && p < t.steps.length; p += by) if (t.data.points.mode[p] === mode && (!failing || t.fails(p, walkers))) return t.steps[p];
    return -1;
  };
  return [
    { label: "‹ failing", step: find(-1, true), key: "P" },
    { label: "‹ point", step: find(-1, false), key: "p" },
    { label: "point ›", step: find(1, false), key: "n" },
    { label: "failing ›", step: find(1, true), key: "N" },
  ];
}
