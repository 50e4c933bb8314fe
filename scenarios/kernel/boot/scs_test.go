// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"errors"
	"strings"
	"testing"
)

// patchable has a function that is signed, a note of where, and a patcher that goes by the note, in little.
const patchable = `
	.text
	.globl signed
	.type signed, %function
signed:
	paciasp
	ret
	.size signed, . - signed
	.section .init.text, "ax"
	.globl __pi_scs_patch
	.type __pi_scs_patch, %function
__pi_scs_patch:
	cmp x1, #8			// the size of the notes
	b.ne 1f
	cbnz x2, 1f			// a dry run is wanted first
	ldr x3, [x0]
	ldr w4, push
	str w4, [x3]
	mov w0, #RESULT
	ret
1:	mov w0, #-2
	ret
push:	str x30, [x18], #8
	.size __pi_scs_patch, . - __pi_scs_patch
	.section .data..ro_after_init, "a"
	.balign 8
	.globl __pi___eh_frame_start
__pi___eh_frame_start:
	.quad signed
	.globl __pi___eh_frame_end
__pi___eh_frame_end:
	.bss
	.globl __pi_dynamic_scs_is_enabled
	.balign 8
__pi_dynamic_scs_is_enabled: .quad 0
`

// A shadow call stack is patched in as it is at boot: by the kernel's own function, which gets what it goes by.
func TestShadowCallStackIsPatchedIn(t *testing.T) {
	im := link(t, patchable, "-DRESULT=0", "-march=armv8.3-a")
	now, err := Run(im, []string{"__pi_scs_patch"})
	if err != nil {
		t.Fatal(err)
	}
	const ret, paciasp, push = 0xd65f03c0 << 32, 0xd503233f, 0xf800865e
	if got := word(t, now, "signed"); got != ret|push {
		t.Errorf("the function is %#x, want a push to X18 and RET", got)
	}
	if got := word(t, im, "signed"); got != ret|paciasp {
		t.Errorf("in the image that was read the function has become %#x", got)
	}
	if got := word(t, now, "__pi_dynamic_scs_is_enabled"); got != 1 {
		t.Errorf("the variable that says so is %d", got)
	}
	for name, im := range map[string]struct{ source, result, want string }{
		"notes that it doesn't understand": {patchable, "-DRESULT=-3", "__pi_scs_patch: it returns -3"},
		"no notes": {strings.ReplaceAll(patchable, "__eh_frame_end", "x"), "-DRESULT=0",
			"no __pi___eh_frame_start and __pi___eh_frame_end after it"},
	} {
		_, err := Run(link(t, im.source, im.result, "-march=armv8.3-a"), []string{"__pi_scs_patch"})
		if !errors.Is(err, ErrInit) || !strings.Contains(err.Error(), im.want) {
			t.Errorf("%s: error %v, want %q", name, err, im.want)
		}
	}
}
