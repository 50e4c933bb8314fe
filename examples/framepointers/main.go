// SPDX-License-Identifier: GPL-2.0-only

// Framepointers is the smallest unwinder that can be put to the test, and a pattern for others: it follows the chain
// of frame records and never doubts it.
//
//	stacksweep sweep -walker 'exec:go run ./examples/framepointers' chain/plain
//
// A frame record is two words: the caller's X29, which points at the caller's record, and the return address
// ("Procedure Call Standard for the Arm 64-bit Architecture", The Frame Pointer).
package main

import (
	"fmt"
	"os"

	"stacksweep/unwind/external"
)

func main() {
	if err := external.Serve(os.Stdin, os.Stdout, &unwinder{}); err != nil {
		fmt.Fprintln(os.Stderr, "framepointers:", err)
		os.Exit(1)
	}
}

type unwinder struct {
	memory external.Memory
	hooks  map[external.Hex]bool
}

// Hello implements [external.Unwinder].
func (u *unwinder) Hello(h external.Hello) (external.Welcome, error) {
	u.hooks = make(map[external.Hex]bool)
	for _, a := range h.Hooks {
		u.hooks[a] = true
	}
	return external.Welcome{Name: "frame pointers", KeepsMemory: true}, nil
}

// Unwind implements [external.Unwinder].
func (u *unwinder) Unwind(p *external.Point) external.Answer {
	u.memory.Update(p.Memory)
	frames := []external.Hex{p.Regs.PC}
	for fp := uint64(p.Regs.X[29]); fp != 0; {
		next, ok := u.memory.Word(fp)
		ret, ok2 := u.memory.Word(fp + 8)
		switch {
		case !ok || !ok2:
			return external.Answer{Frames: frames, Error: fmt.Sprintf("no frame record at %#x", fp)}
		case ret == 0: // the kernel's last record
			return external.Answer{Frames: frames, Reliable: true}
		case u.hooks[external.Hex(ret)]:
			return external.Answer{Frames: frames, Error: "a return address is hooked"}
		case next != 0 && next <= fp:
			return external.Answer{Frames: frames,
				Error: fmt.Sprintf("the frame record at %#x is followed by one below it", fp)}
		}
		frames = append(frames, external.Hex(ret))
		fp = next
	}
	return external.Answer{Frames: frames, Reliable: true}
}
