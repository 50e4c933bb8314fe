// SPDX-License-Identifier: GPL-2.0-only

package testkit

import (
	"fmt"
	"log"
)

// An unwinder that follows frame records is judged against test vectors. Open reads them from a file that "stacksweep
// export" has written.
func ExampleJudge() {
	f, err := Parse(sample())
	if err != nil {
		log.Fatal(err)
	}
	report := Judge(f, func(p *Point) Answer {
		frames := []uint64{p.Regs.PC}
		for fp := p.Regs.X[29]; fp != 0; {
			next, ok1 := p.Memory.Word(fp)
			lr, ok2 := p.Memory.Word(fp + 8)
			if !ok1 || !ok2 {
				return Answer{Frames: frames}
			}
			frames, fp = append(frames, lr), next
		}
		return Answer{Frames: frames, Reliable: true}
	})
	fmt.Println(f.Points, "points,", report.Unsound(), "unsound")
	// Output:
	// 2 points, 1 unsound
}
