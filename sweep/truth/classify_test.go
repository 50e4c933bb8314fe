// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"stacksweep/emu"
)

// What jumps, links and returns do, by what happens afterwards. Functions begin at multiples of 0x100; a hook is at
// 0x900. Stacks grow downwards from SP 0x1000; X29 is 0x2000 unless a step says otherwise.
func TestClassified(t *testing.T) {
	facts := Facts{Hooks: []uint64{0x900}, Function: func(addr uint64) uint64 {
		if addr >= 0xa00 {
			return 0 // not known
		}
		return addr &^ 0xff
	}}
	step := func(kind emu.TransferKind, from, to, lr uint64) Transfer {
		t := Transfer{Kind: kind, From: from, To: to, SP: 0x1000, FP: 0x2000, LR: lr}
		if kind == emu.Link {
			t.To = 0
		}
		return t
	}
	at := func(t Transfer, sp, fp uint64) Transfer { t.SP, t.FP = sp, fp; return t }
	const (
		call, ret, jump, link, exc, eret = emu.Call, emu.Return, emu.Jump, emu.Link, emu.Exception, emu.ExceptionReturn
	)
	for _, tt := range []struct {
		name string
		log  []Transfer
		want string // call TO, return TO; or the conflict's place
	}{
		{"a call by a jump", []Transfer{step(link, 0x110, 0, 0x118), step(jump, 0x114, 0x200, 0x118),
			step(ret, 0x204, 0x118, 0x118)}, "call 0x200, return 0x118"},
		{"that returns by a jump", []Transfer{step(link, 0x110, 0, 0x118), step(jump, 0x114, 0x200, 0x118),
			step(jump, 0x204, 0x118, 0x118)}, "call 0x200, return 0x118"},
		{"with another X30", []Transfer{step(link, 0x110, 0, 0x118), step(jump, 0x114, 0x140, 0x11c),
			step(jump, 0x204, 0x118, 0x118)}, ""},
		{"to where it returns", []Transfer{step(link, 0x110, 0, 0x118), step(jump, 0x114, 0x118, 0x118),
			step(jump, 0x120, 0x118, 0x118)}, ""},
		{"to where it returns, wherever that is", []Transfer{step(link, 0x110, 0, 0xa18),
			step(jump, 0x114, 0xa18, 0xa18), step(jump, 0xa20, 0xa18, 0xa18)}, ""},
		{"to return to what was interrupted", []Transfer{step(call, 0x100, 0x200, 0x104), step(exc, 0x210, 0xa00, 0),
			step(link, 0xa10, 0, 0x210), step(jump, 0xa14, 0xb00, 0x210), step(ret, 0xb04, 0x210, 0)},
			"call 0x200, exception 0xa00, call 0xb00, return 0x210"},
		{"within a function", []Transfer{step(link, 0x110, 0, 0x118), step(jump, 0x114, 0x140, 0x118),
			step(jump, 0x144, 0x118, 0x118)}, ""},
		{"back with another SP", []Transfer{step(link, 0x110, 0, 0xa18), step(jump, 0x114, 0xb00, 0xa18),
			at(step(jump, 0xb04, 0xa18, 0), 0xff0, 0x2000)}, ""},
		{"back with another X29", []Transfer{step(link, 0x110, 0, 0xa18), step(jump, 0x114, 0xb00, 0xa18),
			at(step(jump, 0xb04, 0xa18, 0), 0x1000, 0x2010)}, ""},
		{"never back", []Transfer{step(link, 0x110, 0, 0xa18), step(jump, 0x114, 0xb00, 0xa18)}, ""},
		{"back before it", []Transfer{step(jump, 0xb04, 0xa18, 0), step(link, 0x110, 0, 0xa18),
			step(jump, 0x114, 0xb00, 0xa18)}, ""},
		{"to a hook", []Transfer{step(call, 0x100, 0x200, 0x104), step(link, 0x210, 0, 0x900),
			step(jump, 0x214, 0x300, 0x900), step(jump, 0x304, 0x900, 0x900), step(ret, 0x910, 0x104, 0x104)},
			"call 0x200, return 0x900, return 0x104"},
		{"a link that a call makes old", []Transfer{step(link, 0x110, 0, 0xa18), step(call, 0x114, 0x200, 0x118),
			step(ret, 0x204, 0x118, 0x118), step(jump, 0x11c, 0xb00, 0xa18), step(jump, 0xb04, 0xa18, 0xa18)},
			"call 0x200, return 0x118"},
		{"with an open call's X30", []Transfer{step(call, 0x100, 0x200, 0x104), step(link, 0x210, 0, 0x104),
			step(jump, 0x214, 0x300, 0x104), step(ret, 0x304, 0x104, 0x104)},
			"call 0x200, return 0x104"},

		{"two returns in one", []Transfer{step(call, 0x100, 0x200, 0x104),
			at(step(call, 0x210, 0x300, 0x214), 0xff0, 0x2000), step(ret, 0x304, 0x104, 0)},
			"call 0x200, call 0x300, return 0x214, return 0x104"},
		{"with another X29", []Transfer{step(call, 0x100, 0x200, 0x104),
			at(step(call, 0x210, 0x300, 0x214), 0xff0, 0x2000), at(step(jump, 0x308, 0x104, 0), 0x1000, 0x2008)},
			"conflict 0x308"},
		{"across an exception",
			[]Transfer{step(call, 0x100, 0x200, 0x104), at(step(exc, 0x210, 0xa00, 0), 0xf00, 0x2000),
				at(step(call, 0xa10, 0x300, 0xa14), 0xe00, 0x2000), step(jump, 0x304, 0x104, 0)},
			"conflict 0x304"},

		{"to a hook, in the place of an older call", []Transfer{step(call, 0x100, 0x200, 0x104),
			step(call, 0x204, 0x800, 0x208), step(ret, 0x810, 0x900, 0x900), step(ret, 0x910, 0x104, 0)},
			"call 0x200, call 0x800, return 0x208, return 0x900, return 0x104"},
		{"to a hook, in the place of the newest", []Transfer{step(call, 0x100, 0x200, 0x104),
			step(call, 0x204, 0x800, 0x208), step(ret, 0x810, 0x900, 0x900), step(ret, 0x910, 0x208, 0),
			step(ret, 0x20c, 0x104, 0)},
			"call 0x200, call 0x800, return 0x900, return 0x208, return 0x104"},
		{"to a hook, with another SP", []Transfer{step(call, 0x100, 0x200, 0x104),
			at(step(call, 0x204, 0x800, 0x208), 0xff0, 0x2000), at(step(ret, 0x810, 0x900, 0x900), 0xff0, 0x2000),
			at(step(ret, 0x910, 0x208, 0), 0xff0, 0x2000), step(ret, 0x20c, 0x104, 0)},
			"call 0x200, call 0x800, return 0x900, return 0x208, return 0x104"},

		{"a tail call by a tracer", []Transfer{step(call, 0x100, 0x200, 0x104), step(call, 0x204, 0x800, 0x208),
			step(ret, 0x810, 0x300, 0x104), step(ret, 0x304, 0x104, 0x104)},
			"call 0x200, call 0x800, return 0x208, return 0x104"},
		{"for a hooked function", []Transfer{step(call, 0x100, 0x200, 0x104), step(call, 0x204, 0x800, 0x208),
			step(ret, 0x810, 0x300, 0x900), step(ret, 0x304, 0x900, 0x900), step(ret, 0x910, 0x104, 0)},
			"call 0x200, call 0x800, return 0x208, return 0x900, return 0x104"},
		{"with another SP", []Transfer{step(call, 0x100, 0x200, 0x104), step(call, 0x204, 0x800, 0x208),
			at(step(ret, 0x810, 0x300, 0x104), 0xff0, 0x2000)},
			"call 0x200, call 0x800, return 0x300"},
		{"with another X30", []Transfer{step(call, 0x100, 0x200, 0x104), step(call, 0x204, 0x800, 0x208),
			step(ret, 0x810, 0x300, 0x108)},
			"call 0x200, call 0x800, return 0x300"},
		{"by a jump", []Transfer{step(call, 0x100, 0x200, 0x104), step(call, 0x204, 0x800, 0x208),
			step(jump, 0x810, 0x300, 0x104)},
			"conflict 0x810"},
		{"out of an exception", []Transfer{step(call, 0x100, 0x200, 0x104),
			at(step(exc, 0x210, 0xa00, 0), 0x1000, 0x2000), step(ret, 0xa10, 0xb00, 0x104)},
			"call 0x200, exception 0xa00, return 0xb00"},

		{"a jump to where the newest call returns, with another SP", []Transfer{step(call, 0x100, 0x200, 0x104),
			at(step(jump, 0x204, 0x104, 0x104), 0xff0, 0x2000)}, "call 0x200"},
		{"of nothing", []Transfer{step(eret, 0x110, 0x200, 0), step(jump, 0x210, 0x240, 0)}, "exception return 0x200"},
		{"of nothing, without a jump", []Transfer{step(eret, 0x110, 0x200, 0)}, "exception return 0x200"},

		{"upwards, as longjmp",
			[]Transfer{step(call, 0x100, 0x200, 0x104), at(step(call, 0x210, 0x300, 0x214), 0xff0, 0x2000),
				at(step(call, 0x310, 0x400, 0x314), 0xfe0, 0x2000), at(step(ret, 0x404, 0x240, 0), 0xff0, 0x2000),
				step(ret, 0x250, 0x104, 0)},
			"call 0x200, call 0x300, call 0x400, return 0x314, return 0x214, return 0x104"},
		{"to another function",
			[]Transfer{step(call, 0x100, 0x200, 0x104), at(step(call, 0x210, 0x300, 0x214), 0xff0, 0x2000),
				at(step(call, 0x310, 0x400, 0x314), 0xfe0, 0x2000), at(step(ret, 0x404, 0x540, 0), 0xff0, 0x2000)},
			"call 0x200, call 0x300, call 0x400, return 0x540"},
		{"with another X29",
			[]Transfer{step(call, 0x100, 0x200, 0x104), at(step(call, 0x210, 0x300, 0x214), 0xff0, 0x2000),
				at(step(call, 0x310, 0x400, 0x314), 0xfe0, 0x2000), at(step(ret, 0x404, 0x240, 0), 0xff0, 0x2008)},
			"call 0x200, call 0x300, call 0x400, return 0x240"},
		{"not so far up", []Transfer{step(call, 0x100, 0x200, 0x104),
			at(step(call, 0x210, 0x300, 0x214), 0xff0, 0x2000), at(step(ret, 0x304, 0x240, 0), 0xfe0, 0x2000)},
			"call 0x200, call 0x300, return 0x240"},

		{"a jump within a function", []Transfer{step(call, 0x100, 0x200, 0x104), step(jump, 0x210, 0x240, 0),
			step(ret, 0x250, 0x104, 0)}, "call 0x200, return 0x104"},
		{"to one that isn't known", []Transfer{step(call, 0x100, 0x200, 0x104), step(jump, 0x210, 0xa40, 0x77),
			step(ret, 0xa50, 0x104, 0)}, "call 0x200, return 0x104"},
		{"a tail call", []Transfer{step(call, 0x100, 0x200, 0x104), step(jump, 0x210, 0x300, 0x104),
			step(ret, 0x304, 0x104, 0)}, "call 0x200, return 0x104"},
		{"of a hooked function", []Transfer{step(call, 0x100, 0x200, 0x104), step(jump, 0x210, 0x300, 0x900),
			step(ret, 0x304, 0x900, 0), step(ret, 0x910, 0x104, 0)}, "call 0x200, return 0x900, return 0x104"},
		{"a tail call that is lost", []Transfer{step(call, 0x100, 0x200, 0x104), step(jump, 0x210, 0x300, 0x108),
			step(ret, 0x304, 0x104, 0)}, "conflict 0x210"},
		{"on its way to a call", []Transfer{step(call, 0x100, 0x200, 0x104), step(link, 0x20c, 0, 0x218),
			step(jump, 0x210, 0x300, 0x218), step(ret, 0x304, 0x104, 0)}, "call 0x200, return 0x104"},
	} {
		for i := range tt.log {
			tt.log[i].Step = uint32(2 * i)
			if tt.log[i].Kind == emu.Call {
				tt.log[i].Back = 0
			}
		}
		classified, err := Log{tt.log}.classified(&facts, nil)
		var got []string
		if err == nil {
			for t := range classified.Forwards() {
				got = append(got, fmt.Sprintf("%s %#x", t.Kind, t.To))
			}
		}
		text := strings.Join(got, ", ")
		var conflict *Conflict
		if errors.As(err, &conflict) {
			text = "conflict " + strings.Fields(conflict.What)[3]
		}
		if text != tt.want {
			t.Errorf("%s: %s (%v); want %s", tt.name, text, err, tt.want)
		}
	}
}

// A run that interrupts another can't end calls of that one: neither by a tail call nor upwards.
func TestClassifiedAboveABase(t *testing.T) {
	facts := Facts{Function: func(addr uint64) uint64 { return addr &^ 0xff }}
	under := &Base{nodes: []node{{addr: 0x104, sp: 0x1010, fp: 0x2000, parent: noNode},
		{addr: 0x208, sp: 0x1000, fp: 0x2000, parent: 0}}}
	for _, kind := range []emu.TransferKind{emu.Return, emu.Jump} {
		log := Log{{{Step: 2, Kind: kind, From: 0x810, To: 0x300, SP: 0x1000, FP: 0x2000, LR: 0x104},
			{Step: 4, Kind: emu.Jump, From: 0x310, To: 0x320}}}
		classified, err := log.classified(&facts, under)
		if kind == emu.Jump {
			if !errors.Is(err, ErrConflict) {
				t.Errorf("a jump: %v, %v", classified, err)
			}
			continue
		}
		if err != nil || len(classified) != 1 || len(classified[0]) != 1 || classified[0][0].To != 0x300 {
			t.Errorf("a return: %v, %v", classified, err)
		}
	}
}
