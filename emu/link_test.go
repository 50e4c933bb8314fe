// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// While X30 is as a Link has set it, branches are transfers: until the next call, return or load of X30.
func TestBranchesAfterLink(t *testing.T) {
	code := words(
		0x14000001, // b +4
		0x1000005e, // adr x30, +8
		0x14000002, // b +8
		0xd503201f, // nop
		0xb4000040, // cbz x0, +8: not taken
		0xd503201f, // nop
		0x14000002, // b +8
		0xd503201f, // nop
		0x94000001, // bl +4
		0x14000001, // b +4
	)
	for _, mode := range []Mode{Sparse, Full, Transfers} {
		m := newMachine(t, config(code), startRegs())
		var r *Recording
		for range 2 { // what was executed before is logged in a shorter way
			var err error
			if err = m.SetRegs(startRegs()); err == nil {
				r, err = m.Record(RunOptions{Until: codeBase + uint64(len(code)), Mode: mode})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		fp, link := startRegs().X[29], uint64(codeBase+0xc)
		want := []Transfer{
			{1, Link, codeBase + 8, stackTop, fp, link},
			{2, Jump, codeBase + 0x10, stackTop, fp, link},
			{5, Jump, codeBase + 0x20, stackTop, fp, link},
			{6, Call, codeBase + 0x24, stackTop, fp, codeBase + 0x24},
		}
		if diff := cmp.Diff(want, flatten(r).Transfers); diff != "" {
			t.Error(diff)
		}
	}
}
