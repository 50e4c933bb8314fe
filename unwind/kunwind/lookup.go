// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"errors"

	"stacksweep/unwind"
	"stacksweep/unwind/cfi"
	"stacksweep/unwind/sframe"
)

// A row is what an unwind table says about an interrupted PC, as far as the walker can use it. Offsets are in bytes.
type row struct {
	fromFP  bool  // the CFA is X29 + cfa, else SP + cfa
	cfa     int64 // offset
	raSaved bool  // the return address is at CFA + ra, else in X30
	ra      int64
	fpSaved bool // the caller's X29 is at CFA + fp, else in X29
	fp      int64
}

// lookup finds the row for an interrupted PC, which is exact: the instruction there has not been executed yet.
func (w *Walker) lookup(pc uint64) (row, unwind.Failure) {
	if w.profile.AtException == CFI {
		return w.lookupCFI(pc)
	}
	return w.lookupSFrame(pc)
}

func (w *Walker) lookupSFrame(pc uint64) (row, unwind.Failure) {
	if w.kernel.SFrame == nil {
		return row{}, unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	}
	r, err := w.kernel.SFrame.Lookup(pc)
	switch {
	case errors.Is(err, sframe.ErrNoFDE), errors.Is(err, sframe.ErrNoRow):
		return row{}, unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	case err != nil:
		return row{}, unwind.Failure{Reason: unwind.UnsupportedRule, Addr: pc}
	case r.Outermost:
		return row{}, unwind.Failure{Reason: unwind.Outermost, Addr: pc}
	}
	return row{
		fromFP: r.CFABase == sframe.FP, cfa: r.CFAOffset,
		raSaved: r.RA.Kind == sframe.AtCFA, ra: r.RA.Offset,
		fpSaved: r.FP.Kind == sframe.AtCFA, fp: r.FP.Offset,
	}, unwind.Failure{}
}

func (w *Walker) lookupCFI(pc uint64) (row, unwind.Failure) {
	if w.kernel.CFI == nil {
		return row{}, unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	}
	r, err := w.kernel.CFI.Lookup(pc)
	unsupported := unwind.Failure{Reason: unwind.UnsupportedRule, Addr: pc}
	switch {
	case errors.Is(err, cfi.ErrNoFDE):
		return row{}, unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	case err != nil, r.CFA.Kind != cfi.CFARegister, r.CFA.Reg != cfi.SP && r.CFA.Reg != cfi.FP:
		return row{}, unsupported
	case r.RA.Kind == cfi.Undefined:
		return row{}, unwind.Failure{Reason: unwind.Outermost, Addr: pc}
	}
	found := row{fromFP: r.CFA.Reg == cfi.FP, cfa: r.CFA.Offset}
	var ok1, ok2 bool
	found.raSaved, found.ra, ok1 = savedAt(r.RA)
	found.fpSaved, found.fp, ok2 = savedAt(r.FP)
	if !ok1 || !ok2 {
		return row{}, unsupported
	}
	return found, unwind.Failure{}
}

// savedAt says whether a rule finds a register on the stack, and where; it reports false for rules that neither do
// that nor leave the register alone.
func savedAt(r cfi.Rule) (saved bool, offset int64, ok bool) {
	switch r.Kind {
	case cfi.Offset:
		return true, r.Offset, true
	case cfi.Unspecified, cfi.SameValue:
		return false, 0, true
	}
	return false, 0, false
}
