// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"fmt"
	"slices"
)

// A Row says how to find the caller's registers from Start up to End, not included. Its slices are shared with
// other rows: don't change them.
type Row struct {
	Start, End uint64 // addresses
	FDE        *FDE   // the function that the row belongs to

	CFA CFA
	RA  Rule // the return address: the rule of the CIE's ReturnRegister, which is x30 but in odd code
	FP  Rule // x29

	// Rules of all registers that have one, RA and FP included, sorted by register.
	Rules []RegisterRule

	RAState   RAState // how the return address is signed, so what has to be removed from it
	SigningPC uint64  // for RASignedSPPC: the address of the instruction that signed it
}

// Rule returns the rule of a register; a register without one has the zero Rule.
func (r *Row) Rule(reg Register) Rule {
	i, ok := slices.BinarySearchFunc(r.Rules, reg, RegisterRule.compare)
	if !ok {
		return Rule{}
	}
	return r.Rules[i].Rule
}

// CFAKind says how a CFA is computed.
type CFAKind uint8

const (
	CFAUndefined  CFAKind = iota // not at all: nothing has defined it
	CFARegister                  // the value of Reg, plus Offset
	CFAExpression                // the value of a DWARF expression
)

// CFA says how to compute the canonical frame address, the value of SP at the call in the caller.
type CFA struct {
	Kind   CFAKind
	Reg    Register
	Offset int64  // bytes
	Expr   []byte // the expression of a CFAExpression
}

// String writes a CFA as readelf does: "sp+16", "exp".
func (c CFA) String() string {
	switch c.Kind {
	case CFARegister:
		return fmt.Sprintf("%v%+d", c.Reg, c.Offset)
	case CFAExpression:
		return "exp"
	}
	return "undefined"
}

// RuleKind says how a register's value in the caller is found.
type RuleKind uint8

const (
	Unspecified   RuleKind = iota // no rule: a register that functions must preserve is unchanged, another one lost
	Undefined                     // lost; for the return address: there is no caller
	SameValue                     // unchanged
	Offset                        // saved at CFA + Offset
	ValOffset                     // CFA + Offset itself
	InRegister                    // in register Reg
	Expression                    // saved at the address that a DWARF expression computes
	ValExpression                 // the value of a DWARF expression
)

// Rule says how to find a register's value in the caller (DWARF 5, section 6.4.1). The zero Rule says nothing.
type Rule struct {
	Kind   RuleKind
	Reg    Register // of InRegister
	Offset int64    // of Offset and ValOffset: bytes
	Expr   []byte   // of Expression and ValExpression
}

// String writes a rule as readelf does: "c-16", "v+0", "s", "u", "x5", "exp", "vexp"; "-" when there is none, which
// readelf doesn't tell from "u".
func (r Rule) String() string {
	switch r.Kind {
	case Unspecified:
		return "-"
	case Undefined:
		return "u"
	case SameValue:
		return "s"
	case Offset:
		return fmt.Sprintf("c%+d", r.Offset)
	case ValOffset:
		return fmt.Sprintf("v%+d", r.Offset)
	case InRegister:
		return r.Reg.String()
	case Expression:
		return "exp"
	case ValExpression:
		return "vexp"
	}
	return fmt.Sprintf("rule of kind %d", uint8(r.Kind))
}

// A RegisterRule is a register with its rule.
type RegisterRule struct {
	Reg  Register
	Rule Rule
}

func (r RegisterRule) compare(reg Register) int { return int(r.Reg) - int(reg) }

// RAState says whether, and how, the return address is signed by pointer authentication: the values of the
// pseudo-register RA_SIGN_STATE (aadwarf64, "DWARF register names" and "Call frame instructions"). With which key,
// the CIE says. Only the instructions made for it change it: a rule that another one gives to RA_SIGN_STATE
// is found among the rules of the row.
type RAState uint8

const (
	RANotSigned  RAState = iota
	RASignedSP           // with SP as the modifier: PACIASP and kin
	RASignedSPPC         // with SP and the address of the signing instruction: PACIASPPC and kin
)

// Signed reports whether the return address carries an authentication code.
func (s RAState) Signed() bool { return s != RANotSigned }

func (s RAState) String() string {
	switch s {
	case RANotSigned:
		return "not signed"
	case RASignedSP:
		return "signed"
	case RASignedSPPC:
		return "signed with pc"
	}
	return fmt.Sprintf("state %d", uint8(s))
}
