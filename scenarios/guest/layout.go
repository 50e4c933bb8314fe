// SPDX-License-Identifier: GPL-2.0-only

package guest

import (
	"errors"
	"fmt"

	"stacksweep/image"
	"stacksweep/unwind"
)

// ErrUnsuitable says that an image lacks what a scenario needs.
var ErrUnsuitable = errors.New("no kernel that can be swept")

// Types is where the layout of a kernel's structs comes from: BTF of a real kernel, DWARF of the corpus.
// Offsets and sizes are in bytes; a path may name a member of a member.
type Types interface {
	Offset(structName, path string) (uint64, error)
	Size(structName string) (uint64, error)
}

// A Layout looks symbols and members up in an image, and remembers the first that is missing, so that one check at the
// end will do.
type Layout struct {
	Types Types
	Image *image.Image
	err   error
}

// Err returns the first error.
func (l *Layout) Err() error { return l.err }

// Fail notes an error, unless it is nil or there already was one.
func (l *Layout) Fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// Offset returns where in a struct a member is.
func (l *Layout) Offset(structName, path string) uint64 {
	off, err := l.Types.Offset(structName, path)
	l.Fail(err)
	return off
}

// Size returns the size of a struct.
func (l *Layout) Size(structName string) uint64 {
	size, err := l.Types.Size(structName)
	l.Fail(err)
	return size
}

// Has reports whether a struct has a member.
func (l *Layout) Has(structName, path string) bool {
	_, err := l.Types.Offset(structName, path)
	return err == nil
}

// Symbol returns the address of a symbol.
func (l *Layout) Symbol(name string) uint64 { return l.Object(name).Start }

// Object returns the range of a function or a variable. A function's includes the padding that counts as part of it.
func (l *Layout) Object(name string) unwind.Range {
	s, ok := l.Image.Symbols.Lookup(name)
	if !ok {
		l.Fail(fmt.Errorf("%s: %w: it has no %s", l.Image.Name, ErrUnsuitable, name))
	}
	return unwind.Range{Start: s.Addr, End: s.Addr + s.Size}
}

// Regs returns the layout of struct pt_regs.
func (l *Layout) Regs() unwind.RegsLayout {
	return unwind.RegsLayout{
		Size:        l.Size("pt_regs"),
		X29:         l.Offset("pt_regs", "regs") + 29*8,
		X30:         l.Offset("pt_regs", "regs") + 30*8,
		SP:          l.Offset("pt_regs", "sp"),
		PC:          l.Offset("pt_regs", "pc"),
		FrameRecord: l.Offset("pt_regs", "stackframe"),
	}
}

// Graph returns the layout of shadow stacks of a generation.
func (l *Layout) Graph(g unwind.GraphGeneration) *unwind.GraphLayout {
	return &unwind.GraphLayout{
		Generation:   g,
		RetStack:     l.Offset("task_struct", "ret_stack"),
		CurrRetStack: l.Offset("task_struct", "curr_ret_stack"),
		EntrySize:    l.Size("ftrace_ret_stack"),
		Ret:          l.Offset("ftrace_ret_stack", "ret"),
		Func:         l.Offset("ftrace_ret_stack", "func"),
		Retp:         l.Offset("ftrace_ret_stack", "retp"),
	}
}

// Kretprobe returns the layout of kretprobe instances. node is the name of the list's node in them.
func (l *Layout) Kretprobe(node string) *unwind.KretprobeLayout {
	return &unwind.KretprobeLayout{
		Instances: l.Offset("task_struct", "kretprobe_instances"),
		Node:      l.Offset("kretprobe_instance", node),
		RetAddr:   l.Offset("kretprobe_instance", "ret_addr"),
		FP:        l.Offset("kretprobe_instance", "fp"),
	}
}
