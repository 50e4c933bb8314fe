// SPDX-License-Identifier: GPL-2.0-only

package inspect

import (
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// A WalkView is a walk next to the truth.
type WalkView struct {
	sweep.Point
	Rows []WalkRow
}

// A WalkRow is one line of a comparison: a true address, a frame of the walk, or both where they agree.
type WalkRow struct {
	Truth, Frame uint64 // 0 where there is none
	Source       unwind.Source
	Flags        unwind.Flags
}

// Walks lets every walker walk in one mode, if the step is a point of the mode for it.
func (in *Inspector) Walks(m verdict.Mode) []WalkView {
	var all []WalkView
	for w := range in.Walkers {
		p, ok := in.Walk(m, w)
		if !ok {
			continue
		}
		all = append(all, WalkView{p, align(p.Truth, p.Trace.Frames)})
	}
	return all
}

// align puts equal addresses of the truth and the walk on the same line, in the order of both (their longest common
// subsequence).
func align(truth []uint64, frames []unwind.Frame) []WalkRow {
	n, m := len(truth), len(frames)
	// length[i][j] is how many lines truth[i:] and frames[j:] can have in common.
	length := make([][]int, n+1)
	for i := range length {
		length[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if truth[i] == frames[j].PC {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var rows []WalkRow
	for i, j := 0, 0; i < n || j < m; {
		switch {
		case i < n && j < m && truth[i] == frames[j].PC:
			rows = append(rows, WalkRow{truth[i], frames[j].PC, frames[j].Source, frames[j].Flags})
			i, j = i+1, j+1
		case j == m || i < n && length[i+1][j] >= length[i][j+1]:
			rows = append(rows, WalkRow{Truth: truth[i]})
			i++
		default:
			rows = append(rows, WalkRow{Frame: frames[j].PC, Source: frames[j].Source, Flags: frames[j].Flags})
			j++
		}
	}
	return rows
}
