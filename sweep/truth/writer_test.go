// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"pgregory.net/rapid"

	"stacksweep/emu"
	"stacksweep/unwind"
)

// A writer makes up what a program might do. Functions begin at multiples of 0x100; what is at 0xa00 and above is in no
// known one. A second task has its stack from 0x9000 on.
type writer struct {
	t     *rapid.T
	facts Facts
	log   []Transfer
	steps int
	pc    uint64
	fp    uint64
	open  []call // of the task that runs
	other []call // of the other task
	away  bool   // the second task runs
}

const writtenHook = 0x900

func (w *writer) draw(n int) int { return rapid.IntRange(0, n-1).Draw(w.t, "n") }

func (w *writer) sp() uint64 {
	if len(w.open) == 0 {
		return w.bottom()
	}
	return w.open[len(w.open)-1].sp - uint64(16*w.draw(2))
}

func (w *writer) bottom() uint64 {
	if w.away {
		return 0xa000
	}
	return 0x8000
}

// function draws a place where a function begins.
func (w *writer) function() uint64 {
	return rapid.SampledFrom([]uint64{0x100, 0x200, 0x300, 0xa00, 0xb00}).Draw(w.t, "function")
}

// add goes on to a place by a transfer.
func (w *writer) add(kind emu.TransferKind, to, sp, fp, lr uint64) {
	w.steps += w.draw(3)
	w.log = append(w.log, Transfer{Step: uint32(w.steps), Kind: kind, From: w.pc, To: to, SP: sp, FP: fp, LR: lr})
	w.steps++
	w.pc = to
}

func (w *writer) write() {
	w.facts = Facts{Function: func(addr uint64) uint64 {
		if addr >= 0xa00 {
			return 0
		}
		return addr &^ 0xff
	}}
	if w.draw(3) > 0 {
		w.facts.Hooks = []uint64{writtenHook}
	}
	if w.draw(4) == 0 {
		w.facts.Tasks = Tasks{Others: []unwind.Stack{{Low: 0x9000, High: 0xa000}}, SP: 0x8000}
	}
	w.facts.Unfinished = w.draw(4) == 0
	w.pc, w.fp = 0x100, 0x7000
	plain := w.draw(3) == 0
	for range rapid.IntRange(1, 80).Draw(w.t, "length") {
		w.act(plain)
	}
	finishes := w.draw(10) != 0
	for finishes && (len(w.open) > 0 || w.away) {
		if w.away {
			w.turn()
		} else {
			w.back()
		}
	}
	w.steps += w.draw(3) + 1
	for range w.draw(6) / 5 { // something is changed
		if len(w.log) == 0 {
			break
		}
		t := &w.log[w.draw(len(w.log))]
		switch w.draw(4) {
		case 0:
			t.SP += 16
		case 1:
			t.FP += 16
		case 2:
			t.To += 4
		case 3:
			t.Kind = rapid.SampledFrom([]emu.TransferKind{emu.Call, emu.Return, emu.Jump, emu.Link}).Draw(w.t, "kind")
		}
	}
}

// push calls by a transfer, to return to an address.
func (w *writer) push(kind emu.TransferKind, to, back uint64) {
	sp := w.sp()
	w.open = append(w.open, call{addr: back, sp: sp, fp: w.fp, from: w.pc, isException: kind == emu.Exception})
	w.add(kind, to, sp, w.fp, back)
}

// back returns from what was called last.
func (w *writer) back() {
	n := len(w.open) - 1
	if n < 0 {
		return
	}
	o := w.open[n]
	w.open = w.open[:n]
	kind := emu.Return
	if o.isException {
		kind = emu.ExceptionReturn
		o.addr += uint64(4 * w.draw(2+w.draw(12)/11))
	} else if w.draw(6) == 0 {
		kind = emu.Jump
	}
	w.add(kind, o.addr, o.sp, o.fp, o.addr)
}

// turn switches to the other task.
func (w *writer) turn() {
	if w.facts.Tasks.Others == nil {
		return
	}
	w.push(emu.Call, 0xc00, w.pc+4)
	w.open, w.other, w.away = w.other, w.open, !w.away
	if len(w.open) == 0 {
		w.add(emu.Return, w.function(), w.bottom(), w.fp, 0)
		return
	}
	w.back()
}

func (w *writer) act(plain bool) {
	w.pc += 4
	n := w.draw(14)
	if plain {
		n /= 2
	}
	switch n {
	case 0, 1, 2:
		w.push(emu.Call, w.function(), w.pc+4)
	case 3, 4, 5:
		w.back()
	case 6: // as a switch does it
		w.add(emu.Jump, w.pc&^0xff+uint64(4*w.draw(8)), w.sp(), w.fp, 0)
	case 7: // a call without BL
		back := w.pc + 8
		w.add(emu.Link, w.pc, w.sp(), w.fp, back)
		w.push(emu.Jump, w.function(), back)
	case 8: // X30 holds something else
		w.add(emu.Link, w.pc, w.sp(), w.fp, 0x5000)
		w.add(emu.Jump, w.pc&^0xff+uint64(4*w.draw(8)), w.sp(), w.fp, 0x5000)
	case 9:
		w.push(emu.Exception, 0xe00, w.pc)
	case 10: // by a hook
		n := len(w.open) - 1
		if n < 0 || w.facts.Hooks == nil || w.open[n].isException {
			return
		}
		w.add(emu.Return, writtenHook, w.open[n].sp, w.open[n].fp, writtenHook)
		switch w.draw(4) {
		case 0: // in the place of its caller
			if n > 0 {
				w.open = w.open[:n]
			}
		case 1: // as a kretprobe
			w.add(emu.Exception, 0xe00, w.open[n].sp, w.open[n].fp, 0)
			w.open[n].isException = true
			w.open[n].addr -= uint64(4 * w.draw(2))
			w.back()
		}
	case 11: // it learns its address
		w.add(emu.Call, w.pc+4, w.sp(), w.fp, w.pc+4)
	case 12:
		w.turn()
	case 13: // as longjmp
		if n := w.draw(len(w.open) + 1); n < len(w.open) && !w.open[n].isException {
			o := w.open[n]
			w.open = w.open[:n]
			w.add(emu.Jump, o.from&^0xff+uint64(4*w.draw(8)), o.sp, o.fp, 0)
		}
	}
}
