// SPDX-License-Identifier: GPL-2.0-only

package external_test

import (
	"fmt"
	"os"
	"strings"

	"stacksweep/unwind/external"
)

// frameRecords is an unwinder that follows X29.
type frameRecords struct{ mem external.Memory }

func (f *frameRecords) Hello(external.Hello) (external.Welcome, error) {
	return external.Welcome{Name: "frame records", KeepsMemory: true}, nil
}

func (f *frameRecords) Unwind(p *external.Point) external.Answer {
	f.mem.Update(p.Memory)
	a := external.Answer{Frames: []external.Hex{p.Regs.PC}}
	for fp := uint64(p.Regs.X[29]); fp != 0; {
		next, ok1 := f.mem.Word(fp)
		lr, ok2 := f.mem.Word(fp + 8)
		if !ok1 || !ok2 {
			a.Error = fmt.Sprintf("%#x can't be read", fp)
			return a
		}
		a.Frames = append(a.Frames, external.Hex(lr))
		fp = next
	}
	a.Reliable = true
	return a
}

// A program that is to be judged calls Serve with its unwinder. The input is what a sweep would send.
func ExampleServe() {
	zeros := strings.Repeat(`"0x0",`, 29)
	in := strings.NewReader(`{"type":"hello","protocol":"stacksweep-walker","version":1,"arch":"aarch64"}
{"type":"point","id":1,"kind":"call","regs":{"x":[` + zeros + `"0x1000","0x0"],"sp":"0x1000","pc":"0x400"},` +
		`"memory":[{"addr":"0x1000","data":"AAAAAAAAAAAABQAAAAAAAA=="}]}` + "\n")
	if err := external.Serve(in, os.Stdout, &frameRecords{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"type":"hello","protocol":"stacksweep-walker","version":1,"name":"frame records","keeps_memory":true}
	// {"id":1,"frames":["0x400","0x500"],"reliable":true}
}
