// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/unwind"
)

// A run whose last call never returns has no known future.
func TestUnfinishedRunIsAConflict(t *testing.T) {
	_, err := Future(Log{{{Step: 3, Kind: emu.Call, From: 0x100, To: 0x200}}}, Facts{}, nil)
	if !errors.Is(err, ErrConflict) {
		t.Errorf("got %v, want an oracle conflict", err)
	}
}

// A call of the next instruction from which nothing returns is not a call; one from which something does, is.
func TestCallOfNext(t *testing.T) {
	call := func(step uint32, from, to uint64) Transfer {
		return Transfer{Step: step, Kind: emu.Call, From: from, To: to, SP: 0x1000, FP: 0x2000}
	}
	ret := func(step uint32, from, to uint64) Transfer {
		return Transfer{Step: step, Kind: emu.Return, From: from, To: to, SP: 0x1000, FP: 0x2000}
	}
	tests := []struct {
		name string
		log  []Transfer
		tops []uint64 // the newest return address after each of the transfers that count
	}{
		{"learns its address", []Transfer{call(0, 0x100, 0x200), call(1, 0x200, 0x204), call(2, 0x204, 0x208),
			ret(3, 0x208, 0x104)}, []uint64{0x104, 0}},
		{"runs twice", []Transfer{call(0, 0x100, 0x200), call(1, 0x200, 0x204), ret(2, 0x208, 0x204),
			ret(3, 0x208, 0x104)}, []uint64{0x104, 0x204, 0x104, 0}},
		{"calls in between", []Transfer{call(0, 0x100, 0x200), call(1, 0x200, 0x204), call(2, 0x208, 0x300),
			ret(3, 0x300, 0x20c), ret(4, 0x20c, 0x104)}, []uint64{0x104, 0x20c, 0x104, 0}},
		{"begins with it", []Transfer{call(0, 0x200, 0x204), call(1, 0x208, 0x300), ret(2, 0x304, 0x20c)},
			[]uint64{0x20c, 0}},
		{"none", []Transfer{call(0, 0x100, 0x200), ret(1, 0x200, 0x104)}, []uint64{0x104, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := Find(Log{tt.log}, Facts{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var tops []uint64
			for _, c := range found.changes {
				addr := uint64(0)
				if c.top != noNode {
					addr = found.nodes[c.top].addr
				}
				tops = append(tops, addr)
			}
			if !slices.Equal(tops, tt.tops) {
				t.Errorf("return addresses %#x, want %#x", tops, tt.tops)
			}
		})
	}
	// A return that nothing explains is a conflict still.
	if _, err := Find(Log{{call(0, 0x100, 0x200), call(1, 0x200, 0x204), ret(2, 0x208, 0x108)}}, Facts{},
		nil); !errors.Is(err, ErrConflict) {
		t.Errorf("a return to elsewhere: %v", err)
	}
}

// What an exception at an instruction of the exception table may do is less than what another one may: it can't just go
// on after the instruction. Both oracles see it, each in its way.
func TestFixupRule(t *testing.T) {
	const caller, fault, vector, fixup = 0x1000, 0x2010, 0x3200, 0x2040
	log := func(to uint64) Log {
		return Log{{
			{Step: 0, Kind: emu.Call, From: caller - 4, To: 0x2000},
			{Step: 1, Kind: emu.Exception, From: fault, To: vector},
			{Step: 2, Kind: emu.ExceptionReturn, From: vector, To: to},
			{Step: 3, Kind: emu.Return, From: to, To: caller},
		}}
	}
	for _, tt := range []struct {
		to     uint64
		fixups map[uint64]uint64
		ok     bool
	}{
		{fault, nil, true},
		{fault + 4, nil, true},
		{fixup, nil, false},
		{fault, map[uint64]uint64{fault: fixup}, true},
		{fixup, map[uint64]uint64{fault: fixup}, true},
		{fault + 4, map[uint64]uint64{fault: fixup}, false},
		{fixup + 4, map[uint64]uint64{fault: fixup}, false},
		{fixup, map[uint64]uint64{fault + 4: fixup}, false},
	} {
		found, err := Find(log(tt.to), Facts{Fixups: tt.fixups}, nil)
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrConflict) {
			t.Errorf("to %#x with %#x: %v", tt.to, tt.fixups, err)
		}
		if err != nil {
			continue
		}
		// Until the handler has written the fix-up, the frame under the exception is at the instruction that faulted.
		cursor := found.Cursor()
		cursor.Seek(2)
		stack := cursor.Stack()
		for pc, want := range map[uint64]Match{fault: Equal, tt.to: Equal, fault + 8: Differs} {
			var trace unwind.Trace
			trace.Add(unwind.Frame{PC: pc})
			trace.Add(unwind.Frame{PC: caller})
			if got := stack.Compare(trace.Frames); got != want {
				t.Errorf("to %#x, found %#x: %v, want %v", tt.to, pc, got, want)
			}
		}
	}
}

// What an interrupted run knows of its exceptions is known in the exception that interrupts it.
func TestBaseOfExceptions(t *testing.T) {
	c := Cursor{Truth: &Truth{History: &History{
		nodes: []node{
			{addr: 0x100, parent: noNode}, {addr: 0x999, parent: 0}, {addr: 0x204, parent: 0}, {addr: 0x300, parent: 2},
		},
		changes:    []change{{0, 3}},
		exceptions: map[int32]uint64{2: 0x200},
	}}}
	c.Advance(0)
	want := &Base{
		nodes:      []node{{addr: 0x100, parent: noNode}, {addr: 0x204, parent: 0}, {addr: 0x300, parent: 1}},
		exceptions: map[int32]uint64{1: 0x200},
	}
	if diff := cmp.Diff(want, c.Base(), cmp.AllowUnexported(Base{}, node{})); diff != "" {
		t.Error(diff)
	}
}

// While a kprobe's handler runs, the frame of the probed function is found under the address of the BRK, or under the
// next one, once the handler has moved on; both are right, a third is not, and a call's return address has no other.
func TestExceptionFrameHasTwoAddresses(t *testing.T) {
	const brk, caller = 0x1000, 0x2004
	log := Log{{
		{Step: 0, Kind: emu.Call, From: caller - 4, To: brk},
		{Step: 1, Kind: emu.Exception, From: brk, To: 0x3200},
		{Step: 2, Kind: emu.ExceptionReturn, From: 0x3200, To: brk + 4},
		{Step: 3, Kind: emu.Return, From: brk + 4, To: caller},
	}}
	found, err := Find(log, Facts{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	cursor := found.Cursor()
	cursor.Seek(2)
	stack := cursor.Stack()
	for _, tt := range []struct {
		frames []uint64
		want   Match
	}{
		{[]uint64{brk, caller}, Equal},
		{[]uint64{brk + 4, caller}, Equal},
		{[]uint64{brk + 8, caller}, Differs},
		{[]uint64{brk + 4, caller + 4}, Differs},
		{[]uint64{brk}, Less},
		{[]uint64{brk + 4}, Less},
		{[]uint64{caller}, Less},
		{[]uint64{brk, brk, caller}, More},
	} {
		var trace unwind.Trace
		for _, pc := range tt.frames {
			trace.Add(unwind.Frame{PC: pc})
		}
		if got := stack.Compare(trace.Frames); got != tt.want {
			t.Errorf("%#x: got %v, want %v", tt.frames, got, tt.want)
		}
		if shown := stack.AsFound(trace.Frames); tt.want == Equal && !slices.Equal(shown, tt.frames) {
			t.Errorf("%#x: shown next to %#x", tt.frames, shown)
		}
	}
}
