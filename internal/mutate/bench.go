// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
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
	target  verdict.Target
	options sweep.Options
	visited *emu.Visited
	inEntry func(symbol string) bool // which code is executed besides, in exceptions that are taken; nil: none
	symbols *image.Symbols
	steps   int
	met     map[int]bool // lines of the expectations that its sweep meets

	mu        sync.Mutex
	originals map[string]*trace // by the names of walkers
}

// newBench sweeps a target as it is.
func newBench(ctx context.Context, t verdict.Target, o sweep.Options) (*bench, error) {
	b := &bench{target: t, options: o, originals: map[string]*trace{}}
	o.Cover = true
	result, err := b.sweep(ctx, nil, o)
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

// reaches reports whether the target's run executes what a mutant changes.
func (b *bench) reaches(m *Mutant) bool {
	if m.pc == 0 || b.visited.Has(m.pc) {
		return true
	}
	if b.inEntry == nil {
		return false
	}
	symbol, _ := b.symbols.Locate(m.pc)
	return b.inEntry(symbol)
}

// sweep sweeps the target with a mutant, or without one.
func (b *bench) sweep(ctx context.Context, m *Mutant, o sweep.Options) (result *sweep.RunResult, err error) {
	s := subject{walkers: o.Walkers, oracles: truth.Oracles{truth.Past, truth.Future}}
	original := b.target.Scenario
	changed := scenarios.New(original.Name, original.Doc, original.Variants, func(variant string, o scenarios.Options) (*scenarios.Run, error) {
		run, err := original.Build(variant, o)
		if err == nil && m != nil {
			run.Limit = min(run.Limit, 2*b.steps+1000)
			s.run = run
			m.alter(&s)
		}
		return run, err
	})
	if m != nil && (m.Kind == Walker || m.Kind == Oracle) {
		m.alter(&s) // what a sweep must know before it builds a run
	}
	o.Walkers, o.Oracles, o.Jobs = s.walkers, s.oracles, 1
	t := b.target
	t.Scenario = changed
	err = sweep.Sweep(ctx, []verdict.Target{t}, o, func(r *sweep.RunResult) error {
		result = r
		return nil
	})
	return result, err
}

// A trace is what a sweep of a bench came to.
type trace struct {
	result *sweep.RunResult
	digest uint64 // of every point: where, when and in which mode, the verdict, and the frames that were found
}

// sweepTraced sweeps the target with a mutant, or without one, and hashes every point. The true stack needs no hash of its
// own: it follows from the instructions that were executed, in their order, and these are hashed.
func (b *bench) sweepTraced(ctx context.Context, m *Mutant, walkers []registry.Spec) (*trace, error) {
	h := fnv.New64a()
	var buf [8]byte
	word := func(w uint64) {
		binary.LittleEndian.PutUint64(buf[:], w)
		h.Write(buf[:])
	}
	o := b.options
	o.Walkers = walkers
	o.Keep = func(p *sweep.Point) bool { // called in order, since one goroutine works
		word(uint64(p.Step)<<16 | uint64(p.Mode)<<8 | uint64(p.Verdict))
		word(p.PC)
		for _, f := range p.Trace.Frames {
			word(f.PC)
		}
		return false
	}
	result, err := b.sweep(ctx, m, o)
	if err != nil {
		return nil, err
	}
	return &trace{result, h.Sum64()}, nil
}

// original is the trace of a sweep by some walkers without a mutant. It is computed when it is first asked for.
func (b *bench) original(ctx context.Context, walkers []registry.Spec) (*trace, error) {
	key := strings.Join(registry.Names(walkers), ",")
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.originals[key]; t != nil {
		return t, nil
	}
	t, err := b.sweepTraced(ctx, nil, walkers)
	if err != nil {
		return nil, err
	}
	b.originals[key] = t
	return t, nil
}
