// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"cmp"
	"fmt"
	"slices"
)

// A Difference is what two sections say of the same code.
type Difference struct {
	Alike   uint64 // instructions of which both say the same
	Differ  uint64 // of which they say something else
	OnlyA   uint64 // that only the first describes
	OnlyB   uint64 // that only the second describes
	Runs    []Run  // of all but Alike, by address
	Missing []FDE  // functions of the first that are nowhere in the second's code
}

// A Run is instructions of which two sections say different things: from From up to To, addresses in the second's code.
// A row is nil where its section says nothing.
type Run struct {
	From, To uint64
	A, B     *Row
}

// Instructions is how many there are.
func (r *Run) Instructions() uint64 { return (r.To - r.From + instruction - 1) / instruction }

const instruction = 4 // bytes

// Diff compares what two sections for AArch64 say of every instruction. How they say it, in which version, with which
// widths and how rows and functions are cut up, doesn't matter. place says where a function of a, by its address, is in
// the code of b; nil if the code is the same.
//
// Errors are those of [Section.Row], and wrap [ErrUnsupported] for other machines, whose instructions have no fixed
// size.
func Diff(a, b *Section, place func(start uint64) (uint64, bool)) (*Difference, error) {
	if !a.ABI.isAArch64() || !b.ABI.isAArch64() {
		return nil, fmt.Errorf("%w: %v and %v: only AArch64 can be compared", ErrUnsupported, a.ABI, b.ABI)
	}
	d := &Difference{}
	var left []meaning
	for i := range a.FDEs {
		to := a.FDEs[i].Start
		if place != nil {
			var ok bool
			if to, ok = place(to); !ok {
				d.Missing = append(d.Missing, a.FDEs[i])
				continue
			}
		}
		list, err := a.meanings(i, to)
		if err != nil {
			return nil, err
		}
		left = append(left, list...)
	}
	var right []meaning
	for i := range b.FDEs {
		list, err := b.meanings(i, b.FDEs[i].Start)
		if err != nil {
			return nil, err
		}
		right = append(right, list...)
	}
	d.compare(flatten(left), flatten(right))
	return d, nil
}

// A meaning is what is said of the instructions from one address up to another.
type meaning struct {
	from, to uint64
	row      Row // what says where it is in the section is zero
}

// meanings lists what FDE i says, for a function at an address.
func (s *Section) meanings(i int, at uint64) (list []meaning, err error) {
	f := &s.FDEs[i]
	if f.Size == 0 {
		return nil, nil
	}
	if len(f.FREs) == 0 && s.Version == V3 && f.Type == Default {
		return []meaning{{at, at + uint64(f.Size), Row{Outermost: true}}}, nil
	}
	block := f.Size
	if f.PCType == Mask && f.RepSize > 0 {
		block = uint32(f.RepSize)
	}
	for start := uint32(0); start < f.Size; start += block {
		for j := range f.FREs {
			row, err := s.Row(i, j)
			if err != nil {
				return nil, err
			}
			row.FDEStart, row.FDESize, row.Start = 0, 0, 0
			row.BKey = row.BKey && row.Mangled
			if row.Outermost {
				row = Row{Outermost: true, Signal: row.Signal}
			}
			from, to := uint64(f.FREs[j].Start), uint64(block)
			if j+1 < len(f.FREs) {
				to = uint64(f.FREs[j+1].Start)
			}
			to = min(to, uint64(f.Size-start))
			if from < to {
				list = append(list, meaning{at + uint64(start) + from, at + uint64(start) + to, row})
			}
		}
		if f.Size-start <= block {
			break
		}
	}
	return list, nil
}

// flatten sorts what is said, cuts off what overlaps, as a look-up does that takes the last function before an address,
// and joins what says the same.
func flatten(list []meaning) []meaning {
	slices.SortStableFunc(list, func(a, b meaning) int { return cmp.Compare(a.from, b.from) })
	flat := list[:0]
	for _, m := range list {
		if n := len(flat); n > 0 {
			last := &flat[n-1]
			last.to = min(last.to, m.from)
			if last.from == last.to {
				flat = flat[:n-1]
			} else if last.to == m.from && last.row == m.row {
				last.to = m.to
				continue
			}
		}
		flat = append(flat, m)
	}
	return flat
}

// compare walks through both lists.
func (d *Difference) compare(a, b []meaning) {
	at := uint64(0)
	for len(a) > 0 || len(b) > 0 {
		inA, end := here(a, at)
		inB, endB := here(b, at)
		end = min(end, endB)
		n := (end - at + instruction - 1) / instruction
		switch {
		case inA == nil && inB == nil:
		case inA != nil && inB != nil && *inA == *inB:
			d.Alike += n
		default:
			d.note(Run{at, end, inA, inB}, n)
		}
		if at = end; len(a) > 0 && a[0].to <= at {
			a = a[1:]
		}
		if len(b) > 0 && b[0].to <= at {
			b = b[1:]
		}
	}
}

// here is what is said at an address, and where that ends or something else begins.
func here(list []meaning, at uint64) (*Row, uint64) {
	switch {
	case len(list) == 0:
		return nil, ^uint64(0)
	case list[0].from > at:
		return nil, list[0].from
	}
	row := list[0].row
	return &row, list[0].to
}

func (d *Difference) note(r Run, n uint64) {
	switch {
	case r.A == nil:
		d.OnlyB += n
	case r.B == nil:
		d.OnlyA += n
	default:
		d.Differ += n
	}
	d.Runs = append(d.Runs, r)
}

// Same reports whether both say the same of every instruction.
func (d *Difference) Same() bool { return len(d.Runs) == 0 && len(d.Missing) == 0 }
