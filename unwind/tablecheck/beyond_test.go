// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// beyond has rows that name other registers than SP, X29 and X30, or expressions. The bytes of .cfi_escape are
// DW_CFA_expression x29 (DW_OP_breg31 (sp): 0), and DW_CFA_def_cfa_expression (DW_OP_breg0 (x0): 0; DW_OP_deref), by
// readelf --debug-dump=frames.
const beyond = `
	.text
	.type waits, %function
waits:	.cfi_startproc
	mov x19, x30
	.cfi_register x30, x19
	nop
	ret x19
	.cfi_endproc
	.size waits, .-waits
	.type pushes, %function
pushes:	.cfi_startproc
	str x29, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_escape 0x10, 29, 2, 0x8f, 0
	nop
	stp x19, x20, [sp, #-16]!
	.cfi_def_cfa_offset 32
	nop
	ldp x19, x20, [sp], #16
	.cfi_def_cfa_offset 16
	ldr x29, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	ret
	.cfi_endproc
	.size pushes, .-pushes
	.type elsewhere, %function
elsewhere: .cfi_startproc
	.cfi_escape 0x0f, 3, 0x70, 0, 0x06
	nop
	ret
	.cfi_endproc
	.size elsewhere, .-elsewhere
`

// TestBeyond makes sure that everything that is called undecided is listed, with what the row says, and that a register
// saved at SP and a number is judged.
func TestBeyond(t *testing.T) {
	check := checked(t, beyond)
	var out bytes.Buffer
	check.WriteText(&out, true)
	want := strings.TrimPrefix(`
pushes+0xc..+0x14: 2 instructions
    table: CFA=sp+32 RA=x30 FP=[sp+0]
    code:  the word at SP+0 is overwritten since pushes+0x8: stp x19, x20, [sp,#-16]!
undecided: waits+0x4..+0xc: RA=x19, which isn't followed
undecided: elsewhere+0x0..+0x8: CFA=exp, which isn't followed
3 FDEs: 6 instructions agree with the code, 2 disagree, 4 undecided (in 2 functions)
`, "\n")
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	out.Reset()
	if err := check.WriteJSON(&out, true); err != nil {
		t.Fatal(err)
	}
	line := `{"type":"undecided","source":"table","place":"waits+0x4..+0xc",`
	if !strings.Contains(out.String(), line) {
		t.Errorf("the JSON lines have no %s:\n%s", line, &out)
	}
}
