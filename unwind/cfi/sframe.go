// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"stacksweep/unwind/sframe"
)

// Skipped is a function that ToSFrame left out.
type Skipped struct {
	FDE *FDE
	Err error // why: of type *Error; wraps sframe.ErrInexpressible, or what is wrong with the function's program
}

// ToSFrame converts call frame information to an SFrame V3 section that is to be loaded at address addr, sorted by
// function. Functions that can't be expressed are left out: an unwinder must find nothing there rather than something
// wrong.
//
// The rows are those that GNU as makes of the same code: SFrame knows the CFA as SP or x29 and an offset, the return
// address and x29 either unchanged or saved at an offset from the CFA (x29 only together with the return address), and
// an undefined return address; what happens to other registers makes no row. Neighbouring rows that say the same are
// joined, and rows that cover nothing dropped. There are no rows before the CFA is first defined.
//
// It differs from GNU as 2.47 where that goes wrong or doesn't look:
//
//   - GNU as remembers one state, so .cfi_restore_state gives the wrong rows where remembered states are nested.
//   - A return address saved at CFA+0 can't be told from one that isn't saved; GNU as writes it anyway.
//   - A function whose CFA is never defined gets no rows from GNU as, which in V3 says that it is an outermost frame.
//     One that has no instructions gets a row.
//   - GNU as ignores that SP is saved somewhere, though SFrame has no way to say that it isn't the CFA in the caller.
//   - GNU as refuses most bytes given by .cfi_escape, which mean here what they mean to every other reader.
func ToSFrame(info *Info, addr uint64) (*sframe.Section, []Skipped) {
	section := &sframe.Section{
		Version: sframe.V3,
		Flags:   sframe.FDESorted | sframe.FuncStartPCRel,
		ABI:     sframe.AArch64LE,
		Addr:    addr,
	}
	if info.sec.order == binary.BigEndian {
		section.ABI = sframe.AArch64BE
	}
	var skipped []Skipped
	for _, f := range info.FDEs {
		fde, err := f.toSFrame()
		if err != nil {
			skipped = append(skipped, Skipped{f, err})
			continue
		}
		section.FDEs = append(section.FDEs, fde)
	}
	return section, skipped
}

// toSFrame converts a function.
func (f *FDE) toSFrame() (sframe.FDE, error) {
	t := f.compiled()
	if t.err != nil {
		return sframe.FDE{}, t.err
	}
	rows := t.rows
	for len(rows) > 0 && rows[0].CFA.Kind == CFAUndefined {
		rows = rows[1:]
	}
	size := f.End - f.Start
	var reason string
	switch {
	case size == 0:
		reason = "the function has no instructions"
	case size > math.MaxUint32:
		reason = fmt.Sprintf("size %#x of the function", size)
	case len(rows) == 0:
		reason = "the CFA is never defined"
	case f.CIE.ReturnRegister != LR:
		reason = fmt.Sprintf("return address in %v", f.CIE.ReturnRegister)
	}
	if reason != "" {
		return sframe.FDE{}, f.inexpressible(reason)
	}
	out := sframe.FDE{Start: f.Start, Size: uint32(size), BKey: f.CIE.BKey, Signal: f.CIE.SignalFrame}
	for i := range rows {
		fre, reason := rows[i].toSFrame()
		if reason != "" {
			return sframe.FDE{}, f.inexpressible(fmt.Sprintf("row at %#x: %s", rows[i].Start, reason))
		}
		if n := len(out.FREs); n > 0 && sameFrame(out.FREs[n-1], fre) {
			continue
		}
		out.FREs = append(out.FREs, fre)
	}
	if len(out.FREs) > math.MaxUint16 {
		return sframe.FDE{}, f.inexpressible(fmt.Sprintf("%d rows", len(out.FREs)))
	}
	return out, nil
}

func (f *FDE) inexpressible(reason string) error {
	return &Error{Kind: f.sec.kind, Offset: f.Offset, Err: fmt.Errorf("%w: %s", sframe.ErrInexpressible, reason)}
}

// sameFrame says whether two rows differ in nothing but where they start.
func sameFrame(a, b sframe.FRE) bool {
	return a.Base == b.Base && a.Mangled == b.Mangled && slices.Equal(a.Words, b.Words)
}

// toSFrame converts a row: its words are the offsets of the CFA, then of the return address and of x29 where they
// are saved. Where it can't, it says why.
func (r *Row) toSFrame() (fre sframe.FRE, reason string) {
	fre.Start = uint32(r.Start - r.FDE.Start)
	if r.RA.Kind == Undefined {
		return fre, "" // an outermost frame: a row without words
	}
	switch {
	case r.CFA.Kind == CFARegister && r.CFA.Reg == SP:
		fre.Base = sframe.SP
	case r.CFA.Kind == CFARegister && r.CFA.Reg == FP:
		fre.Base = sframe.FP
	default:
		return fre, fmt.Sprintf("CFA is %v", r.CFA)
	}
	switch r.RAState {
	case RANotSigned:
	case RASignedSP:
		fre.Mangled = true
	default:
		return fre, fmt.Sprintf("return address is %v", r.RAState)
	}
	if sp := r.Rule(SP); sp.Kind != Unspecified && (sp.Kind != ValOffset || sp.Offset != 0) {
		return fre, fmt.Sprintf("sp is %v, not the CFA", sp)
	}
	for _, reg := range []Register{PC, RASignState} {
		if rule := r.Rule(reg); rule.Kind != Unspecified {
			return fre, fmt.Sprintf("%v is %v", reg, rule)
		}
	}
	offsets := []int64{r.CFA.Offset}
	switch {
	case r.RA.Kind == Offset && r.RA.Offset != 0:
		offsets = append(offsets, r.RA.Offset)
	case r.RA.Kind != Unspecified && r.RA.Kind != SameValue:
		return fre, fmt.Sprintf("return address is %v", r.RA)
	}
	switch r.FP.Kind {
	case Offset:
		if len(offsets) == 1 {
			return fre, "x29 is saved, the return address isn't"
		}
		offsets = append(offsets, r.FP.Offset)
	case Unspecified, SameValue:
	default:
		return fre, fmt.Sprintf("x29 is %v", r.FP)
	}
	for _, o := range offsets {
		if o != int64(int32(o)) {
			return fre, fmt.Sprintf("offset %d", o)
		}
		fre.Words = append(fre.Words, int32(o))
	}
	return fre, ""
}
