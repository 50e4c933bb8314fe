// SPDX-License-Identifier: GPL-2.0-only

package cfi

import "fmt"

// Registers are the general registers of a frame.
type Registers struct {
	X  [31]uint64 // x0 to x30; X[FP] and X[LR] are the frame pointer and the link register
	SP uint64
	PC uint64 // of the instruction to be executed next
}

// value returns a register that a rule may refer to.
func (r *Registers) value(reg Register) (uint64, error) {
	switch {
	case reg <= LR:
		return r.X[reg], nil
	case reg == SP:
		return r.SP, nil
	}
	return 0, unsupported("value of register %v", reg)
}

// CFAValue computes the canonical frame address of a frame with the given registers: what SP was at the call in its
// caller.
//
// Errors wrap [ErrExpression], [ErrNoRule] (nothing defines the CFA) or [ErrUnsupported].
func (r *Row) CFAValue(regs *Registers) (uint64, error) {
	switch r.CFA.Kind {
	case CFAUndefined:
		return 0, r.failure("CFA", ErrNoRule)
	case CFAExpression:
		return 0, r.failure("CFA", ErrExpression)
	}
	base, err := regs.value(r.CFA.Reg)
	if err != nil {
		return 0, r.failure("CFA", err)
	}
	return base + uint64(r.CFA.Offset), nil
}

// Caller computes the registers of the caller out of those of a frame in which the row holds. read returns the 64-bit
// word at an address.
//
// PC is the return address as it was found: where [RAState.Signed] holds it still carries its authentication code.
// SP is the CFA unless SP has a rule. A register without a rule keeps its value, which is right for those that every
// function must preserve (x19 to x29) and meaningless for others; so does one whose rule says it is lost. The
// vector registers are left aside.
//
// Errors wrap [ErrOutermost] (the frame has no caller), [ErrExpression], [ErrNoRule], [ErrUnsupported], or what read
// returned.
func (r *Row) Caller(regs *Registers, read func(addr uint64) (uint64, error)) (Registers, error) {
	cfa, err := r.CFAValue(regs)
	if err != nil {
		return Registers{}, err
	}
	if r.RA.Kind == Undefined {
		return Registers{}, r.failure("return address", ErrOutermost)
	}
	caller := *regs
	caller.SP = cfa
	for _, rr := range r.Rules {
		if rr.Reg > SP {
			continue
		}
		v, err := rr.Rule.value(rr.Reg, cfa, regs, read)
		if err != nil {
			return Registers{}, r.failure(rr.Reg.String(), err)
		}
		if rr.Reg == SP {
			caller.SP = v
		} else {
			caller.X[rr.Reg] = v
		}
	}
	column := r.FDE.CIE.ReturnRegister
	if column <= LR {
		caller.PC = caller.X[column]
	} else if caller.PC, err = r.RA.value(column, cfa, regs, read); err != nil {
		return Registers{}, r.failure("return address", err)
	}
	return caller, nil
}

// value computes the value of reg in the caller.
func (rule Rule) value(reg Register, cfa uint64, regs *Registers,
	read func(addr uint64) (uint64, error)) (uint64, error) {
	switch rule.Kind {
	case Unspecified, Undefined, SameValue:
		return regs.value(reg)
	case Offset:
		return read(cfa + uint64(rule.Offset))
	case ValOffset:
		return cfa + uint64(rule.Offset), nil
	case InRegister:
		return regs.value(rule.Reg)
	case Expression:
		if base, offset, ok := rule.Address(); ok {
			at, err := regs.value(base)
			if err != nil {
				return 0, err
			}
			return read(at + uint64(offset))
		}
	}
	return 0, ErrExpression
}

// failure says which value of which row couldn't be computed.
func (r *Row) failure(what string, err error) error {
	return &Error{Kind: r.FDE.sec.kind, Offset: r.FDE.Offset, Err: fmt.Errorf("row at %#x: %s: %w", r.Start, what, err)}
}
