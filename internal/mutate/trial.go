// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"stacksweep/emu"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
)

// try sweeps a mutant on each bench that reaches it, until one notices.
func (h *Harness) try(ctx context.Context, m *Mutant) (Outcome, error) {
	out := Outcome{Mutant: m, Fate: Unreached}
	walkers := h.walkersOf(m)
	tried := 0
	for _, b := range h.benches {
		if len(walkers) == 0 || !b.reaches(m) {
			continue
		}
		// one walker is soon done with all
		if h.tries > 0 && tried >= h.tries && out.Fate == Equivalent && m.Kind != Walker {
			out.Fate = Alike
			break
		}
		one, err := h.tryOn(ctx, b, m, walkers)
		if err != nil {
			return out, err
		}
		if one.Fate == Caught {
			return one, nil
		}
		if one.Fate != Unreached {
			tried++
		}
		if out.Fate == Unreached || one.Fate == Survived && out.Fate == Equivalent {
			out = one
		}
	}
	return out, nil
}

// tryOn sweeps a mutant on a bench.
func (h *Harness) tryOn(ctx context.Context, b *bench, m *Mutant, walkers []registry.Spec) (Outcome, error) {
	out := Outcome{Mutant: m, Fate: Unreached}
	before, err := b.original(ctx, walkers, m.Kind == Oracle)
	if err != nil || m.Kind == Table && !m.asked(before) {
		return out, err
	}
	s := b.unchanged(walkers)
	s.hashTruth = m.Kind == Oracle
	s.run.Limit = min(s.run.Limit, 2*b.steps+1000)
	m.alter(s)
	if m.Kind == Code && !b.taken() {
		if s.run.Recorded, err = record(s.run); err == nil && sameRun(b.recording, s.run.Recorded) {
			out.Fate = Equivalent
			return out, nil
		}
	}
	var after *trace
	if err == nil {
		after, err = b.sweepTraced(ctx, s)
	}
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	why := errorKind(err)
	if err == nil {
		why = h.notice(b, before.result, after.result)
	}
	switch {
	case why != "":
		out = Outcome{Mutant: m, Fate: Caught, Target: b.name(), Why: why}
	case after.digest == before.digest:
		out.Fate = Equivalent
	default:
		out = Outcome{Mutant: m, Fate: Survived, Target: b.name(), Why: "points differ", Reason: h.reasons[m.Name()]}
	}
	return out, nil
}

// asked reports whether a walker asks for the row that a mutant changes.
func (m *Mutant) asked(original *trace) bool {
	for pc := range original.asked[m.table] {
		if pc >= m.pc && pc <= m.last {
			return true
		}
	}
	return false
}

// walkersOf are the walkers that a mutant can matter to: of a model's rule that model, of a table those that read it.
func (h *Harness) walkersOf(m *Mutant) []registry.Spec {
	if m.Kind == Walker {
		return []registry.Spec{*m.spec}
	}
	var some []registry.Spec
	for _, w := range h.options.Walkers {
		if m.Kind != Table || strings.HasPrefix(w.Name, tableKinds[m.table].reader) {
			some = append(some, w)
		}
	}
	return some
}

// notice says what of a sweep isn't as it must be; "" if nothing is noticed.
func (h *Harness) notice(b *bench, before, after *sweep.RunResult) string {
	if len(after.Deviations) > 0 {
		return "an exception leaves a trace"
	}
	for i := range after.Windows {
		if w := &after.Windows[i]; w.Regression {
			return fmt.Sprintf("%v is not expected of %s at %s in mode %v", w.Verdict, w.Walker, w.Place(), w.Mode)
		}
	}
	was, is := metLines(before), metLines(after)
	for _, line := range h.onlyHere[b] {
		if was[line] && !is[line] {
			return fmt.Sprintf("the expectation in line %d no longer holds", line)
		}
	}
	for i := range before.Summaries {
		if now, was := &after.Summaries[i], &before.Summaries[i]; now.Counts != was.Counts ||
			now.Warnings != was.Warnings {
			return fmt.Sprintf("the counts of %s in mode %v are others", now.Walker, now.Mode)
		}
	}
	return ""
}

// errorKinds are what a mutant's sweep may end in, for the report.
var errorKinds = []struct {
	err  error
	text string
}{
	{truth.ErrConflict, "the oracles disagree"},
	{emu.ErrLimit, "the run doesn't come back"},
	{emu.ErrFault, "the run faults"},
	{emu.ErrException, "the run takes an exception"},
	{emu.ErrInstruction, "the run meets an undefined instruction"},
	{errCheck, "the run doesn't do what it is about"},
}

// errorKind says in a few words why a sweep failed; "" if it didn't.
func errorKind(err error) string {
	if err == nil {
		return ""
	}
	for _, k := range errorKinds {
		if errors.Is(err, k.err) {
			return k.text
		}
	}
	return "the run fails"
}
