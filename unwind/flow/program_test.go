// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/arm64"
)

// words makes code.
func words(list ...uint32) []byte {
	var code []byte
	for _, w := range list {
		code = binary.LittleEndian.AppendUint32(code, w)
	}
	return code
}

// bl and b branch by so many instructions.
func bl(n int32) uint32 { return 0x94000000 | uint32(n)&0x3ffffff }
func b(n int32) uint32  { return 0x14000000 | uint32(n)&0x3ffffff }

const (
	push = 0xa9bf7bfd // stp x29, x30, [sp, #-16]!
	fp   = 0x910003fd // mov x29, sp
	pop  = 0xa8c17bfd // ldp x29, x30, [sp], #16
	nop  = arm64.NOP
	ret  = 0xd65f03c0
	inc  = 0x91000400 // add x0, x0, #1
)

// run interprets functions that lie one after the other; parts says which are parts.
func run(code []byte, ends []uint64, parts map[int]bool) []*Function {
	var ranges []Range
	start := uint64(0)
	for i, end := range ends {
		ranges = append(ranges, Range{Start: start, End: end, Part: parts[i]})
		start = end
	}
	return Program(ranges, func(start, end uint64) []byte { return code[start:end] }, nil)
}

func states(f *Function) []string {
	var list []string
	for o := uint32(0); o < f.Size; o += 4 {
		list = append(list, shorthand(f.Row(o)))
	}
	return list
}

func TestNoReturn(t *testing.T) {
	code := words(
		// 0: calls 1, which never returns; what follows is data
		push, fp, bl(4), 0x00010203, 0x04050607, nop,
		// 1: calls 2 and is at its end
		push, bl(1),
		// 2: loops for ever
		inc, b(-1),
		// 3: leaves by a jump to 2
		b(-2),
	)
	fs := run(code, []uint64{24, 32, 40, 44}, nil)
	var got []bool
	for _, f := range fs {
		got = append(got, f.NoReturn)
	}
	if diff := cmp.Diff([]bool{true, true, true, true}, got); diff != "" {
		t.Errorf("functions that don't return, -want +got:\n%s", diff)
	}
	want := []string{"CFA fp ra", "CFA-16 fp ra [-16 fp, -8 ra]", "CFA-16 CFA-16 ra [-16 fp, -8 ra]", "?", "?", "?"}
	if diff := cmp.Diff(want, states(fs[0])); diff != "" {
		t.Errorf("after a call that doesn't return, -want +got:\n%s", diff)
	}
}

func TestParts(t *testing.T) {
	code := words(
		// 0: goes on in 1, and is entered again
		push, fp, b(4), pop, ret,
		// padding that belongs to 0
		nop,
		// 1: part of 0
		bl(-6), b(-4),
		// 2: jumps into the middle of 0, which isn't followed: it isn't a part
		b(-5),
	)
	fs := run(code, []uint64{24, 32, 36}, map[int]bool{1: true})
	framed := "[-16 fp, -8 ra]"
	want := [][]string{
		{"CFA fp ra", "CFA-16 fp ra " + framed, "CFA-16 CFA-16 ra " + framed, "CFA-16 CFA-16 x " + framed,
			"CFA fp ra", "."},
		{"CFA-16 CFA-16 ra " + framed, "CFA-16 CFA-16 x " + framed},
		{"CFA fp ra"},
	}
	for i, f := range fs {
		if diff := cmp.Diff(want[i], states(f)); diff != "" {
			t.Errorf("function %d, -want +got:\n%s", i, diff)
		}
	}
	if c := fs[0].Class; c.Class != Framed {
		t.Errorf("a function with a part elsewhere is %v (%s at %+#x)", c.Class, c.Why, c.At)
	}
}

