// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/scenarios"
	"stacksweep/scenarios/userfile"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/sframe"
)

// What a planted fault does to a walk across an interrupt: in a hole of any kind it is refused, by a wrong row led
// astray.
func TestSweepOfPlanted(t *testing.T) {
	file := planted(t)
	noRow := spoil(t, file, "patched_start", func(f *sframe.FDE) { f.FREs[0].Start = 8 })
	tests := []struct {
		file []byte
		call string
		want map[string]verdict.Verdict // by instruction; the others are exact
	}{
		{file, "right()", nil},
		{file, "leaf()", nil},
		{file, "landing_pad()", map[string]verdict.Verdict{"+0x0": verdict.Refused}},
		{file, "patchable()", map[string]verdict.Verdict{"+0x0": verdict.Refused, "+0x4": verdict.Refused}},
		{file, "bare()", map[string]verdict.Verdict{"+0x0": verdict.Refused, "+0x4": verdict.Refused}},
		{file, "gap_inside(1)", map[string]verdict.Verdict{"+0xc": verdict.Refused, "+0x10": verdict.Refused}},
		{file, "gap_behind(0)", map[string]verdict.Verdict{"+0x8": verdict.Refused, "+0xc": verdict.Refused}},
		{file, "dwarf_only()", map[string]verdict.Verdict{"+0x0": verdict.Refused, "+0x4": verdict.Refused,
			"+0x8": verdict.Refused}},
		{noRow, "patched_start()", map[string]verdict.Verdict{"+0x0": verdict.Refused, "+0x4": verdict.Refused}},
		// X30 holds the return address when the record is made, and its own after the call; X29 leads to the caller
		// besides.
		{file, "wrong_leaf()", map[string]verdict.Verdict{"+0x8": verdict.Ghost, "+0xc": verdict.Ghost}},
		// The return address is taken for a frame pointer, and isn't on the stack.
		{file, "wrong_ra()", map[string]verdict.Verdict{"+0x4": verdict.Refused, "+0x8": verdict.Refused}},
	}
	for _, tt := range tests {
		t.Run(tt.call, func(t *testing.T) {
			f, err := userfile.Parse("planted.so", tt.file, userfile.Options{Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			s, err := f.Scenario(tt.call)
			if err != nil {
				t.Fatal(err)
			}
			walkers, err := registry.Find("sframe")
			if err != nil {
				t.Fatal(err)
			}
			o := sweep.Options{Walkers: walkers, Modes: []verdict.Mode{verdict.IRQ}, Jobs: 1,
				Keep: func(*sweep.Point) bool {
					return true
				}}
			got := map[string]verdict.Verdict{}
			name := s.Name[len("image/"):]
			err = sweep.Sweep(t.Context(), verdict.Targets([]*scenarios.Scenario{s}),
				o, func(r *sweep.RunResult) error {
					function, _ := r.Symbols.Lookup(name)
					for i := range r.Points {
						p := &r.Points[i]
						if at := p.PC - function.Addr; at < function.Size && p.Verdict != verdict.Exact {
							got[fmt.Sprintf("+%#x", at)] = p.Verdict
						}
					}
					return nil
				})
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if want == nil {
				want = map[string]verdict.Verdict{}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("verdicts, -want +got:\n%s", diff)
			}
		})
	}
}
