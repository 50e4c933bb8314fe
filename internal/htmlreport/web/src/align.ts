// SPDX-License-Identifier: GPL-2.0-only

// A Row is a line of a comparison: a true frame, a frame of the walk, or both where they agree. -1 is none.
export interface Row {
  truth: number; // index in the truth
  frame: number; // index in the walk
}

// align puts equal addresses of the truth and a walk on the same line, in the order of both: their longest common
// subsequence.
export function align(truth: number[], frames: number[]): Row[] {
  const n = truth.length;
  const m = frames.length;
  const length = new Int32Array((n + 1) * (m + 1));
  for (let i = n - 1; i >= 0; i--)
    for (let j = m - 1; j >= 0; j--) {
      const here = i * (m + 1) + j;
      length[here] = truth[i] === frames[j] ? length[here + m + 2] + 1 : Math.max(length[here + m + 1], length[here + 1]);
    }
  const rows: Row[] = [];
  let i = 0;
  let j = 0;
  while (i < n || j < m) {
    const here = i * (m + 1) + j;
    if (i < n && j < m && truth[i] === frames[j]) rows.push({ truth: i++, frame: j++ });
    else if (j === m || (i < n && length[here + m + 1] >= length[here + 1])) rows.push({ truth: i++, frame: -1 });
    else rows.push({ truth: -1, frame: j++ });
  }
  return rows;
}
