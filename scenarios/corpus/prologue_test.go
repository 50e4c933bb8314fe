// SPDX-License-Identifier: GPL-2.0-only

package corpus_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// In a frame of whatever shape, SFrame makes the walk across an interrupt exact at every instruction that it covers,
// and frame records make every synchronous walk exact.
func TestPrologueVerdicts(t *testing.T) {
	targets := append(familyTargets(t, "prologue/gcc"), familyTargets(t, "prologue/clang")...)
	sweepAll(t, targets, kernelWalkers(t), func(t *testing.T, r *sweep.RunResult) {
		inside, wrongRows := 0, map[uint64]int{}
		for _, p := range r.Points {
			name, offset := r.Symbols.Locate(p.PC)
			if !strings.HasPrefix(name, "prologue_") {
				continue
			}
			switch {
			case p.Mode == verdict.Sync && p.Verdict != verdict.Exact:
				t.Errorf("%s sync, %s+%#x: %v, want exact", p.Walker, name, offset, p.Verdict)
			case p.Mode == verdict.IRQ && p.Walker == "sframe":
				inside++
				// The two NOPs to be patched lie before a compiled function's unwind information.
				patchable := offset < 8 && p.Trace.Failure.Failed()
				if p.Verdict == verdict.Omitted && name == "prologue_frame_args" {
					wrongRows[offset]++
				} else if p.Verdict != verdict.Exact && !patchable {
					t.Errorf("%s+%#x, step %d: %v, %v, want exact", name, offset, p.Step, p.Verdict, p.Trace.Failure)
				}
			}
		}
		if inside == 0 {
			t.Error("no point is inside")
		}
		// The compiler's rows are wrong at the two instructions after the load that gives X29 back, in each of four
		// calls.
		if want := map[uint64]int{0x64: 4, 0x68: 4}; r.Variant == "frame_args" && !cmp.Equal(want, wrongRows) {
			t.Errorf("wrong rows: %v, want %v", wrongRows, want)
		}
	})
}

// A function that ends in a call: the return address is the first one of whatever function comes next.
func TestNoreturnReturnAddress(t *testing.T) {
	sweepAll(t, []verdict.Target{gccTarget(t, "noreturn")}, kernelWalkers(t), func(t *testing.T, r *sweep.RunResult) {
		landing, ok := r.Symbols.Lookup("prologue_landing")
		if !ok {
			t.Fatal("no symbol prologue_landing")
		}
		noreturn, _ := r.Symbols.Lookup("prologue_noreturn")
		if noreturn.Addr+noreturn.Size != landing.Addr {
			t.Fatalf("prologue_noreturn ends at %#x, prologue_landing begins at %#x", noreturn.Addr+noreturn.Size,
				landing.Addr)
		}
		n := 0
		for _, p := range r.Points {
			if name, _ := r.Symbols.Locate(p.PC); name != "prologue_callee" || p.Verdict != verdict.Exact {
				continue
			}
			for _, f := range p.Trace.Frames {
				if f.PC == landing.Addr {
					n++
				}
			}
		}
		if n == 0 {
			t.Error("no walk found a return address one past the end of its function")
		}
	})
}

// Without frame pointers the callers are missed by whoever follows frame records, and nothing shows it.
func TestNoFramePointers(t *testing.T) {
	sweepAll(t, familyTargets(t, "prologue/nofp"), kernelWalkers(t), func(t *testing.T, r *sweep.RunResult) {
		n := 0
		for _, p := range r.Points {
			name, _ := r.Symbols.Locate(p.PC)
			if p.Mode != verdict.Sync || name != "nofp_inner" {
				continue
			}
			n++
			if p.Verdict != verdict.Omitted {
				t.Errorf("%s, step %d: %v, want omitted", p.Walker, p.Step, p.Verdict)
			}
		}
		if n == 0 {
			t.Error("no call in nofp_inner")
		}
	})
}

// The shapes are what they are said to be: SP is not X29 at calls where it shouldn't be, by as much as the shape says.
func TestShapes(t *testing.T) {
	for _, tt := range []struct {
		variant, function string
		distance          []uint64 // from SP to X29 in bytes, at each call of prologue_callee
	}{
		{"record", "prologue_record", []uint64{0, 0, 0, 0}},
		{"args", "prologue_args", []uint64{32, 32, 32, 32}},
		{"vla", "prologue_vla", []uint64{16, 16, 16, 16, 32, 32, 32, 32}},
		{"offset", "prologue_offset", []uint64{0, 832, 624, 432}},
	} {
		run, recording := record(t, gccTarget(t, tt.variant))
		callee, ok := run.Image.Symbols.Lookup("prologue_callee")
		if !ok {
			t.Fatal("no symbol prologue_callee")
		}
		var got []uint64
		c := recording.Cursor()
		for more := true; more; more = c.Next() {
			if caller, _ := run.Image.Symbols.Locate(c.LR()); c.PC() == callee.Addr && caller == tt.function {
				got = append(got, c.FP()-c.SP())
			}
		}
		if diff := cmp.Diff(tt.distance, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.function, diff)
		}
	}
}

// gccTarget is a variant of prologue/gcc.
func gccTarget(t *testing.T, variant string) verdict.Target {
	t.Helper()
	target := corpustest.Target(t, "prologue/gcc:"+variant)
	return target
}

func TestPrologueCoverage(t *testing.T) {
	checkCoverage(t, familyTargets(t, "prologue/"), "prologue_", "run_prologue", "tail_last", "tail_middle", "nofp_")
}
