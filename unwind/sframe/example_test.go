// SPDX-License-Identifier: GPL-2.0-only

package sframe_test

import (
	"errors"
	"fmt"

	"stacksweep/unwind/sframe"
)

// A function that pushes a frame record, described by hand and looked up at each instruction.
func Example() {
	s := sframe.NewSection(sframe.V3, sframe.AArch64LE, 0x20000)
	saved := sframe.Row{
		CFAOffset: 32,
		RA:        sframe.Rule{Kind: sframe.AtCFA, Offset: -24},
		FP:        sframe.Rule{Kind: sframe.AtCFA, Offset: -32},
	}
	pushed, framed := saved, saved
	pushed.Start, pushed.CFABase = 4, sframe.SP
	framed.Start, framed.CFABase = 8, sframe.FP
	popped := sframe.Row{Start: 12, CFABase: sframe.SP}
	function := sframe.FDE{Start: 0x10000, Size: 16}
	if err := s.AddFunc(function, sframe.Row{CFABase: sframe.SP}, pushed, framed, popped); err != nil {
		panic(err)
	}

	table, err := sframe.NewTable(s)
	if err != nil {
		panic(err)
	}
	for pc := uint64(0x10000); ; pc += 4 {
		row, err := table.Lookup(pc)
		if errors.Is(err, sframe.ErrNoFDE) {
			break
		}
		fmt.Printf("0x%x: CFA %v%+d, RA %v, FP %v\n", pc, row.CFABase, row.CFAOffset, row.RA, row.FP)
	}
	// Output:
	// 0x10000: CFA sp+0, RA u, FP u
	// 0x10004: CFA sp+32, RA c-24, FP c-32
	// 0x10008: CFA fp+32, RA c-24, FP c-32
	// 0x1000c: CFA sp+0, RA u, FP u
}