func TestEntries(t *testing.T) {
	code := words(push, b(2), push, pop, ret)
	f := Analyze(code, 0x1000, 0x1008)
	framed := "CFA-16 fp ra [-16 fp, -8 ra]"
	if diff := cmp.Diff([]string{"CFA fp ra", framed, "CFA fp ra", framed, "CFA fp ra"}, states(f)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestCompare judges rules at the body of a framed function, and after it.
func TestCompare(t *testing.T) {
	f := Analyze(words(push, fp, bl(100), pop, ret), 0)
	saved := func(offset int64) Place { return Place{Saved: true, Offset: offset} }
	right := Rule{CFAOffset: 16, RA: saved(-8), FP: saved(-16)}
	with := func(change func(*Rule)) Rule {
		r := right
		change(&r)
		return r
	}
	for _, c := range []struct {
		name string
		at   uint32
		rule Rule
		want Verdict
		fact Fact
	}{
		{"right", 12, right, Agrees, ""},
		{"x29", 12, with(func(r *Rule) { r.OnFP = true }), Agrees, ""},
		{"CFA", 12, with(func(r *Rule) { r.CFAOffset = 32 }), Disagrees, FactCFA},
		{"x29 not set yet", 4, with(func(r *Rule) { r.OnFP = true }), Disagrees, FactCFA},
		{"return address retained before the call", 8, with(func(r *Rule) { r.RA = Place{} }), Agrees, ""},
		{"return address retained after the call", 12, with(func(r *Rule) { r.RA = Place{} }), Disagrees, FactRA},
		{"x29 retained too long", 8, with(func(r *Rule) { r.FP = Place{} }), Disagrees, FactFP},
		{"wrong slot", 12, with(func(r *Rule) { r.RA = saved(-16) }), Disagrees, FactRA},
		{"below SP", 16, Rule{RA: saved(-8)}, Disagrees, FactRA},
		{"signed", 12, with(func(r *Rule) { r.Signed = true }), Disagrees, FactSigned},
		{"leaf", 12, AnnotatedLeaf, Disagrees, FactCFA},
		{"leaf at the start", 0, AnnotatedLeaf, Agrees, ""},
		{"outermost says nothing", 12, Rule{Outermost: true}, Agrees, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := f.Compare(nil, c.at, c.at+4, c.rule)
			if len(got) != 1 || got[0].From != c.at || got[0].To != c.at+4 || got[0].Verdict != c.want ||
				got[0].Fact != c.fact {
				t.Errorf("%+v", got)
			}
		})
	}
}

// What is known of a BRK decides about the code after it; what isn't known is told by whether the code makes sense.
func TestBreaks(t *testing.T) {
	const (
		skip = 0xb4000080 // cbz x0, .+16
		brk  = 0xd4210000 // brk #0x800
	)
	const framed, untouched, unreached = "CFA-16 CFA-16 ra [-16 fp, -8 ra]", "~ CFA fp ra", "?" // untouched is inferred
	tests := []struct {
		name  string
		code  []byte
		at    uint64 // of the BRK
		know  Break
		after string // what is known of the instruction after the BRK
	}{
		{"warning", words(push, fp, skip, pop, ret, nop, brk, inc, b(-5)), 24, BreakReturns, framed},
		{"bug before data", words(push, fp, skip, pop, ret, nop, brk, 0x00010203), 24, BreakEnds, unreached},
		// The code after it is entered by a branch that is patched in, before the frame is made.
		{"bug before the same frame", words(push, fp, skip, pop, ret, nop, brk, inc, ret), 24, BreakEnds, untouched},
		{"warning that returns wrongly", words(push, fp, skip, pop, ret, nop, brk, inc, ret), 24, BreakReturns, framed},
		{"told by the return", words(push, fp, skip, pop, ret, nop, brk, inc, ret), 24, BreakUnknown, untouched},
		{"not told by anything", words(push, fp, skip, pop, ret, nop, brk, inc, pop, ret), 24, BreakUnknown, framed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			known := &Facts{Breaks: map[uint64]Break{tt.at: tt.know}}
			code := func(start, end uint64) []byte { return tt.code[start:end] }
			f := Program([]Range{{End: uint64(len(tt.code))}}, code, known)[0]
			if got := shorthand(f.Row(uint32(tt.at) + 4)); got != tt.after {
				t.Errorf("after the BRK: %s, want %s", got, tt.after)
			}
		})
	}
}

