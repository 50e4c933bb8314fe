// SPDX-License-Identifier: GPL-2.0-only

// What is looked at is in the address, so that it can be sent to others: #/TARGET@STEP?mode=irq&walkers=a,b&verdicts=...

import { momentName, parseMoment } from "./block";

export interface Route {
  target: string; // "": the overview
  step: number; // a moment, see block.ts; -1: none
  mode: string; // "": the first one that has the step
  walkers: string[]; // empty: all
  verdicts: string[]; // empty: all
  symbol: string;
}

export function parse(hash: string): Route {
  const [path, query] = hash.replace(/^#\/?/, "").split("?", 2);
  const [target, step] = decodeURIComponent(path).split("@", 2);
  const q = new URLSearchParams(query);
  const list = (name: string) => q.get(name)?.split(",").filter(Boolean) ?? [];
  return {
    target,
    step: parseMoment(step),
    mode: q.get("mode") ?? "",
    walkers: list("walkers"),
    verdicts: list("verdicts"),
    symbol: q.get("symbol") ?? "",
  };
}

export function format(r: Route): string {
  const q: string[] = [];
  const add = (name: string, value: string) => value && q.push(name + "=" + encodeURIComponent(value).replaceAll("%2C", ","));
  if (r.target) add("mode", r.mode);
  add("walkers", r.walkers.join(","));
  add("verdicts", r.verdicts.join(","));
  add("symbol", r.symbol);
  const path = r.target.split("/").map(encodeURIComponent).join("/").replaceAll("%3A", ":");
  return "#/" + path + (r.step >= 0 ? "@" + momentName(r.step, true) : "") + (q.length ? "?" + q.join("&") : "");
}

let current: Route = parse(location.hash);

export function route(): Route {
  return current;
}

// link is the address of the current place with changes.
export function link(changes: Partial<Route>): string {
  return format({ ...current, ...changes });
}

// go changes the address, which shows the place. Filters that are being typed leave no trace in the history.
export function go(changes: Partial<Route>, replace = false): void {
  const to = link(changes);
  if (to === (location.hash || "#/")) return;
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  changed();
}

let show: (now: Route, before: Route) => void = () => {};

// changed shows the place that the address names now.
function changed(): void {
  const before = current;
  if (format(before) === location.hash) return;
  current = parse(location.hash);
  show(current, before);
}

export function onChange(f: (now: Route, before: Route) => void): void {
  show = f;
  window.addEventListener("hashchange", changed);
}
