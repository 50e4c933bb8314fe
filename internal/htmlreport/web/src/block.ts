// SPDX-License-Identifier: GPL-2.0-only

// The blocks that the report carries: see data.go, which describes each field.

export interface TreeData {
  pc: number[];
  parent: number[];
  source?: number[];
  flags?: number[];
}

export interface TargetData {
  target: string;
  doc: string;
  flags: string;
  walkers: string[];
  modes: string[];
  total: number;
  steps: number;
  values: string[];
  names: Record<number, string>;
  texts: string[];
  truth: TreeData;
  frames: TreeData;
  outcomes: { verdict: number[]; frames: number[]; reliable: number[]; error: number[]; warnings: (number[] | null)[] };
  points: { step: number[]; pair: number[]; mode: number[]; masked: number[]; way: number[]; truth: number[]; walks: number[][] };
  states: {
    step: number[];
    pair: number[];
    pc: number[];
    regs: (number[] | null)[];
    mem: (number[] | null)[];
    shadow: number[];
    kret: number[];
    lists: (number[] | null)[];
  };
  functions: { symbol: string; addr: number; code: number }[];
  stacks: { name: string; low: number; high: number }[];
  ptregs: number;
  final: number;
}

export interface CodeData {
  text: string[];
  source?: string[];
}

// block unpacks the block in the element of that name, undefined if there is none.
export async function block<T>(id: string): Promise<T | undefined> {
  const text = document.getElementById(id)?.textContent?.trim();
  if (!text) return undefined;
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return (await new Response(stream).json()) as T;
}

// Where a point is is one number: its step, and of a point of mode pairs, in the fraction, what the field pair says.
const pairs = 131072;

export function moments(steps: number[], pair: number[]): number[] {
  return sums(steps).map((s, i) => s + pair[i] / pairs);
}

// keyOf is a whole number for a moment and one of up to eight modes.
export function keyOf(moment: number, mode: number): number {
  return moment * pairs * 8 + mode;
}

// nameOf writes a moment: 137, or 137/42. In an address, ~ tells the exception of a kernel without metadata records.
export function momentName(moment: number, inAddress = false): string {
  const step = Math.floor(moment);
  const pair = Math.round((moment - step) * pairs);
  return pair ? step + "/" + ((pair >> 1) - 1) + (inAddress && pair & 1 ? "~" : "") : "" + step;
}

// parseMoment is the inverse, -1 if there is none.
export function parseMoment(text: string | undefined): number {
  const m = /^(\d+)(?:\/(\d+)(~?))?$/.exec(text ?? "");
  if (!m) return -1;
  return Number(m[1]) + (m[2] ? ((Number(m[2]) + 1) * 2 + (m[3] ? 1 : 0)) / pairs : 0);
}

export function isPair(moment: number): boolean {
  return !Number.isInteger(moment);
}

// sums undoes differences.
export function sums(deltas: number[]): number[] {
  let n = 0;
  return deltas.map((d) => (n += d));
}
