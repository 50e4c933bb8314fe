// SPDX-License-Identifier: GPL-2.0-only

package diff

import "stacksweep/internal/arm64"

// shape is an instruction without what changes when code is only moved: the distances of branches, and of what is
// addressed relative to the PC.
func shape(word uint32) uint32 { return word &^ arm64.Distance(word) }

// mostCells bounds the table of an alignment. Longer stretches, which no function of interest has, are aligned from the
// front.
const mostCells = 1 << 24

// align finds for each instruction of old the index of the same one in new, -1 where there is none, by their longest
// common subsequence of shapes. Where just as many instructions lie between two that are the same, these are taken to
// correspond as well: constants have changed, such as offsets in structures.
func align(old, newer []uint32) []int {
	to := make([]int, len(old))
	for i := range to {
		to[i] = -1
	}
	from, oldEnd, newEnd := 0, len(old), len(newer)
	for from < oldEnd && from < newEnd && shape(old[from]) == shape(newer[from]) {
		to[from] = from
		from++
	}
	for oldEnd > from && newEnd > from && shape(old[oldEnd-1]) == shape(newer[newEnd-1]) {
		oldEnd--
		newEnd--
		to[oldEnd] = newEnd
	}
	common(old[from:oldEnd], newer[from:newEnd], func(i, j int) { to[from+i] = from + j })
	fill(to, len(newer))
	return to
}

// common calls a function for each pair of a longest common subsequence.
func common(old, newer []uint32, pair func(i, j int)) {
	n, m := len(old), len(newer)
	if n == 0 || m == 0 || n*m > mostCells {
		return
	}
	// length[i*(m+1)+j] is how many old[i:] and new[j:] can have in common.
	length := make([]int32, (n+1)*(m+1))
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			here := i*(m+1) + j
			if shape(old[i]) == shape(newer[j]) {
				length[here] = length[here+m+2] + 1
			} else {
				length[here] = max(length[here+m+1], length[here+1])
			}
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		here := i*(m+1) + j
		switch {
		case shape(old[i]) == shape(newer[j]):
			pair(i, j)
			i, j = i+1, j+1
		case length[here+m+1] >= length[here+1]:
			i++
		default:
			j++
		}
	}
}

// fill pairs the instructions between two pairs one by one, where they are as many on both sides.
func fill(to []int, newLen int) {
	last := -1 // the last paired instruction
	for i := 0; i <= len(to); i++ {
		next := newLen
		if i < len(to) {
			if next = to[i]; next < 0 {
				continue
			}
		}
		before := -1
		if last >= 0 {
			before = to[last]
		}
		if i-last == next-before {
			for k := last + 1; k < i; k++ {
				to[k] = before + k - last
			}
		}
		last = i
	}
}

// likeness is how much two functions have in common: 1 if they differ only in where they lie, 0 if they share nothing.
func likeness(a, b []uint32) float64 {
	if len(a)+len(b) == 0 {
		return 0
	}
	// What occurs in both is a bound that is cheap to find.
	count := map[uint32]int{}
	for _, w := range a {
		count[shape(w)]++
	}
	shared := 0
	for _, w := range b {
		if count[shape(w)] > 0 {
			count[shape(w)]--
			shared++
		}
	}
	total := float64(len(a) + len(b))
	if 2*float64(shared)/total < enough {
		return 0
	}
	same := 0
	common(a, b, func(int, int) { same++ })
	return 2 * float64(same) / total
}

// enough is how alike two functions of different names must be to be the same one.
const enough = 0.6
