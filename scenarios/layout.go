// SPDX-License-Identifier: GPL-2.0-only

package scenarios

import (
	"fmt"

	"stacksweep/image"
	"stacksweep/unwind"
	"stacksweep/unwind/cfi"
	"stacksweep/unwind/sframe"
)

// Types is where the layout of a kernel's structs comes from: BTF of a real kernel, DWARF of the corpus.
// Offsets and sizes are in bytes; a path may name a member of a member.
type Types interface {
	Offset(structName, path string) (uint64, error)
	Size(structName string) (uint64, error)
}

// layout reads offsets and symbols, and remembers the first error.
type layout struct {
	types Types
	image *image.Image
	err   error
}

func (l *layout) offset(structName, path string) uint64 {
	off, err := l.types.Offset(structName, path)
	l.fail(err)
	return off
}

func (l *layout) size(structName string) uint64 {
	size, err := l.types.Size(structName)
	l.fail(err)
	return size
}

// symbol returns the address of a symbol.
func (l *layout) symbol(name string) uint64 {
	s, ok := l.image.Symbols.Lookup(name)
	if !ok {
		l.fail(fmt.Errorf("%s has no symbol %s", l.image.Name, name))
	}
	return s.Addr
}

// function returns the range of a function.
func (l *layout) function(name string) unwind.Range {
	s, ok := l.image.Symbols.Lookup(name)
	if !ok {
		l.fail(fmt.Errorf("%s has no function %s", l.image.Name, name))
	}
	return unwind.Range{Start: s.Addr, End: s.Addr + s.Size}
}

func (l *layout) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// kernel describes the kernel in the image, for an unwinder.
func (l *layout) kernel() *unwind.Kernel {
	k := &unwind.Kernel{
		Regs: unwind.RegsLayout{
			Size:        l.size("pt_regs"),
			X29:         l.offset("pt_regs", "regs") + 29*8,
			X30:         l.offset("pt_regs", "regs") + 30*8,
			SP:          l.offset("pt_regs", "sp"),
			PC:          l.offset("pt_regs", "pc"),
			FrameRecord: l.offset("pt_regs", "stackframe"),
		},
		Graph: &unwind.GraphLayout{
			Generation:   unwind.GraphWords,
			RetStack:     l.offset("task_struct", "ret_stack"),
			CurrRetStack: l.offset("task_struct", "curr_ret_stack"),
			EntrySize:    l.size("ftrace_ret_stack"),
			Ret:          l.offset("ftrace_ret_stack", "ret"),
			Func:         l.offset("ftrace_ret_stack", "func"),
			Retp:         l.offset("ftrace_ret_stack", "retp"),
		},
		ReturnToHandler: l.function("return_to_handler"),
		Kretprobe: &unwind.KretprobeLayout{
			Instances: l.offset("task_struct", "kretprobe_instances"),
			Node:      l.offset("kretprobe_instance", "next"),
			RetAddr:   l.offset("kretprobe_instance", "ret_addr"),
			FP:        l.offset("kretprobe_instance", "fp"),
		},
	}
	k.SFrame, k.CFI = tables(l.sframe(), l.cfi())
	return k
}

// tables are a kernel's tables, of which either may be missing.
func tables(s *sframe.Table, c *cfi.Info) (sframe, cfi unwind.Table) {
	if s != nil {
		sframe = s
	}
	if c != nil {
		cfi = c
	}
	return sframe, cfi
}

// cfi reads the image's DWARF call frame information, if it has any.
func (l *layout) cfi() *cfi.Info {
	addr, data, ok := l.image.Section(".eh_frame")
	if !ok {
		return nil
	}
	info, err := cfi.Parse(data, addr, cfi.EHFrame)
	if err != nil {
		l.fail(fmt.Errorf("%s: %w", l.image.Name, err))
	}
	return info
}

// sframe opens the image's SFrame tables, if it has any, by the kernel's rules.
func (l *layout) sframe() *sframe.Table {
	addr, data, ok := l.image.Section(".sframe")
	if !ok {
		return nil
	}
	table, err := sframe.OpenTable(data, addr, sframe.Rules{Kernel: true, Outermost: true})
	if err != nil {
		l.fail(fmt.Errorf("%s: .sframe: %w", l.image.Name, err))
	}
	return table
}
