// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"fmt"

	"stacksweep/unwind/cfi"
	"stacksweep/unwind/sframe"
)

// A Rule is what a table says about an instruction: how the caller is to be found.
type Rule struct {
	OnFP      bool // the CFA is X29 + CFAOffset, else SP + CFAOffset
	CFAOffset int64
	RA, FP    Place
	Signed    bool // the return address carries an authentication code
	Outermost bool // there is no caller; the rest says nothing
}

// A Place is where a register of the caller is: still in the register, or saved at Base + Offset.
type Place struct {
	Saved  bool
	Offset int64
	Base   Base
}

// Base is what the place of a saved register is relative to.
type Base uint8

// The bases.
const (
	OfCFA Base = iota
	OfSP       // SP at the instruction that the rule is for
	OfX29      // X29 there
)

// AnnotatedLeaf is what an annotation without any directive says: nothing has happened to the frame.
var AnnotatedLeaf = Rule{}

// String writes a rule like "CFA=sp+32 RA=c-24 FP=c-32 signed".
func (r Rule) String() string {
	if r.Outermost {
		return "outermost"
	}
	base := "sp"
	if r.OnFP {
		base = "x29"
	}
	text := fmt.Sprintf("CFA=%s%+d RA=%s FP=%s", base, r.CFAOffset, r.RA.text("x30"), r.FP.text("x29"))
	if r.Signed {
		text += " signed"
	}
	return text
}

func (p Place) text(register string) string {
	switch {
	case !p.Saved:
		return register
	case p.Base == OfSP:
		return fmt.Sprintf("[sp%+d]", p.Offset)
	case p.Base == OfX29:
		return fmt.Sprintf("[x29%+d]", p.Offset)
	}
	return fmt.Sprintf("c%+d", p.Offset)
}

// FromSFrame translates a row of an SFrame section for AArch64. It reports false where the row says more than a Rule
// can.
func FromSFrame(row *sframe.Row) (Rule, bool) {
	if row.Outermost {
		return Rule{Outermost: true}, true
	}
	ra, okRA := placeOfSFrame(row.RA)
	fp, okFP := placeOfSFrame(row.FP)
	ok := okRA && okFP && row.CFABase != sframe.Other && !row.CFADeref
	return Rule{OnFP: row.CFABase == sframe.FP, CFAOffset: row.CFAOffset, RA: ra, FP: fp, Signed: row.Mangled}, ok
}

func placeOfSFrame(r sframe.Rule) (Place, bool) {
	switch r.Kind {
	case sframe.Retained:
		return Place{}, true
	case sframe.AtCFA:
		return Place{Saved: true, Offset: r.Offset}, true
	case sframe.AtReg:
		return placeAt(cfi.Register(r.Reg), r.Offset)
	}
	return Place{}, false
}

// placeAt is the place at a register and a number, if the code's effect on that register is followed.
func placeAt(base cfi.Register, offset int64) (Place, bool) {
	switch base {
	case cfi.SP:
		return Place{Saved: true, Base: OfSP, Offset: offset}, true
	case cfi.FP:
		return Place{Saved: true, Base: OfX29, Offset: offset}, true
	}
	return Place{}, false
}

// FromCFI translates a row of DWARF call frame information. It reports false where the row says more than a Rule can.
func FromCFI(row *cfi.Row) (Rule, bool) {
	if row.RA.Kind == cfi.Undefined {
		return Rule{Outermost: true}, true
	}
	ra, okRA := placeOfCFI(row.RA)
	fp, okFP := placeOfCFI(row.FP)
	ok := okRA && okFP && row.CFA.Kind == cfi.CFARegister && (row.CFA.Reg == cfi.SP || row.CFA.Reg == cfi.FP)
	return Rule{OnFP: row.CFA.Reg == cfi.FP, CFAOffset: row.CFA.Offset, RA: ra, FP: fp, Signed: row.RAState.Signed()},
		ok
}

func placeOfCFI(r cfi.Rule) (Place, bool) {
	switch r.Kind {
	case cfi.Unspecified, cfi.SameValue:
		return Place{}, true
	case cfi.Offset:
		return Place{Saved: true, Offset: r.Offset}, true
	case cfi.Expression:
		if base, offset, ok := r.Address(); ok {
			return placeAt(base, offset)
		}
	}
	return Place{}, false
}

// A Fact is one of the things that a rule says.
type Fact string

// The facts.
const (
	FactCFA    Fact = "cfa"
	FactRA     Fact = "ra"
	FactFP     Fact = "fp"
	FactSigned Fact = "signed"
)

// A Verdict is the outcome of comparing a rule with what the code does.
type Verdict uint8

