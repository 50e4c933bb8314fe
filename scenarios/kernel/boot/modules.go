// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"encoding/binary"
	"fmt"

	"stacksweep/image"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// A Module is loaded along with a kernel, and part of its image.
type Module struct {
	Name   string
	Struct uint64       // its struct module, which a module brings along (section .gnu.linkonce.this_module)
	Text   unwind.Range // all of its code that stays
	SFrame unwind.Range // its section .sframe; of size 0: it has none
}

// ModuleOf describes a module that lies where it was loaded to. text is its code. It is false of a file that brings no
// struct module along.
func ModuleOf(im *image.Image, text unwind.Range) (m Module, ok bool) {
	m = Module{Name: im.Name, Text: text}
	m.Struct, _, ok = im.Section(".gnu.linkonce.this_module")
	if addr, data, has := im.Section(".sframe"); has && addr != 0 {
		m.SFrame = unwind.Range{Start: addr, End: addr + uint64(len(data))}
	}
	return m, ok && m.Struct != 0
}

// Knows reports whether modules can be made known to a kernel: it looks addresses up in them, and says where.
func Knows(l *guest.Layout) bool {
	_, tree := l.Image.Symbols.Lookup("mod_tree")
	_, find := l.Image.Symbols.Lookup("__module_address")
	return tree && find && l.Has("module", "mem") && l.Has("module_memory", "base") &&
		l.Has("mod_tree_root", "addr_max")
}

// Register does with modules what loading them does to what is looked up in them (add_unformed_module and
// module_finalize, kernel/module/main.c): their code is described, they are in the kernel's list and in its tree, and a
// reader of SFrame is told of their tables. im is the kernel with its modules; the kernel is asked in the end whether
// it knows each. Its error is ErrInit.
//
//	struct module            mod_tree                      modules
//	+----------------+       +--------------------+        +------+------+
//	| mem[MOD_TEXT]  |<------| root: a latch tree |        | next | prev |
//	|   base, size   |       | addr_min, addr_max |        +------+------+
//	|   mtn (a node) |       +--------------------+           |
//	| list           |<----------------------------------------+
//	+----------------+
func Register(im *image.Image, l *guest.Layout, modules []Module) (*image.Image, error) {
	r := registrar{l: l}
	r.find = l.Symbol("__module_address")
	r.insert, _ = r.optional("mod_tree_insert")
	r.list, _ = r.optional("modules")
	r.sframe, _ = r.optional("sframe_module_init")
	tree := l.Symbol("mod_tree")
	r.low = tree + l.Offset("mod_tree_root", "addr_min")
	r.high = tree + l.Offset("mod_tree_root", "addr_max")
	r.text = l.Offset("module", "mem") // MOD_TEXT is the first
	r.base, r.size = l.Offset("module_memory", "base"), l.Offset("module_memory", "size")
	r.node = l.Offset("module", "list")
	if l.Err() != nil {
		return nil, l.Err()
	}
	return change(im, func(m *machine) error {
		for _, module := range modules {
			if err := r.register(m, module); err != nil {
				return fmt.Errorf("%s: %w: %w", module.Name, ErrInit, err)
			}
		}
		return nil
	})
}

// registrar knows a kernel's functions and variables that have to do with modules, and offsets in their structs.
type registrar struct {
	l                      *guest.Layout
	find, insert, sframe   uint64
	list, low, high        uint64
	text, base, size, node uint64
}

// optional finds a symbol that a kernel may do without.
func (r *registrar) optional(name string) (addr uint64, ok bool) {
	s, ok := r.l.Image.Symbols.Lookup(name)
	return s.Addr, ok
}

func (r *registrar) register(m *machine, module Module) error {
	memory := module.Struct + r.text
	size := uint32(module.Text.End - module.Text.Start)
	if err := m.PutWord(memory+r.base, module.Text.Start); err != nil {
		return err
	}
	if err := m.Write(memory+r.size, binary.LittleEndian.AppendUint32(nil, size)); err != nil {
		return err
	}
	if err := r.widen(m, module.Text); err != nil {
		return err
	}
	if err := r.link(m, module.Struct+r.node); err != nil {
		return err
	}
	if r.insert != 0 {
		if _, err := m.call(r.insert, module.Struct); err != nil {
			return fmt.Errorf("mod_tree_insert: %w", err)
		}
	}
	if size := module.SFrame.End - module.SFrame.Start; r.sframe != 0 && size > 0 {
		if _, err := m.call(r.sframe, module.Struct, module.SFrame.Start, size, module.Text.Start,
			module.Text.End-module.Text.Start); err != nil {
			return fmt.Errorf("sframe_module_init: %w", err)
		}
	}
	found, err := m.call(r.find, module.Text.Start)
	if err == nil && found != module.Struct {
		err = fmt.Errorf("it doesn't find the module at %#x, but one at %#x", module.Struct, found)
	}
	if err != nil {
		return fmt.Errorf("__module_address: %w", err)
	}
	return nil
}

// widen makes the bounds of all modules' code contain text. As long as there is no module they are ~0 and 0.
func (r *registrar) widen(m *machine, text unwind.Range) error {
	low, err := m.Word(r.low)
	if err != nil {
		return err
	}
	high, err := m.Word(r.high)
	if err != nil {
		return err
	}
	if err := m.PutWord(r.low, min(low, text.Start)); err != nil {
		return err
	}
	return m.PutWord(r.high, max(high, text.End))
}

// link puts a node at the beginning of the list of modules, if the kernel says where that is.
func (r *registrar) link(m *machine, node uint64) error {
	if r.list == 0 {
		return nil
	}
	first, err := m.Word(r.list)
	if err != nil {
		return err
	}
	for _, w := range [][2]uint64{{node, first}, {node + 8, r.list}, {first + 8, node}, {r.list, node}} {
		if err := m.PutWord(w[0], w[1]); err != nil {
			return err
		}
	}
	return nil
}
