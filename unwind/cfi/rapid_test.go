// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"encoding/binary"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// A tableWriter writes a program that describes a table, choosing at random among the instructions that say the same.
type tableWriter struct {
	t         *rapid.T
	program   []byte
	codeAlign uint64
	dataAlign int64
	initial   map[Register]Rule // after the CIE's instructions

	cfa     CFA
	rules   map[Register]Rule
	raState RAState
}

func (w *tableWriter) emit(op opcode, operands ...byte) {
	w.program = append(append(w.program, byte(op)), operands...)
}

func (w *tableWriter) either(label string) bool { return rapid.Bool().Draw(w.t, label) }

func uleb(v uint64) []byte { return binary.AppendUvarint(nil, v) }

func sleb(v int64) []byte {
	var out []byte
	for {
		b := byte(v & 0x7f)
		if v >>= 7; v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

// advance moves by delta units of the code alignment.
func (w *tableWriter) advance(delta uint64) {
	switch choice := rapid.IntRange(0, 4).Draw(w.t, "advance"); {
	case choice == 0 && delta < 64:
		w.emit(cfaAdvanceLoc | opcode(delta))
	case choice <= 1 && delta < 1<<8:
		w.emit(cfaAdvanceLoc1, byte(delta))
	case choice <= 2 && delta < 1<<16:
		w.emit(cfaAdvanceLoc2, binary.LittleEndian.AppendUint16(nil, uint16(delta))...)
	case choice <= 3:
		w.emit(cfaAdvanceLoc4, binary.LittleEndian.AppendUint32(nil, uint32(delta))...)
	default:
		w.emit(cfaMIPSAdvanceLoc8, binary.LittleEndian.AppendUint64(nil, delta)...)
	}
}

// become makes the current row say what is given.
func (w *tableWriter) become(cfa CFA, rules map[Register]Rule, raState RAState) {
	// A detour through another state, remembered and restored, changes nothing.
	if w.either("detour") {
		w.emit(cfaRememberState)
		w.emit(cfaDefCFA, 5, 6)
		w.emit(cfaUndefined, 7)
		w.emit(cfaSameValue, byte(FP))
		if w.raState == RANotSigned {
			w.emit(cfaAArch64NegateRAState)
		}
		w.emit(cfaRestoreState)
	}
	w.becomeCFA(cfa)
	for reg := range Register(128) {
		if before, after := w.rules[reg], rules[reg]; !cmp.Equal(before, after) {
			w.becomeRule(reg, after)
		}
	}
	if raState != w.raState {
		if w.raState == RANotSigned && raState == RASignedSP || raState == RANotSigned && w.raState == RASignedSP {
			w.emit(cfaAArch64NegateRAState)
		} else {
			w.emit(cfaAArch64SetRAState, byte(raState), 0)
		}
	}
	w.cfa, w.rules, w.raState = cfa, rules, raState
}

func (w *tableWriter) becomeCFA(cfa CFA) {
	factored := cfa.Offset%w.dataAlign == 0
	switch {
	case cfa.Kind == CFAExpression:
		w.emit(cfaDefCFAExpression, append(uleb(uint64(len(cfa.Expr))), cfa.Expr...)...)
	case w.cfa.Kind == CFARegister && w.cfa.Offset == cfa.Offset && w.either("def_cfa_register"):
		w.emit(cfaDefCFARegister, byte(cfa.Reg))
	case w.cfa.Kind == CFARegister && w.cfa.Reg == cfa.Reg && cfa.Offset >= 0 && w.either("def_cfa_offset"):
		w.emit(cfaDefCFAOffset, uleb(uint64(cfa.Offset))...)
	case w.cfa.Kind == CFARegister && w.cfa.Reg == cfa.Reg && factored && w.either("def_cfa_offset_sf"):
		w.emit(cfaDefCFAOffsetSF, sleb(cfa.Offset/w.dataAlign)...)
	case cfa.Offset < 0 || factored && w.either("def_cfa_sf"):
		w.emit(cfaDefCFASF, append([]byte{byte(cfa.Reg)}, sleb(cfa.Offset/w.dataAlign)...)...)
	default:
		w.emit(cfaDefCFA, append([]byte{byte(cfa.Reg)}, uleb(uint64(cfa.Offset))...)...)
	}
}

func (w *tableWriter) becomeRule(reg Register, rule Rule) {
	with := func(operands []byte) []byte { return append([]byte{byte(reg)}, operands...) }
	if rule.Kind == Unspecified || cmp.Equal(rule, w.initial[reg]) {
		if reg < 64 && w.either("restore") {
			w.emit(cfaRestore | opcode(reg))
		} else {
			w.emit(cfaRestoreExtended, byte(reg))
		}
		return
	}
	n := rule.Offset / w.dataAlign
	expr := append(uleb(uint64(len(rule.Expr))), rule.Expr...)
	switch rule.Kind {
	case Undefined:
		w.emit(cfaUndefined, byte(reg))
	case SameValue:
		w.emit(cfaSameValue, byte(reg))
	case InRegister:
		w.emit(cfaRegister, byte(reg), byte(rule.Reg))
	case Expression:
		w.emit(cfaExpression, with(expr)...)
	case ValExpression:
		w.emit(cfaValExpression, with(expr)...)
	case Offset:
		switch {
		case n >= 0 && reg < 64 && w.either("offset"):
			w.emit(cfaOffset|opcode(reg), uleb(uint64(n))...)
		case n >= 0 && w.either("offset_extended"):
			w.emit(cfaOffsetExtended, with(uleb(uint64(n)))...)
		case n <= 0 && w.either("negative_offset"):
			w.emit(cfaGNUNegativeOffsetExtended, with(uleb(uint64(-n)))...)
		default:
			w.emit(cfaOffsetExtendedSF, with(sleb(n))...)
		}
	case ValOffset:
		if n >= 0 && w.either("val_offset") {
			w.emit(cfaValOffset, with(uleb(uint64(n)))...)
		} else {
			w.emit(cfaValOffsetSF, with(sleb(n))...)
		}
	}
}

// drawCFA and drawRule draw something that can be said with the given data alignment.
func drawCFA(t *rapid.T, align int64) CFA {
	if rapid.IntRange(0, 9).Draw(t, "CFA kind") == 0 {
		return CFA{Kind: CFAExpression, Expr: rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "expression")}
	}
	offset := rapid.Int64Range(0, 1<<40).Draw(t, "CFA offset")
	if rapid.IntRange(0, 9).Draw(t, "negative") == 0 {
		offset = -offset / align * align
	}
	return CFA{Kind: CFARegister, Reg: Register(rapid.IntRange(0, 127).Draw(t, "CFA register")), Offset: offset}
}

func drawRule(t *rapid.T, align int64) Rule {
	rule := Rule{Kind: RuleKind(rapid.IntRange(int(Undefined), int(ValExpression)).Draw(t, "rule"))}
	switch rule.Kind {
	case Offset, ValOffset:
		rule.Offset = rapid.Int64Range(-1<<40, 1<<40).Draw(t, "factor") * align
	case InRegister:
		rule.Reg = Register(rapid.IntRange(0, 127).Draw(t, "in register"))
	case Expression, ValExpression:
		rule.Expr = rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "expression")
	}
	return rule
}

