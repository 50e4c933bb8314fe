// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// offsets are those of a kernel in little, by "struct member".
type offsets map[string]uint64

func (o offsets) Offset(structName, path string) (uint64, error) {
	if off, ok := o[structName+" "+path]; ok {
		return off, nil
	}
	return 0, fmt.Errorf("no %s.%s", structName, path)
}

func (o offsets) Size(structName string) (uint64, error) { return o.Offset(structName, "") }

var littleModule = offsets{"module list": 8, "module mem": 32, "module_memory base": 8, "module_memory size": 20,
	"mod_tree_root addr_min": 16, "mod_tree_root addr_max": 24}

// knowing is a kernel that finds the module that is first in its list, if the address is within its bounds; FORGETS
// leaves that out.
const knowing = `
	.macro VAR name, words:vararg
	.globl \name
	.balign 8
\name: .quad \words
	.endm
	.text
	.globl __module_address
__module_address:
	adrp x1, mod_tree
	add x1, x1, #:lo12:mod_tree
	ldp x2, x3, [x1, #16]
	cmp x0, x2
	b.lo 1f
	cmp x0, x3
	b.hs 1f
	adrp x1, modules
	ldr x0, [x1, #:lo12:modules]
	sub x0, x0, #8
	.ifndef FORGETS
	ret
	.endif
1:	mov x0, #0
	ret
	.globl mod_tree_insert
mod_tree_insert:
	str x0, [x0]			// noted, to be seen
	ret
	.globl sframe_module_init
sframe_module_init:
	adrp x5, told
	add x5, x5, #:lo12:told
	stp x0, x1, [x5]
	stp x2, x3, [x5, #16]
	str x4, [x5, #32]
	ret
	.data
	VAR mod_tree, 0, 0, ~0, 0
	VAR modules, modules, modules
	VAR told, 0, 0, 0, 0, 0
	VAR first, 0, 0, 0, 0, 0, 0, 0, 0
	VAR second, 0, 0, 0, 0, 0, 0, 0, 0
`

// TestRegister: a module is described, in the list and the tree, and the reader of SFrame knows its table.
func TestRegister(t *testing.T) {
	im := link(t, knowing)
	at := func(name string) uint64 {
		s, ok := im.Symbols.Lookup(name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		return s.Addr
	}
	l := &guest.Layout{Types: littleModule, Image: im}
	if !Knows(l) {
		t.Fatal("it is said not to know modules")
	}
	modules := []Module{
		{Name: "first.ko", Struct: at("first"), Text: unwind.Range{Start: 0x8000, End: 0x9000}},
		{Name: "second.ko", Struct: at("second"), Text: unwind.Range{Start: 0x4000, End: 0x5008},
			SFrame: unwind.Range{Start: 0x6000, End: 0x6100}},
	}
	got, err := Register(im, l, modules)
	if err != nil {
		t.Fatal(err)
	}
	words := func(addr uint64, want ...uint64) {
		t.Helper()
		for i, w := range want {
			if have := wordAt(t, got, addr+8*uint64(i)); have != w {
				t.Errorf("the word at %s is %#x, want %#x", im.Symbols.Name(addr+8*uint64(i)), have, w)
			}
		}
	}
	words(at("mod_tree")+16, 0x4000, 0x9000)
	words(at("modules"), at("second")+8, at("first")+8)
	words(at("second"), at("second"), at("first")+8, at("modules"), 0, 0, 0x4000, 0x1008<<32)
	words(at("first"), at("first"), at("modules"), at("second")+8, 0, 0, 0x8000, 0x1000<<32)
	words(at("told"), at("second"), 0x6000, 0x100, 0x4000, 0x1008)
}

// TestRegisterForgotten: a kernel that doesn't find what it was given is not swept.
func TestRegisterForgotten(t *testing.T) {
	im := link(t, knowing, "-Wa,--defsym,FORGETS=1")
	first, _ := im.Symbols.Lookup("first")
	_, err := Register(im, &guest.Layout{Types: littleModule, Image: im}, []Module{
		{Name: "first.ko", Struct: first.Addr, Text: unwind.Range{Start: 0x8000, End: 0x9000}}})
	if !errors.Is(err, ErrInit) || !strings.HasPrefix(err.Error(), "first.ko: ") ||
		!strings.Contains(err.Error(), "__module_address") {
		t.Errorf("error %v", err)
	}
}
