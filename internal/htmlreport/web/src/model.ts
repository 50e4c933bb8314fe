// SPDX-License-Identifier: GPL-2.0-only

import { block, keyOf, moments, sums, type CodeData, type TargetData, type TreeData } from "./block";
import { conforming } from "./verdict";

// An Instruction is a line of a listing, with what walkers made of it in one mode.
export interface Instruction {
  pc: number; // value
  offset: number;
  text: string;
  source: string;
  points: number[]; // in the current mode
  worst: number[]; // by walker: the worst verdict, -1: none
  first: number[]; // by walker: the first point that has it
}

export interface Listing {
  symbol: string;
  lines: Instruction[];
  firstPoint: number;
}

export interface Frame {
  pc: number;
  source: number;
  flags: number;
}

export interface State {
  regs: string[]; // hexadecimal; 0 to 30, SP, DAIF
  changed: Set<number>;
  memory: Map<bigint, string>;
  shadow: number[];
  kretprobes: number[];
}

export const regSP = 31;
export const regDAIF = 32;

let codes: Promise<CodeData[]> | undefined;

// A Target is a target's block, made ready for use.
export class Target {
  readonly steps: number[]; // moments, by point
  private readonly truths: number[];
  readonly walks: number[][]; // by walker and point: outcome + 1, 0: none
  private readonly at = new Map<number, number>(); // moment and mode: point
  private readonly stateOf = new Map<number, number>(); // moment: state
  private readonly addresses: bigint[];
  private readonly bounds: { symbol: string; low: bigint; high: bigint }[];
  private readonly byMode = new Map<number, Listing[]>();

  static async load(id: string): Promise<Target | undefined> {
    codes ??= block<CodeData[]>("codes").then((c) => c ?? []);
    const data = await block<TargetData>(id);
    return data && new Target(data, await codes);
  }

  private constructor(
    readonly data: TargetData,
    private readonly codes: CodeData[],
  ) {
    this.steps = moments(data.points.step, data.points.pair);
    this.truths = sums(data.points.truth);
    this.walks = data.points.walks.map(sums);
    this.steps.forEach((step, point) => this.at.set(keyOf(step, data.points.mode[point]), point));
    moments(data.states.step, data.states.pair).forEach((step, i) => this.stateOf.set(step, i));
    this.addresses = data.values.map((v) => BigInt("0x" + v));
    this.bounds = data.functions.map((f) => {
      const low = this.addresses[f.addr];
      return { symbol: f.symbol, low, high: low + BigInt(4 * codes[f.code].text.length) };
    });
  }

  // point finds a point, -1 if there is none.
  point(step: number, mode: number): number {
    return this.at.get(keyOf(step, mode)) ?? -1;
  }

  // modesAt lists the modes that have a point at a step.
  modesAt(step: number): number[] {
    return this.data.modes.map((_, m) => m).filter((m) => this.point(step, m) >= 0);
  }

  verdict(point: number, walker: number): number {
    const o = this.walks[walker][point];
    return o > 0 ? this.data.outcomes.verdict[o - 1] : -1;
  }

  fails(point: number, walkers: number[]): boolean {
    return walkers.some((w) => !conforming(Math.max(0, this.verdict(point, w))));
  }

  private stack(tree: TreeData, entry: number): Frame[] {
    const frames: Frame[] = [];
    while (entry > 0) {
      frames.push({ pc: tree.pc[entry], source: tree.source?.[entry] ?? 0, flags: tree.flags?.[entry] ?? 0 });
      const back = tree.parent[entry];
      entry = back ? entry - back : 0;
    }
    return frames;
  }

  truth(point: number): number[] {
    return this.stack(this.data.truth, this.truths[point]).map((f) => f.pc);
  }

  frames(outcome: number): Frame[] {
    return this.stack(this.data.frames, this.data.outcomes.frames[outcome]);
  }

  pc(point: number): number {
    return this.data.states.pc[this.stateOf.get(this.steps[point])!];
  }

  value(index: number): bigint {
    return this.addresses[index];
  }

