// SPDX-License-Identifier: GPL-2.0-only

import { h, say } from "./dom";
import type { Instruction, Listing } from "./model";
import { verdicts } from "./verdict";

const rowHeight = 14;
const labelHeight = 16;
const paper = matchMedia("print");

interface Place {
  line: Instruction;
  listing: Listing;
}

export interface StripOptions {
  listings: Listing[];
  walkers: number[];
  names: string[];
  shown: (verdict: number) => boolean;
  pick: (point: number) => void;
}

// strip draws every instruction, from left to right as the functions are first executed, for each walker.
export function strip(o: StripOptions): { element: HTMLElement; select: (pc: number) => void } {
  const places: Place[] = o.listings.flatMap((listing) => listing.lines.filter((l) => l.points.length > 0).map((line) => ({ line, listing })));
  const canvas = h("canvas", {
    tabindex: 0,
    role: "application",
    "aria-label": "Heat strip: verdicts of " + places.length + " instructions. Arrow keys move, Enter opens the point.",
  });
  const under = h("p", { class: "under" }, "\u00a0");
  const scroller = h("div", { class: "scroller" }, canvas);
  const labels = h("ul", { class: "labels", "aria-hidden": "true" }, ...o.walkers.map((w) => h("li", {}, o.names[w])));
  const element = h("div", { class: "strip" }, h("div", { class: "strip-body" }, labels, scroller), under);
  let selected = -1;
  let column = 0;
  let row = 0;
  let focused = false;
  let width = 0;
  let cell = 3;

  function colour(name: string): string {
    return getComputedStyle(element).getPropertyValue(name).trim();
  }

  function draw(): void {
    const room = scroller.clientWidth || 600;
    // On a screen the strip can be scrolled, on paper it must fit.
    cell = Math.max(paper.matches ? 0 : 3, Math.min(14, room / Math.max(1, places.length)));
    width = Math.max(1, Math.floor(places.length * cell));
    const height = labelHeight + o.walkers.length * rowHeight;
    const scale = Math.min(window.devicePixelRatio || 1, 32000 / width);
    canvas.width = Math.ceil(width * scale);
    canvas.height = Math.ceil(height * scale);
    canvas.style.width = width + "px";
    canvas.style.height = height + "px";
    const c = canvas.getContext("2d")!;
    c.scale(scale, scale);
    const colours = verdicts.map((v) => colour("--" + v));
    const faint = colour("--faint");
    c.font = "11px " + colour("--sans");
    c.textBaseline = "middle";
    const at = (x: number) => Math.round(x * cell);
    let from = 0;
    // The worst last: it is what is to be seen where several instructions share a pixel.
    colours.forEach((full, v) => {
      c.fillStyle = o.shown(v) ? full : faint;
      places.forEach((p, x) => {
        o.walkers.forEach((w, y) => {
          if (p.line.worst[w] === v) c.fillRect(at(x), labelHeight + y * rowHeight, Math.max(1, at(x + 1) - at(x)), rowHeight - 1);
        });
      });
    });
    places.forEach((p, x) => {
      const last = x + 1 === places.length || places[x + 1].listing !== p.listing;
      if (last) {
        c.fillStyle = colour("--text");
        c.fillRect(at(from), 0, 1, height);
        const room = (x + 1 - from) * cell - 6;
        if (room > 24) {
          c.save();
          c.beginPath();
          c.rect(at(from), 0, room + 4, labelHeight);
          c.clip();
          c.fillText(p.listing.symbol || "(no function)", at(from) + 4, labelHeight / 2);
          c.restore();
        }
        from = x + 1;
      }
    });
    const mark = (x: number, style: string, thick: number, y0: number, y1: number) => {
      c.strokeStyle = style;
      c.lineWidth = thick;
      c.strokeRect(at(x) - 0.5, y0, at(x + 1) - at(x) + 1, y1 - y0);
    };
    if (selected >= 0) mark(selected, colour("--accent"), 2, labelHeight - 1, height - 1);
    if (focused) mark(column, colour("--text"), 2, labelHeight + row * rowHeight - 1, labelHeight + (row + 1) * rowHeight);
  }

  function tell(x: number, y: number): string {
    const p = places[x];
    const v = p.line.worst[o.walkers[y]];
    return (p.listing.symbol || "(no function)") + "+0x" + p.line.offset.toString(16) + "  " + p.line.text + "   " + o.names[o.walkers[y]] + ": " + (v < 0 ? "no point" : verdicts[v]);
  }

  function hit(e: MouseEvent): [number, number] | undefined {
    const box = canvas.getBoundingClientRect();
    const x = Math.floor((e.clientX - box.left) / cell);
    const y = Math.floor((e.clientY - box.top - labelHeight) / rowHeight);
    return x >= 0 && x < places.length && o.walkers.length ? [x, Math.min(Math.max(y, 0), o.walkers.length - 1)] : undefined;
  }

  function open(x: number, y: number): void {
    const line = places[x].line;
    const first = line.first[o.walkers[y]];
    o.pick(first >= 0 ? first : line.points[0]);
  }

  canvas.addEventListener("mousemove", (e) => {
    const at = hit(e);
    under.textContent = at ? tell(...at) : "\u00a0";
  });
  canvas.addEventListener("click", (e) => {
    const at = hit(e);
    if (!at) return;
    [column, row] = at;
    open(...at);
  });
  canvas.addEventListener("focus", () => {
    focused = true;
    if (selected >= 0) column = selected;
    draw();
  });
  canvas.addEventListener("blur", () => {
    focused = false;
    draw();
  });
  canvas.addEventListener("keydown", (e) => {
    const moves: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], PageUp: [-20, 0], PageDown: [20, 0] };
    const by = moves[e.key];
    if (!places.length || !o.walkers.length) return;
    if (e.key === "Enter") open(column, row);
    else if (e.key === "Home") column = 0;
    else if (e.key === "End") column = places.length - 1;
    else if (by) {
      column = Math.min(Math.max(column + by[0], 0), places.length - 1);
      row = Math.min(Math.max(row + by[1], 0), o.walkers.length - 1);
    } else return;
    e.preventDefault();
    e.stopPropagation();
    under.textContent = tell(column, row);
    say(under.textContent);
    reveal(column);
    draw();
  });

  function reveal(x: number): void {
    const left = x * cell;
    if (left < scroller.scrollLeft || left + cell > scroller.scrollLeft + scroller.clientWidth) scroller.scrollLeft = left - scroller.clientWidth / 2;
  }

  new ResizeObserver(draw).observe(scroller);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  paper.addEventListener("change", draw);
  return {
    element,
    select: (pc) => {
      selected = places.findIndex((p) => p.line.pc === pc);
      draw();
      if (selected >= 0) reveal(selected);
    },
  };
}
