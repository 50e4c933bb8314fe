// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"iter"
	"maps"
	"slices"
)

// Visited is a set of instructions that were executed, such as those of all runs of one image. The zero value is empty.
// It may be used by one goroutine at a time.
type Visited struct {
	pages map[uint64]*visitedPage // by address / visitedBytes
	last  *visitedPage
	at    uint64 // the number of last, if there is one
}

// A visitedPage has a bit for each instruction of a stretch of code.
type visitedPage [visitedBytes / 4 / 64]uint64

const visitedBytes = 4096

// Add adds the instructions at the given addresses, such as a [Chunk]'s PC.
func (v *Visited) Add(pcs []uint64) {
	for _, pc := range pcs {
		if n := pc / visitedBytes; v.last == nil || n != v.at {
			v.last, v.at = v.page(n), n
		}
		i := pc % visitedBytes / 4
		v.last[i/64] |= 1 << (i % 64)
	}
}

// page returns a page, which it makes if need be.
func (v *Visited) page(n uint64) *visitedPage {
	p := v.pages[n]
	if p == nil {
		if v.pages == nil {
			v.pages = map[uint64]*visitedPage{}
		}
		p = new(visitedPage)
		v.pages[n] = p
	}
	return p
}

// Merge adds what another set holds.
func (v *Visited) Merge(other *Visited) {
	for n, page := range other.pages {
		mine := v.page(n)
		for i, bits := range page {
			mine[i] |= bits
		}
	}
}

// Has reports whether the instruction at an address was executed.
func (v *Visited) Has(pc uint64) bool {
	p := v.pages[pc/visitedBytes]
	i := pc % visitedBytes / 4
	return p != nil && p[i/64]>>(i%64)&1 != 0
}

// All yields the addresses, ascending.
func (v *Visited) All() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, n := range slices.Sorted(maps.Keys(v.pages)) {
			for pc := n * visitedBytes; pc != (n+1)*visitedBytes; pc += 4 {
				if v.Has(pc) && !yield(pc) {
					return
				}
			}
		}
	}
}
