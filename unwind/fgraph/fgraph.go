// SPDX-License-Identifier: GPL-2.0-only

// Package fgraph finds the return addresses that the function graph tracer has taken away.
//
// When a function is traced, its return address is kept on the task's shadow stack and replaced by the address of
// return_to_handler. An unwinder that meets that address asks the shadow stack for the entry whose retp is the frame
// pointer of the traced function's caller. [unwind.GraphLayout] draws the shadow stack. Source: kernel/trace/fgraph.c,
// include/linux/ftrace.h.
package fgraph

import "stacksweep/unwind"

// distanceMask selects, in a top word, the distance to the struct (FGRAPH_FRAME_OFFSET_MASK).
const distanceMask = 0x3ff

// An Entry is one traced call.
type Entry struct {
	Ret, Func, Retp uint64
}

// A Stack is the shadow stack of one task at one moment.
type Stack struct {
	layout *unwind.GraphLayout
	mem    unwind.Memory
	base   uint64
	curr   int
}

// Open reads the task's shadow stack pointer and position. It reports false if the task has none or its task_struct
// can't be read.
func Open(l *unwind.GraphLayout, mem unwind.Memory, task uint64) (Stack, bool) {
	base, ok := mem.Word(task + l.RetStack)
	if !ok || base == 0 {
		return Stack{}, false
	}
	curr, ok := mem.Word(task + l.CurrRetStack)
	if !ok {
		return Stack{}, false
	}
	return Stack{layout: l, mem: mem, base: base, curr: int(int32(curr))}, true
}

// Top is the position to give to Next first.
func (s Stack) Top() int {
	if s.layout.Generation == unwind.GraphStructs {
		return s.curr + 1
	}
	return s.curr
}

// Next returns the newest entry below a position, and the position below that entry. It reports false when there is
// none, or when the stack is corrupt.
func (s Stack) Next(pos int) (e Entry, below int, ok bool) {
	if pos <= 0 {
		return Entry{}, 0, false
	}
	addr := s.base
	if s.layout.Generation == unwind.GraphStructs {
		below = pos - 1
		addr += uint64(below) * s.layout.EntrySize
	} else {
		top, readable := s.mem.Word(s.base + uint64(pos-1)*8)
		distance := int(top & distanceMask)
		if !readable || distance == 0 || distance > pos-1 {
			return Entry{}, 0, false
		}
		below = pos - 1 - distance
		addr += uint64(below) * 8
	}
	var ok1, ok2, ok3 bool
	e.Ret, ok1 = s.mem.Word(addr + s.layout.Ret)
	e.Func, ok2 = s.mem.Word(addr + s.layout.Func)
	e.Retp, ok3 = s.mem.Word(addr + s.layout.Retp)
	return e, below, ok1 && ok2 && ok3
}

// Find returns the true return address of the call whose caller's frame pointer is retp: the newest entry below the
// cursor with that key. An entry whose own return address is the hook belongs to a tail call between traced functions
// and is passed over. The cursor starts at 0 and moves on, so that a later search doesn't find an entry twice
// (ftrace_graph_ret_addr).
func (s Stack) Find(cursor *int, hook, retp uint64) (ret uint64, ok bool) {
	pos := *cursor
	if pos == 0 {
		pos = s.Top()
	}
	for {
		e, below, ok := s.Next(pos)
		if !ok {
			return 0, false
		}
		if e.Retp == retp && e.Ret != hook {
			*cursor = below
			return e.Ret, true
		}
		pos = below
	}
}
