// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"stacksweep/emu"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/kunwind"
)

// A Harness is what mutants are tried on.
type Harness struct {
	options  sweep.Options
	benches  []*bench          // short and unlike ones first
	tries    int               // in how many a mutant is tried that none notices; 0: in all that reach it
	onlyHere map[*bench][]int  // lines of the expectations that the sweep of one bench alone can meet
	reasons  map[string]string // of survivors, by name
}

// New sweeps the targets without any mutant. Options say by which walkers, in which modes and with which expectations;
// others are all the targets that the expectations speak of; tries in how many targets a mutant is tried before it
// passes for equivalent, 0 for all that reach it. On the shortest target interrupts are also taken for real, which
// executes the exception vectors and the entry code.
func New(ctx context.Context, targets, others []verdict.Target, o sweep.Options, tries int) (*Harness, error) {
	h := &Harness{options: o, tries: tries, onlyHere: map[*bench][]int{}}
	var err error
	if h.reasons, err = readReasons(); err != nil {
		return nil, err
	}
	for _, t := range targets {
		b, err := newBench(ctx, t, o)
		if err != nil {
			return nil, err
		}
		h.benches = append(h.benches, b)
	}
	if len(h.benches) == 0 {
		return nil, errors.New("there is nothing to try mutants on")
	}
	slices.SortStableFunc(h.benches, func(a, b *bench) int { return a.steps - b.steps })
	h.benches = varied(h.benches)
	o.Deliver, o.Modes = verdict.Taken, []verdict.Mode{verdict.IRQ}
	taken, err := newBench(ctx, h.benches[0].target, o)
	if err != nil {
		return nil, err
	}
	taken.overlaid = h.benches[0].visited
	h.benches = append(h.benches, taken)
	h.findLines(others)
	return h, nil
}

// varied puts benches in an order in which those that follow each other are of other scenarios, and of other variants.
func varied(list []*bench) (order []*bench) {
	by := map[string][]*bench{}
	var names []string
	for _, b := range list {
		name := b.target.Scenario.Name
		if by[name] == nil {
			names = append(names, name)
		}
		by[name] = append(by[name], b)
	}
	for round := 0; len(order) < len(list); round++ {
		for i, name := range names {
			if those := by[name]; round < len(those) {
				order = append(order, those[(round+i)%len(those)])
			}
		}
	}
	return order
}

// findLines finds the expectations that no other target can meet.
func (h *Harness) findLines(others []verdict.Target) {
	benched := map[string]bool{}
	benches := map[int][]*bench{}
	for _, b := range h.benches {
		benched[b.target.String()] = true
		for line := range b.met {
			benches[line] = append(benches[line], b)
		}
	}
	for _, e := range h.options.Expect {
		elsewhere := slices.ContainsFunc(others, func(t verdict.Target) bool {
			return !benched[t.String()] && h.applies(&e, t)
		})
		if list := benches[e.Line]; !elsewhere && len(list) == 1 && e.Verdict != verdict.Exact {
			h.onlyHere[list[0]] = append(h.onlyHere[list[0]], e.Line)
		}
	}
}

// applies reports whether an expectation speaks of a target in any mode and by any walker of the sweep.
func (h *Harness) applies(e *verdict.Expectation, t verdict.Target) bool {
	for _, w := range h.options.Walkers {
		for _, m := range h.options.Modes {
			if e.Applies(verdict.Key{Scenario: t.Scenario.Name, Variant: t.Variant, Walker: w.Name, Mode: m}, nil) {
				return true
			}
		}
	}
	return false
}

// Mutants lists the mutants of some kinds, in an order that depends on nothing but the code.
func (h *Harness) Mutants(kinds []Kind) (all []*Mutant) {
	visited := &emu.Visited{}
	for _, b := range h.benches {
		visited.Merge(b.visited)
	}
	run, taken := h.benches[0].run, h.benches[len(h.benches)-1]
	for _, k := range kinds {
		switch k {
		case Code:
			all = append(all, codeMutants(run.Image, func(pc uint64, word uint32) bool {
				symbol, _ := run.Image.Symbols.Locate(pc)
				return visited.Has(pc) && (isTrampoline(symbol) || taken.inException(pc) || framing(word))
			})...)
		case Table:
			all = append(all, tableMutants(run.Kernel, run.Image.Symbols, slices.Collect(visited.All()))...)
		case Walker:
			all = append(all, walkerMutants(kunwind.Profiles())...)
		case Oracle:
			all = append(all, oracleMutants()...)
		}
	}
	return all
}

// isTrampoline reports whether every instruction of a function matters, not those of its frame alone.
func isTrampoline(symbol string) bool {
	return slices.ContainsFunc([]string{"return_to_handler", "ftrace_caller", "ftrace_common", "kretprobe_trampoline",
		"cpu_switch_to"},
		func(prefix string) bool { return strings.HasPrefix(symbol, prefix) })
}

// Run tries mutants, several at a time, and hands the outcomes over in their order. It stops at the first error.
func (h *Harness) Run(ctx context.Context, mutants []*Mutant, jobs int, done func(Outcome) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		Outcome
		err error
	}
	results := make([]chan result, len(mutants))
	for i := range results {
		results[i] = make(chan result, 1)
	}
	queue := make(chan int)
	var workers sync.WaitGroup
	for range max(1, jobs) {
		workers.Go(func() {
			for i := range queue {
				out, err := h.try(ctx, mutants[i])
				results[i] <- result{out, err}
			}
		})
	}
	go func() {
		defer close(queue)
		for i := range mutants {
			select {
			case queue <- i:
			case <-ctx.Done():
				results[i] <- result{err: ctx.Err()}
			}
		}
	}()
	defer workers.Wait()
	defer cancel()
	for i := range results {
		r := <-results[i]
		if r.err != nil {
			return r.err
		}
		if err := done(r.Outcome); err != nil {
			return err
		}
	}
	return nil
}
