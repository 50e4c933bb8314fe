// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"encoding/binary"

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
	return truth.Facts{Hooks: run.Hooks, Fixups: run.Fixups, Function: function, Unfinished: run.Unfinished != "",
		Tasks: truth.Tasks{Others: run.Others, SP: run.Start.SP}}
}

// newWitness returns what watches a run's shadow call stacks; nil if it has none.
func newWitness(run *scenarios.Run) *truth.Witness {
	if len(run.ShadowCalls.Stacks) == 0 {
		return nil
	}
	is := func(word uint32) func(pc uint64) bool {
		return func(pc uint64) bool {
			b, ok := run.Image.Bytes(pc, 4)
			return ok && binary.LittleEndian.Uint32(b) == word
		}
	}
	return &truth.Witness{
		Stacks: run.ShadowCalls.Stacks, Saves: is(run.ShadowCalls.Save), Takes: is(run.ShadowCalls.Take),
		PACMask: run.Kernel.PACMask,
	}
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
