// SPDX-License-Identifier: GPL-2.0-only

package emu_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stacksweep/emu"
)

// A Visited is a set: what was added to it or to one that was merged into it, ascending, and nothing else.
func TestVisited(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pc := rapid.Custom(func(t *rapid.T) uint64 {
			page := rapid.SampledFrom([]uint64{0, 0x1000, 0x3000, 0xffff_ffff_ffff_f000}).Draw(t, "page")
			return page + 4*rapid.Uint64Range(0, 1023).Draw(t, "instruction")
		})
		mine, theirs := rapid.SliceOf(pc).Draw(t, "mine"), rapid.SliceOf(pc).Draw(t, "theirs")
		var v, other emu.Visited
		v.Add(mine)
		other.Add(theirs)
		v.Merge(&other)
		want := slices.Concat(mine, theirs)
		slices.Sort(want)
		want = slices.Compact(want)
		if diff := cmp.Diff(want, slices.Collect(v.All())); len(want) > 0 && diff != "" {
			t.Fatalf("All (-want +got):\n%s", diff)
		}
		if p := pc.Draw(t, "another"); v.Has(p) != slices.Contains(want, p) {
			t.Fatalf("Has(%#x) is %t", p, v.Has(p))
		}
	})
}