// TestTables writes random tables as programs, in random words, and reads them back.
func TestTables(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &tableWriter{
			t:         t,
			codeAlign: uint64(rapid.SampledFrom([]int{1, 4}).Draw(t, "code alignment")),
			dataAlign: int64(rapid.SampledFrom([]int{-8, -4, -1, 1, 8}).Draw(t, "data alignment")),
			rules:     map[Register]Rule{},
		}
		registers := rapid.SliceOfNDistinct(rapid.IntRange(0, 127), 1, 12, rapid.ID).Draw(t, "registers")
		drawRules := func(base map[Register]Rule) map[Register]Rule {
			rules := maps.Clone(base)
			for range rapid.IntRange(0, 4).Draw(t, "changes") {
				reg := Register(rapid.SampledFrom(registers).Draw(t, "register"))
				if initial, ok := w.initial[reg]; ok && rapid.Bool().Draw(t, "back") {
					rules[reg] = initial
				} else if _, ok := w.initial[reg]; !ok && rapid.Bool().Draw(t, "none") {
					delete(rules, reg)
				} else {
					rules[reg] = drawRule(t, w.dataAlign)
				}
			}
			return rules
		}
		cfa := drawCFA(t, w.dataAlign)
		w.becomeCFA(cfa)
		w.cfa = cfa
		initial := drawRules(w.rules)
		for reg, rule := range initial {
			w.becomeRule(reg, rule)
		}
		w.rules, w.initial = initial, initial
		inCIE := w.program
		w.program = nil

		var want []Row
		at := uint64(0x10000)
		for i := range rapid.IntRange(1, 20).Draw(t, "rows") {
			if i > 0 {
				delta := rapid.Uint64Range(1, 1<<20).Draw(t, "delta")
				w.advance(delta)
				at += delta * w.codeAlign
				want[i-1].End = at
			}
			w.become(drawCFA(t, w.dataAlign), drawRules(w.rules), RAState(rapid.IntRange(0, 2).Draw(t, "state")))
			row := Row{Start: at, CFA: w.cfa, RA: w.rules[LR], FP: w.rules[FP], RAState: w.raState}
			for _, reg := range slices.Sorted(maps.Keys(w.rules)) {
				row.Rules = append(row.Rules, RegisterRule{reg, w.rules[reg]})
			}
			want = append(want, row)
		}
		end := at + 4
		want[len(want)-1].End = end

		s := newSection(DebugFrame)
		body := append([]byte{1, 0, byte(w.codeAlign)}, sleb(w.dataAlign)...)
		cie := s.entry(^uint64(0), append(append(body, byte(LR)), inCIE...))
		s.fde(cie, 0x10000, end-0x10000, w.program...)
		info, err := Parse(s.data, 0, DebugFrame)
		if err != nil {
			t.Fatal(err)
		}
		got, err := info.FDEs[0].Rows()
		if err != nil {
			t.Fatal(err)
		}
		diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Row{}, "FDE", "SigningPC"))
		if diff != "" {
			t.Fatalf("% x\n% x\n(-want +got):\n%s", inCIE, w.program, diff)
		}
	})
}
