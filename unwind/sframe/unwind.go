// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"errors"

	"stacksweep/unwind"
)

// Row implements [unwind.Table]: it is [Table.Lookup] in the terms of an unwinder.
func (t *Table) Row(pc uint64) (unwind.Row, unwind.Failure) {
	r, err := t.Lookup(pc)
	switch {
	case errors.Is(err, ErrNoFDE), errors.Is(err, ErrNoRow):
		return unwind.Row{}, unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	case err != nil:
		return unwind.Row{}, unwind.Failure{Reason: unwind.UnsupportedRule, Addr: pc}
	case r.Outermost:
		return unwind.Row{}, unwind.Failure{Reason: unwind.Outermost, Addr: pc}
	}
	return unwind.Row{
		FromFP: r.CFABase == FP, CFA: r.CFAOffset,
		RASaved: r.RA.Kind == AtCFA, RA: r.RA.Offset,
		FPSaved: r.FP.Kind == AtCFA, FP: r.FP.Offset,
	}, unwind.Failure{}
}
