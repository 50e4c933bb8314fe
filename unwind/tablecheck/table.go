// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"cmp"
	"fmt"
	"slices"

	"stacksweep/image"
	"stacksweep/internal/parallel"
	"stacksweep/unwind/cfi"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/sframe"
)

// Described is a function as a table describes it, from Start up to End.
type Described struct {
	Start, End uint64
	Rows       []Row       // by address; where none covers an instruction, the table says nothing of it
	Beyond     []BeyondRow // or more than a Rule can
}

// A BeyondRow says more than a [flow.Rule] can: a register other than SP, X29 and X30, an expression.
type BeyondRow struct {
	From, To uint64
	Says     string // what is beyond: "CFA=x17+16", "RA=x19", "FP=exp"
}

// A Row is a rule for the instructions from one address up to another.
type Row struct {
	From, To uint64
	Rule     flow.Rule
}

// startsAsFunction reports whether the first row is that of a function that was just called.
func (d *Described) startsAsFunction() bool {
	return len(d.Rows) > 0 && d.Rows[0].From == d.Start && (d.Rows[0].Rule == flow.Rule{} || d.Rows[0].Rule.Outermost)
}

// IsLeaf reports whether the table says that nothing ever happens to the frame.
func (d *Described) IsLeaf() bool {
	return len(d.Rows) > 0 && len(d.Beyond) == 0 && !slices.ContainsFunc(d.Rows, func(r Row) bool {
		return r.Rule != flow.AnnotatedLeaf
	})
}

// BySFrame lists the functions of an SFrame section by address. Those of size 0 are left out.
func BySFrame(s *sframe.Section) ([]Described, error) {
	var all []Described
	rows := 0
	for i := range s.FDEs {
		rows += max(1, len(s.FDEs[i].FREs))
	}
	free := make([]Row, 0, rows) // for all functions
	for i := range s.FDEs {
		f := &s.FDEs[i]
		if f.Size == 0 {
			continue
		}
		d := Described{Start: f.Start, End: f.Start + uint64(f.Size), Rows: free[len(free):]}
		if err := d.addSFrame(s, i); err != nil {
			return nil, err
		}
		free = free[:len(free)+len(d.Rows)]
		d.Rows = slices.Clip(d.Rows)
		all = append(all, d)
	}
	slices.SortStableFunc(all, func(a, b Described) int { return cmp.Compare(a.Start, b.Start) })
	return all, nil
}

// addSFrame adds the rows of function i of a section.
func (d *Described) addSFrame(s *sframe.Section, i int) error {
	f := &s.FDEs[i]
	switch {
	case f.PCType == sframe.Mask:
		d.Beyond = []BeyondRow{{d.Start, d.End, "rows of a repeated block"}}
		return nil
	case len(f.FREs) == 0:
		d.Rows = append(d.Rows, Row{d.Start, d.End, flow.Rule{Outermost: true}})
	}
	for j := range f.FREs {
		row, err := s.Row(i, j)
		if err != nil {
			return err
		}
		from, to := d.Start+uint64(f.FREs[j].Start), d.End
		if j+1 < len(f.FREs) {
			to = d.Start + uint64(f.FREs[j+1].Start)
		}
		rule, ok := flow.FromSFrame(&row)
		if !ok {
			d.addBeyond(from, to, beyondSFrame(&row))
			continue
		}
		if from < to {
			d.Rows = append(d.Rows, Row{from, to, rule})
		}
	}
	return nil
}

// CallFrames reads the DWARF call frame information of an image, .eh_frame before .debug_frame, which may describe
// different functions: assembly may ask for .debug_frame only, and C code be in .eh_frame.
func CallFrames(im *image.Image) ([]*cfi.Info, error) {
	var all []*cfi.Info
	for _, s := range []struct {
		name string
		kind cfi.Kind
	}{{".eh_frame", cfi.EHFrame}, {".debug_frame", cfi.DebugFrame}} {
		addr, data, ok := im.Section(s.name)
		if !ok || len(data) == 0 {
			continue
		}
		info, err := cfi.Parse(data, addr, s.kind)
		if err != nil {
			return nil, fmt.Errorf("%s: section %s: %w", im.Name, s.name, err)
		}
		if len(info.FDEs) > 0 {
			all = append(all, info)
		}
	}
	return all, nil
}

