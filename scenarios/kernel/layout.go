// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"fmt"
	"stacksweep/unwind"
)

// layout reads offsets and symbols of a kernel, and remembers the first error.
type layout struct {
	*Kernel
	err error
}

func (k *Kernel) layout() *layout { return &layout{Kernel: k} }

func (l *layout) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// offset returns where in a struct a member is.
func (l *layout) offset(structName, path string) uint64 {
	off, err := l.types.Offset(structName, path)
	if err != nil {
		l.fail(err)
	}
	return off
}

func (l *layout) size(structName string) uint64 {
	size, err := l.types.Size(structName)
	if err != nil {
		l.fail(err)
	}
	return size
}

// has reports whether a struct has a member.
func (l *layout) has(structName, path string) bool {
	_, err := l.types.Offset(structName, path)
	return err == nil
}

// symbol returns the address of a symbol of the kernel's, or of a stub.
func (l *layout) symbol(name string) uint64 {
	if s, ok := l.stubs.Symbols.Lookup(name); ok {
		return s.Addr
	}
	addr, ok := l.lookup(name)
	if !ok {
		l.fail(fmt.Errorf("%s: %w: it has no %s", l.image.Name, ErrUnsuitable, name))
	}
	return addr
}

// function returns the range of a function, padding included.
func (l *layout) function(name string) unwind.Range {
	l.symbol(name)
	s, _ := l.image.Symbols.Lookup(name)
	return unwind.Range{Start: s.Addr, End: s.Addr + s.Size}
}

// pacMask has the bits of a kernel address that the emulated CPU's pointer authentication uses: with the MMU off all
// above 47, but 55, which tells kernel addresses from user ones.
const pacMask = 0xff7f000000000000

// kernel describes the kernel for an unwinder.
func (l *layout) kernel() *unwind.Kernel {
	g := &unwind.GraphLayout{
		Generation:   unwind.GraphStructs,
		RetStack:     l.offset("task_struct", "ret_stack"),
		CurrRetStack: l.offset("task_struct", "curr_ret_stack"),
		EntrySize:    l.size("ftrace_ret_stack"),
		Ret:          l.offset("ftrace_ret_stack", "ret"),
		Func:         l.offset("ftrace_ret_stack", "func"),
		Retp:         l.offset("ftrace_ret_stack", "retp"),
	}
	// Tracers got an index when several of them came to share a shadow stack, which became one of words then.
	if l.has("fgraph_ops", "idx") {
		g.Generation = unwind.GraphWords
	}
	described := &unwind.Kernel{
		Regs:            l.regs,
		Graph:           g,
		ReturnToHandler: l.function("return_to_handler"),
		Kretprobe: &unwind.KretprobeLayout{
			Instances: l.offset("task_struct", "kretprobe_instances"),
			Node:      l.offset("kretprobe_instance", "llist"),
			RetAddr:   l.offset("kretprobe_instance", "ret_addr"),
			FP:        l.offset("kretprobe_instance", "fp"),
		},
		KretprobeTrampoline: l.symbol("__kretprobe_trampoline"),
		PACMask:             pacMask,
	}
	if l.sframe != nil {
		described.SFrame = l.sframe
	}
	if l.cfi != nil {
		described.CFI = l.cfi
	}
	return described
}
