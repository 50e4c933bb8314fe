// SPDX-License-Identifier: GPL-2.0-only

package kunwind_test

import (
	"fmt"
	"slices"

	"stacksweep/unwind"
	"stacksweep/unwind/kunwind"
)

// words is memory by address.
type words map[uint64]uint64

func (w words) Word(addr uint64) (uint64, bool) {
	v, ok := w[addr]
	return v, ok
}

// A profile is one generation of the kernel's unwinder. Here 6.17's walks two frame records up to the FINAL one, which
// lies in the pt_regs at the bottom of the task's stack.
func Example() {
	const low, ptRegs, high = 0x8000, 0x8e00, 0x9000
	kernel := &unwind.Layout{
		Regs:    unwind.RegsLayout{Size: 336, X29: 232, X30: 240, SP: 248, PC: 256, FrameRecord: 296},
		PACMask: 0xff7f_0000_0000_0000,
	}
	mem := words{
		0x8100: 0x8200, 0x8108: 0xffff800080010040, // the innermost record: the next one's address, a return address
		0x8200: ptRegs + 296, 0x8208: 0xffff800080010080,
		ptRegs + 296: 0, ptRegs + 304: 0, ptRegs + 312: unwind.MetaFinal,
	}
	profiles := kunwind.Profiles()
	i := slices.IndexFunc(profiles, func(p kunwind.Profile) bool { return p.Name == "v6.17" })
	walker := kunwind.New(profiles[i], kernel)
	task := unwind.Task{
		Mem:    mem,
		Start:  unwind.Start{Kind: unwind.FromCaller, PC: 0xffff800080010000, FP: 0x8100},
		PtRegs: ptRegs,
		Stacks: []unwind.Stack{{Name: "task", Low: low, High: high}},
	}
	var trace unwind.Trace
	walker.Walk(&task, &trace)
	for _, f := range trace.Frames {
		fmt.Printf("%#x\n", f.PC)
	}
	fmt.Println("reliable:", trace.Reliable)
	// Output:
	// 0xffff800080010000
	// 0xffff800080010040
	// 0xffff800080010080
	// reliable: true
}
