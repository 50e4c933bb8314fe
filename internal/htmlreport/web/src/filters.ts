// SPDX-License-Identifier: GPL-2.0-only

import { byId, h } from "./dom";
import { go, type Route } from "./route";
import { letters, verdicts } from "./verdict";

// walkers are the names of all walkers of the report, in order.
export function walkers(): string[] {
  return JSON.parse(document.body.dataset.walkers ?? "[]") as string[];
}

// shownWalkers lists the names that the filter lets through.
export function shownWalkers(r: Route): string[] {
  const all = walkers();
  return r.walkers.length ? all.filter((w) => r.walkers.includes(w)) : all;
}

export function verdictShown(r: Route, verdict: number): boolean {
  return r.verdicts.length === 0 || r.verdicts.includes(verdicts[verdict]);
}

export function symbolShown(r: Route, symbol: string): boolean {
  return symbol.toLowerCase().includes(r.symbol.toLowerCase());
}

// setUp makes the filters, and keeps them as the address has them.
export function setUp(): (r: Route) => void {
  const boxes = new Map<string, HTMLInputElement>();
  const group = (title: string, names: readonly string[], mark: (i: number) => string, key: "walkers" | "verdicts") => {
    const change = () => {
      const on = names.filter((n) => boxes.get(key + n)!.checked);
      go({ [key]: on.length === names.length ? [] : on }, true);
    };
    const inputs = names.map((name, i) => {
      const box = h("input", { type: "checkbox", checked: true, change });
      boxes.set(key + name, box);
      return h("label", {}, box, mark(i) ? h("span", { class: "badge v" + i, "aria-hidden": "true" }, mark(i)) : null, name);
    });
    const all = h("button", { type: "button", click: () => go({ [key]: [] }, true) }, "all");
    return h("fieldset", {}, h("legend", {}, title), ...inputs, all);
  };
  const symbol = h("input", { type: "search", id: "symbol", placeholder: "return_to_handler", autocomplete: "off", spellcheck: "false" });
  symbol.addEventListener("input", () => go({ symbol: symbol.value }, true));
  const form = byId("filters");
  form.append(
    h("fieldset", {}, h("legend", {}, h("label", { for: "symbol" }, "Function")), symbol),
    group("Verdicts", verdicts, (i) => letters[i], "verdicts"),
    group("Walkers", walkers(), () => "", "walkers"),
  );
  form.addEventListener("submit", (e) => e.preventDefault());
  const state = byId("filters-state");
  return (r) => {
    for (const name of walkers()) boxes.get("walkers" + name)!.checked = r.walkers.length === 0 || r.walkers.includes(name);
    for (const name of verdicts) boxes.get("verdicts" + name)!.checked = r.verdicts.length === 0 || r.verdicts.includes(name);
    if (symbol.value !== r.symbol) symbol.value = r.symbol;
    const on = [r.symbol, r.verdicts.join(" "), r.walkers.join(" ")].filter(Boolean).join("; ");
    state.textContent = on ? ": " + on : "";
  };
}

export function sameFilters(a: Route, b: Route): boolean {
  const key = (r: Route) => JSON.stringify([r.walkers, r.verdicts, r.symbol]);
  return key(a) === key(b);
}

