// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"cmp"
	"slices"
	"strings"
)

// isMapping reports whether a name marks the kind of the contents ("$x", "$d", "$x.7") and isn't a name at all.
// AArch64 ELF ABI, section "Mapping symbols".
func isMapping(name string) bool { return isMark(name, "$x") || isMark(name, "$d") }

func isMark(name, mark string) bool {
	rest, ok := strings.CutPrefix(name, mark)
	return ok && (rest == "" || rest[0] == '.')
}

// literals finds the data that mapping symbols mark between code, as pairs of addresses: from a "$d" up to the next
// mark or the end of the segment.
func literals(all []Symbol, segments []Segment) (list [][2]uint64) {
	var marks []Symbol
	for _, s := range all {
		if !isMapping(s.Name) {
			continue
		}
		if seg, ok := find(segments, s.Addr); ok && seg.Perm&Exec != 0 {
			marks = append(marks, s)
		}
	}
	slices.SortStableFunc(marks, func(a, b Symbol) int { return cmp.Compare(a.Addr, b.Addr) })
	for i, s := range marks {
		if !isMark(s.Name, "$d") {
			continue
		}
		seg, _ := find(segments, s.Addr)
		end := seg.End()
		if i+1 < len(marks) {
			end = min(end, marks[i+1].Addr)
		}
		if n := len(list); n > 0 && list[n-1][1] == s.Addr {
			list[n-1][1] = end
		} else if s.Addr < end {
			list = append(list, [2]uint64{s.Addr, end})
		}
	}
	return list
}

// WithoutData takes from both ends of a range of addresses what the file marks as data between code, a literal pool for
// example. What is stripped has no marks.
func (t *Symbols) WithoutData(from, to uint64) (uint64, uint64) {
	i, found := slices.BinarySearchFunc(t.data, from, func(d [2]uint64, addr uint64) int {
		return cmp.Compare(d[0], addr)
	})
	if !found && i > 0 {
		i--
	}
	for ; i < len(t.data) && t.data[i][0] < to; i++ {
		d := t.data[i]
		if d[0] <= from {
			from = min(max(from, d[1]), to)
		}
		if d[1] >= to {
			to = max(from, d[0])
		}
	}
	return from, to
}
