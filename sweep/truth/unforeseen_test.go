// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"errors"
	"testing"

	"stacksweep/emu"
	"stacksweep/unwind"
)

// What hangs on what comes later is not told before that is known: the whole log tells something else.
func TestUnforeseen(t *testing.T) {
	const call, ret, jump, link = emu.Call, emu.Return, emu.Jump, emu.Link
	type step struct {
		kind     emu.TransferKind
		from, to uint64
		lr       uint64
	}
	lost := step{jump, 0x10c, 0x400, 0x999}
	// A hook's return in the place of an older call, because control comes back there first, is none if every return is
	// that of the newest call.
	plain := []step{{call, 0x10c, 0x100, 0x110}, {ret, 0x104, 0x900, 0x900}, {call, 0x904, 0x100, 0x908},
		{call, 0x10c, 0x100, 0x110}, {ret, 0x104, 0x900, 0x900}, {call, 0x904, 0x100, 0x908},
		{ret, 0x100, 0x908, 0}, {ret, 0x908, 0x110, 0}, {ret, 0x110, 0x908, 0}, {ret, 0x908, 0x110, 0}}
	for _, tt := range []struct {
		name   string
		steps  []step
		window int
		away   bool // another task has the last word
	}{
		{"all is what it says", plain, 1, false},
		{"all is what it says, as is seen at the end", plain, 99, false},
		// A jump with the X30 of a call of the next instruction is not lost if that is one.
		{"a call of the next instruction", []step{{call, 0x100, 0x104, 0x104}, {jump, 0x108, 0x300, 0x104},
			{call, 0x304, 0x200, 0x308}, {ret, 0x204, 0x308, 0x308}, {ret, 0x308, 0x104, 0x104}}, 0, false},
		// A call without BL that comes back after all that is looked at.
		{"a call that lasts", []step{{link, 0x110, 0, 0x118}, {jump, 0x114, 0x200, 0x118},
			{call, 0x200, 0x300, 0x204}, {ret, 0x300, 0x204, 0}, {call, 0x204, 0x300, 0x208},
			{ret, 0x300, 0x208, 0}, {ret, 0x208, 0x118, 0}}, 0, false},
		// The same, and a conflict before that.
		{"a call that lasts, and a conflict", []step{{link, 0x110, 0, 0x118}, {jump, 0x114, 0x200, 0x118},
			{call, 0x200, 0x300, 0x204}, {ret, 0x300, 0x204, 0}, lost, {call, 0x204, 0x300, 0x208},
			{ret, 0x300, 0x208, 0}, {ret, 0x208, 0x118, 0}}, 0, false},
		// Whether a jump comes back isn't seen if the run breaks off, and that comes before any other conflict.
		{"a task that is away at the end", []step{{call, 0x100, 0x200, 0x104}, {link, 0x210, 0, 0x104},
			{jump, 0x214, 0x300, 0x104}, {call, 0x304, 0x200, 0x308}, lost,
			{call, 0x204, 0x300, 0x208}, {ret, 0x300, 0x208, 0}}, 0, true},
	} {
		var log []Transfer
		for i, s := range tt.steps {
			log = append(log, Transfer{Step: uint32(i), Kind: s.kind, From: s.from, To: s.to, LR: s.lr, SP: 0x8000,
				FP: 0x7000})
		}
		facts := Facts{Hooks: []uint64{0x900}, Function: func(addr uint64) uint64 { return addr &^ 0xff }}
		if tt.away {
			facts.Tasks = Tasks{Others: []unwind.Stack{{Low: 0x9000, High: 0xa000}}, SP: 0x8000}
			log = append(log, Transfer{Step: 50, Kind: emu.Return, From: 0x310, To: 0x600, SP: 0xa000})
		}
		_, wholeErr := Find(Log{log}, facts, nil)
		o := Oracles{Past, Future}.Outline(facts)
		o.window = tt.window
		var err error
		for _, c := range chunksOf(log, 60, 1) {
			if err = o.Add(c); err != nil {
				break
			}
		}
		if err == nil {
			_, err = o.Find()
		}
		if !errors.Is(err, ErrUnforeseen) {
			t.Errorf("%s: the whole log: %v; chunk by chunk: %v", tt.name, wholeErr, err)
		}
	}
}