  // name names an address: code as symbol+offset, a place on a stack, or "".
  name(addr: bigint, index = -1): string {
    for (const f of this.bounds) if (addr >= f.low && addr < f.high) return (f.symbol || "(no function)") + "+0x" + (addr - f.low).toString(16);
    if (index >= 0 && this.data.names[index]) return this.data.names[index];
    for (const s of this.data.stacks) {
      const low = this.addresses[s.low];
      if (addr >= low && addr < this.addresses[s.high]) return s.name + "+0x" + (addr - low).toString(16);
    }
    return "";
  }

  nameOf(index: number): string {
    return this.name(this.addresses[index], index);
  }

  private named: Map<string, number> | undefined;

  // describe names a value as it is in a register or in memory.
  describe(hex: string): string {
    if (!this.named) {
      this.named = new Map();
      for (const i of Object.keys(this.data.names)) this.named.set(this.data.values[Number(i)], Number(i));
    }
    return this.name(BigInt("0x" + hex), this.named.get(hex) ?? -1);
  }

  onStack(addr: bigint): boolean {
    return this.data.stacks.some((s) => addr >= this.addresses[s.low] && addr + 8n <= this.addresses[s.high]);
  }

  private replayed = -1;
  private regs: string[] = [];
  private memory = new Map<bigint, string>();

  // state gives the machine's state at a step that has a point.
  state(step: number): State | undefined {
    const to = this.stateOf.get(step);
    if (to === undefined) return undefined;
    const s = this.data.states;
    if (to < this.replayed) this.replayed = -1;
    if (this.replayed < 0) {
      this.regs = new Array<string>(regDAIF + 1).fill("0");
      this.memory = new Map();
    }
    for (let i = this.replayed + 1; i <= to; i++) {
      const regs = s.regs[i] ?? [];
      for (let k = 0; k < regs.length; k += 2) this.regs[regs[k]] = this.data.values[regs[k + 1]];
      const mem = s.mem[i] ?? [];
      for (let k = 0; k < mem.length; k += 2) this.memory.set(this.addresses[mem[k]], this.data.values[mem[k + 1]]);
    }
    this.replayed = to;
    const changed = new Set<number>();
    const last = s.regs[to] ?? [];
    if (to > 0) for (let k = 0; k < last.length; k += 2) changed.add(last[k]);
    return { regs: this.regs, changed, memory: this.memory, shadow: s.lists[s.shadow[to]] ?? [], kretprobes: s.lists[s.kret[to]] ?? [] };
  }

  // listings are the functions in the order in which they were first executed, with what walkers made of them in a mode.
  listings(mode: number): Listing[] {
    let all = this.byMode.get(mode);
    if (!all) {
      all = this.list(mode);
      this.byMode.set(mode, all);
    }
    return all;
  }

  private list(mode: number): Listing[] {
    const index = new Map<bigint, Instruction>();
    const owner = new Map<Instruction, Listing>();
    const none = this.data.walkers.map(() => -1);
    const all = this.data.functions.map((f) => {
      const code = this.codes[f.code];
      const listing: Listing = { symbol: f.symbol, lines: [], firstPoint: Infinity };
      code.text.forEach((text, i) => {
        const line = { pc: -1, offset: 4 * i, text, source: code.source?.[i] ?? "", points: [], worst: none.slice(), first: none.slice() };
        listing.lines.push(line);
        index.set(this.addresses[f.addr] + BigInt(4 * i), line);
        owner.set(line, listing);
      });
      return listing;
    });
    this.steps.forEach((_, point) => {
      const pc = this.pc(point);
      const line = index.get(this.addresses[pc]);
      if (!line) return;
      line.pc = pc;
      const listing = owner.get(line)!;
      listing.firstPoint = Math.min(listing.firstPoint, point);
      if (this.data.points.mode[point] !== mode) return;
      line.points.push(point);
      for (let w = 0; w < none.length; w++) {
        const v = this.verdict(point, w);
        if (v > line.worst[w]) {
          line.worst[w] = v;
          line.first[w] = point;
        }
      }
    });
    return all.sort((a, b) => a.firstPoint - b.firstPoint);
  }
}
