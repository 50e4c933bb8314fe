// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stacksweep/image"
)

// program is a kernel in little: an initialiser in text that is freed, a variable that is read-only once it is set, one
// in .bss and a per-CPU one, which is where TPIDR_EL1 = 0 points.
const program = `
	.macro FUNC name
	.globl \name
	.type \name, %function
\name:
	.endm
	.text
FUNC sframe_find_kernel
	ret
	.size sframe_find_kernel, 4
	.section .init.text, "ax"
FUNC init_sframe_table
	stp x29, x30, [sp, #-16]!
	mov x29, sp
	mrs x2, sp_el0
	ldr x3, [x2]			// the task can be read
	str x30, [x18], #8		// and a shadow call stack is there
	mov w0, #INIT
	adrp x1, sframe_init
	strb w0, [x1, #:lo12:sframe_init]
	adrp x1, pointer
	add x0, x1, #:lo12:pointer
	str x0, [x1, #:lo12:pointer]
	mrs x1, tpidr_el1
	adrp x0, percpu
	add x0, x0, #:lo12:percpu
	mov w3, #7
	str w3, [x0, x1]
	ldr x30, [x18, #-8]!
	ldp x29, x30, [sp], #16
	ret
	.size init_sframe_table, . - init_sframe_table
FUNC second
	adrp x1, sframe_init
	ldrb w0, [x1, #:lo12:sframe_init]
	add w0, w0, #1
	strb w0, [x1, #:lo12:sframe_init]
	ret
	.size second, . - second
FUNC warns
	brk #0x800
	ret
	.size warns, . - warns
FUNC faults
	mov x1, #8
	str x0, [x1]
	ret
	.size faults, . - faults
FUNC forever
	b forever
	.size forever, . - forever
	.section .data..ro_after_init, "a"
	.globl sframe_init
	.balign 8
sframe_init: .quad 0
	.data
	.globl percpu
percpu: .quad 1
	.bss
	.globl pointer
	.balign 8
	.space 0x3000
pointer: .quad 0
`

// script lays the sections out as lld does a kernel's: segments share pages.
const script = `
PHDRS { text PT_LOAD FLAGS(5); init PT_LOAD FLAGS(5); ro PT_LOAD FLAGS(4); data PT_LOAD FLAGS(6); }
SECTIONS {
	. = 0xffff800080000000;
	.text : { *(.text) } :text
	.init.text : { *(.init.text) } :init
	.ro : { *(.data..ro_after_init) } :ro
	.data : { *(.data) } :data
	.bss : { *(.bss) } :data
	/DISCARD/ : { *(.note*) *(.comment) }
}
`

func link(t *testing.T, source string, flags ...string) *image.Image {
	t.Helper()
	gcc, err := exec.LookPath("aarch64-linux-gnu-gcc")
	if err != nil {
		t.Skip("no cross compiler")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"a.S": source, "a.lds": script} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "vmlinux")
	args := append(flags, "-nostdlib", "-static", "-Wl,-T,"+filepath.Join(dir, "a.lds"), "-Wl,-z,noseparate-code",
		"-Wl,--build-id=none", "-o", file, filepath.Join(dir, "a.S"))
	if out, err := exec.Command(gcc, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	im, err := image.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func word(t *testing.T, im *image.Image, symbol string) uint64 {
	t.Helper()
	s, ok := im.Symbols.Lookup(symbol)
	if !ok {
		t.Fatalf("no %s", symbol)
	}
	return wordAt(t, im, s.Addr)
}

func wordAt(t *testing.T, im *image.Image, addr uint64) uint64 {
	t.Helper()
	b, ok := im.Bytes(addr, 8)
	if !ok {
		t.Fatalf("nothing at %s", im.Symbols.Name(addr))
	}
	return binary.LittleEndian.Uint64(b)
}

// What initialisers write is in the image that they leave, and not in the one that was read: read-only data, per-CPU
// data and what was only zeros.
func TestRun(t *testing.T) {
	im := link(t, program, "-DINIT=1")
	needed := Needed(im)
	if len(needed) != 1 || needed[0] != "init_sframe_table" {
		t.Fatalf("needed: %v", needed)
	}
	if err := Check(im, nil); !errors.Is(err, ErrInit) || !strings.Contains(err.Error(), "sframe_init is still 0") {
		t.Errorf("a reader that isn't set up: %v", err)
	}
	now, err := Run(im, append(needed, "second"))
	if err != nil {
		t.Fatal(err)
	}
	pointer, _ := im.Symbols.Lookup("pointer")
	for symbol, want := range map[string]uint64{"sframe_init": 2, "percpu": 7, "pointer": pointer.Addr} {
		if got := word(t, now, symbol); got != want {
			t.Errorf("%s is %#x, want %#x", symbol, got, want)
		}
	}
	for symbol, want := range map[string]uint64{"sframe_init": 0, "percpu": 1, "pointer": 0} {
		if got := word(t, im, symbol); got != want {
			t.Errorf("in the image that was read %s has become %#x", symbol, got)
		}
	}
	if err := Check(now, needed); err != nil {
		t.Error(err)
	}
	if same, err := Run(im, nil); err != nil || same != im {
		t.Errorf("no initialiser: %v", err)
	}
}

// An initialiser that doesn't come to its end is an error that names it and the place, and so is one that changes
// nothing.
func TestRunErrors(t *testing.T) {
	im := link(t, program, "-DINIT=0")
	for function, want := range map[string]string{
		"missing": "it has no function missing",
		"warns":   "warns: the kernel stops with a BRK (a WARN, BUG or a failed check) at warns+0x0",
		"faults":  "faults: at faults+0x4: ",
		"forever": "forever: at forever+0x0: ",
	} {
		_, err := Run(im, []string{function})
		if !errors.Is(err, ErrInit) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", function, err, want)
		}
	}
	needed := Needed(im)
	now, err := Run(im, needed)
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(now, needed); !errors.Is(err, ErrInit) || !strings.Contains(err.Error(), "sframe_init is still 0") {
		t.Errorf("an initialiser that doesn't set the variable: %v", err)
	}
	// A reader whose initialiser goes by another name.
	im = link(t, strings.ReplaceAll(program, "init_sframe_table", "other_name"), "-DINIT=1")
	if err := Check(im, nil); !errors.Is(err, ErrInit) || !strings.Contains(err.Error(), "-init FUNCTION") {
		t.Errorf("an initialiser that isn't known: %v", err)
	}
	if now, err = Run(im, []string{"other_name"}); err != nil {
		t.Fatal(err)
	}
	if err := Check(now, needed); err != nil {
		t.Errorf("an initialiser that was named: %v", err)
	}
	// A kernel without a reader needs nothing.
	im = link(t, strings.NewReplacer("init_sframe_table", "a", "sframe_find_kernel", "b").Replace(program), "-DINIT=1")
	if err := Check(im, nil); err != nil || len(Needed(im)) > 0 {
		t.Errorf("no reader: %v, %v", Needed(im), err)
	}
}
