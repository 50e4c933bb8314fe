// SPDX-License-Identifier: GPL-2.0-only

package image

import "testing"

// TestWithoutData takes marked data from the ends of ranges: from a "$d" up to the next mark, or the segment's end.
func TestWithoutData(t *testing.T) {
	segments := []Segment{
		{Addr: 0x1000, Size: 0x100, Perm: Read | Exec},
		{Addr: 0x2000, Size: 0x100, Perm: Read},
	}
	symbols := NewSymbols([]Symbol{
		{Name: "$x", Addr: 0x1000}, {Name: "$d.1", Addr: 0x1020}, {Name: "$d", Addr: 0x1028},
		{Name: "$x", Addr: 0x1030}, {Name: "$d", Addr: 0x10f0}, {Name: "$dollar", Addr: 0x1040},
		{Name: "$d", Addr: 0x2000},
	}, segments)
	for _, tt := range []struct{ from, to, wantFrom, wantTo uint64 }{
		{0x1000, 0x1020, 0x1000, 0x1020}, // none
		{0x1000, 0x1030, 0x1000, 0x1020}, // at the end, by two marks
		{0x1024, 0x1040, 0x1030, 0x1040}, // at the start
		{0x1000, 0x1040, 0x1000, 0x1040}, // in the middle: stays
		{0x1020, 0x1030, 0x1030, 0x1030}, // nothing else
		{0x1024, 0x1028, 0x1028, 0x1028}, // in the middle of it
		{0x1080, 0x1100, 0x1080, 0x10f0}, // up to the segment's end
		{0x2000, 0x2010, 0x2000, 0x2010}, // not between code
		{0x1040, 0x1040, 0x1040, 0x1040}, // an empty range
	} {
		if from, to := symbols.WithoutData(tt.from, tt.to); from != tt.wantFrom || to != tt.wantTo {
			t.Errorf("%#x..%#x: %#x..%#x, want %#x..%#x", tt.from, tt.to, from, to, tt.wantFrom, tt.wantTo)
		}
	}
}
