// SPDX-License-Identifier: GPL-2.0-only

package disasm

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestText(t *testing.T) {
	name := func(addr uint64) string {
		if addr == 0x1000 {
			return "callee+0x0"
		}
		return ""
	}
	for _, tt := range []struct {
		word uint32
		pc   uint64
		want string
	}{
		{0xa9bf7bfd, 0, "stp x29, x30, [sp,#-16]!"},
		{0x97fffc00, 0x2000, "bl callee+0x0"},
		{0x94000001, 0x2000, "bl 0x2004"},
		{0xd65f03c0, 0, "ret"},
		{0xaa1e03e9, 0, "mov x9, x30"},
		{0xd503233f, 0, "paciasp"},
		{0xd65f0bff, 0, "retaa"},
		{0xd63f0940, 0, ".inst 0xd63f0940"},
		{0xd63f095f, 0, "blraaz x10"},
		{0xf8e10041, 0, "ldaddal x1, x1, [x2]"},
		{0xb8210041, 0, "ldadd w1, w1, [x2]"},
		{0xdac103fe, 0, "pacia x30, sp"},
		{0xffffffff, 0, ".inst 0xffffffff"},
	} {
		if diff := cmp.Diff(tt.want, Text(tt.word, tt.pc, name)); diff != "" {
			t.Errorf("%#08x (-want +got):\n%s", tt.word, diff)
		}
	}
}
