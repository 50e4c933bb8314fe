// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// FactsOf returns what the oracles are told about a run's code.
func FactsOf(run *scenarios.Run) truth.Facts {
	function := func(addr uint64) uint64 {
		s, ok := run.Image.Symbols.At(addr)
		if !ok || s.Kind != image.Func {
			return 0
		}
		return s.Addr
	}
	return truth.Facts{Hooks: run.Hooks, Fixups: run.Fixups, Function: function, Unfinished: run.Unfinished != ""}
}

// verdictOf judges a walk by the true stack.
func verdictOf(stack *truth.Stack, t *unwind.Trace) verdict.Verdict {
	switch {
	case t.Failure.Reason == unwind.NotRun: // which is not for the walked code to answer for, and no refusal either
		return verdict.Fault
	case !t.Reliable:
		return verdict.Refused
	}
	switch stack.Compare(t.Frames) {
	case truth.Equal:
		return verdict.Exact
	case truth.More:
		return verdict.Ghost
	case truth.Less:
		return verdict.Omitted
	}
	return verdict.Wrong
}
