// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"cmp"
	"slices"
)

// index sorts the FDEs and prepares the search.
func (info *Info) index() {
	slices.SortStableFunc(info.FDEs, func(a, b *FDE) int { return cmp.Compare(a.Start, b.Start) })
	info.starts = make([]uint64, len(info.FDEs))
	info.maxEnd = make([]uint64, len(info.FDEs))
	var highest uint64
	for i, f := range info.FDEs {
		highest = max(highest, f.End)
		info.starts[i], info.maxEnd[i] = f.Start, highest
	}
}

// FDE returns the FDE that covers an address, or nil. Where functions overlap it is the one that starts last, and
// of several that start together the last in the section.
func (info *Info) FDE(pc uint64) *FDE {
	after, _ := slices.BinarySearchFunc(info.starts, pc, startsAfter)
	for i := after - 1; i >= 0 && pc < info.maxEnd[i]; i-- {
		if f := info.FDEs[i]; pc < f.End {
			return f
		}
	}
	return nil
}

// Lookup returns the row that holds when the instruction at an address is about to be executed. A return address is
// after its call, and may be in another function when the call doesn't return: look up one less, unless the frame
// below it is a signal frame ([CIE.SignalFrame]).
//
// It returns [ErrNoFDE] when no function covers the address, and the error of [FDE.Rows] when the function's program
// is bad. The table of a function is computed at the first look-up and kept: later ones search it, and allocate
// nothing.
func (info *Info) Lookup(pc uint64) (Row, error) {
	f := info.FDE(pc)
	if f == nil {
		return Row{}, ErrNoFDE
	}
	t := f.compiled()
	if t.err != nil {
		return Row{}, t.err
	}
	// The rows cover the function without a gap, from its start.
	after, _ := slices.BinarySearchFunc(t.rows, pc, func(r Row, pc uint64) int { return startsAfter(r.Start, pc) })
	return t.rows[after-1], nil
}

// startsAfter orders what starts at or before pc below it and all else above it, so that a binary search for pc gives
// the number of those that start at or before it.
func startsAfter(start, pc uint64) int {
	if start <= pc {
		return -1
	}
	return 1
}

// Rows returns the whole table of a function, in the order of addresses: rows that cover it from its start to its end
// without a gap, one for every location that the program moves to. Neighbouring rows may say the same. A function
// of size 0 has none.
//
// Errors are of type *[Error] and wrap [ErrMalformed] or [ErrUnsupported].
func (f *FDE) Rows() ([]Row, error) {
	t := f.compiled()
	return slices.Clone(t.rows), t.err
}

// compiled returns the function's table. Goroutines that race for the first time each compute it, with the same result.
func (f *FDE) compiled() *table {
	if t := f.table.Load(); t != nil {
		return t
	}
	t := f.evaluate()
	f.table.Store(t)
	return t
}
