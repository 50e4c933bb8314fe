// SPDX-License-Identifier: GPL-2.0-only

package flow_test

import (
	"encoding/binary"
	"fmt"

	"stacksweep/unwind/flow"
)

// What a function does to its frame is found by following all of its paths: here, that of one which pushes a frame
// record.
func ExampleAnalyze() {
	var code []byte
	for _, word := range []uint32{
		0xa9bf7bfd, // stp x29, x30, [sp, #-16]!
		0x910003fd, // mov x29, sp
		0xa8c17bfd, // ldp x29, x30, [sp], #16
		0xd65f03c0, // ret
	} {
		code = binary.LittleEndian.AppendUint32(code, word)
	}
	f := flow.Analyze(code, 0x1000)
	fmt.Println(f.Class.Class)
	for _, r := range f.Rows {
		fmt.Printf("+%#x: SP is %v, X29 is %v\n", r.Start, r.SP, r.X29)
	}
	// Output:
	// framed
	// +0x0: SP is CFA, X29 is caller's X29
	// +0x4: SP is CFA-16, X29 is caller's X29
	// +0x8: SP is CFA-16, X29 is CFA-16
	// +0xc: SP is CFA, X29 is caller's X29
}
