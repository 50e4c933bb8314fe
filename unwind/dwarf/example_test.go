// SPDX-License-Identifier: GPL-2.0-only

package dwarf_test

import (
	"fmt"
	"log"

	"stacksweep/unwind"
	"stacksweep/unwind/cfi"
	"stacksweep/unwind/dwarf"
)

// words is memory by address.
type words map[uint64]uint64

func (w words) Word(addr uint64) (uint64, bool) {
	v, ok := w[addr]
	return v, ok
}

// frame is .debug_frame as readelf --debug-dump=frames shows it:
//
//	CIE  CFA = SP
//	FDE  0x1000..0x1040
//	     0x1004: CFA = SP+16, X30 at CFA-8
var frame = []byte{
	12, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 4, 0x78, 30, 0x0c, 31, 0,
	28, 0, 0, 0, 0, 0, 0, 0,
	0x00, 0x10, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0,
	0x41, 0x0e, 16, 0x9e, 1, 0, 0, 0,
}

// Code without frame records is unwound by the rows of its table.
func ExampleWalker_Walk() {
	table, err := cfi.Parse(frame, 0, cfi.DebugFrame)
	if err != nil {
		log.Fatal(err)
	}
	const low, ptRegs, high = 0x8000, 0x8e00, 0x9000
	walker := dwarf.New(&unwind.Layout{CFI: table, Regs: unwind.RegsLayout{FrameRecord: 296}})
	task := unwind.Task{
		Mem:         words{ptRegs - 8: 0x5000}, // the saved X30
		Start:       unwind.Start{PC: 0x2000},  // in the exception entry code
		Stacks:      []unwind.Stack{{Name: "task", Low: low, High: high}},
		PtRegs:      ptRegs, // the walk ends where SP and X29 point here
		Interrupted: &unwind.Registers{X: [31]uint64{29: ptRegs + 296}, SP: ptRegs - 16, PC: 0x1010},
	}
	var trace unwind.Trace
	walker.Walk(&task, &trace)
	for _, f := range trace.Frames {
		fmt.Printf("%#x\n", f.PC)
	}
	fmt.Println("reliable:", trace.Reliable)
	// Output:
	// 0x2000
	// 0x1010
	// 0x5000
	// reliable: true
}
