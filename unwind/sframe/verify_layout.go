// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"cmp"
	"slices"
)

// checkOrder reports functions that overlap, and FDEs out of order where the header promises order.
func (v *verifier) checkOrder(starts []uint64, sizes []uint32) {
	if v.flags&FDESorted != 0 {
		for i := 1; i < len(starts); i++ {
			if starts[i] < starts[i-1] {
				v.fde = i
				v.report(BadOrder, v.fdeAt(i), "function 0x%x after 0x%x, but the section is flagged as sorted",
					starts[i], starts[i-1])
			}
		}
	}
	order := make([]int, len(starts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(starts[a], starts[b]) })
	// furthest is the function that reaches furthest of those that start no later than the one looked at.
	furthest := -1
	for _, i := range order {
		if sizes[i] == 0 {
			continue
		}
		if furthest >= 0 && starts[i]-starts[furthest] < uint64(sizes[furthest]) {
			v.fde = i
			v.report(BadOverlap, v.fdeAt(i), "function 0x%x+%d overlaps 0x%x+%d of FDE %d", starts[i], sizes[i],
				starts[furthest], sizes[furthest], furthest)
			if starts[i]+uint64(sizes[i]) <= starts[furthest]+uint64(sizes[furthest]) {
				continue
			}
		}
		furthest = i
	}
	v.fde = -1
}

// extent is a range of section offsets, and the FDE whose data lie there.
type extent struct {
	start, end, fde int
}

// checkLayout reports bytes of the section that belong to nothing, and those that belong to more than one FDE.
func (v *verifier) checkLayout() {
	headerEnd := headerSize + int(v.auxLen)
	fdesEnd := v.fdeAt(int(v.numFDEs))
	v.checkGap(20, headerEnd, v.fdeBase, "between header and FDEs")
	v.checkGap(24, fdesEnd, v.freBase, "between FDEs and FRE sub-section")
	v.checkGap(v.freLimit, v.freLimit, len(v.data), "after the FRE sub-section")

	slices.SortFunc(v.extents, func(a, b extent) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.fde, b.fde))
	})
	last := extent{v.freBase, v.freBase, -1}
	for _, e := range v.extents {
		if e.start == e.end {
			continue // nothing of its own: V1 and V2 without rows, or rows that can't be read
		}
		if e.start < last.end {
			v.fde = e.fde
			v.report(BadData, v.fdeAt(e.fde), "data at 0x%x overlap those of FDE %d, which end at 0x%x", e.start,
				last.fde, last.end)
			v.fde = -1
		}
		v.checkGap(last.end, last.end, e.start, "between the data of FDEs")
		if e.end > last.end {
			last = e
		}
	}
	v.checkGap(last.end, last.end, v.freLimit, "after the data of the last FDE")
}

// checkGap reports unused bytes; at is where the blame is put.
func (v *verifier) checkGap(at, from, to int, where string) {
	if to > from {
		v.report(BadLayout, at, "%d unused bytes at 0x%x, %s", to-from, from, where)
	}
}
