// SPDX-License-Identifier: GPL-2.0-only

// Framepointers judges the smallest unwinder against files of test vectors: it follows frame records, and believes that
// a walk which ends at X29 = 0 is complete.
package main

import (
	"fmt"
	"os"

	"stacksweep/testkit"
)

func main() {
	status := 0
	for _, file := range os.Args[1:] {
		f, err := testkit.Open(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		report := testkit.Judge(f, unwind)
		fmt.Println(report)
		if report.Unsound() > 0 {
			status = 1
		}
	}
	os.Exit(status)
}

func unwind(p *testkit.Point) testkit.Answer {
	a := testkit.Answer{Frames: []uint64{p.Regs.PC}}
	for fp := p.Regs.X[29]; fp != 0; {
		next, ok := p.Memory.Word(fp)
		lr, ok2 := p.Memory.Word(fp + 8)
		if !ok || !ok2 || next != 0 && next <= fp {
			return a
		}
		if next == 0 && lr == 0 {
			break
		}
		a.Frames = append(a.Frames, lr)
		fp = next
	}
	a.Reliable = true
	return a
}
