// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"context"
	"errors"
	"slices"
	"testing"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// target returns a scenario's variant.
func target(t *testing.T, name string) verdict.Target {
	t.Helper()
	target, err := verdict.FindTarget(scenarios.All(), name)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// without returns an oracle that doesn't see the n-th transfer that drop chooses.
func without(o oracle, n int, drop func(*transfer) bool) oracle {
	return func(log transferLog, k known, b *base) (*history, error) {
		var kept []transfer
		for t := range log.forwards() {
			if drop(t) {
				if n--; n == -1 {
					continue
				}
			}
			kept = append(kept, *t)
		}
		return o(transferLog{kept}, k, b)
	}
}

func isCall(t *transfer) bool   { return t.kind == emu.Call }
func isReturn(t *transfer) bool { return t.kind == emu.Return }

// Whatever rule of an oracle is broken, the sweep must end in a conflict: the oracles are the only truth there is.
func TestBrokenOracleIsAConflict(t *testing.T) {
	noHooks := func(o oracle) oracle {
		return func(log transferLog, k known, b *base) (*history, error) { return o(log, known{}, b) }
	}
	edit := func(o oracle, change func(*transfer)) oracle {
		return func(log transferLog, k known, b *base) (*history, error) {
			var edited []transfer
			for t := range log.forwards() {
				edited = append(edited, *t)
				change(&edited[len(edited)-1])
			}
			return o(transferLog{edited}, k, b)
		}
	}
	for name, oracles := range map[string][2]oracle{
		"past skips a push":                    {without(past, 5, isCall), future},
		"past skips a pop":                     {without(past, 5, isReturn), future},
		"past takes hooked returns for real":   {noHooks(past), future},
		"future skips a push":                  {past, without(future, 5, isReturn)},
		"future skips a pop":                   {past, without(future, 5, isCall)},
		"future takes hooked returns for real": {past, noHooks(future)},
		"SP differs at a return": {past, edit(future, func(t *transfer) {
			if t.kind == emu.Return {
				t.sp += 16
			}
		})},
		"X29 differs at a return": {past, edit(future, func(t *transfer) {
			if t.kind == emu.Return {
				t.fp += 16
			}
		})},
		"return addresses are one instruction off": {edit(past, func(t *transfer) {
			if t.kind == emu.Call {
				t.from += 4
			}
		}), future},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := target(t, "fgraph/return").Scenario.Build("", scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			r := newRunner(run, &Options{Walkers: Walkers(), Modes: verdict.StepModes(), Jobs: 1})
			r.past, r.future = oracles[0], oracles[1]
			if _, err := r.sweep(context.Background()); !errors.Is(err, ErrConflict) {
				t.Errorf("got %v, want an oracle conflict", err)
			}
		})
	}
}

// What the oracles know of exceptions: where a handler may return to, and that a trampoline's own exception is no call.
func TestBrokenExceptionRuleIsAConflict(t *testing.T) {
	change := func(o oracle, kind emu.TransferKind, f func(*transfer)) oracle {
		return func(log transferLog, k known, b *base) (*history, error) {
			var edited []transfer
			for t := range log.forwards() {
				edited = append(edited, *t)
				if t.kind == kind {
					f(&edited[len(edited)-1])
				}
			}
			return o(transferLog{edited}, k, b)
		}
	}
	returnsFurther := func(t *transfer) { t.to += 4 }
	isCall := func(t *transfer) { t.kind, t.from = emu.Call, t.from-4 }
	dropHook := func(o oracle) oracle { // the last one is the kretprobe trampoline
		return func(log transferLog, k known, b *base) (*history, error) {
			return o(log, known{hooks: k.hooks[:len(k.hooks)-1]}, b)
		}
	}
	for name, oracles := range map[string][2]oracle{
		"past: an exception returns two instructions on": {change(past, emu.ExceptionReturn, returnsFurther), future},
		"past: an exception is a call":                   {change(past, emu.Exception, isCall), future},
		"future: an exception returns further on":        {past, change(future, emu.ExceptionReturn, returnsFurther)},
		"future: an exception is a call":                 {past, change(future, emu.Exception, isCall)},
		"past doesn't know the trampoline":               {dropHook(past), future},
		"future doesn't know the trampoline":             {past, dropHook(future)},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := target(t, "kretprobe/plain").Scenario.Build("", scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			r := newRunner(run, &Options{Walkers: Walkers(), Modes: verdict.StepModes(), Jobs: 1})
			r.past, r.future = oracles[0], oracles[1]
			if _, err := r.sweep(context.Background()); !errors.Is(err, ErrConflict) {
				t.Errorf("got %v, want an oracle conflict", err)
			}
		})
	}
}