// Code that is reached only by what is patched in, or after a fault, has the frame of the place where that happens.
func TestPatches(t *testing.T) {
	// X30 may have been overwritten
	const framed, inferred = "CFA-16 CFA-16 ra [-16 fp, -8 ra]", "~ CFA-16 CFA-16 x [-16 fp, -8 ra]"
	// Two ways out, of which no branch leads to the second, and which gives no hint of its frame.
	code := words(push, fp, nop, inc, pop, ret, inc, inc, b(-4))
	tests := []struct {
		name    string
		code    []byte
		patches []Patch
		at      uint32
		want    string
	}{
		{"without", code, nil, 24, inferred},
		{"a branch comes in", code, []Patch{{Addr: 8, Target: 24, Falls: true}}, 24, framed},
		{"elsewhere", code, []Patch{{Addr: 200, Target: 24, Falls: true}}, 24, inferred},
		{"a branch is taken out", words(push, fp, b(3), inc, pop, ret, 0x00010203), []Patch{{Addr: 8, Falls: true}},
			12, framed},
		{"two at one place", words(push, nop, pop, ret, inc, b(-3), inc, b(-5)),
			[]Patch{{Addr: 4, Target: 16, Falls: true}, {Addr: 4, Target: 24, Falls: true}}, 24,
			"CFA-16 fp ra [-16 fp, -8 ra]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code := func(start, end uint64) []byte { return tt.code[start:end] }
			f := Program([]Range{{End: uint64(len(tt.code))}}, code, &Facts{Patches: tt.patches})[0]
			if got := shorthand(f.Row(tt.at)); got != tt.want {
				t.Errorf("+%#x: %s, want %s", tt.at, got, tt.want)
			}
		})
	}
}

// A call of the next instruction calls nothing: what other registers hold is still there.
func TestCallOfNext(t *testing.T) {
	const (
		save    = 0xaa1e03e0 // mov x0, x30
		restore = 0xaa0003fe // mov x30, x0
	)
	f := Analyze(words(save, bl(1), bl(1), restore, ret), 0)
	want := []string{"CFA fp ra", "CFA fp ra", "CFA fp x", "CFA fp x", "CFA fp ra"}
	if diff := cmp.Diff(want, states(f)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if f.Exits[len(f.Exits)-1].Untouched != true {
		t.Error("the return isn't seen to lead to the caller")
	}
}

// After a call that doesn't return lies code that takes a frame down. Which of two frames it is, one without X29 set
// and one with it, can't be told; but both say the same of SP and of where the caller is.
func TestAgreedFrame(t *testing.T) {
	code := words(
		push, fp, bl(3), pop, ret,
		b(0), // never returns
	)
	fs := run(code, []uint64{20, 24}, nil)
	want := "~ CFA-16 - x [-16 fp, -8 ra]"
	if got := shorthand(fs[0].Row(12)); got != want {
		t.Errorf("after the call: %s, want %s", got, want)
	}
	saved := func(offset int64) Place { return Place{Saved: true, Offset: offset} }
	agrees := fs[0].Compare(nil, 12, 16, Rule{CFAOffset: 16, RA: saved(-8), FP: saved(-16)})
	if len(agrees) != 1 || agrees[0].Verdict != Agrees {
		t.Errorf("the right row: %+v", agrees)
	}
	wrong := fs[0].Compare(nil, 12, 16, Rule{CFAOffset: 32, RA: saved(-8), FP: saved(-16)})
	if len(wrong) != 1 || wrong[0].Verdict != Disagrees {
		t.Errorf("a wrong row: %+v", wrong)
	}
}
