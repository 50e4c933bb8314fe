// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// The truth chunk by chunk is that of the whole run, at every step of every scenario and of random programs, whatever
// the size of the chunks; and a stack that comes again has the identity that it had.
func TestOutlineOfEveryScenario(t *testing.T) {
	stacks, identities := 0, 0
	for _, target := range sharingTargets(t) {
		run := runtest.Build(t, target.Scenario, target.Variant, scenarios.Options{})
		for _, chunkSteps := range []int{7, 256} {
			recording := runtest.Record(t, run, emu.RunOptions{Mode: emu.Sparse, ChunkSteps: chunkSteps})
			facts := FactsOf(run)
			whole, err := truth.Find(truth.LogOf(recording), facts, nil)
			if err != nil {
				t.Fatalf("%s: %v", target, err)
			}
			outline := truth.Oracles{truth.Past, truth.Future}.Outline(facts)
			for _, c := range recording.Chunks {
				if err := outline.Add(c); err != nil {
					t.Fatalf("%s: %v", target, err)
				}
			}
			unfolded, err := outline.Find()
			if err != nil {
				t.Fatalf("%s: %v", target, err)
			}
			a, b := whole.Cursor(), unfolded.Cursor()
			ofWhole, ofUnfolded := map[int32]int32{}, map[int32]int32{}
			for _, c := range recording.Chunks {
				if err := unfolded.Enter(c); err != nil {
					t.Fatalf("%s: %v", target, err)
				}
				for step := c.First; step < c.First+c.Steps; step++ {
					a.Seek(step)
					b.Seek(step)
					x, y := a.Base(), b.Base()
					if a.Away() != b.Away() || a.Begins() != b.Begins() || !reflect.DeepEqual(x, y) {
						t.Fatalf("%s, chunks of %d, step %d (-whole +by chunks):\n%s", target, chunkSteps, step,
							cmp.Diff(x, y, cmp.Exporter(func(reflect.Type) bool { return true })))
					}
					ofWhole[a.Identity()], ofUnfolded[b.Identity()] = b.Identity(), a.Identity()
				}
			}
			stacks += len(ofWhole)
			identities += len(ofUnfolded)
		}
	}
	if stacks < 1000 || identities > stacks {
		t.Errorf("%d stacks have %d identities", stacks, identities)
	}
}

// A run that is judged chunk by chunk gets the verdicts that it gets when it is recorded as a whole.
func TestLongRunsAreJudgedAlike(t *testing.T) {
	for _, target := range sharingTargets(t) {
		run := runtest.Build(t, target.Scenario, target.Variant, scenarios.Options{})
		sweep := func(short, chunk, jobs int) *RunResult {
			r := newRunner(run, &Options{Walkers: registry.All(), Modes: verdict.StepModes(), Jobs: jobs})
			r.shortSteps, r.chunkSteps = short, chunk
			result, err := r.sweep(t.Context())
			if err != nil {
				t.Fatalf("%s: %v", target, err)
			}
			return result
		}
		whole := sweep(1<<20, 1<<15, 1)
		for jobs, chunk := range map[int]int{1: 33, 2: 1000} {
			got := sweep(1, chunk, jobs)
			if got.Steps != whole.Steps || got.Witnessed != whole.Witnessed || got.Judged != whole.Judged {
				t.Errorf("%s: %d steps, %d judged, %d witnessed; want %d, %d and %d", target, got.Steps, got.Judged,
					got.Witnessed, whole.Steps, whole.Judged, whole.Witnessed)
			}
			if diff := cmp.Diff(whole.Summaries, got.Summaries); diff != "" {
				t.Errorf("%s, chunks of %d (-whole +by chunks):\n%s", target, chunk, diff)
			}
			if diff := cmp.Diff(whole.Windows, got.Windows); diff != "" {
				t.Errorf("%s, chunks of %d (-whole +by chunks):\n%s", target, chunk, diff)
			}
		}
	}
}

// Whatever a long run does, an outline tells its truth, and keeps little of it; and the verdicts are those by the truth
// from its whole log, for one goroutine and for several.
func TestLongRunsOfEveryKind(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const steps = 300_000
	walkers, err := registry.Find("v6.17,sframe")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"chain/plain", "fgraph/callers", "fgraph/tailcall", "fgraph/direct", "fgraph/nested", "kretprobe/nested",
		"kretprobe/tailcall", "tasks/switch:old", "tasks/switch:new",
	} {
		target := corpustest.Target(t, name)
		run := runtest.Build(t, target.Scenario, target.Variant, scenarios.Options{})
		run.Checks = nil
		// Instructions per round, from two runs.
		length := func(rounds uint64) int {
			run.Start.X[1] = rounds
			return runtest.Record(t, run, emu.RunOptions{Mode: emu.Sparse}).Len()
		}
		few := length(20)
		run.Start.X[1] = steps * 20 / uint64(length(40)-few)

		r := newRunner(run, &Options{Walkers: walkers, Modes: verdict.StepModes(), Jobs: 3})
		outline := r.oracles.Outline(FactsOf(run))
		n, err := r.survey(t.Context(), outline.Add)
		if err == nil {
			_, err = outline.Find()
		}
		if err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		if kept := outline.Kept(); n < steps*3/4 || kept > 100*(n/r.chunkSteps) {
			t.Errorf("%s: %d transfers kept of %d steps", target, kept, n)
		}
		got, err := r.sweep(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		whole := newRunner(run, &Options{Walkers: walkers, Modes: verdict.StepModes(), Jobs: 1})
		whole.shortSteps = 2 * steps
		want, err := whole.sweep(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		if diff := cmp.Diff(want.Summaries, got.Summaries); diff != "" {
			t.Errorf("%s (-whole +by chunks):\n%s", target, diff)
		}
		if diff := cmp.Diff(want.Windows, got.Windows); diff != "" {
			t.Errorf("%s (-whole +by chunks):\n%s", target, diff)
		}
	}
}