// readRows is ByCFI. It also returns what is wrong with programs, in the order of the sections.
func (s *Subject) readRows() (all []Described, problems []sframe.Problem) {
	sections, _ := s.callFrames() // who needs them says so
	var fdes []*cfi.FDE
	for _, info := range sections {
		fdes = append(fdes, info.FDEs...)
	}
	all = make([]Described, len(fdes))
	errs := make([]error, len(fdes))
	parallel.Each(s.jobs, len(fdes), 64, func() func(int) {
		var e cfi.Evaluator
		var scratch []Row
		return func(i int) {
			f := fdes[i]
			var rows []cfi.Row
			rows, errs[i] = e.Rows(f)
			d := Described{Start: f.Start, End: f.End, Rows: scratch[:0]}
			d.addCFI(rows)
			scratch, d.Rows = d.Rows, slices.Clone(d.Rows)
			all[i] = d
		}
	})
	n := 0
	seen := map[uint64]bool{}
	for i, f := range fdes {
		if errs[i] != nil {
			problems = append(problems, sframe.Problem{Kind: BadProgram, Offset: int(f.Offset), FDE: i, FRE: -1,
				Text: errs[i].Error()})
		}
		if f.Start != f.End && !seen[f.Start] && !f.CIE.SignalFrame {
			seen[f.Start] = true
			all[n] = all[i]
			n++
		}
	}
	all = all[:n]
	slices.SortStableFunc(all, func(a, b Described) int { return cmp.Compare(a.Start, b.Start) })
	return all, problems
}

// addCFI adds rows, those that follow each other with the same rule as one.
func (d *Described) addCFI(rows []cfi.Row) {
	for i := range rows {
		r := &rows[i]
		rule, ok := flow.FromCFI(r)
		if !ok {
			d.addBeyond(r.Start, r.End, beyondCFI(r))
			continue
		}
		if n := len(d.Rows); n > 0 && d.Rows[n-1].To == r.Start && d.Rows[n-1].Rule == rule {
			d.Rows[n-1].To = r.End
			continue
		}
		d.Rows = append(d.Rows, Row{r.Start, r.End, rule})
	}
}

// Covering returns the functions, sorted by address, that have an instruction from one address up to another.
func Covering(all []Described, start, end uint64) []Described {
	first, _ := slices.BinarySearchFunc(all, start, func(d Described, addr uint64) int {
		return cmp.Compare(d.Start, addr)
	})
	for first > 0 && all[first-1].End > start {
		first--
	}
	last := first
	for last < len(all) && all[last].Start < end {
		last++
	}
	return all[first:last]
}

// addBeyond adds a row, to the one before it if that says the same.
func (d *Described) addBeyond(from, to uint64, says string) {
	if from >= to {
		return
	}
	if n := len(d.Beyond); n > 0 && d.Beyond[n-1].To == from && d.Beyond[n-1].Says == says {
		d.Beyond[n-1].To = to
		return
	}
	d.Beyond = append(d.Beyond, BeyondRow{from, to, says})
}

// beyondCFI says what of a row is beyond a rule: of CFA, return address and X29 the first.
func beyondCFI(r *cfi.Row) string {
	switch {
	case !ruled(&cfi.Row{CFA: r.CFA}):
		return "CFA=" + r.CFA.String()
	case !ruled(&cfi.Row{CFA: r.CFA, RA: r.RA}):
		return "RA=" + r.RA.String()
	}
	return "FP=" + r.FP.String()
}

func ruled(r *cfi.Row) bool {
	_, ok := flow.FromCFI(r)
	return ok
}

// beyondSFrame is the same for a row of SFrame.
func beyondSFrame(r *sframe.Row) string {
	switch {
	case r.CFADeref:
		return fmt.Sprintf("CFA=(%v%+d)", r.CFABase, r.CFAOffset)
	case r.CFABase == sframe.Other:
		return fmt.Sprintf("CFA=x%d%+d", r.CFAReg, r.CFAOffset)
	}
	if _, ok := flow.FromSFrame(&sframe.Row{CFABase: r.CFABase, RA: r.RA}); !ok {
		return "RA=" + r.RA.String()
	}
	return "FP=" + r.FP.String()
}
