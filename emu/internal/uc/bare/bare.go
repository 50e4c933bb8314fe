// SPDX-License-Identifier: GPL-2.0-only

// Package bare runs code in the engine under hooks that do as little as can be. What that costs is the least that the
// recorder can cost: benchmarks compare the two, and nothing else uses the package.
package bare

// #cgo CFLAGS: -O2 -std=gnu11 -Wall
// #cgo pkg-config: unicorn
// #include <stdlib.h>
// #include "bare.h"
import "C"

import (
	"errors"
	"unsafe"
)

// Where code and data are, and the size of each in bytes.
const (
	CodeBase = 0xffff800080000000
	DataBase = 0xffff000010000000
	size     = 1 << 16
)

// An Engine executes code.
type Engine struct{ b *C.struct_bare }

// New makes an engine with some code. If notes is set, the address of each instruction is noted and each store, which
// must be of eight bytes, is done by a hook; otherwise instructions are only counted.
func New(code []byte, notes bool) (*Engine, error) {
	e := &Engine{(*C.struct_bare)(C.calloc(1, C.sizeof_struct_bare))}
	var pc *C.uint64_t
	stores := C.int(0)
	if notes {
		pc, stores = (*C.uint64_t)(pages(8*C.BARE_PCS)), 1
	}
	text := pages(size)
	copy(unsafe.Slice((*byte)(text), size), code)
	return e, check(C.bare_open(e.b, CodeBase, (*C.uint8_t)(text), size, DataBase, (*C.uint8_t)(pages(size)), size, pc,
		stores))
}

// pages returns zeroed memory. It is not freed: a benchmark needs little of it.
func pages(n C.size_t) unsafe.Pointer {
	p := C.aligned_alloc(1<<12, n)
	clear(unsafe.Slice((*byte)(p), n))
	return p
}

// Run executes so many instructions from an offset in the code on.
func (e *Engine) Run(offset uint64, instructions int) error {
	return check(C.bare_run(e.b, C.uint64_t(CodeBase+offset), C.uint64_t(instructions)))
}

// Close releases the engine.
func (e *Engine) Close() { C.uc_close(e.b.uc) }

func check(err C.uc_err) error {
	if err == C.UC_ERR_OK {
		return nil
	}
	return errors.New(C.GoString(C.uc_strerror(err)))
}
