// SPDX-License-Identifier: GPL-2.0-only

//go:build libunwind

package main

/*
#cgo LDFLAGS: -lunwind-generic -llzma
#include "library.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"stacksweep/unwind/external"
)

// An entry says where a function starts and where its FDE is, both as offsets from the .eh_frame.
type entry struct{ start, fde int32 }

func version() string { return fmt.Sprintf("%d.%d", C.UNW_VERSION_MAJOR, C.UNW_VERSION_MINOR) }

// setMemory sets bytes at an address: a new area, or a part of one that is there.
func setMemory(addr uint64, data []byte) {
	if len(data) > 0 {
		C.set_memory(C.uint64_t(addr), unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)))
	}
}

// setTable says where the FDEs are of functions from the first entry's up to end.
func setTable(section uint64, table []entry, end uint64) {
	C.set_table(C.uint64_t(section), unsafe.Pointer(unsafe.SliceData(table)), C.size_t(len(table)), C.uint64_t(end))
}

// begin starts a backtrace at registers.
func begin(r *external.Registers) error {
	var x [31]C.uint64_t
	for i := range x {
		x[i] = C.uint64_t(r.X[i])
	}
	return failure(C.begin(&x[0], C.uint64_t(r.SP), C.uint64_t(r.PC)))
}

// A frame is where a backtrace is at, and whether there is call frame information for the instruction.
type frame struct {
	pc, sp, fp uint64
	covered    bool
}

func at() (frame, error) {
	var f C.struct_frame
	err := failure(C.get(&f))
	return frame{uint64(f.pc), uint64(f.sp), uint64(f.fp), f.covered != 0}, err
}

// step goes on to the caller, if libunwind says that there is one.
func step() (more bool, err error) {
	n := C.step()
	return n > 0, failure(n)
}

func failure(code C.int) error {
	if code >= 0 {
		return nil
	}
	return errors.New(C.GoString(C.unw_strerror(code)))
}
