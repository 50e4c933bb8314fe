// SPDX-License-Identifier: GPL-2.0-only

package uc

// #include "recorder.h"
import "C"

import "unsafe"

// The log entries have the memory layout of the C structs of the same name (layout.go). Steps count from the
// start of the buffers.

// A Store is one write to memory: Size bytes at Addr held Old and then New.
type Store struct {
	Step     uint32
	Size     uint8
	Addr     uint64
	Old, New uint64
}

// FrameRegs are SP, X29 and X30 before instruction Step, and PSTATE without NZCV.
type FrameRegs struct {
	Step       uint32
	PState     uint32
	SP, FP, LR uint64
}

// A Transfer is a call, return or exception. SP, FP and LR are as on arrival at To.
type Transfer struct {
	Step       uint32
	Kind       uint8
	To         uint64
	SP, FP, LR uint64
}

// Kinds of transfers.
const (
	Call            = C.TRANSFER_CALL
	Return          = C.TRANSFER_RETURN
	ExceptionReturn = C.TRANSFER_EXCEPTION_RETURN
	Exception       = C.TRANSFER_EXCEPTION
	Jump            = C.TRANSFER_JUMP
	Link            = C.TRANSFER_LINK
)

// Regs are the general registers, SP, PC and PSTATE.
type Regs struct {
	X              [31]uint64
	SP, PC, PState uint64
}

// MinStores is the least length of Buffers.Stores.
const MinStores = C.RECORDER_MIN_STORES

// Buffers take the log of one run. Their lengths are their capacities: PC, Frames, Transfers and Full need MaxSteps
// entries, Stores at least MinStores. A nil buffer is not logged, but PC is
// needed; without Frames, only Transfers and Stores may be.
type Buffers struct {
	MaxSteps  int
	PC        []uint64
	Stores    []Store
	Frames    []FrameRegs
	Transfers []Transfer
	Full      []Regs
}

// A Reason says why a run ended.
type Reason int

// The reasons. Only the first two are not failures.
const (
	Until         Reason = C.STOP_UNTIL     // the next instruction is the one asked for
	Full          Reason = C.STOP_FULL      // MaxSteps done, or Stores nearly full
	Fault         Reason = C.STOP_FAULT     // memory that is not there or not permitted
	ExceptionRose Reason = C.STOP_EXCEPTION // an exception that has no handler
	Invalid       Reason = C.STOP_INVALID   // an instruction that is undefined or unknown to the engine
	Lost          Reason = C.STOP_LOST      // the recorder's account of SP, X29 and X30 was wrong: a bug of its own
	EngineFailed  Reason = C.STOP_ENGINE    // any other error
)

// An Outcome says how a run ended and how much it logged.
type Outcome struct {
	Reason                           Reason
	Steps, Stores, Frames, Transfers int
	Exceptions                       int // how many of those that the run was to stop after have yet to return

	Word      uint32 // the instruction that failed; 0 when it could not be fetched
	Addr      uint64 // of the faulting access
	Access    string // "read", "write" or "fetch"
	Denial    string // "unmapped", "not permitted" or "misaligned"
	Exception int    // the engine's exception number
	Text      string // the engine's description of the error
}

// Run executes from the current PC. It stops before the instruction at until, and before the buffers overflow; calling
// it again goes on. An instruction that fails counts as not executed. If exceptions is not 0, it stops as well when so
// many more exceptions have returned than were taken.
func (e *Engine) Run(until uint64, exceptions int, b *Buffers) Outcome {
	C.recorder_run(e.r, C.uint64_t(until), C.uint32_t(exceptions), C.uint32_t(b.MaxSteps), C.uint32_t(len(b.Stores)),
		(*C.uint64_t)(unsafe.SliceData(b.PC)),
		(*C.struct_store)(unsafe.Pointer(unsafe.SliceData(b.Stores))),
		(*C.struct_frame_regs)(unsafe.Pointer(unsafe.SliceData(b.Frames))),
		(*C.struct_transfer)(unsafe.Pointer(unsafe.SliceData(b.Transfers))),
		(*C.struct_regs)(unsafe.Pointer(unsafe.SliceData(b.Full))))
	out, how := &e.r.out, &e.r.outcome
	o := Outcome{
		Reason:     Reason(how.reason),
		Steps:      int(out.steps),
		Stores:     int(out.num_stores),
		Frames:     int(out.num_frames),
		Transfers:  int(out.num_transfers),
		Exceptions: int(e.r.exceptions),
	}
	if o.Reason == Until || o.Reason == Full {
		return o
	}
	o.Word = uint32(how.word)
	o.Exception = int(how.exception)
	o.Text = C.GoString(C.uc_strerror(how.error))
	if o.Reason == Fault {
		o.Addr = uint64(how.fault_addr)
		o.Access, o.Denial = access(how.fault_type)
	}
	return o
}

func access(kind C.uint32_t) (name, denial string) {
	switch kind {
	case C.UC_MEM_READ_UNMAPPED:
		return "read", "unmapped"
	case C.UC_MEM_READ_PROT:
		return "read", "not permitted"
	case C.UC_MEM_WRITE_UNMAPPED:
		return "write", "unmapped"
	case C.UC_MEM_WRITE_PROT:
		return "write", "not permitted"
	case C.UC_MEM_FETCH_PROT:
		return "fetch", "not permitted"
	case C.FAULT_MISALIGNED_PC:
		return "fetch", "misaligned"
	default:
		return "fetch", "unmapped"
	}
}
