// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// longChain is a chain of calls, eight frames deep for the most part, that runs for about steps instructions.
func longChain(tb testing.TB, steps uint64) *scenarios.Run {
	tb.Helper()
	s, ok := corpus.All().Find("chain/plain")
	if !ok {
		tb.Fatal("no scenario chain/plain")
	}
	run, err := s.Build("", scenarios.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	const perRound = 627 // instructions of chain_1, as the number of steps of runs of different length tells
	run.Start.X[1] = steps / perRound
	return run
}

// recordedChain records a longChain as one chunk.
func recordedChain(tb testing.TB, steps uint64) (*scenarios.Run, *emu.Recording) {
	tb.Helper()
	run := longChain(tb, steps)
	m, err := run.Machine()
	if err != nil {
		tb.Fatal(err)
	}
	defer m.Close()
	recording, err := m.Record(emu.RunOptions{Until: run.Until, Limit: run.Limit, ChunkSteps: 1 << 15})
	if err != nil {
		tb.Fatal(err)
	}
	return run, recording
}

// BenchmarkSweep measures points per second: record, walk, judge, on one core.
func BenchmarkSweep(b *testing.B) {
	for _, bb := range []struct {
		name   string
		modes  []verdict.Mode
		walker string
	}{
		{"irq/fp", []verdict.Mode{verdict.IRQ}, "fp"},
		{"irq/v6.17", []verdict.Mode{verdict.IRQ}, "v6.17"},
		{"irq/sframe", []verdict.Mode{verdict.IRQ}, "sframe"},
		{"sync/v6.17", []verdict.Mode{verdict.Sync}, "v6.17"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			walkers, err := registry.Find(bb.walker)
			if err != nil {
				b.Fatal(err)
			}
			run := longChain(b, 100_000)
			r := newRunner(run, &Options{Walkers: walkers, Modes: bb.modes, Jobs: 1})
			points, steps := 0, 0
			start, startCPU := time.Now(), cpuTime(b)
			for b.Loop() {
				result, err := r.sweep(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				points += result.Summaries[0].Points
				steps += result.Steps
			}
			elapsed := time.Since(start)
			b.ReportMetric(float64(points)/elapsed.Seconds(), "points/s")
			b.ReportMetric(float64(points)/(cpuTime(b)-startCPU).Seconds(), "points/cpu-s")
			b.ReportMetric(float64(elapsed.Nanoseconds())/float64(steps), "ns/insn")
		})
	}
}

// Judging a point allocates nothing: a run allocates for its chunks and places, not for its steps.
func TestPointsAllocateNothing(t *testing.T) {
	walkers, err := registry.Find("v6.17,sframe")
	if err != nil {
		t.Fatal(err)
	}
	allocations := func(steps uint64) float64 {
		r := newRunner(longChain(t, steps), &Options{Walkers: walkers, Modes: verdict.StepModes(), Jobs: 1})
		return testing.AllocsPerRun(1, func() {
			if _, err := r.sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
	if short, long := allocations(20_000), allocations(100_000); long-short > 2000 {
		t.Errorf("80,000 steps more allocate %.0f times more", long-short)
	}
}

// A run of ten million instructions is swept in bounded memory.
func TestLongRunInBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	if !alone(t) {
		return
	}
	run := longChain(t, 10_000_000)
	walkers, err := registry.Find("sframe")
	if err != nil {
		t.Fatal(err)
	}
	result, err := newRunner(run, &Options{Walkers: walkers, Modes: []verdict.Mode{verdict.IRQ}, Jobs: 2}).sweep(
		t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if result.Steps < 9_000_000 {
		t.Errorf("the run has only %d steps", result.Steps)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	const limit = 256 << 20
	if m.Sys > limit {
		t.Errorf("the Go runtime holds %d MiB", m.Sys>>20)
	}
	if rss := peakRSS(t); rss > limit {
		t.Errorf("the process held %d MiB at its peak", rss>>20)
	}
	t.Logf("%d steps, %d MiB of Go memory, %d MiB resident at the peak", result.Steps, m.Sys>>20, peakRSS(t)>>20)
}

// cpuTime is how long the process has run on any core, which counts less of what else a machine does than the clock.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPairs measures pairs per second on one core.
func BenchmarkPairs(b *testing.B) {
	for _, deliver := range []verdict.Delivery{verdict.Overlay, verdict.Taken} {
		for _, walker := range []string{"v6.17", "sframe"} {
			b.Run(deliver.String()+"/"+walker, func(b *testing.B) {
				walkers, err := registry.Find(walker)
				if err != nil {
					b.Fatal(err)
				}
				run := longChain(b, 700)
				r := newRunner(run, &Options{Walkers: walkers, Modes: []verdict.Mode{verdict.Pairs}, Jobs: 1,
					Deliver: deliver})
				pairs := 0
				start, startCPU := time.Now(), cpuTime(b)
				for b.Loop() {
					result, err := r.sweep(b.Context())
					if err != nil {
						b.Fatal(err)
					}
					pairs += result.Summaries[0].Points
				}
				b.ReportMetric(float64(pairs)/time.Since(start).Seconds(), "pairs/s")
				b.ReportMetric(float64(pairs)/(cpuTime(b)-startCPU).Seconds(), "pairs/cpu-s")
			})
		}
	}
}
