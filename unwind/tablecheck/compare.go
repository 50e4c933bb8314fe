// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"slices"

	"stacksweep/image"
	"stacksweep/internal/parallel"
	"stacksweep/unwind/flow"
)

// ranges are the functions to be interpreted: those of the table, from where their symbol starts, then those that the
// table doesn't know, whose behaviour matters to their callers.
func (t *Check) ranges() []flow.Range {
	var list []flow.Range
	named := t.subject.named()
	previousEnd := uint64(0)
	for i := range t.Table {
		d := &t.Table[i]
		r := flow.Range{Start: d.Start, End: d.End}
		sym, ok := symbolAround(named, d.Start)
		switch {
		case ok && sym.Addr < d.Start && sym.Addr >= previousEnd:
			r.Start = sym.Addr
		case ok && sym.Addr == d.Start && !IsPart(sym.Name):
			r.Part = !d.startsAsFunction() && !t.returnsRight(r)
		default:
			r.Part = !d.startsAsFunction()
		}
		if pushed, ok := t.pushed(d); ok {
			r.Pushed, r.Part = pushed, false
		}
		for _, s := range symbolsWithin(t.symbols, r.Start+4, r.End) {
			r.Entries = append(r.Entries, s.Addr)
		}
		list = append(list, r)
		previousEnd = max(previousEnd, d.End)
	}
	for _, s := range t.symbols {
		if len(Covering(t.Table, s.Addr, s.Addr+s.Size)) == 0 {
			list = append(list, flow.Range{Start: s.Addr, End: s.Addr + s.Size, Part: IsPart(s.Name)})
		}
	}
	return list
}

// pushed reports whether a function is entered with the return address on the stack, as its table says and its code
// confirms: with what has been pushed taken off again it leaves for what its caller has called.
func (t *Check) pushed(d *Described) (flow.Pushed, bool) {
	i := slices.IndexFunc(d.Rows, func(r Row) bool { return r.Rule.CFAOffset != 0 || r.Rule.RA.Saved })
	if i < 0 || d.Rows[i].Rule.OnFP || !d.Rows[i].Rule.RA.Saved || d.Rows[i].Rule.RA.Base != flow.OfCFA {
		return flow.Pushed{}, false
	}
	const alignment = 16 // of SP
	size, at := d.Rows[i].Rule.CFAOffset, d.Rows[i].Rule.CFAOffset+d.Rows[i].Rule.RA.Offset
	switch {
	case size == 0: // counted from SP as it finds it
		size = (at + 8 + alignment - 1) &^ (alignment - 1)
	case d.Rows[i].From != d.Start:
		return flow.Pushed{}, false
	}
	if at < 0 || size != int64(int32(size)) || at+8 > size {
		return flow.Pushed{}, false
	}
	p := flow.Pushed{Size: int32(size), RA: int32(at)}
	f := flow.Program([]flow.Range{{Start: d.Start, End: d.End, Pushed: p}}, Code(t.Image), nil)[0]
	return p, len(f.Exits) > 0 && !slices.ContainsFunc(f.Exits, func(e flow.Exit) bool { return !e.Untouched })
}

// returnsRight reports whether code makes sense as a function that is called: every return then leads to its caller.
// Code that is entered in some other way, with a frame that it finds, doesn't.
func (t *Check) returnsRight(r flow.Range) bool {
	f := flow.Analyze(Code(t.Image)(r.Start, r.End), r.Start)
	return !slices.ContainsFunc(f.Exits, func(e flow.Exit) bool { return e.Kind == flow.Return && !e.Untouched })
}

// judged is how a function of the table fares against the code.
type judged struct {
	agree, undecided, wrong int // instructions
	unknown, disagree       []Disagreement
}

// compareWithCode holds every row against what the instructions do.
func (t *Check) compareWithCode() {
	functions := t.subject.Interpret(t.ranges())
	all := make([]judged, len(t.Table))
	parallel.Each(t.subject.jobs, len(all), 64, func() func(int) {
		var list []flow.Judgement
		return func(i int) { list = all[i].judge(&t.Table[i], functions[i], list) }
	})
	for i := range t.Table {
		d, j := &t.Table[i], &all[i]
		for _, b := range d.Beyond {
			t.Counts.Undecided += int(b.To-b.From) / 4
		}
		t.Counts.Agree += j.agree
		t.Counts.Undecided += j.undecided
		t.Counts.Disagree += j.wrong
		t.Beyond = append(t.Beyond, d.Beyond...)
		t.Unknown = append(t.Unknown, j.unknown...)
		t.Disagree = append(t.Disagree, j.disagree...)
		decided := len(d.Beyond) == 0 && len(j.unknown) == 0
		if !decided {
			t.Counts.UndecidedFunctions++
		}
		if d.IsLeaf() {
			t.noteLeaf(d, decided, len(j.disagree) == 0)
		}
	}
}

// judge judges the rows of a function; list is memory to be used, and is returned.
func (j *judged) judge(d *Described, f *flow.Function, list []flow.Judgement) []flow.Judgement {
	for i := range d.Rows {
		row := &d.Rows[i]
		list = f.Compare(list[:0], uint32(row.From-f.Addr), uint32(row.To-f.Addr), row.Rule)
		for k := range list {
			n := int(list[k].To-list[k].From) / 4
			switch list[k].Verdict {
			case flow.Agrees:
				j.agree += n
			case flow.Undecided:
				j.undecided += n
				j.unknown = append(j.unknown, newDisagreement(f, row.Rule, list[k]))
			case flow.Disagrees:
				j.wrong += n
				j.disagree = append(j.disagree, newDisagreement(f, row.Rule, list[k]))
			}
		}
	}
	return list
}

// noteLeaf takes note of a function that the table calls a leaf.
func (t *Check) noteLeaf(d *Described, decided, right bool) {
	switch {
	case !right:
		s, ok := symbolAround(t.symbols, d.Start)
		if !ok {
			s = image.Symbol{Addr: d.Start, Size: d.End - d.Start}
		}
		t.Wrong = append(t.Wrong, s)
	case decided:
		t.Counts.Leaves++
	}
}

func newDisagreement(f *flow.Function, rule flow.Rule, j flow.Judgement) Disagreement {
	d := Disagreement{From: f.Addr + uint64(j.From), To: f.Addr + uint64(j.To), Source: "code", Rule: rule, Judged: j}
	if j.Actual.By != flow.AtEntry {
		d.Since = f.Addr + uint64(j.Actual.By)
	}
	return d
}

// compareWithDWARF holds every row against DWARF, where it says something, and counts what only DWARF says.
func (t *Check) compareWithDWARF() {
	for i := range t.Table {
		for _, row := range t.Table[i].Rows {
			for _, other := range Covering(t.dwarf, row.From, row.To) {
				for _, said := range other.Rows {
					from, to := max(row.From, said.From), min(row.To, said.To)
					if from >= to {
						continue
					}
					n := int(to-from) / 4
					if row.Rule == said.Rule {
						t.Counts.DWARFAgree += n
						continue
					}
					t.Counts.DWARFDisagree += n
					t.Disagree = append(t.Disagree, Disagreement{From: from, To: to, Source: "dwarf", Rule: row.Rule,
						Other: said.Rule})
				}
			}
		}
	}
	for i := range t.dwarf {
		d := &t.dwarf[i]
		at := d.Start
		for _, row := range Covering(t.Table, d.Start, d.End) {
			if row.Start > at {
				t.Counts.DWARFAlone += int(row.Start-at) / 4
			}
			at = max(at, row.End)
		}
		if at < d.End {
			t.Counts.DWARFAlone += int(d.End-at) / 4
		}
	}
}
