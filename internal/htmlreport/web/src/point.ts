// SPDX-License-Identifier: GPL-2.0-only

import { align } from "./align";
import { isPair, momentName } from "./block";
import { copyButton, h } from "./dom";
import { badge } from "./listing";
import { regDAIF, regSP, type State, type Target } from "./model";
import { link } from "./route";
import { verdicts } from "./verdict";

const sources = ["record", "start", "regs pc", "regs lr", "table", "foreign"];

export interface PointOptions {
  target: Target;
  step: number;
  mode: number;
  walkers: number[];
  neighbours: { label: string; step: number; key: string }[];
  executions: number[]; // steps with points that execute the instruction
}

// pointView shows one point: every walk next to the truth, and the state of the machine.
export function pointView(o: PointOptions): HTMLElement {
  const { target, step, mode } = o;
  const d = target.data;
  const point = target.point(step, mode);
  const name = d.target + "@" + momentName(step);
  const title = h("h3", { id: "point-title", tabindex: -1 }, name);
  if (point < 0) return h("section", { class: "point", "aria-labelledby": "point-title" }, title, h("p", {}, "The report has no such point in this mode."));
  const state = target.state(step);
  const addr = target.value(target.pc(point));
  const way = d.texts[d.points.way[point]];
  const facts = [d.modes[mode], d.points.masked[point] ? "interrupts masked" : "", way ? "arrives as " + way : ""].filter(Boolean).join(", ");
  // In an exception, the walkers decide which kernel's it is.
  const named = isPair(step) ? o.walkers.filter((w) => target.verdict(point, w) >= 0) : o.walkers;
  const command = "stacksweep show -mode " + d.modes[mode] + (named.length === d.walkers.length ? "" : " -walker " + named.map((w) => d.walkers[w]).join(",")) + d.flags + " " + name;
  return h(
    "section",
    { class: "point", "aria-labelledby": "point-title" },
    title,
    h("p", { class: "place" }, h("code", {}, target.name(addr) || "0x" + addr.toString(16)), " ", facts),
    h("nav", { "aria-label": "Points" }, ...o.neighbours.map((n) => (n.step < 0 ? h("span", { class: "off" }, n.label) : h("a", { href: link({ step: n.step, mode: d.modes[mode] }), title: "key: " + n.key, "data-key": n.key }, n.label))), executions(o)),
    h("div", { class: "command" }, h("code", {}, command), copyButton("Copy", () => command), copyButton("Copy link", () => location.href)),
    walks(o, point),
    state ? machine(target, state) : null,
  );
}

function executions(o: PointOptions): HTMLElement | null {
  if (o.executions.length < 2) return null;
  const select = h("select", { change: () => void (location.hash = link({ step: Number(select.value) })) }, ...o.executions.slice(0, 2000).map((s, i) => h("option", { value: s, selected: s === o.step }, "#" + (i + 1) + " @" + momentName(s))));
  return h("label", {}, "execution ", select, " of " + o.executions.length);
}

// walks shows the true stack with the walks next to it. Walkers with the same result share a column.
function walks(o: PointOptions, point: number): HTMLElement {
  const { target } = o;
  const d = target.data;
  const truth = target.truth(point);
  const columns = new Map<number, number[]>(); // outcome: walkers
  for (const w of o.walkers) {
    const outcome = target.walks[w][point] - 1;
    if (outcome >= 0) columns.set(outcome, [...(columns.get(outcome) ?? []), w]);
  }
  const outcomes = [...columns.keys()];
  const frames = outcomes.map((c) => target.frames(c));
  const rows = frames.map((f) => align(truth, f.map((x) => x.pc)));
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, "true stack"),
    ...outcomes.map((c) => {
      const error = d.texts[d.outcomes.error[c]];
      const warnings = (d.outcomes.warnings[c] ?? []).map((t) => "WARN: " + d.texts[t]);
      return h(
        "th",
        { scope: "col", "data-verdict": verdicts[d.outcomes.verdict[c]] },
        badge(d.outcomes.verdict[c]),
        " ",
        columns.get(c)!.map((w) => d.walkers[w]).join(", "),
        h("div", { class: "claim" }, d.outcomes.reliable[c] ? "says: reliable" : "says: not reliable" + (error ? ", " + error : "")),
        ...warnings.map((w) => h("div", { class: "claim" }, w)),
      );
    }),
  );
  const body: HTMLElement[] = [];
  for (let i = 0; i <= truth.length; i++) {
    // What walkers report besides, before the true frame.
    const extra = rows.map((r) => extras(r, i));
    const most = Math.max(0, ...extra.map((e) => e.length));
    for (let k = 0; k < most; k++)
      body.push(h("tr", { class: "extra" }, h("td", {}), ...extra.map((e, c) => (k < e.length ? h("td", { class: "bad" }, h("code", {}, target.nameOf(frames[c][e[k]].pc) || "0x" + d.values[frames[c][e[k]].pc]), " is no caller") : h("td", {})))));
    if (i === truth.length) break;
    const cells = rows.map((r, c) => {
      const match = r.find((x) => x.truth === i);
      if (!match || match.frame < 0) return h("td", { class: d.outcomes.reliable[outcomes[c]] ? "bad" : "lost" }, d.outcomes.reliable[outcomes[c]] ? "missing" : "not found");
      const f = frames[c][match.frame];
      const via = [sources[f.source] ?? "", f.flags & 1 ? "fgraph" : "", f.flags & 2 ? "kretprobe" : ""].filter(Boolean).join(", ");
      return h("td", { class: "good" }, "✓ ", h("small", {}, via));
    });
    body.push(h("tr", {}, h("th", { scope: "row" }, h("code", {}, target.nameOf(truth[i]) || "0x" + d.values[truth[i]])), ...cells));
  }
  return h("section", { class: "walks" }, h("h4", {}, "Truth and walks"), h("div", { class: "scroller", tabindex: 0, role: "group", "aria-label": "truth and walks" }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...body))));
}