const (
	Agrees    Verdict = iota // whoever follows the rule finds the caller
	Undecided                // what the code does isn't known
	Disagrees                // whoever follows the rule is misled
	NeverRun                 // the instruction isn't executed, so that nothing depends on the rule
)

// A Judgement says whether a rule is right from one instruction up to another.
type Judgement struct {
	From, To uint32 // bytes from the function's start
	Verdict  Verdict
	Fact     Fact // that is wrong or undecided: the first of CFA, return address, X29, signature
	// Actual is what the register or the word that the rule names holds. At the CFA: the register that it is computed
	// from.
	Actual Value
	How    How
}

// Compare judges a rule for the instructions from one offset up to another, in bytes from the function's start, and
// appends the judgements to list: one for each run of instructions with the same outcome.
func (f *Function) Compare(list []Judgement, from, to uint32, rule Rule) []Judgement {
	if to = min(to, f.Size); from >= to {
		return list
	}
	for i := f.index(from); from < to; i++ {
		row, end := &f.Rows[i], f.end(i)
		j := row.judgeRule(rule)
		j.From, j.To, j.How = from, min(end, to), row.How
		if n := len(list); n > 0 && list[n-1].To == from && list[n-1].sameOutcome(&j) {
			list[n-1].To = j.To
		} else {
			list = append(list, j)
		}
		from = end
	}
	return list
}

// end is where row i ends.
func (f *Function) end(i int) uint32 {
	if i+1 < len(f.Rows) {
		return f.Rows[i+1].Start
	}
	return f.Size
}

func (j *Judgement) sameOutcome(k *Judgement) bool {
	return j.Verdict == k.Verdict && j.Fact == k.Fact && j.Actual == k.Actual && j.How == k.How
}

// judgeRule judges a rule at one row.
func (row *Row) judgeRule(rule Rule) Judgement {
	if rule.Outermost {
		return Judgement{}
	}
	if row.How == Filler {
		return Judgement{Verdict: NeverRun}
	}
	if row.How == Unreached {
		return Judgement{Verdict: Undecided, Fact: FactCFA, Actual: Value{By: AtEntry}}
	}
	undecided := Judgement{}
	for _, fact := range [...]Fact{FactCFA, FactRA, FactFP, FactSigned} {
		switch verdict, actual := row.judgeFact(fact, &rule); {
		case verdict == Disagrees:
			return Judgement{Verdict: Disagrees, Fact: fact, Actual: actual}
		case verdict == Undecided && undecided.Verdict == Agrees:
			undecided = Judgement{Verdict: Undecided, Fact: fact, Actual: actual}
		}
	}
	return undecided
}

// judgeFact judges one of the things that a rule says.
func (row *Row) judgeFact(fact Fact, rule *Rule) (Verdict, Value) {
	switch fact {
	case FactCFA:
		return row.judgeCFA(rule)
	case FactFP:
		v, known := row.at(rule.FP, row.X29)
		return verdict(v.Kind == CallerFP, known), v
	}
	v, known := row.at(rule.RA, row.X30)
	if fact == FactSigned {
		return verdict((v.Kind == SignedRA) == rule.Signed, known), v
	}
	return verdict(v.isRA(), known), v
}

func (row *Row) judgeCFA(rule *Rule) (Verdict, Value) {
	base := row.SP
	if rule.OnFP {
		base = row.X29
	}
	switch {
	case base.Kind == Unknown:
		return Undecided, base
	case base.Kind == CFA && int64(base.Offset)+rule.CFAOffset == 0:
		return Agrees, base
	}
	return Disagrees, base
}

// at is what a place holds, given what the register holds; known is false where the code can't be followed.
func (row *Row) at(p Place, register Value) (v Value, known bool) {
	if !p.Saved {
		return register, register.Kind != Unknown
	}
	if p.Base != OfCFA {
		base := row.SP
		if p.Base == OfX29 {
			base = row.X29
		}
		if base.Kind != CFA {
			return base, false
		}
		p = Place{Saved: true, Offset: p.Offset + int64(base.Offset)}
	}
	if row.SP.Kind == CFA && p.Offset < int64(row.SP.Offset) {
		return Value{Kind: BelowSP, By: row.SP.By}, true
	}
	for _, slot := range row.Saved {
		if int64(slot.Offset) == p.Offset {
			return slot.Value, slot.Value.Kind != Unknown
		}
	}
	if p.Offset >= 0 {
		return Value{Kind: AboveFrame, By: AtEntry}, !row.Blurred
	}
	return Value{Kind: Foreign, By: row.SP.By}, !row.Blurred
}

func verdict(right, known bool) Verdict {
	switch {
	case !known:
		return Undecided
	case right:
		return Agrees
	}
	return Disagrees
}
