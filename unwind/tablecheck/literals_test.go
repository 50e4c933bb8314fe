// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// literals has data in code: a literal pool after a function, one between functions, aligned by NOPs, and a table with
// a label. The words are those that readelf --symbols shows after $d.
const literals = `
	.text
	.type first, %function
first:	.cfi_startproc
	ldr x0, =0x123456789abcdef0
	ret
	.cfi_endproc
	.size first, .-first
	nop
	.ltorg
	nop
	nop
	.balign 16
	.type second, %function
second:	.cfi_startproc
	ret
	.cfi_endproc
	.size second, .-second
table:	.quad 1, 2 // a label
	.type bare, %function
bare:	ldr x0, =0x23456789abcdef01
	ret
	.ltorg
	.size bare, .-bare
`

// TestLiterals makes sure that data isn't called code without unwind information, while the code around it is.
func TestLiterals(t *testing.T) {
	check := checked(t, literals)
	var got []string
	for i := range check.Holes {
		got = append(got, string(check.Holes[i].Kind)+" "+check.Holes[i].String())
	}
	if diff := cmp.Diff([]string{"no-fde bare+0x0..+0xc"}, got); diff != "" {
		t.Errorf("holes, -want +got:\n%s", diff)
	}
	checkPartition(t, check)
}
