package main

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"stacksweep/emu/image"
	"stacksweep/internal/disasm"
	"stacksweep/unwind/cfi"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/sframe"
)

// A described is a function as a table describes it.
type described struct {
	start, end uint64
	rows       []describedRow // by address; where none covers an instruction, the table says nothing of it
	unclear    int            // instructions whose row says more than a flow.Rule can
}

// A describedRow is a rule for the instructions from one address up to another.
type describedRow struct {
	from, to uint64
	rule     flow.Rule
}

// startsAsFunction reports whether the first row is that of a function that was just called.
func (d *described) startsAsFunction() bool {
	return len(d.rows) > 0 && d.rows[0].from == d.start && (d.rows[0].rule == flow.Rule{} || d.rows[0].rule.Outermost)
}

// isLeaf reports whether the table says that nothing ever happens to the frame.
func (d *described) isLeaf() bool {
	return len(d.rows) > 0 && d.unclear == 0 && !slices.ContainsFunc(d.rows, func(r describedRow) bool { return r.rule != flow.AnnotatedLeaf })
}

// describedBySFrame lists the functions of an SFrame section by address. Those of size 0 are left out.
func describedBySFrame(s *sframe.Section) ([]described, error) {
	var all []described
	for i := range s.FDEs {
		f := &s.FDEs[i]
		if f.Size == 0 {
			continue
		}
		d := described{start: f.Start, end: f.Start + uint64(f.Size)}
		switch {
		case f.PCType == sframe.Mask:
			d.unclear = int(f.Size / 4)
		case len(f.FREs) == 0:
			d.rows = []describedRow{{d.start, d.end, flow.Rule{Outermost: true}}}
		}
		for j := range f.FREs {
			if f.PCType == sframe.Mask {
				break
			}
			row, err := s.Row(i, j)
			if err != nil {
				return nil, err
			}
			from, to := d.start+uint64(f.FREs[j].Start), d.end
			if j+1 < len(f.FREs) {
				to = d.start + uint64(f.FREs[j+1].Start)
			}
			rule, ok := flow.FromSFrame(row)
			if !ok {
				d.unclear += int(to-from) / 4
				continue
			}
			if from < to {
				d.rows = append(d.rows, describedRow{from, to, rule})
			}
		}
		all = append(all, d)
	}
	slices.SortStableFunc(all, func(a, b described) int { return cmp.Compare(a.start, b.start) })
	return all, nil
}

// describedByCFI lists the functions of call frame information by address. A function whose program is bad has no rows.
func describedByCFI(info *cfi.Info) []described {
	var all []described
	for _, f := range info.FDEs {
		if f.Start == f.End {
			continue
		}
		d := described{start: f.Start, end: f.End}
		rows, _ := f.Rows()
		for i := range rows {
			r := &rows[i]
			rule, ok := flow.FromCFI(r)
			if !ok {
				d.unclear += int(r.End-r.Start) / 4
				continue
			}
			if n := len(d.rows); n > 0 && d.rows[n-1].to == r.Start && d.rows[n-1].rule == rule {
				d.rows[n-1].to = r.End
				continue
			}
			d.rows = append(d.rows, describedRow{r.Start, r.End, rule})
		}
		all = append(all, d)
	}
	return all
}

// covering returns the functions, sorted by address, that have an instruction from one address up to another.
func covering(all []described, start, end uint64) []described {
	first, _ := slices.BinarySearchFunc(all, start, func(d described, addr uint64) int { return cmp.Compare(d.start, addr) })
	for first > 0 && all[first-1].end > start {
		first--
	}
	last := first
	for last < len(all) && all[last].start < end {
		last++
	}
	return all[first:last]
}

// codeOf returns a function that gives the code of an image from one address up to another, as far as the file has it.
func codeOf(im *image.Image) func(start, end uint64) []byte {
	return func(start, end uint64) []byte {
		s, ok := im.Segment(start)
		if !ok || s.Perm&image.Exec == 0 || start-s.Addr >= uint64(len(s.Data)) {
			return nil
		}
		off := start - s.Addr
		return s.Data[off:min(uint64(len(s.Data)), off+(end-start))]
	}
}

// place names an address: symbol+0xoffset.
func place(im *image.Image, addr uint64) string {
	if s, ok := im.Symbols.At(addr); ok {
		return fmt.Sprintf("%s+%#x", s.Name, addr-s.Addr)
	}
	return fmt.Sprintf("%#x", addr)
}

// instruction shows the instruction at an address.
func instruction(im *image.Image, addr uint64) string {
	b, ok := im.Bytes(addr, 4)
	if !ok {
		return ""
	}
	return disasm.Text(binary.LittleEndian.Uint32(b), addr, func(a uint64) string {
		if s, ok := im.Symbols.At(a); ok && s.Addr == a {
			return s.Name
		}
		return place(im, a)
	})
}
