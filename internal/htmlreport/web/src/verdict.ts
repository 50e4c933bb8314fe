// SPDX-License-Identifier: GPL-2.0-only

// The verdicts, in their order: the further down the worse.
export const verdicts = ["exact", "refused", "ghost", "omitted", "wrong", "fault"] as const;
export const letters = [".", "r", "g", "O", "W", "F"] as const;

export function conforming(verdict: number): boolean {
  return verdict < 2;
}
