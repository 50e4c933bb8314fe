// SPDX-License-Identifier: GPL-2.0-only

package recordings

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/emu/recfile"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// corpusNamed is a Source that knows the corpus.
var corpusNamed = Source{Named: func(string) ([]*scenarios.Scenario, error) { return corpus.All(), nil }}

// recorded executes a scenario of the corpus, and keeps it in a file.
func recorded(t *testing.T, name, variant string) (file string, run *scenarios.Run, recording *emu.Recording) {
	t.Helper()
	s, ok := corpus.All().Find(name)
	if !ok {
		t.Fatalf("no %s", name)
	}
	run = runtest.Build(t, s, variant, scenarios.Options{})
	recording = runtest.Record(t, run, emu.RunOptions{Mode: emu.Full})
	file = filepath.Join(t.TempDir(), "run.rec")
	if err := Save(file, run, recording); err != nil {
		t.Fatal(err)
	}
	return file, run, recording
}

// swept sweeps all points of a scenario.
func swept(t *testing.T, s *scenarios.Scenario, variant string) *sweep.RunResult {
	t.Helper()
	walkers, err := registry.Find("v6.17,sframe")
	if err != nil {
		t.Fatal(err)
	}
	expect, err := verdict.BuiltinExpectations()
	if err != nil {
		t.Fatal(err)
	}
	o := sweep.Options{
		Walkers: walkers, Modes: []verdict.Mode{verdict.Sync, verdict.IRQ}, Jobs: 1, Expect: expect,
		Keep: func(*sweep.Point) bool { return true },
	}
	var result *sweep.RunResult
	err = sweep.Sweep(context.Background(), []verdict.Target{{Scenario: s, Variant: variant}}, o,
		func(r *sweep.RunResult) error {
			result = r
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func regressions(r *sweep.RunResult) (n int) {
	for _, w := range r.Windows {
		if w.Regression {
			n++
		}
	}
	return n
}

// A recording has the verdicts of the scenario that it is of, and its expectations.
func TestRecordingIsExpected(t *testing.T) {
	file, _, _ := recorded(t, "fgraph/return", "mainline")
	s, err := Open(file, corpusNamed)
	if err != nil {
		t.Fatal(err)
	}
	original, _ := corpus.All().Find("fgraph/return")
	want, got := swept(t, original, "mainline"), swept(t, s, "mainline")
	if len(got.Windows) == 0 || len(got.Windows) != len(want.Windows) || regressions(got) > 0 {
		t.Errorf("%d windows, %d of them not expected; the scenario has %d", len(got.Windows), regressions(got),
			len(want.Windows))
	}
	if got.Origin != "fgraph/return" || got.IsPartial() {
		t.Errorf("origin %q, partial: %v", got.Origin, got.IsPartial())
	}
}

// What there is of a recording that was broken off is swept, and marked: its verdicts are those of the whole one.
func TestPartialRecording(t *testing.T) {
	file, run, recording := recorded(t, "fgraph/return", "mainline")
	whole, err := Open(file, corpusNamed)
	if err != nil {
		t.Fatal(err)
	}
	all := swept(t, whole, "mainline").Points
	for _, steps := range []int{1, recording.Len() / 3, recording.Len() / 2, recording.Len() - 1} {
		kept, err := readable(run, cut(t, recording, steps))
		if err != nil {
			t.Fatal(err)
		}
		d := description{Scenario: run.Scenario, Variant: run.Variant,
			Image: imageID{run.Image.Name, hashImage(run.Image)}, Partial: "it was broken off"}
		part := filepath.Join(t.TempDir(), "part.rec")
		if err := save(part, &d, &recfile.File{Recording: kept}); err != nil {
			t.Fatal(err)
		}
		s, err := Open(part, corpusNamed)
		if err != nil {
			t.Fatal(err)
		}
		got := swept(t, s, "mainline")
		if !got.IsPartial() || got.Unfinished != d.Partial || got.Judged != steps {
			t.Errorf("%d steps: partial %v, because %q, %d judged", steps, got.IsPartial(), got.Unfinished, got.Judged)
		}
		want := slices.DeleteFunc(slices.Clone(all), func(p sweep.Point) bool { return p.Step >= steps })
		if diff := cmp.Diff(verdictsOf(want), verdictsOf(got.Points)); diff != "" {
			t.Errorf("%d steps (-whole +part):\n%s", steps, diff)
		}
	}
}

// A judged point, without what differs between a recording and a part of it.
type judged struct {
	Step    int
	Walker  string
	Mode    verdict.Mode
	Verdict verdict.Verdict
}

func verdictsOf(points []sweep.Point) (all []judged) {
	for i := range points {
		p := &points[i]
		all = append(all, judged{p.Step, p.Walker, p.Mode, p.Verdict})
	}
	return all
}

// cut is the beginning of a recording.
func cut(t *testing.T, r *emu.Recording, steps int) *emu.Recording {
	t.Helper()
	var chunks []*emu.Chunk
	end := r.End
	for _, c := range r.Chunks {
		n := steps - c.First
		if n <= 0 {
			break
		}
		if n >= c.Steps {
			chunks = append(chunks, c)
			continue
		}
		part := *c
		part.Steps, part.PC, part.Full = n, c.PC[:n], c.Full[:n]
		part.Stores = before(c.Stores, n, func(s emu.Store) uint32 { return s.Step })
		part.Frames = before(c.Frames, n, func(f emu.FrameRegs) uint32 { return f.Step })
		part.Transfers = before(c.Transfers, n, func(x emu.Transfer) uint32 { return x.Step })
		chunks, end = append(chunks, &part), c.Full[n]
	}
	short, err := emu.NewRecording(r.Mode, r.Start, end, r.Initial, chunks)
	if err != nil {
		t.Fatal(err)
	}
	return short
}

// before are the elements of a list before a step.
func before[T any](list []T, steps int, step func(T) uint32) (kept []T) {
	for _, x := range list {
		if int(step(x)) < steps {
			kept = append(kept, x)
		}
	}
	return kept
}

// What is not a recording of anything here is refused in a line.
func TestOpenRefuses(t *testing.T) {
	file, run, recording := recorded(t, "leaf/strlen", "annotated")
	kept, err := readable(run, recording)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]description{
		"another image":   {Scenario: run.Scenario, Variant: run.Variant, Image: imageID{"corpus", "00"}},
		"no such variant": {Scenario: run.Scenario, Variant: "none", Image: imageID{"corpus", hashImage(run.Image)}},
		"no such name":    {Scenario: "leaf/nothing", Variant: "annotated"},
	} {
		bad := filepath.Join(t.TempDir(), "bad.rec")
		if err := save(bad, &d, &recfile.File{Recording: kept}); err != nil {
			t.Fatal(err)
		}
		s, err := Open(bad, corpusNamed)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Build(d.Variant, scenarios.Options{}); err == nil || d.Variant != "none" &&
			!errors.Is(err, ErrImage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "{", `{"scenario":"x"}`, `[]`} {
		bad := filepath.Join(t.TempDir(), "bad.rec")
		if err := recfile.Write(bad, &recfile.File{Description: []byte(text), Recording: kept}); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(bad, corpusNamed); !errors.Is(err, ErrDescription) {
			t.Errorf("%q: %v", text, err)
		}
	}
	s, err := Open(file, corpusNamed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Build("", scenarios.Options{Shift: 16}); err == nil {
		t.Error("its stacks are moved")
	}
}
