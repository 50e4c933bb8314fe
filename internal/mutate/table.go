// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"fmt"

	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// A tableKind is one of a kernel's unwind tables.
type tableKind struct {
	name   string
	of     func(k *unwind.Layout) *unwind.Table
	reader string // how the names of the walkers that go by it begin
}

var tableKinds = []tableKind{
	{"SFrame", func(k *unwind.Layout) *unwind.Table { return &k.SFrame }, "sframe"},
	{"CFI", func(k *unwind.Layout) *unwind.Table { return &k.CFI }, "cfi"},
}

// An askedTable notes which rows are asked for.
type askedTable struct {
	unwind.Table
	asked map[uint64]bool
}

func (t *askedTable) Row(pc uint64) (unwind.Row, unwind.Failure) {
	t.asked[pc] = true
	return t.Table.Row(pc)
}

// noteAsked makes a run note which rows of its tables are asked for, by the kind of table.
func noteAsked(run *scenarios.Run) (asked []map[uint64]bool) {
	if run.Kernel == nil {
		return make([]map[uint64]bool, len(tableKinds))
	}
	k := *run.Kernel
	for _, kind := range tableKinds {
		pcs := map[uint64]bool{}
		if table := kind.of(&k); *table != nil {
			*table = &askedTable{*table, pcs}
		}
		asked = append(asked, pcs)
	}
	run.Kernel = &k
	return asked
}

// A rowChange is what is done to a row.
type rowChange struct {
	name string
	do   func(r *unwind.Row, f *unwind.Failure)
}

var rowChanges = []rowChange{
	{"missing", func(r *unwind.Row, f *unwind.Failure) {
		*r, *f = unwind.Row{}, unwind.Failure{Reason: unwind.NoTable}
	}},
	{"CFA 16 higher", func(r *unwind.Row, _ *unwind.Failure) { r.CFA += 16 }},
	{"CFA of the other sign", func(r *unwind.Row, _ *unwind.Failure) { r.CFA = -r.CFA }},
	{"CFA from the other register", func(r *unwind.Row, _ *unwind.Failure) { r.FromFP = !r.FromFP }},
	{"return address 8 higher", func(r *unwind.Row, _ *unwind.Failure) { r.RA += 8 }},
	{"return address elsewhere", func(r *unwind.Row, _ *unwind.Failure) { r.RASaved, r.RA = !r.RASaved, -8 }},
	{"X29 8 higher", func(r *unwind.Row, _ *unwind.Failure) { r.FP += 8 }},
	{"X29 elsewhere", func(r *unwind.Row, _ *unwind.Failure) { r.FPSaved, r.FP = !r.FPSaved, -16 }},
}

// A span is a row with the executed instructions that it holds for.
type span struct {
	from, to uint64 // first and last
	row      unwind.Row
	failure  unwind.Failure
}

// spans lists the rows of a table that hold for instructions, which must be given by address.
func spans(table unwind.Table, symbols *image.Symbols, pcs []uint64) (list []span) {
	var function string
	for _, pc := range pcs {
		row, failure := table.Row(pc)
		name, _ := symbols.Locate(pc)
		if n := len(list); n > 0 && list[n-1].to+4 == pc && list[n-1].row == row &&
			list[n-1].failure.Reason == failure.Reason && name == function {
			list[n-1].to = pc
			continue
		}
		list = append(list, span{pc, pc, row, failure})
		function = name
	}
	return list
}

// tableMutants lists what can be done to the rows that hold for executed instructions.
func tableMutants(kernel *unwind.Layout, symbols *image.Symbols, pcs []uint64) (all []*Mutant) {
	for n, kind := range tableKinds {
		table := *kind.of(kernel)
		if table == nil {
			continue
		}
		list := spans(table, symbols, pcs)
		for i, s := range list {
			place := fmt.Sprintf("%s row at %s", kind.name, symbols.Name(s.from))
			add := func(name string, from, to uint64, row unwind.Row, failure unwind.Failure) {
				all = append(all, &Mutant{
					Kind: Table, Place: place, Change: name, table: n, pc: from, last: to,
					alter: replaceRow(kind, from, to, row, failure),
				})
			}
			for _, c := range rowChanges {
				row, failure := s.row, s.failure
				if c.do(&row, &failure); row != s.row || failure.Reason != s.failure.Reason {
					add(c.name, s.from, s.to, row, failure)
				}
			}
			if i > 0 && list[i-1].to+4 == s.from {
				add("begins an instruction late", s.from, s.from, list[i-1].row, list[i-1].failure)
				add("begins an instruction early", list[i-1].to, list[i-1].to, s.row, s.failure)
			}
		}
	}
	return all
}

// changedTable is a table with another row for some instructions.
type changedTable struct {
	unwind.Table
	from, to uint64
	row      unwind.Row
	failure  unwind.Failure
}

func (t *changedTable) Row(pc uint64) (unwind.Row, unwind.Failure) {
	if pc < t.from || pc > t.to {
		return t.Table.Row(pc)
	}
	f := t.failure
	f.Addr = pc
	return t.row, f
}

// replaceRow returns what gives the instructions from one to another, both included, another row.
func replaceRow(kind tableKind, from, to uint64, row unwind.Row, failure unwind.Failure) func(*subject) {
	return func(s *subject) {
		if s.run.Kernel == nil || *kind.of(s.run.Kernel) == nil {
			return
		}
		k := *s.run.Kernel
		*kind.of(&k) = &changedTable{*kind.of(&k), from, to, row, failure}
		s.run.Kernel = &k
	}
}
