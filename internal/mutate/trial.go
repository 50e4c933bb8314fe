// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"context"
	"errors"
	"fmt"

	"stacksweep/emu"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
)

// try sweeps a mutant on each bench that reaches it, until one notices.
func (h *Harness) try(ctx context.Context, m *Mutant) (Outcome, error) {
	out := Outcome{Mutant: m, Fate: Unreached}
	walkers := h.walkersOf(m)
	for _, b := range h.benches {
		if len(walkers) == 0 || !b.reaches(m) {
			continue
		}
		before, err := b.original(ctx, walkers)
		if err != nil {
			return out, err
		}
		after, err := b.sweepTraced(ctx, m, walkers)
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		why := errorKind(err)
		if err == nil {
			why = h.notice(b, before.result, after.result)
		}
		if why != "" {
			return Outcome{Mutant: m, Fate: Caught, Target: b.target.String(), Why: why}, nil
		}
		switch {
		case out.Fate == Survived:
		case after.digest == before.digest:
			out.Fate = Equivalent
		default:
			out = Outcome{Mutant: m, Fate: Survived, Target: b.target.String(), Why: "points differ", Reason: h.reasons[m.Name()]}
		}
	}
	return out, nil
}

// walkersOf are the walkers that a mutant can matter to: of a model's rule that model, of a table those that read it.
func (h *Harness) walkersOf(m *Mutant) []registry.Spec {
	var some []registry.Spec
	for _, w := range h.options.Walkers {
		if m.Kind != Walker || w.Name == m.Place {
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
		if now, was := &after.Summaries[i], &before.Summaries[i]; now.Counts != was.Counts || now.Warnings != was.Warnings {
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
