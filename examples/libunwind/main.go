// SPDX-License-Identifier: GPL-2.0-only

//go:build libunwind

// Libunwind puts libunwind, the library that perf and many crash reporters unwind with, to the test.
//
//	stacksweep sweep -walker "exec:$(go run ./tools/libunwind)" chain/plain
//
// Debian's libunwind reads arm64 only on arm64, so this program is one for arm64: tools/libunwind builds it with the
// cross compiler and the arm64 package, and names the command that runs it in QEMU. On an arm64 machine that has
// libunwind-dev it is built like any other: go build -tags libunwind ./examples/libunwind.
//
// The library unwinds "remotely" (libunwind(3), unw_create_addr_space(3)): whatever it wants to know it asks for. Its
// registers and memory are a point's, and its call frame information is the .eh_frame of the image. It gives back one
// caller per step, until it says that there is none.
package main

import (
	"fmt"
	"os"

	"stacksweep/unwind/external"
)

func main() {
	if err := external.Serve(os.Stdin, os.Stdout, &unwinder{}); err != nil {
		fmt.Fprintln(os.Stderr, "libunwind:", err)
		os.Exit(1)
	}
}

type unwinder struct{}

// Hello implements [external.Unwinder].
func (*unwinder) Hello(h external.Hello) (external.Welcome, error) {
	w := external.Welcome{Name: "libunwind " + version(), KeepsMemory: true}
	if h.Path == "" {
		return w, nil // all that is left to libunwind is to guess
	}
	return w, readImage(h.Path)
}

// Unwind implements [external.Unwinder].
func (*unwinder) Unwind(p *external.Point) external.Answer {
	for _, m := range p.Memory {
		setMemory(uint64(m.Addr), m.Data)
	}
	pcs, err := backtrace(p)
	a := external.Answer{Reliable: err == nil}
	if err != nil {
		a.Error = err.Error()
	}
	for _, pc := range pcs {
		a.Frames = append(a.Frames, external.Hex(pc))
	}
	return a
}

const maxFrames = 128 // a corrupt stack can look like one without end

// backtrace returns the PC and the return addresses of its callers. With an error they are those that were found before
// it.
//
// libunwind says of no backtrace that it is complete. Where code has no call frame information it takes X30 for the
// return address, which is right at best in the innermost frame: further out it gives the same frame again. So a
// backtrace is taken for complete if it ends in code without any, or libunwind says that there is no caller, and X29
// points at the last frame record, which is in the pt_regs at the bottom of the task's stack.
func backtrace(p *external.Point) (pcs []uint64, err error) {
	if err := begin(&p.Regs); err != nil {
		return nil, err
	}
	last := func(f frame) error {
		if f.fp >= uint64(p.PtRegs) && len(p.Stacks) > 0 && f.fp < uint64(p.Stacks[0].High) {
			return nil
		}
		return fmt.Errorf("it ends at %#x, whose X29 is not at the last frame record", f.pc)
	}
	for len(pcs) < maxFrames {
		f, err := at()
		if err != nil {
			return pcs, err
		}
		pcs = append(pcs, f.pc)
		if !f.covered && len(pcs) > 1 {
			return pcs, last(f)
		}
		more, err := step()
		if err != nil {
			return pcs, err
		}
		if caller, err := at(); !more || err == nil && caller.pc == f.pc && caller.sp == f.sp {
			return pcs, last(f)
		}
	}
	return pcs, fmt.Errorf("more than %d frames", maxFrames)
}
