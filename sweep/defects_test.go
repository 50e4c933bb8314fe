// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"testing"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// verdicts returns what a walker got at each interrupted step of a scenario.
func verdicts(t *testing.T, name, walker string, shift uint64) map[int]verdict.Verdict {
	t.Helper()
	specs, err := registry.Find(walker)
	if err != nil {
		t.Fatal(err)
	}
	r := sweepTargets(t, []verdict.Target{corpustest.Target(t, name)}, func(o *Options) {
		keepAll(o)
		o.Walkers, o.Modes, o.Build.Shift = specs, []verdict.Mode{verdict.IRQ}, shift
	})[0]
	got := map[int]verdict.Verdict{}
	for i := range r.Points {
		got[r.Points[i].Step] = r.Points[i].Verdict
	}
	return got
}

// Defects of version 6 of the SFrame series as posted.

// Its CFA mask has bits 0, 2 and 4 set: of all CFAs, which are multiples of 16, it refuses those with bit 4 set. Moving
// the stack by 16 bytes turns each of these verdicts round.
func TestPostedMaskRefusesHalfOfAllFrames(t *testing.T) {
	mended := verdicts(t, "chain/plain", "sframe", 0)
	here := verdicts(t, "chain/plain", "sframe-v6", 0)
	there := verdicts(t, "chain/plain", "sframe-v6", 16)
	refusedHere, refusedThere := 0, 0
	for step, v := range mended {
		if v != verdict.Exact {
			continue
		}
		if here[step] == there[step] {
			t.Errorf("step %d: the posted mask says %v with the stack at either place", step, here[step])
		}
		if here[step] == verdict.Refused {
			refusedHere++
		}
		if there[step] == verdict.Refused {
			refusedThere++
		}
	}
	if refusedHere == 0 || refusedThere == 0 {
		t.Errorf("refused %d points with the stack in one place and %d in the other", refusedHere, refusedThere)
	}
}

// The walk's error is dropped: a walk that SFrame can't begin and that the frame record ends at once passes for
// complete, without the caller.
func TestPostedWrapperDropsTheError(t *testing.T) {
	posted, mended := verdicts(t, "chain/plain", "sframe-v6", 0), verdicts(t, "chain/plain", "sframe", 0)
	omitted := 0
	for step, v := range posted {
		if v != verdict.Omitted {
			continue
		}
		omitted++
		if mended[step] != verdict.Refused {
			t.Errorf("step %d: mended, the verdict is %v, not refused", step, mended[step])
		}
	}
	if omitted == 0 {
		t.Error("no walk passes for complete")
	}
}

// A leaf annotation on a function that pushes a frame record makes the caller appear twice.
func TestWrongLeafAnnotationIsAGhost(t *testing.T) {
	for name, want := range map[string]verdict.Verdict{"leaf/aes_ctr:wrong": verdict.Ghost,
		"leaf/aes_ctr:right": verdict.Exact} {
		n := 0
		for _, v := range verdicts(t, name, "sframe", 0) {
			if v == want {
				n++
			} else if !v.Conforming() {
				t.Errorf("%s: a walk is %v", name, v)
			}
		}
		if n == 0 {
			t.Errorf("%s: no walk is %v", name, want)
		}
	}
}
