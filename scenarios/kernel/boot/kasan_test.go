// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"errors"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
)

// TestShadow: every byte of memory has its byte of shadow, once, and none where there is none.
func TestShadow(t *testing.T) {
	const rw = emu.Read | emu.Write
	memory := []emu.Region{
		{Name: "high", Base: 0xffff8000_a0020000, Size: 0x11000, Perm: rw},
		{Name: "low", Base: 0xffff0000_10000000, Size: 0x1000, Perm: rw},
		{Name: "next", Base: 0xffff0000_10001000, Size: 0x1000, Perm: rw},
		{Name: "code", Base: 0xffff8000_80000000, Size: 0x100000, Perm: rw},
	}
	if got := (Shadow{}).Fill(memory); !cmp.Equal(got, memory) {
		t.Errorf("without KASAN memory became %v", got)
	}
	s := Shadow{0xdfff8000_00000000}
	filled := s.Fill(memory)
	again := s.Fill(filled)
	if diff := cmp.Diff(filled, again); diff != "" {
		t.Errorf("filled once more:\n%s", diff)
	}
	m, err := emu.New(emu.Config{Regions: filled})
	if err != nil {
		t.Fatalf("the machine doesn't take it: %v", err)
	}
	m.Close()
	want := append(memory[:len(memory):len(memory)],
		shadowAt(0xdfff8000_00000000+0xffff0000_10000000>>3, 0x1000),
		shadowAt(0xdfff8000_00000000+0xffff8000_80000000>>3, 0x20000),
		shadowAt(0xdfff8000_00000000+0xffff8000_a0020000>>3, 0x3000))
	if diff := cmp.Diff(want, filled); diff != "" {
		t.Errorf("its shadow (-want +got):\n%s", diff)
	}
}

func shadowAt(base, size uint64) emu.Region {
	return emu.Region{Name: shadowName, Base: base, Size: size, Perm: emu.Read | emu.Write}
}

// checked is a kernel whose initialiser makes an access that KASAN checks first; BASE is where it expects the shadow.
const checked = `
	.text
	.globl __asan_load8_noabort
__asan_load8_noabort:
	ldr x1, =BASE
	lsr x0, x0, #3
	ldrb w0, [x0, x1]
	cbnz w0, 1f
	ret
1:	brk #0x900
	.ltorg
	.section .init.text, "ax"
	.globl late
	.type late, %function
late:	stp x29, x30, [sp, #-16]!
	adrp x0, variable
	add x0, x0, #:lo12:variable
	bl __asan_load8_noabort
	mov x0, sp
	bl __asan_load8_noabort
	mov w0, #1
	adrp x1, variable
	str x0, [x1, #:lo12:variable]
	ldp x29, x30, [sp], #16
	ret
	.data
	.balign 8
	.globl variable
variable: .quad 0
`

// TestFindShadow: where the shadow is expected is found by the check itself, and a kernel with KASAN can be run.
func TestFindShadow(t *testing.T) {
	for _, base := range []string{"0xdfff800000000000", "0xdffffc0000000000"} {
		im := link(t, checked, "-DBASE="+base)
		shadow, err := FindShadow(im)
		if want, _ := strconv.ParseUint(base, 0, 64); err != nil || shadow.base != want {
			t.Errorf("base %s: found %#x, %v", base, shadow.base, err)
		}
		im, err = Run(im, []string{"late"})
		if err != nil {
			t.Fatal(err)
		}
		if got := word(t, im, "variable"); got != 1 {
			t.Errorf("base %s: the initialiser has left %d", base, got)
		}
	}
}

// TestFindShadowOfNone: a check that reads nothing is not believed.
func TestFindShadowOfNone(t *testing.T) {
	im := link(t, ".globl __asan_load8_noabort\n__asan_load8_noabort: ret\n")
	if _, err := FindShadow(im); !errors.Is(err, ErrInit) {
		t.Errorf("error %v", err)
	}
}
