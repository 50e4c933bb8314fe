// SPDX-License-Identifier: GPL-2.0-only

package generated_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"stacksweep/internal/disasm"
	"stacksweep/scenarios"
	"stacksweep/scenarios/generated"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/sframe"
)

// drawn lets rapid make the choices, so that it can make a failing program smaller.
type drawn struct{ t *rapid.T }

func (d drawn) Choose(n int) int { return rapid.IntRange(0, n-1).Draw(d.t, "choice") }

// outcome is what a sweep of a program found at an instruction in one mode by one walker.
type outcome struct {
	function string
	offset   uint64
	what     string // "" if all is as it must be
}

// sweepProgram sweeps a program. With right tables a walk is exact across an interrupt at every instruction, and so is
// every synchronous one.
func sweepProgram(p *generated.Program) (all []outcome, err error) {
	s, err := p.Scenario("generated/test")
	if err != nil {
		return nil, err
	}
	walkers, err := registry.Find("v6.17,sframe")
	if err != nil {
		return nil, err
	}
	o := sweep.Options{
		Walkers: walkers, Modes: []verdict.Mode{verdict.Sync, verdict.IRQ},
		Keep: func(*sweep.Point) bool { return true },
	}
	err = sweep.Sweep(context.Background(), verdict.Targets([]*scenarios.Scenario{s}), o,
		func(r *sweep.RunResult) error {
			for _, p := range r.Points {
				name, offset := r.Symbols.Locate(p.PC)
				if !strings.HasPrefix(name, "generated_") {
					continue
				}
				o := outcome{function: name, offset: offset}
				want := verdict.Exact
				if p.Mode == verdict.IRQ && p.Walker == "v6.17" {
					want = verdict.Refused
				}
				if p.Verdict != want {
					o.what = fmt.Sprintf("%s %s %s+%#x@%d: %v, want %v (%v)", p.Mode, p.Walker, name, offset, p.Step,
						p.Verdict, want, p.Trace.Failure)
				}
				all = append(all, o)
			}
			return nil
		})
	return all, err
}

// bad returns the first outcome that is not as it must be.
func bad(all []outcome) string {
	for _, o := range all {
		if o.what != "" {
			return o.what
		}
	}
	return ""
}

// TestGenerated sweeps programs of rapid's choice.
func TestGenerated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := generated.Generate(drawn{t})
		all, err := sweepProgram(p)
		if err != nil {
			t.Fatalf("%v\n%s", err, listing(p))
		}
		if len(all) == 0 {
			t.Fatalf("no point in\n%s", listing(p))
		}
		if what := bad(all); what != "" {
			t.Fatalf("%s\n%s", what, listing(p))
		}
	})
}

// TestBrokenTable makes one row of a table wrong, which the sweep must notice wherever the row's instructions are
// executed.
func TestBrokenTable(t *testing.T) {
	broken := 0
	for seed := range uint64(40) {
		p := generated.Seeded(seed)
		before, err := sweepProgram(p)
		if err != nil {
			t.Fatal(err)
		}
		f := &p.Functions[seed%uint64(len(p.Functions))]
		row := int(seed) % len(f.Rows)
		end := uint64(4 * f.Size)
		if row+1 < len(f.Rows) {
			end = uint64(f.Rows[row+1].Start)
		}
		if !slices.ContainsFunc(before, func(o outcome) bool {
			return o.function == f.Name && o.offset >= uint64(f.Rows[row].Start) && o.offset < end
		}) {
			continue // not executed
		}
		broken++
		ra := &f.Rows[row].RA
		if ra.Kind == sframe.AtCFA {
			ra.Offset -= 8 // the word below, which is the caller's X29
		} else {
			*ra = sframe.Rule{Kind: sframe.AtCFA, Offset: -8}
			f.Rows[row].FP = sframe.Rule{Kind: sframe.AtCFA, Offset: -16}
		}
		after, err := sweepProgram(p)
		if err != nil {
			t.Fatal(err)
		}
		if bad(after) == "" {
			t.Errorf("seed %d: nothing noticed that row %d of %s is wrong\n%s", seed, row, f.Name, listing(p))
		}
	}
	if broken < 10 {
		t.Errorf("only %d tables were broken", broken)
	}
}

// TestShapes makes sure that chance has produced every shape there is.
func TestShapes(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(200) {
		for _, f := range generated.Seeded(seed).Functions {
			v := reflect.ValueOf(f.Frame)
			for i := range v.NumField() {
				if name := v.Type().Field(i).Name; v.Field(i).Kind() == reflect.Bool && v.Field(i).Bool() {
					seen[name]++
				}
			}
			if f.Frame.Record && f.Frame.At%16 == 8 {
				seen["record at an odd multiple of 8"]++
			}
			if !f.Frame.Record && f.Frame.Size > 0 {
				seen["leaf with locals"]++
			}
		}
	}
	for _, shape := range []string{
		"Record", "Push", "Dynamic", "FromFP", "Signed", "Early", "Tail", "record at an odd multiple of 8",
		"leaf with locals",
	} {
		if seen[shape] < 20 {
			t.Errorf("%s: %d times in 200 programs", shape, seen[shape])
		}
	}
}

// listing is a program as text.
func listing(p *generated.Program) string {
	var b strings.Builder
	for _, f := range p.Functions {
		fmt.Fprintf(&b, "%s: %+v\n", f.Name, f.Frame)
		row := 0
		for i := range f.Size {
			at := uint64(4 * (f.Start + i))
			fmt.Fprintf(&b, "%6x  %-40s", 4*i, disasm.Text(p.Code[f.Start+i], at, func(uint64) string { return "" }))
			if row < len(f.Rows) && int(f.Rows[row].Start) == 4*i {
				r := f.Rows[row]
				fmt.Fprintf(&b, "CFA %v+%d RA %+v FP %+v", r.CFABase, r.CFAOffset, r.RA, r.FP)
				row++
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}