// extras are the frames that come before a true one, or at the end, and are none.
function extras(rows: ReturnType<typeof align>, before: number): number[] {
  const found: number[] = [];
  let at = 0;
  for (const r of rows) {
    if (r.truth < 0 && at === before) found.push(r.frame);
    if (r.truth >= 0) at = r.truth + 1;
  }
  return found;
}

function machine(target: Target, state: State): HTMLElement {
  return h("div", { class: "machine" }, registers(target, state), stack(target, state), list("Shadow stack (function graph tracer)", ["function", "returns to", "retp"], target, state.shadow), list("kretprobe instances", ["instance", "returns to", "fp"], target, state.kretprobes));
}

function registerName(i: number): string {
  return i === regSP ? "sp" : i === regDAIF ? "daif" : i === 29 ? "x29 fp" : i === 30 ? "x30 lr" : "x" + i;
}

function registers(target: Target, state: State): HTMLElement {
  const order = [30, 29, regSP, regDAIF, ...Array.from({ length: 29 }, (_, i) => i)];
  const rows = order.map((i) => h("tr", { class: state.changed.has(i) ? "changed" : "" }, h("th", { scope: "row" }, registerName(i), state.changed.has(i) ? h("span", { class: "visually-hidden" }, " changed") : null), h("td", {}, h("code", {}, i === regDAIF ? daif(state.regs[i]) : state.regs[i].padStart(16, "0"))), h("td", {}, i === regDAIF ? "" : target.describe(state.regs[i]))));
  return section("Registers", [h("table", {}, h("tbody", {}, ...rows))]);
}

function daif(hex: string): string {
  const bits = Number.parseInt(hex, 16);
  return ["D", "A", "I", "F"].filter((_, i) => bits & (8 >> i)).join("") || "none masked";
}

// stack lists the words from SP upwards.
function stack(target: Target, state: State): HTMLElement {
  const d = target.data;
  const sp = BigInt("0x" + state.regs[regSP]) & ~7n;
  const records = new Set<bigint>();
  for (let fp = BigInt("0x" + state.regs[29]); target.onStack(fp) && !records.has(fp); ) {
    records.add(fp);
    const next = BigInt("0x" + (state.memory.get(fp) ?? "0"));
    if (next <= fp) break;
    fp = next;
  }
  const rows: HTMLElement[] = [];
  for (let addr = sp; rows.length < 48 && target.onStack(addr); addr += 8n) {
    const word = state.memory.get(addr) ?? "0";
    const what = d.ptregs && addr === target.value(d.ptregs) ? "task_pt_regs" : d.final && addr === target.value(d.final) ? "FINAL record" : records.has(addr) ? "frame record" : "";
    const mark = addr === sp ? "sp → " : addr === BigInt("0x" + state.regs[29]) ? "fp → " : "";
    rows.push(h("tr", {}, h("th", { scope: "row" }, mark, h("code", {}, target.describe(addr.toString(16)) || addr.toString(16))), h("td", {}, h("code", {}, word.padStart(16, "0"))), h("td", {}, [what, target.describe(word)].filter(Boolean).join(": "))));
  }
  return section("Stack", rows.length ? [h("table", {}, h("tbody", {}, ...rows))] : [h("p", {}, "SP is on no stack.")]);
}

function list(title: string, heads: string[], target: Target, entries: number[]): HTMLElement {
  if (!entries.length) return section(title, [h("p", {}, "empty")]);
  const rows: HTMLElement[] = [];
  for (let i = 0; i < entries.length; i += 3)
    rows.push(h("tr", {}, ...entries.slice(i, i + 3).map((v) => h("td", {}, h("code", {}, target.nameOf(v) || "0x" + target.data.values[v])))));
  return section(title, [h("table", {}, h("thead", {}, h("tr", {}, ...heads.map((t) => h("th", { scope: "col" }, t)))), h("tbody", {}, ...rows))]);
}

function section(title: string, content: HTMLElement[]): HTMLElement {
  return h("section", {}, h("h4", {}, title), h("div", { class: "scroller", tabindex: 0, role: "group", "aria-label": title }, ...content));
}

