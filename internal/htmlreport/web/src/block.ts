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
  points: { step: number[]; mode: number[]; masked: number[]; way: number[]; truth: number[]; walks: number[][] };
  states: {
    step: number[];
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

// sums undoes differences.
export function sums(deltas: number[]): number[] {
  let n = 0;
  return deltas.map((d) => (n += d));
}
