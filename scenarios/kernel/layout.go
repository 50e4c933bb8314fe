// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"encoding/binary"

	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// layout looks symbols and members up in a kernel.
type layout struct {
	*Kernel
	guest.Layout
}

func (k *Kernel) layout() *layout {
	return &layout{Kernel: k, Layout: guest.Layout{Types: k.types, Image: k.image}}
}

// insn returns the instruction at pc, as the image has it.
func (l *layout) insn(pc uint64) uint32 {
	m, ok := l.image.Bytes(pc, 4)
	if !ok {
		return 0
	}
	return binary.LittleEndian.Uint32(m)
}

// taskSize returns the size of the memory that a struct task_struct takes.
func (l *layout) taskSize() uint64 { return guest.PageUp(l.Size("task_struct")) }

// saved returns the offset in struct task_struct of a register of a task that doesn't run.
func (l *layout) saved(register string) uint64 {
	return l.Offset("task_struct", "thread.cpu_context."+register)
}

// kernel describes the kernel for an unwinder.
func (l *layout) kernel() *unwind.Layout {
	generation := unwind.GraphStructs
	// Tracers got an index when several of them came to share a shadow stack, which became one of words then.
	if l.Has("fgraph_ops", "idx") {
		generation = unwind.GraphWords
	}
	described := &unwind.Layout{
		Regs:                l.regs,
		Graph:               l.Graph(generation),
		ReturnToHandler:     l.Object("return_to_handler"),
		Kretprobe:           l.Kretprobe("llist"),
		KretprobeTrampoline: l.Symbol("__kretprobe_trampoline"),
		PACMask:             guest.PACMask,
	}
	l.tables.Put(described)
	// A kernel that reads SFrame itself looks up code in its own table and in those of modules: the stubs are neither.
	if described.SFrame != nil && !l.readsSFrame() {
		code := l.stubs.Segments[0]
		described.SFrame = &tablePart{described.SFrame, l.rows, unwind.Range{Start: code.Addr, End: code.End()}}
	}
	l.putModules(described)
	return described
}
