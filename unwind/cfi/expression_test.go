// SPDX-License-Identifier: GPL-2.0-only

package cfi

import "testing"

// The bytes are those that readelf shows as DW_OP_breg31 (sp): 8 and so on.
func TestAddress(t *testing.T) {
	for _, tt := range []struct {
		rule   Rule
		base   Register
		offset int64
		ok     bool
	}{
		{Rule{Kind: Expression, Expr: []byte{0x8f, 8}}, SP, 8, true},
		{Rule{Kind: Expression, Expr: []byte{0x8d, 0x90, 0x7f}}, FP, -112, true},
		{Rule{Kind: Expression, Expr: []byte{0x70, 0}}, 0, 0, true},
		{rule: Rule{Kind: Expression, Expr: []byte{0x8f, 8, 0x06}}},    // dereferenced
		{rule: Rule{Kind: Expression, Expr: []byte{0x8f, 0x80}}},       // cut off
		{rule: Rule{Kind: Expression, Expr: []byte{0x8f}}},             // without the number
		{rule: Rule{Kind: Expression, Expr: []byte{0x92, 31, 8}}},      // DW_OP_bregx
		{rule: Rule{Kind: ValExpression, Expr: []byte{0x8f, 8}}},       // the value itself
		{rule: Rule{Kind: Offset, Offset: -16, Expr: []byte{0x8f, 8}}}, // no expression
	} {
		base, offset, ok := tt.rule.Address()
		if ok != tt.ok || ok && (base != tt.base || offset != tt.offset) {
			t.Errorf("%v % x: %v%+d, %v; want %v%+d, %v", tt.rule, tt.rule.Expr, base, offset, ok, tt.base,
				tt.offset, tt.ok)
		}
	}
	regs := &Registers{SP: 0x1000}
	v, err := Rule{Kind: Expression, Expr: []byte{0x8f, 8}}.value(FP, 0x2000, regs, func(addr uint64) (uint64, error) {
		return addr + 1, nil
	})
	if err != nil || v != 0x1009 {
		t.Errorf("the value saved at SP+8: %#x, %v", v, err)
	}
}
