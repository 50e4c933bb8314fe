// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"errors"
	"fmt"

	"stacksweep/emu/internal/uc"
	"stacksweep/internal/arm64"
)

// Why a run failed. They are wrapped in a RunError.
var (
	// ErrLimit: RunOptions.Limit instructions were executed without arriving at RunOptions.Until.
	ErrLimit = errors.New("instruction limit reached")
	// ErrFault: an access to memory that is not mapped or not permitted.
	ErrFault = errors.New("memory fault")
	// ErrException: an exception that is not vectored, such as SVC, or BRK without Config.Vectors.
	ErrException = errors.New("unhandled exception")
	// ErrInstruction: an instruction that is undefined, or unknown to the engine.
	ErrInstruction = errors.New("undefined instruction")
	// ErrEngine: the engine or the recorder failed; not the guest's doing.
	ErrEngine = errors.New("emulator failure")
)

// ErrUnlogged says that memory was changed in a way that the recording does not have.
var ErrUnlogged = errors.New("unlogged change of memory")

// A RunError is a run that did not arrive where it should. The machine stands before the instruction at PC, which was
// not executed.
type RunError struct {
	Err    error // one of ErrLimit, ErrFault, ErrException, ErrInstruction, ErrEngine
	Step   int   // number of instructions executed before
	PC     uint64
	Word   uint32 // the instruction at PC; 0 when it could not be fetched
	Detail string // what happened, may be empty

	Addr     uint64 // ErrFault: the address of the access
	Access   string // ErrFault: "read", "write" or "fetch"
	Syndrome uint64 // ErrException: ESR_EL1 as the CPU would have set it, where it is known
}

func (e *RunError) Error() string {
	text := fmt.Sprintf("%v at pc %#x, step %d", e.Err, e.PC, e.Step)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Unwrap returns the sentinel.
func (e *RunError) Unwrap() error { return e.Err }

// runError describes the failure of a run after step instructions.
func (m *Machine) runError(o *uc.Outcome, step int) *RunError {
	e := &RunError{Step: step, PC: m.engine.PC(), Word: o.Word}
	switch o.Reason {
	case uc.Fault:
		e.Err, e.Addr, e.Access = ErrFault, o.Addr, o.Access
		e.Detail = fmt.Sprintf("%s at %#x, %s", o.Access, o.Addr, o.Denial)
	case uc.ExceptionRose:
		e.Err = ErrException
		e.Detail, e.Syndrome = describeException(o)
	case uc.Invalid:
		e.Err, e.Detail = ErrInstruction, fmt.Sprintf("word %#08x", o.Word)
	case uc.Lost:
		e.Err, e.Detail = ErrEngine, "the recorder lost track of SP, X29 and X30"
	default:
		e.Err, e.Detail = ErrEngine, o.Text
	}
	return e
}

// describeException names the exception by the instruction that raised it. Exception classes are those of ESR_ELx.EC.
func describeException(o *uc.Outcome) (detail string, syndrome uint64) {
	imm := o.Word >> 5 & 0xffff
	for _, g := range []struct {
		name  string
		word  uint32
		class uint64
	}{
		{"svc", arm64.SVC, 0x15},
		{"hvc", arm64.HVC, 0x16},
		{"smc", arm64.SMC, 0x17},
		{"brk", arm64.BRK, 0x3c},
	} {
		if o.Word&arm64.OperandMask == g.word {
			const instructionIs32Bit = 1 << 25
			return fmt.Sprintf("%s #%#x", g.name, imm), g.class<<26 | instructionIs32Bit | uint64(imm)
		}
	}
	if o.Text != "" && o.Exception == 0 {
		return o.Text, 0
	}
	return fmt.Sprintf("exception %d", o.Exception), 0
}
