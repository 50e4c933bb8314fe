// SPDX-License-Identifier: GPL-2.0-only

package shard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/report"
	"stacksweep/internal/shard"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

func options(t testing.TB, modes string) sweep.Options {
	t.Helper()
	m, err := verdict.ParseModes(modes)
	if err != nil {
		t.Fatal(err)
	}
	walkers, err := registry.Find("v6.12,sframe")
	if err != nil {
		t.Fatal(err)
	}
	expect, err := verdict.BuiltinExpectations()
	if err != nil {
		t.Fatal(err)
	}
	return sweep.Options{
		Walkers: walkers, Modes: m, Jobs: 2, Expect: expect, Cover: true,
		Keep: func(p *sweep.Point) bool { return p.Verdict != verdict.Exact },
	}
}

// sweeper is [sweep.Sweep], or something that must do the same.
type sweeper func(context.Context, []verdict.Target, sweep.Options, func(*sweep.RunResult) error) error

// reports returns all reports of a sweep, one after the other.
func reports(t testing.TB, do sweeper, targets []verdict.Target, o sweep.Options) string {
	t.Helper()
	var b bytes.Buffer
	all := report.Several{report.NewText(&b, o.Walkers, o.Modes), report.NewJSONLines(&b),
		report.NewKTAP(&b, len(targets)), report.NewJUnit(&b)}
	o.Points = all.Points
	if err := do(context.Background(), targets, o, all.Result); err != nil {
		t.Fatal(err)
	}
	if err := all.Close(nil, nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func header(targets []verdict.Target, o sweep.Options, s shard.Shard) *shard.Header {
	return shard.NewHeader("stacksweep test", "build", []string{"sweep"}, targets, o.Modes, s)
}

// shards runs all shards of a sweep and returns their files.
func shards(t testing.TB, n int, targets []verdict.Target, o sweep.Options) (names []string) {
	t.Helper()
	dir := t.TempDir()
	for i := 1; i <= n; i++ {
		names = append(names, filepath.Join(dir, fmt.Sprintf("part-%d.sweep", i)))
		run(t, names[i-1], shard.Shard{Index: i, Of: n}, targets, o)
	}
	return names
}

func run(t testing.TB, name string, s shard.Shard, targets []verdict.Target, o sweep.Options) {
	t.Helper()
	f, err := shard.Create(name, header(targets, o, s))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(shard.Run(context.Background(), f, targets, o, nil, shard.Watch{}), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func set(t testing.TB, names []string) (*shard.Set, error) {
	t.Helper()
	var files []*shard.File
	for _, name := range names {
		f, err := shard.Open(name)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { f.Close() })
		files = append(files, f)
	}
	return shard.NewSet(files)
}

// Whatever number of shards: the reports are the same bytes.
func TestMergedShardsGiveTheSameReports(t *testing.T) {
	for _, c := range []struct {
		modes   string
		targets []string
		shards  []int
	}{
		{"sync,blocked,irq", []string{"fgraph/resched:mainline", "chain/plain:mainline", "stale/register:right"},
			[]int{1, 3, 16}},
		{"pairs", []string{"stale/register:right"}, []int{3}},
	} {
		targets, o := corpustest.Targets(t, c.targets...), options(t, c.modes)
		want := reports(t, sweep.Sweep, targets, o)
		for _, n := range c.shards {
			t.Run(fmt.Sprintf("%s/%d", c.modes, n), func(t *testing.T) {
				s, err := set(t, shards(t, n, targets, o))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(strings.Split(want, "\n"),
					strings.Split(reports(t, s.Report, targets, o), "\n")); diff != "" {
					t.Errorf("(-sweep +shards)\n%s", diff)
				}
			})
		}
	}
}

// The work is divided evenly, by targets and as a whole.
func TestShardsAreEven(t *testing.T) {
	targets, o := corpustest.Targets(t, "chain/plain:mainline", "fgraph/resched:mainline"), options(t, "irq")
	const n = 3
	names := shards(t, n, targets, o)
	var judged [n]int
	total := 0
	for i, name := range names {
		f, err := shard.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for k := range targets {
			for s := range f.Header.Slices {
				if u := (shard.Unit{Target: k, Slice: s}); f.Has(u) {
					p, err := f.Part(u)
					if err != nil {
						t.Fatal(err)
					}
					judged[i] += p.Judged
				}
			}
		}
		total += judged[i]
		f.Close()
	}
	for i, steps := range judged {
		if d := steps - total/n; max(d, -d) > total/n/20 {
			t.Errorf("shard %d judged %d of %d steps", i+1, steps, total)
		}
	}
}

// A sweep that is killed, wherever that is, goes on where it was, and ends in the same reports.
func TestKilledSweepGoesOn(t *testing.T) {
	targets, o := corpustest.Targets(t, "chain/plain:mainline", "stale/register:right"), options(t, "irq")
	want := reports(t, sweep.Sweep, targets, o)
	names := shards(t, 2, targets, o)
	whole, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		n := rand.IntN(len(whole))
		begun := whole[:n]
		if i == 0 { // a long line was being written
			n = bytes.LastIndexByte(whole[:len(whole)/2], '\n') + 1
			begun = append(slices.Clone(whole[:n]), strings.Repeat("part", len(whole))...)
		}
		if err := os.WriteFile(names[0], begun, 0o644); err != nil {
			t.Fatal(err)
		}
		if n > 0 && bytes.Contains(whole[:n], []byte("\n")) {
			if _, err := set(t, names); !errors.Is(err, shard.ErrIncomplete) {
				t.Errorf("cut off after %d of %d bytes: merging says %v", n, len(whole), err)
			}
		}
		kept := bytes.LastIndexByte(whole[:n], '\n') + 1
		run(t, names[0], shard.Shard{Index: 1, Of: 2}, targets, o)
		again, err := os.ReadFile(names[0])
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(again, whole[:kept]) {
			t.Errorf("cut off after %d of %d bytes: what was done is gone", n, len(whole))
		}
		s, err := set(t, names)
		if err != nil {
			t.Fatal(err)
		}
		if got := reports(t, s.Report, targets, o); got != want {
			t.Errorf("cut off after %d of %d bytes, the reports differ: %s", n, len(whole), cmp.Diff(want, got))
		}
	}
}

// A complete file is not done again, and a cancelled sweep keeps what it has.
func TestNothingIsDoneTwice(t *testing.T) {
	targets, o := corpustest.Targets(t, "chain/plain:mainline", "stale/register:right"), options(t, "irq")
	name := filepath.Join(t.TempDir(), "parts")
	ctx, cancel := context.WithCancel(context.Background())
	f, err := shard.Create(name, header(targets, o, shard.Shard{}))
	if err != nil {
		t.Fatal(err)
	}
	err = shard.Run(ctx, f, targets, o, nil, shard.Watch{Done: func(have, _ int) {
		if have == 3 {
			cancel()
		}
	}})
	have, all := f.Count()
	if !errors.Is(err, context.Canceled) || have < 3 || have >= all {
		t.Errorf("cancelled after 3 of %d parts: %v, with %d of them", all, err, have)
	}
	f.Close()
	f, err = shard.Create(name, header(targets, o, shard.Shard{}))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var done []int
	var mutex sync.Mutex
	if err := shard.Run(context.Background(), f, targets, o, nil, shard.Watch{Done: func(n, _ int) {
		mutex.Lock()
		defer mutex.Unlock()
		done = append(done, n)
	}}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(done)
	if len(done) != all-have || done[0] != have+1 {
		t.Errorf("with %d of %d parts, %v were done", have, all, done)
	}
}

func TestSetComplains(t *testing.T) {
	targets, o := corpustest.Targets(t, "stale/register:right"), options(t, "irq")
	names := shards(t, 3, targets, o)
	other := func(change func(*shard.Header)) string {
		h := header(targets, o, shard.Shard{Index: 2, Of: 3})
		change(h)
		name := filepath.Join(t.TempDir(), "other.sweep")
		f, err := shard.Create(name, h)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		return name
	}
	for _, c := range []struct {
		name  string
		files []string
		want  []string // in the error
		is    error
	}{
		{"none", nil, []string{"no file"}, shard.ErrIncomplete},
		{"two missing", names[1:2], []string{"shard 1/3 is missing", "shard 3/3 is missing"}, shard.ErrIncomplete},
		{"double", slices.Concat(names, names[2:]), []string{"shard 3/3 is there twice"}, shard.ErrIncomplete},
		{"another build", []string{names[0], other(func(h *shard.Header) {
			h.Build, h.Program = "other", "stacksweep v2"
		}), names[2]}, []string{"other.sweep: ", "another build: stacksweep v2 (other), not stacksweep test (build)",
			"shard 2/3 is missing"}, shard.ErrOther},
		{"another command line", []string{names[0], other(func(h *shard.Header) {
			h.Args = []string{"sweep", "-mode", "nmi"}
		}), names[2]}, []string{`another command line: "sweep -mode nmi", not "sweep"`}, shard.ErrOther},
		{"other scenarios", []string{names[0], other(func(h *shard.Header) {
			h.Targets = []string{"a", "b"}
		}), names[2]}, []string{"other scenarios: 2, not 1"}, shard.ErrOther},
		{"another number", []string{names[0], other(func(h *shard.Header) {
			h.Shard.Of = 4
		}), names[2]}, []string{"one of 4 shards, not of 3"}, shard.ErrOther},
		{"killed at once", []string{names[0], other(func(*shard.Header) {}), names[2]},
			[]string{"other.sweep: ", "shard 2/3 lacks 4 of its 4 parts; run it again"}, shard.ErrIncomplete},
	} {
		_, err := set(t, c.files)
		if !errors.Is(err, c.is) {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is missing in %v", c.name, want, err)
			}
		}
	}
}
