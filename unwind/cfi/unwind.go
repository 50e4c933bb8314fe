// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"errors"

	"stacksweep/unwind"
)

// Row implements [unwind.Table]: it is [Info.Lookup] in the terms of an unwinder. A CFA that isn't SP or X29 plus an
// offset, and a register that is saved anywhere but at an offset from the CFA, are unsupported.
func (info *Info) Row(pc uint64) (unwind.Row, unwind.Failure) {
	r, err := info.Lookup(pc)
	unsupported := unwind.Failure{Reason: unwind.UnsupportedRule, Addr: pc}
	switch {
	case errors.Is(err, ErrNoFDE):
		return unwind.Row{}, unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	case err != nil, r.CFA.Kind != CFARegister, r.CFA.Reg != SP && r.CFA.Reg != FP:
		return unwind.Row{}, unsupported
	case r.RA.Kind == Undefined:
		return unwind.Row{}, unwind.Failure{Reason: unwind.Outermost, Addr: pc}
	}
	found := unwind.Row{FromFP: r.CFA.Reg == FP, CFA: r.CFA.Offset}
	var ok1, ok2 bool
	found.RASaved, found.RA, ok1 = savedAt(r.RA)
	found.FPSaved, found.FP, ok2 = savedAt(r.FP)
	if !ok1 || !ok2 {
		return unwind.Row{}, unsupported
	}
	return found, unwind.Failure{}
}

// savedAt says whether a rule finds a register on the stack, and where; it reports false for rules that neither do
// that nor leave the register alone.
func savedAt(r Rule) (saved bool, offset int64, ok bool) {
	switch r.Kind {
	case Offset:
		return true, r.Offset, true
	case Unspecified, SameValue:
		return false, 0, true
	}
	return false, 0, false
}
