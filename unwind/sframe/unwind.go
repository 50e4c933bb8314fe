// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"errors"

	"stacksweep/unwind"
)

// Row implements [unwind.Table]: it is [Table.Lookup] in the terms of an unwinder. It remembers the rows of each
// function that it was asked about, if nothing is wrong with any of them.
func (t *Table) Row(pc uint64) (unwind.Row, unwind.Failure) {
	if i, err := t.find(pc); err == nil {
		f := &t.funcs[i]
		if offset := pc - f.start; offset < uint64(f.size) {
			rows := t.read[i].Load()
			if rows == nil {
				rows = t.rowsOf(i)
				t.read[i].Store(rows)
			}
			if rows.complete {
				return rows.row(uint32(offset), pc)
			}
		}
	}
	r, err := t.Lookup(pc)
	return inTerms(pc, &r, err)
}

// inTerms turns what was looked up into the terms of an unwinder.
func inTerms(pc uint64, r *Row, err error) (unwind.Row, unwind.Failure) {
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

// functionRows are the rows of a function in the terms of an unwinder.
type functionRows struct {
	complete bool // otherwise each row has to be looked up
	starts   []uint32
	rows     []unwindRow
}

type unwindRow struct {
	row    unwind.Row
	reason unwind.Reason
}

// row returns the last row that starts at or before an offset into the function.
func (f *functionRows) row(offset uint32, pc uint64) (unwind.Row, unwind.Failure) {
	n := len(f.starts)
	for n > 0 && f.starts[n-1] > offset {
		n--
	}
	if n == 0 {
		return unwind.Row{}, unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	}
	r := &f.rows[n-1]
	if r.reason != unwind.None {
		return unwind.Row{}, unwind.Failure{Reason: r.reason, Addr: pc}
	}
	return r.row, unwind.Failure{}
}

// manyRows is how many rows of a function are looked up one by one.
const manyRows = 64

// rowsOf reads the rows of function i, counted in the order that is searched.
func (t *Table) rowsOf(i int) *functionRows {
	all := &functionRows{}
	f, err := t.descriptor(i)
	if err != nil || f.fdeType() != Default || f.mask() || f.width() == 0 || f.numFREs == 0 || f.numFREs > manyRows {
		return all
	}
	at := f.rows
	for n := range int(f.numFREs) {
		r, err := t.readFRE(t.data, at, f.width())
		if err != nil || r.start >= f.size || n > 0 && r.start <= all.starts[n-1] {
			return all
		}
		at = r.next
		var row Row
		err = t.row(&row, &f, r.start)
		found, failure := inTerms(t.funcs[i].start+uint64(r.start), &row, err)
		if failure.Reason == unwind.UnsupportedRule {
			return all
		}
		all.starts = append(all.starts, r.start)
		all.rows = append(all.rows, unwindRow{found, failure.Reason})
	}
	all.complete = true
	return all
}
