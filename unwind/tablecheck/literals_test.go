// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/internal/testkit"
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
	as := testkit.Tool(t, "aarch64-linux-gnu-as")
	dir := t.TempDir()
	source, object := filepath.Join(dir, "literals.s"), filepath.Join(dir, "literals.o")
	if err := os.WriteFile(source, []byte(literals), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(as, "-o", object, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	im, err := image.Load(object)
	if err != nil {
		t.Fatal(err)
	}
	check, err := Run(im, Options{DWARF: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range check.Holes {
		got = append(got, string(check.Holes[i].Kind)+" "+check.Holes[i].String())
	}
	if diff := cmp.Diff([]string{"no-fde bare+0x0..+0xc"}, got); diff != "" {
		t.Errorf("holes, -want +got:\n%s", diff)
	}
	checkPartition(t, check)
}
