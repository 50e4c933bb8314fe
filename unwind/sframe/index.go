package sframe

import "math/bits"

// An index narrows the search of sorted addresses. It divides the range between the first and the last address into
// about as many equal buckets as there are addresses, and knows where the addresses of each bucket begin: a plain binary
// search over the functions of a kernel spends most of a lookup waiting for memory.
type index struct {
	shift   uint    // an address belongs to bucket (address - first) >> shift
	buckets []int32 // index of the first address of each bucket, and at the end the number of addresses
}

func newIndex(sorted []uint64) index {
	if len(sorted) == 0 {
		return index{}
	}
	span := sorted[len(sorted)-1] - sorted[0]
	x := index{shift: uint(max(0, bits.Len64(span)-bits.Len(uint(len(sorted)))))}
	x.buckets = make([]int32, span>>x.shift+2)
	next := 0
	for i, address := range sorted {
		for b := int((address - sorted[0]) >> x.shift); next <= b; next++ {
			x.buckets[next] = int32(i)
		}
	}
	x.buckets[next] = int32(len(sorted))
	return x
}

// find returns the index of the last address that is not above pc, or -1.
func (x *index) find(sorted []uint64, pc uint64) int {
	if len(sorted) == 0 || pc < sorted[0] {
		return -1
	}
	b := (pc - sorted[0]) >> x.shift
	if b >= uint64(len(x.buckets)-1) {
		return len(sorted) - 1
	}
	low, high := int(x.buckets[b]), int(x.buckets[b+1])
	for low < high {
		mid := int(uint(low+high) >> 1)
		if sorted[mid] <= pc {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low - 1
}
