// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"fmt"
	"testing"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// deepRun recurses to a depth, nothing traced.
func deepRun(tb testing.TB, depth uint64) *scenarios.Run {
	tb.Helper()
	s, ok := corpus.All().Find("chain/plain")
	if !ok {
		tb.Fatal("no scenario chain/plain")
	}
	run, err := s.Build("", scenarios.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	entry, ok := run.Image.Symbols.Lookup("run_recursion")
	if !ok {
		tb.Fatal("no run_recurse")
	}
	run.Start.X[0], run.Start.X[1] = entry.Addr, depth
	run.Checks = nil
	return run
}

// BenchmarkDepth measures how the cost of walking and judging grows with the stack, per instruction of a recording that
// is judged again and again, as if the run did the same once more. All points are looked at: laps are not counted.
func BenchmarkDepth(b *testing.B) {
	for _, walker := range []string{"v6.17", "sframe"} {
		for _, depth := range []uint64{8, 128} {
			for _, whole := range []bool{false, true} {
				name := fmt.Sprintf("%s/%d/resumed", walker, depth)
				if whole {
					name = fmt.Sprintf("%s/%d/whole", walker, depth)
				}
				b.Run(name, func(b *testing.B) {
					walkers, err := registry.Find(walker)
					if err != nil {
						b.Fatal(err)
					}
					r := newRunner(deepRun(b, depth),
						&Options{Walkers: walkers, Modes: []verdict.Mode{verdict.IRQ}, Jobs: 1, WholeWalks: whole})
					m, err := r.run.Machine()
					if err != nil {
						b.Fatal(err)
					}
					defer m.Close()
					recording, err := r.recordShort(m)
					if err != nil {
						b.Fatal(err)
					}
					found, err := r.oracles.Find(truth.LogOf(recording), FactsOf(r.run), nil)
					if err != nil {
						b.Fatal(err)
					}
					cursor := emu.NewCursor(recording.Initial)
					j, err := r.newJudge(found, cursor.Memory(), pace{}, nil)
					if err != nil {
						b.Fatal(err)
					}
					j.laps = nil
					points := 0
					startCPU := cpuTime(b)
					for b.Loop() {
						cursor.Begin(recording.Chunks[0])
						beginAgain(j)
						if err := j.steps(cursor, recording.Chunks[0], 0, recording.Len()); err != nil {
							b.Fatal(err)
						}
						points += recording.Len()
					}
					b.ReportMetric(float64((cpuTime(b)-startCPU).Nanoseconds())/float64(points), "cpu-ns/point")
				})
			}
		}
	}
}

// beginAgain makes a judge take the first step for the one after the last.
func beginAgain(j *judge) {
	j.done = 0
	if j.precedents == nil {
		return
	}
	for _, slab := range j.precedents.slabs {
		for i := range slab {
			slab[i].step = -1 // it may not hold any more
		}
	}
}
