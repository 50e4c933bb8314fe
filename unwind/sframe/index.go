// SPDX-License-Identifier: GPL-2.0-only

package sframe

import "math/bits"

// An index narrows the search of sorted functions. It divides the range between the first and the last start into about
// as many equal buckets as there are functions, and knows where the functions of each bucket begin: a plain binary
// search over the functions of a kernel spends most of a lookup waiting for memory.
type index struct {
	shift   uint    // a start belongs to bucket (start - first start) >> shift
	buckets []int32 // index of the first function of each bucket, and at the end the number of functions
}

func newIndex(sorted []function) index {
	if len(sorted) == 0 {
		return index{}
	}
	span := sorted[len(sorted)-1].start - sorted[0].start
	x := index{shift: uint(max(0, bits.Len64(span)-bits.Len(uint(len(sorted)))))}
	x.buckets = make([]int32, span>>x.shift+2)
	next := 0
	for i := range sorted {
		for b := int((sorted[i].start - sorted[0].start) >> x.shift); next <= b; next++ {
			x.buckets[next] = int32(i)
		}
	}
	x.buckets[next] = int32(len(sorted))
	return x
}

// find returns the index of the last function that starts at or before pc, or -1.
func (x *index) find(sorted []function, pc uint64) int {
	if len(sorted) == 0 || pc < sorted[0].start {
		return -1
	}
	b := (pc - sorted[0].start) >> x.shift
	if b >= uint64(len(x.buckets)-1) {
		return len(sorted) - 1
	}
	low, high := int(x.buckets[b]), int(x.buckets[b+1])
	for low < high {
		mid := int(uint(low+high) >> 1)
		if sorted[mid].start <= pc {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low - 1
}
