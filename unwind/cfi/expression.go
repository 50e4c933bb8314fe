// SPDX-License-Identifier: GPL-2.0-only

package cfi

// Operations of DWARF expressions that push a register and a number: DW_OP_breg0 to DW_OP_breg31 (DWARF 5, section
// 2.5.1.2).
const (
	opBReg0  = 0x70
	opBReg31 = 0x8f
)

// Address reports whether the value is saved at a register and a number of bytes: an [Expression] that is nothing but
// that, as assembly writes it that saves registers relative to SP. Other expressions are not evaluated.
func (r Rule) Address() (base Register, offset int64, ok bool) {
	if r.Kind != Expression || len(r.Expr) < 2 || r.Expr[0] < opBReg0 || r.Expr[0] > opBReg31 {
		return 0, 0, false
	}
	number := reader{sec: &section{data: r.Expr}, off: 1, end: len(r.Expr)}
	offset = number.sleb("number")
	return Register(r.Expr[0] - opBReg0), offset, number.err == nil && number.done()
}
