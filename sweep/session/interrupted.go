// SPDX-License-Identifier: GPL-2.0-only

package session

import (
	"errors"
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep"
	"stacksweep/sweep/deliver"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/unwind"
)

// ErrInterruption says that a run can't be interrupted at the named place.
var ErrInterruption = errors.New("no interrupt can be taken there")

// An interrupted session shows the run with an interrupt in it: its steps are those of the run before, those of the
// exception, and those of the rest of the run.

// interrupt records the run again with the target's interruption, whose step it finds if it is named by a place. It
// returns the transfers; that the exception was taken is one of them.
func (s *Session) interrupt() (truth.Log, error) {
	in := &s.Target.Interrupt
	if s.Run.Recorded != nil {
		return nil, fmt.Errorf("%w: %w", ErrInterruption, sweep.ErrRecorded)
	}
	if in.Place != "" {
		step, err := s.find(in.Place, 0)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrInterruption, in.Place, err)
		}
		in.Step, in.Place = step, ""
	}
	if in.Step >= s.Len() {
		return nil, fmt.Errorf("%w: step %d of a run of %d", ErrInterruption, in.Step, s.Len())
	}
	at := s.Recording.Cursor()
	if err := at.Seek(in.Step); err != nil {
		return nil, err
	}
	s.masked = at.PState()&emu.PStateI != 0
	s.early = len(s.Walkers) > 0 && !slices.ContainsFunc(s.Walkers, func(w registry.Spec) bool {
		return !unwind.PreMetadata(w.New(s.Run))
	})
	entry := &s.Run.IRQ
	if s.early {
		entry = &s.Run.PreMetaIRQ
	}
	if entry.Vector == 0 {
		return nil, fmt.Errorf("%w: the scenario has no vectors for it", ErrInterruption)
	}
	before, after, err := recordInterrupted(s.Run, in.Step, entry, s.Recording.Mode)
	if err != nil {
		return nil, err
	}
	from, regs := s.Recording.PC(in.Step), after.Start
	s.inside = in.Step + exceptionSteps(after)
	s.Recording = after
	log := truth.Log{{{Step: uint32(in.Step) - 1, Kind: emu.Exception, From: from, To: entry.Vector, SP: regs.SP,
		FP: regs.X[29]}}}
	if before != nil {
		log = append(truth.LogOf(before), log...)
		before.Join(after)
		s.Recording = before
	}
	return append(log, truth.LogOf(after)...), nil
}

// Interruption tells of an interrupted session the first step after the exception, and whether interrupts are masked
// where it was taken, so that none would really come.
func (s *Session) Interruption() (end int, masked bool) { return s.inside, s.masked }

// recordInterrupted records a run until a step, and after an exception was taken there. Of a run that is interrupted
// at step 0 there is no first part.
func recordInterrupted(run *scenarios.Run, step int, entry *scenarios.ExceptionEntry,
	mode emu.Mode) (before, after *emu.Recording, err error) {
	m, err := run.Machine()
	if err != nil {
		return nil, nil, err
	}
	defer m.Close()
	if step > 0 {
		before, err = m.Record(emu.RunOptions{Until: emu.NoAddress, Limit: step, Mode: mode})
		if !errors.Is(err, emu.ErrLimit) {
			return nil, nil, err
		}
	}
	if err := m.Enter(entry.Vector); err != nil {
		return nil, nil, err
	}
	after, err = m.Record(emu.RunOptions{Until: run.Until, Limit: run.Limit + deliver.HandlerSteps, Mode: mode})
	return before, after, err
}

// exceptionSteps is how many steps an exception takes with which a recording begins.
func exceptionSteps(r *emu.Recording) int {
	depth := 1
	for _, c := range r.Chunks {
		for _, t := range c.Transfers {
			switch t.Kind {
			case emu.Exception:
				depth++
			case emu.ExceptionReturn:
				depth--
			}
			if depth == 0 {
				return c.First + int(t.Step) + 1
			}
		}
	}
	return r.Len()
}

// isPair reports whether a second exception at a step makes a pair that a walker, with its index in p, is swept at.
func (s *Session) isPair(p *sweep.Prober, step, walker int) bool {
	in := s.Target.Interrupt
	return in.Present && step >= in.Step && step < s.inside && p.PreMetadata(walker) == s.early
}
