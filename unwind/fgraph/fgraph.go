// SPDX-License-Identifier: GPL-2.0-only

// Package fgraph finds the return addresses that the function graph tracer has taken away.
//
// When a function is traced, its return address is kept on the task's shadow stack and replaced by the address of
// return_to_handler. An unwinder that meets that address asks the shadow stack for the entry whose retp is the frame
// pointer of the traced function's caller. Two generations of the shadow stack exist: an array of structs (until
// 6.10) and an array of words with tags (since 6.11). Source: kernel/trace/fgraph.c, include/linux/ftrace.h.
package fgraph

import "stacksweep/unwind"

// A Generation is a way to lay out a shadow stack.
type Generation uint8

const (
	// Structs: an array of struct ftrace_ret_stack; curr_ret_stack is the index of the newest, -1 when empty.
	Structs Generation = iota
	// Words: an array of words; curr_ret_stack is the index of the first free word, 0 when empty. Below it lies a
	// word whose low ten bits say how many words further down the newest struct begins.
	Words
)

// A Layout says where things are, as offsets in bytes. It comes from a kernel's own types (BTF or DWARF).
type Layout struct {
	Generation   Generation
	RetStack     uint64 // task_struct.ret_stack, a pointer
	CurrRetStack uint64 // task_struct.curr_ret_stack, a 32-bit signed integer
	EntrySize    uint64 // sizeof(struct ftrace_ret_stack)
	Ret          uint64 // ftrace_ret_stack.ret: the address that the traced function would have returned to
	Func         uint64 // ftrace_ret_stack.func: the traced function
	Retp         uint64 // ftrace_ret_stack.retp: on arm64, X29 at the traced function's entry
}

// distanceMask selects, in a top word, the distance to the struct (FGRAPH_FRAME_OFFSET_MASK).
const distanceMask = 0x3ff

// An Entry is one traced call.
type Entry struct {
	Ret, Func, Retp uint64
}

// A Stack is the shadow stack of one task at one moment.
type Stack struct {
	layout *Layout
	mem    unwind.Memory
	base   uint64
	curr   int
}

// Open reads the task's shadow stack pointer and position. It reports false if the task has none or its task_struct
// can't be read.
func (l *Layout) Open(mem unwind.Memory, task uint64) (Stack, bool) {
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
	if s.layout.Generation == Structs {
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
	if s.layout.Generation == Structs {
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
