// SPDX-License-Identifier: GPL-2.0-only

// Package uc is the only part of the project that knows the Unicorn engine.
//
// It binds the little of libunicorn that is needed to run arm64 code, and adds a recorder, written in C, that logs
// every executed instruction into buffers of the caller (recorder.h). Nothing calls back into Go.
//
// Both Unicorn 2.0.1 and 2.1 are supported. The build tag unicorn_static links the whole program statically.
package uc

// #cgo CFLAGS: -O2 -std=gnu11 -Wall
// #include "recorder.h"
// #include <stdlib.h>
import "C"

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// PageSize is the granularity of guest memory in bytes.
const PageSize = 4096

// Permissions of a region, as Unicorn numbers them.
const (
	PermRead  = C.UC_PROT_READ
	PermWrite = C.UC_PROT_WRITE
	PermExec  = C.UC_PROT_EXEC
)

// A Region is a stretch of guest memory. Base and Size are multiples of PageSize.
type Region struct {
	Base, Size uint64
	Perms      uint32
	Data       []byte    // what it begins with; the rest is zero
	Mapped     FilePages // the first bytes of Data
}

// FilePages are pages of a file. They are mapped privately: what changes in them is copied, and the file stays as it
// is. Offset and Size are multiples of PageSize, and FD must be open until the region is.
type FilePages struct {
	FD     int
	Offset int64
	Size   uint64 // 0: none
}

// An Engine is one emulated CPU with its memory. It may be used by one goroutine at a time.
type Engine struct {
	r       *C.struct_recorder
	regions *C.struct_region
	layout  layout
	host    [][]byte // the memory of each region
	regs    Regs     // for Regs to be read into
	effects [][]byte // what the recorder knows of each region's code; nil when it is not executable
	loads   []byte   // words, 8 bytes each, that were loaded from; nil: not wanted
}

// Open makes an engine with an ARM64 CPU of model "max", which starts in EL1h. The regions must be sorted by base and
// must not overlap. The engine notes up to as many loads as wanted: see Loads.
func Open(regions []Region, loads int) (*Engine, error) {
	layout := layoutOf(regions, loads)
	if e := again(&layout, regions); e != nil {
		return e, nil
	}
	e := &Engine{
		r:       (*C.struct_recorder)(C.calloc(1, C.sizeof_struct_recorder)),
		layout:  layout,
		regions: (*C.struct_region)(C.calloc(C.size_t(len(regions)+1), C.sizeof_struct_region)),
	}
	if err := e.open(regions, loads); err != nil {
		e.free() // not Close: some of the memory may be missing
		return nil, err
	}
	return e, nil
}

func (e *Engine) open(regions []Region, loads int) error {
	mapped := unsafe.Slice(e.regions, len(regions))
	for i, g := range regions {
		host, err := mmap(g.Size)
		if err != nil {
			return fmt.Errorf("memory for the region at %#x: %w", g.Base, err)
		}
		e.host = append(e.host, host)
		if err := mapFile(host, g.Mapped); err != nil {
			return fmt.Errorf("map the region at %#x: %w", g.Base, err)
		}
		copy(host[g.Mapped.Size:], g.Data[g.Mapped.Size:])
		mapped[i] = C.struct_region{
			base:  C.uint64_t(g.Base),
			size:  C.uint64_t(g.Size),
			host:  (*C.uint8_t)(unsafe.Pointer(&host[0])),
			perms: C.uint32_t(g.Perms),
		}
		if g.Perms&PermExec == 0 {
			continue
		}
		effects, err := mmap(g.Size / 4 * C.sizeof_effect)
		if err != nil {
			return fmt.Errorf("memory for the code at %#x: %w", g.Base, err)
		}
		e.effects = append(e.effects, effects)
		mapped[i].effects = (*C.effect)(unsafe.Pointer(&effects[0]))
	}
	var noted *C.uint64_t
	if loads > 0 {
		var err error
		if e.loads, err = mmap(8 * uint64(loads)); err != nil {
			return fmt.Errorf("memory for %d loads: %w", loads, err)
		}
		noted = (*C.uint64_t)(unsafe.Pointer(&e.loads[0]))
	}
	return check(C.recorder_open(e.r, e.regions, C.uint32_t(len(regions)), noted, C.uint32_t(loads)), "open the engine")
}

// mmap returns zeroed memory that the garbage collector neither owns nor moves; untouched pages cost nothing.
func mmap(size uint64) ([]byte, error) {
	if size > 1<<46 {
		return nil, syscall.ENOMEM
	}
	return syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
}

// mapFile puts pages of a file in the place of the first pages of memory from mmap.
func mapFile(memory []byte, pages FilePages) error {
	if pages.Size == 0 {
		return nil
	}
	_, err := unix.MmapPtr(pages.FD, pages.Offset, unsafe.Pointer(&memory[0]), uintptr(pages.Size),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED|unix.MAP_NORESERVE)
	return err
}

// Close releases the engine and its memory. Slices from Host must not be used any more.
func (e *Engine) Close() {
	if e.r == nil {
		return
	}
	if !putAside(e) {
		e.free()
	}
	*e = Engine{}
}

func (e *Engine) free() {
	C.recorder_close(e.r)
	C.free(unsafe.Pointer(e.r))
	C.free(unsafe.Pointer(e.regions))
	for _, m := range append(append(e.host, e.effects...), e.loads) {
		if m != nil {
			syscall.Munmap(m)
		}
	}
}

// Host returns the memory of region i. The guest sees what is written there; CodeChanged must follow a change of code.
func (e *Engine) Host(i int) []byte { return e.host[i] }

// Loads returns the addresses of the words, multiples of 8, that were loaded from since the last call, in order, valid
// until the next run. all is false if there were more than Open was told.
func (e *Engine) Loads() (addrs []uint64, all bool) {
	n := int(e.r.num_loads)
	e.r.num_loads = 0
	if e.loads == nil || n > len(e.loads)/8 {
		return nil, false
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(&e.loads[0])), n), true
}

// CodeChanged drops what was translated from the given bytes, so that new code is executed.
func (e *Engine) CodeChanged(addr, size uint64) error {
	return check(C.recorder_code_changed(e.r, C.uint64_t(addr), C.uint64_t(size)), "drop translated code")
}

// SetVectors sets the address of the exception vectors. With 0, the default, every exception ends the run; otherwise
// BRK goes on at the vector for synchronous exceptions from EL1h.
func (e *Engine) SetVectors(addr uint64) { e.r.vectors = C.uint64_t(addr) }

// SetDataAborts says whether an access to memory that is not there, or not permitted, goes on at the vectors as well.
// Runs then need Buffers.Stores, from which what the instruction has stored before is taken back.
func (e *Engine) SetDataAborts(on bool) {
	e.r.data_aborts = 0
	if on {
		e.r.data_aborts = 1
	}
}

// An Error is a failure of a call into the engine that is not the guest's doing.
type Error struct {
	Call   string // what was attempted
	Reason string // in the engine's words
}

func (e *Error) Error() string { return e.Call + ": " + e.Reason }

func check(code C.uc_err, call string) error {
	if code == C.UC_ERR_OK {
		return nil
	}
	return &Error{Call: call, Reason: C.GoString(C.uc_strerror(code))}
}

// Version is the version of the libunicorn in use, major.minor.
func Version() string {
	var major, minor C.uint
	C.uc_version(&major, &minor)
	return fmt.Sprintf("%d.%d", major, minor)
}
