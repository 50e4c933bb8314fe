// SPDX-License-Identifier: GPL-2.0-only

package session

import (
	"errors"
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// fullSteps is the longest run of which a session keeps all registers at every step.
const fullSteps = 1 << 20

// A Session is one run, recorded and opened for looking at: it stands before some step and can be moved to any other.
// It belongs to one goroutine.
type Session struct {
	Target    verdict.Target // if it is interrupted, at a step that is known
	Run       *scenarios.Run
	Recording *emu.Recording
	Walkers   []registry.Spec

	inside int  // of an interrupted run: the first step after the exception
	masked bool // interrupts are masked where it is taken
	early  bool // the exception wrote an ordinary frame record
	cursor *emu.Cursor
	found  *truth.Truth
	prober *sweep.Prober
	marks  map[markKey][]Mark
}

// Open records a target. Runs of up to a million steps are recorded with all registers. An interrupted run is that with
// the entry code of kernels with metadata records, unless no walker is of such a kernel.
func Open(t verdict.Target, walkers []registry.Spec, o scenarios.Options) (*Session, error) {
	run, err := t.Scenario.Build(t.Variant, o)
	if err != nil {
		return nil, err
	}
	s := &Session{Target: t, Run: run, Walkers: walkers, marks: map[markKey][]Mark{}}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("%s: %w", t, run.Explain(err))
	}
	return s, nil
}

func (s *Session) open() (err error) {
	if s.Recording, err = recordRun(s.Run); err != nil {
		return err
	}
	log := truth.LogOf(s.Recording)
	if s.Target.Interrupt.Present {
		if log, err = s.interrupt(); err != nil {
			return err
		}
	}
	s.found, err = truth.Find(log, sweep.FactsOf(s.Run), nil)
	if err != nil {
		return err
	}
	s.cursor = s.Recording.Cursor()
	s.prober = sweep.NewProber(s.Run, s.found, s.cursor.Memory(), s.Walkers)
	return nil
}

func recordRun(run *scenarios.Run) (*emu.Recording, error) {
	if run.Recorded != nil {
		return run.Recorded, nil
	}
	var recording *emu.Recording
	for _, o := range []emu.RunOptions{
		{Mode: emu.Full, Limit: min(fullSteps, run.Limit)},
		{Mode: emu.Sparse, Limit: run.Limit},
	} {
		m, err := run.Machine()
		if err != nil {
			return nil, err
		}
		o.Until = run.Until
		recording, err = m.Record(o)
		m.Close()
		if err == nil || !errors.Is(err, emu.ErrLimit) || o.Limit == run.Limit {
			return recording, err
		}
	}
	return recording, nil
}

// Close releases what walkers hold besides memory, such as a program outside.
func (s *Session) Close() error { return s.prober.Close() }

// Len returns the number of steps.
func (s *Session) Len() int { return s.Recording.Len() }

// Seek moves to the state before a step; Len() is the state after the last one.
func (s *Session) Seek(step int) error { return s.cursor.Seek(step) }

// At returns the cursor, to be read, not moved.
func (s *Session) At() *emu.Cursor { return s.cursor }

// transferAt returns what the instruction of a step does to the call stack, or nil.
func (s *Session) transferAt(step int) *emu.Transfer {
	i, found := slices.BinarySearchFunc(s.Recording.Chunks, step, func(c *emu.Chunk, step int) int {
		return c.First - step
	})
	if !found {
		i--
	}
	if i < 0 {
		return nil
	}
	c := s.Recording.Chunks[i]
	j, found := slices.BinarySearchFunc(c.Transfers, step-c.First, func(t emu.Transfer, step int) int {
		return int(t.Step) - step
	})
	if !found {
		return nil
	}
	return &c.Transfers[j]
}

// CallAt returns where the instruction of a step calls, if it is a call.
func (s *Session) CallAt(step int) (to uint64, ok bool) {
	t := s.transferAt(step)
	if t == nil || t.Kind != emu.Call {
		return 0, false
	}
	return t.To, true
}

// Depth returns how many callers are on the true stack before a step.
func (s *Session) Depth(step int) int {
	s.prober.Seek(step)
	return s.prober.Depth()
}

// Walk lets a walker, by its index in Walkers, walk the stack at the current step, in one mode. It reports false if the
// step is not a point of that mode.
func (s *Session) Walk(m verdict.Mode, walker int) (sweep.Point, bool) {
	step := s.cursor.Step()
	if step >= s.Len() {
		return sweep.Point{}, false
	}
	at := verdict.Position{Step: step}
	if m == verdict.Pairs {
		if !s.isPair(s.prober, step, walker) {
			return sweep.Point{}, false
		}
		first := s.Target.Interrupt.Step
		at = verdict.Position{Step: first, Second: step - first}
	}
	s.prober.Seek(step)
	if !s.prober.Prepare(m, s.cursor, s.transferAt(step)) {
		return sweep.Point{}, false
	}
	return s.prober.Point(walker, at, s.prober.Walk(walker)), true
}
