// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"stacksweep/internal/testkit"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/userfile"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// longCode has two functions that do something many times. Of dense, every fifth instruction calls or returns, and it
// recurses 128 deep. Of trees, nearly every third one does, and no stack comes again within a round.
const longCode = `
	.macro rounds name, to, of
	.globl \name
	.type \name, %function
\name:	stp x29, x30, [sp, #-32]!
	mov x29, sp
	str x19, [sp, #16]
	mov x19, x0
1:	mov x0, #\of
	bl \to
	subs x19, x19, #1
	b.ne 1b
	ldr x19, [sp, #16]
	ldp x29, x30, [sp], #32
	ret
	.size \name, .-\name
	.endm

	.text
	rounds dense, down, 127
	rounds trees, tree, 18

	.type down, %function
down:	stp x29, x30, [sp, #-16]!
	mov x29, sp
	eor x1, x0, x1
	add x2, x2, x1
	sub x0, x0, #1
	cmn x0, #1
	b.eq 1f
	bl down
1:	ldp x29, x30, [sp], #16
	ret
	.size down, .-down

	.type tree, %function
tree:	cbz x0, 1f
	stp x29, x30, [sp, #-32]!
	mov x29, sp
	sub x0, x0, #1
	str x0, [sp, #16]
	bl tree
	ldr x0, [sp, #16]
	bl tree
	ldp x29, x30, [sp], #32
1:	ret
	.size tree, .-tree
`

// assembledRun is a run of such a function for about steps instructions.
func assembledRun(tb testing.TB, function string, perRound, steps int) *scenarios.Run {
	tb.Helper()
	gcc := testkit.Tool(tb, "aarch64-linux-gnu-gcc")
	dir := tb.TempDir()
	source, object := filepath.Join(dir, "a.s"), filepath.Join(dir, "a.o")
	if err := os.WriteFile(source, []byte(longCode), 0o644); err != nil {
		tb.Fatal(err)
	}
	if out, err := exec.Command(gcc, "-c", "-o", object, source).CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	f, err := userfile.Load(object, userfile.Options{Limit: 2*steps + 1<<23})
	if err != nil {
		tb.Fatal(err)
	}
	s, err := f.Scenario(fmt.Sprintf("%s(%d)", function, max(1, steps/perRound)))
	if err != nil {
		tb.Fatal(err)
	}
	run, err := s.Build("", scenarios.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return run
}

// longRuns are programs that can run for as long as one wants.
var longRuns = []struct {
	name, walker string
	run          func(tb testing.TB, steps int) *scenarios.Run
}{
	{"chain", "sframe", func(tb testing.TB, steps int) *scenarios.Run {
		run := longChain(tb, uint64(steps))
		run.Limit = 2 * steps
		return run
	}},
	{"dense", "v6.17", func(tb testing.TB, steps int) *scenarios.Run {
		return assembledRun(tb, "dense", 128*10+3, steps)
	}},
	{"trees", "v6.17", func(tb testing.TB, steps int) *scenarios.Run {
		return assembledRun(tb, "trees", 12<<18, steps)
	}},
	{"traced", "v6.17", func(tb testing.TB, steps int) *scenarios.Run {
		const perRound = 4500
		s, _ := corpus.All().Find("fgraph/callers")
		run, err := s.Build("", scenarios.Options{})
		if err != nil {
			tb.Fatal(err)
		}
		run.Checks, run.Limit = nil, 2*steps
		run.Start.X[1] = uint64(steps / perRound)
		return run
	}},
}

// A run of a hundred million instructions is swept in bounded memory, by one goroutine and by many. It takes minutes:
// see "make test-long".
func TestHundredMillion(t *testing.T) {
	if os.Getenv("STACKSWEEP_LONG") == "" {
		t.Skip("STACKSWEEP_LONG is not set: takes minutes")
	}
	const steps, limit = 100_000_000, 256 << 20
	for _, l := range longRuns {
		for _, jobs := range []int{1, 2, 8} {
			t.Run(fmt.Sprintf("%s/j=%d", l.name, jobs), func(t *testing.T) {
				if !alone(t) {
					return
				}
				walkers, err := registry.Find(l.walker)
				if err != nil {
					t.Fatal(err)
				}
				o := &Options{Walkers: walkers, Modes: []verdict.Mode{verdict.IRQ}, Jobs: jobs}
				start, startCPU := time.Now(), cpuTime(t)
				result, err := newRunner(l.run(t, steps), o).sweep(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if result.Steps < steps*9/10 || result.Judged != result.Steps {
					t.Errorf("the run has only %d steps, of which %d were judged", result.Steps, result.Judged)
				}
				if rss := peakRSS(t); rss > limit {
					t.Errorf("the process held %d MiB at its peak", rss>>20)
				}
				t.Logf("%d steps, %d MiB resident at the peak, %.1f s, %.1f s of CPU time", result.Steps,
					peakRSS(t)>>20, time.Since(start).Seconds(), (cpuTime(t) - startCPU).Seconds())
			})
		}
	}
}

// BenchmarkLongRun measures points per second in runs that are judged chunk by chunk, on one core.
func BenchmarkLongRun(b *testing.B) {
	for _, l := range longRuns {
		b.Run(l.name, func(b *testing.B) {
			walkers, err := registry.Find(l.walker)
			if err != nil {
				b.Fatal(err)
			}
			r := newRunner(l.run(b, 1_000_000), &Options{Walkers: walkers, Modes: []verdict.Mode{verdict.IRQ}, Jobs: 1})
			points := 0
			startCPU := cpuTime(b)
			for b.Loop() {
				result, err := r.sweep(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				points += result.Summaries[0].Points
			}
			b.ReportMetric(float64(points)/(cpuTime(b)-startCPU).Seconds(), "points/cpu-s")
		})
	}
}