// While a kprobe's handler runs, the frame of the probed function is found under the address of the BRK, or under the
// next one, once the handler has moved on; both are right, a third is not, and a call's return address has no other.
func TestExceptionFrameHasTwoAddresses(t *testing.T) {
	const brk, caller = 0x1000, 0x2004
	log := transferLog{{
		{step: 0, kind: emu.Call, from: caller - 4, to: brk},
		{step: 1, kind: emu.Exception, from: brk, to: 0x3200},
		{step: 2, kind: emu.ExceptionReturn, from: 0x3200, to: brk + 4},
		{step: 3, kind: emu.Return, from: brk + 4, to: caller},
	}}
	truth, err := findTruth(log, known{}, &base{}, past, future)
	if err != nil {
		t.Fatal(err)
	}
	cursor := truthCursor{truth: truth}
	cursor.seek(2)
	stack := trueStack{truth: truth, top: cursor.top()}
	var scratch []uint64
	for _, tt := range []struct {
		frames []uint64
		want   verdict.Verdict
	}{
		{[]uint64{brk, caller}, verdict.Exact},
		{[]uint64{brk + 4, caller}, verdict.Exact},
		{[]uint64{brk + 8, caller}, verdict.Wrong},
		{[]uint64{brk + 4, caller + 4}, verdict.Wrong},
		{[]uint64{brk}, verdict.Omitted},
		{[]uint64{brk + 4}, verdict.Omitted},
		{[]uint64{caller}, verdict.Omitted},
		{[]uint64{brk, brk, caller}, verdict.Ghost},
	} {
		trace := unwind.Trace{Reliable: true}
		for _, pc := range tt.frames {
			trace.Add(unwind.Frame{PC: pc})
		}
		if got := stack.judge(&trace, &scratch); got != tt.want {
			t.Errorf("%#x: got %v, want %v", tt.frames, got, tt.want)
		}
		if shown := stack.asFound(trace.Frames); tt.want == verdict.Exact && !slices.Equal(shown, tt.frames) {
			t.Errorf("%#x: shown beside %#x", tt.frames, shown)
		}
	}
}

// A run whose last call never returns has no known future.
func TestUnfinishedRunIsAConflict(t *testing.T) {
	_, err := future(transferLog{{{step: 3, kind: emu.Call, from: 0x100, to: 0x200}}}, known{}, &base{})
	if !errors.Is(err, ErrConflict) {
		t.Errorf("got %v, want an oracle conflict", err)
	}
}

// A call of the next instruction from which nothing returns is no call; one from which something does, is.
func TestCallOfNext(t *testing.T) {
	call := func(step uint32, from, to uint64) transfer {
		return transfer{step: step, kind: emu.Call, from: from, to: to, sp: 0x1000, fp: 0x2000}
	}
	ret := func(step uint32, from, to uint64) transfer {
		return transfer{step: step, kind: emu.Return, from: from, to: to, sp: 0x1000, fp: 0x2000}
	}
	tests := []struct {
		name string
		log  []transfer
		tops []uint64 // the newest return address behind each of the transfers that count
	}{
		{"learns its address", []transfer{call(0, 0x100, 0x200), call(1, 0x200, 0x204), call(2, 0x204, 0x208), ret(3, 0x208, 0x104)}, []uint64{0x104, 0}},
		{"runs twice", []transfer{call(0, 0x100, 0x200), call(1, 0x200, 0x204), ret(2, 0x208, 0x204), ret(3, 0x208, 0x104)}, []uint64{0x104, 0x204, 0x104, 0}},
		{"calls in between", []transfer{call(0, 0x100, 0x200), call(1, 0x200, 0x204), call(2, 0x208, 0x300), ret(3, 0x300, 0x20c), ret(4, 0x20c, 0x104)}, []uint64{0x104, 0x20c, 0x104, 0}},
		{"none", []transfer{call(0, 0x100, 0x200), ret(1, 0x200, 0x104)}, []uint64{0x104, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			truth, err := findTruth(transferLog{tt.log}, known{}, &base{}, past, future)
			if err != nil {
				t.Fatal(err)
			}
			var tops []uint64
			for _, c := range truth.changes {
				addr := uint64(0)
				if c.top != noNode {
					addr = truth.nodes[c.top].addr
				}
				tops = append(tops, addr)
			}
			if !slices.Equal(tops, tt.tops) {
				t.Errorf("return addresses %#x, want %#x", tops, tt.tops)
			}
		})
	}
	// A return that nothing explains is a conflict still.
	if _, err := findTruth(transferLog{{call(0, 0x100, 0x200), call(1, 0x200, 0x204), ret(2, 0x208, 0x108)}}, known{}, &base{}, past, future); !errors.Is(err, ErrConflict) {
		t.Errorf("a return to elsewhere: %v", err)
	}
}
