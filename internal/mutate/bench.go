// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// A bench is a target that mutants are tried in, with what its sweep is without any.
type bench struct {
	target    verdict.Target
	options   sweep.Options
	run       *scenarios.Run
	recording *emu.Recording // of the run, if exceptions are overlaid
	visited   *emu.Visited
	overlaid  *emu.Visited // if exceptions are taken: what the run visits without them
	symbols   *image.Symbols
	steps     int
	met       map[int]bool // lines of the expectations that its sweep meets

	mu        sync.Mutex
	originals map[string]*trace // by the names of walkers
}

// newBench sweeps a target without a mutant.
func newBench(ctx context.Context, t verdict.Target, o sweep.Options) (*bench, error) {
	b := &bench{target: t, options: o, originals: map[string]*trace{}}
	var err error
	if b.run, err = t.Scenario.Build(t.Variant, o.Build); err != nil {
		return nil, err
	}
	if !b.taken() {
		if b.recording, err = record(b.run); err != nil {
			return nil, fmt.Errorf("%s: %w", t, err)
		}
	}
	o.Cover = true
	result, err := b.sweep(ctx, b.unchanged(o.Walkers), o)
	if err != nil {
		return nil, err
	}
	ledger := verdict.NewLedger(o.Expect)
	if result.Note(ledger) {
		return nil, fmt.Errorf("%s: the sweep fails before anything is broken", t)
	}
	b.visited, b.symbols, b.steps, b.met = result.Visited, result.Symbols, result.Steps, metLines(result)
	return b, nil
}

// taken reports whether exceptions are taken, which executes the entry code.
func (b *bench) taken() bool { return b.options.Deliver == verdict.Taken }

// name is the target's, with the delivery if that isn't the usual one.
func (b *bench) name() string {
	if b.taken() {
		return b.target.String() + ", interrupts taken"
	}
	return b.target.String()
}

// errCheck says that a run came to its end without having done what it is about.
var errCheck = errors.New("the run went wrong")

// record executes a run as a sweep does, and holds its end against the scenario's checks.
func record(run *scenarios.Run) (*emu.Recording, error) {
	m, err := run.Machine()
	if err != nil {
		return nil, err
	}
	defer m.Close()
	r, err := m.Record(emu.RunOptions{Until: run.Until, Limit: run.Limit, Mode: emu.Sparse, ChunkSteps: 1 << 13})
	if err != nil {
		return nil, err
	}
	for _, c := range run.Checks {
		if got, err := m.Word(c.Addr); err != nil || got != c.Want {
			return nil, fmt.Errorf("%w: %s is %d, not %d", errCheck, c.What, got, c.Want)
		}
	}
	return r, nil
}

// sameRun reports whether two recordings can't be told apart by the oracles, nor by a walker at any point: the same
// instructions, stores, frame registers and transfers. What differs are registers that no walker sees.
func sameRun(a, b *emu.Recording) bool {
	return a.Len() == b.Len() && a.End.PC == b.End.PC &&
		slices.EqualFunc(a.Chunks, b.Chunks, func(a, b *emu.Chunk) bool {
			return a.Steps == b.Steps && slices.Equal(a.PC, b.PC) && slices.Equal(a.Stores, b.Stores) &&
				slices.Equal(a.Frames, b.Frames) && slices.Equal(a.Transfers, b.Transfers)
		})
}

// metLines lists the lines of the expectations that a result meets.
func metLines(r *sweep.RunResult) map[int]bool {
	met := map[int]bool{}
	for i := range r.Windows {
		if e := r.Windows[i].Excuse; e != nil && !r.Windows[i].Regression {
			met[e.Line] = true
		}
	}
	return met
}

// reaches reports whether the target's run executes the instruction that a mutant of the code changes. Where exceptions
// are taken, the run itself goes as where they are not.
func (b *bench) reaches(m *Mutant) bool {
	switch {
	case b.taken() && m.Kind == Code:
		return b.inException(m.pc)
	case b.taken():
		return m.Kind == Oracle
	}
	return m.Kind != Code || b.visited.Has(m.pc)
}

// inException reports whether an instruction is executed in exceptions that are taken, and in them only.
func (b *bench) inException(pc uint64) bool { return b.visited.Has(pc) && !b.overlaid.Has(pc) }

// unchanged is the unmutated target, to be swept by some walkers.
func (b *bench) unchanged(walkers []registry.Spec) *subject {
	run := *b.run
	run.Recorded = b.recording
	return &subject{run: &run, walkers: walkers, oracles: truth.Oracles{truth.Past, truth.Future}}
}

// sweep sweeps what the bench's target has been made into.
func (b *bench) sweep(ctx context.Context, s *subject, o sweep.Options) (result *sweep.RunResult, err error) {
	t := b.target
	t.Scenario = scenarios.New(t.Scenario.Name, t.Scenario.Doc, t.Scenario.Variants,
		func(string, scenarios.Options) (*scenarios.Run, error) {
			return s.run, nil
		})
	o.Walkers, o.Oracles, o.Jobs = s.walkers, s.oracles, 1
	err = sweep.Sweep(ctx, []verdict.Target{t}, o, func(r *sweep.RunResult) error {
		result = r
		return nil
	})
	return result, err
}

// A trace is what a sweep of a bench came to.
type trace struct {
	result *sweep.RunResult
	// of the truth, and of every point: where, when and in which mode, the verdict, and the frames of a reliable walk
	digest uint64
	asked  []map[uint64]bool // the addresses of the rows that were asked for, by the kind of table
}

// sweepTraced sweeps and hashes every point. The true stack is hashed where it doesn't follow from what was executed.
func (b *bench) sweepTraced(ctx context.Context, s *subject) (*trace, error) {
	var digest uint64
	word := func(w uint64) { digest = bits.RotateLeft64((digest^w)*0x9e3779b97f4a7c15, 29) }
	o := b.options
	o.Keep = func(p *sweep.Point) bool { // called in order, since one goroutine works
		word(uint64(p.Step)<<16 | uint64(p.Mode)<<8 | uint64(p.Verdict))
		word(p.PC)
		if p.Trace.Reliable { // what a walk found that ended in an error is believed by no one
			for _, f := range p.Trace.Frames {
				word(f.PC)
			}
		}
		return false
	}
	if s.hashTruth {
		o.Keep = func(*sweep.Point) bool { return true }
		o.Points = func(_ *sweep.Subject, points []sweep.Point) error {
			for i := range points {
				p := &points[i]
				word(uint64(p.Step)<<16 | uint64(p.Mode)<<8 | uint64(p.Verdict))
				for _, addr := range p.Truth {
					word(addr)
				}
			}
			return nil
		}
	}
	asked := noteAsked(s.run)
	result, err := b.sweep(ctx, s, o)
	if err != nil {
		return nil, err
	}
	return &trace{result, digest, asked}, nil
}

// original is the trace of a sweep by some walkers without a mutant. It is computed when it is first asked for.
func (b *bench) original(ctx context.Context, walkers []registry.Spec, hashTruth bool) (*trace, error) {
	key := fmt.Sprint(strings.Join(registry.Names(walkers), ","), hashTruth)
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.originals[key]; t != nil {
		return t, nil
	}
	s := b.unchanged(walkers)
	s.hashTruth = hashTruth
	t, err := b.sweepTraced(ctx, s)
	if err != nil {
		return nil, err
	}
	b.originals[key] = t
	return t, nil
}
