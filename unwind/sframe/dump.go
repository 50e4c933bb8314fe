// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"bufio"
	"fmt"
	"io"
)

// Dump prints a section as GNU readelf --sframe does: V1 as that of binutils 2.40, V2 as that of 2.44 (on what 2.44
// does not know, s390x, outermost rows and more than one flag, as 2.47), V3 as that of 2.46 and later. The columns are
//
//	STARTPC  address of the row; in a Mask FDE, marked [m], the offset into the repeated block
//	CFA      base register and offset; in parentheses: where the CFA is stored
//	FP, RA   c-16: stored at CFA-16; u: retained; f: fixed by the header; U: padding, not saved; [s]: signed
//
// and "RA undefined" marks an outermost frame. Rows that don't suit the ABI are printed as far as they can be read.
func Dump(w io.Writer, s *Section) error {
	out := bufio.NewWriter(w)
	d := dumper{w: out, s: s}
	d.header()
	fmt.Fprint(out, "\n  Function Index :\n")
	for i := range s.FDEs {
		d.fde(i)
	}
	return out.Flush()
}

type dumper struct {
	w io.Writer
	s *Section
}

func (d *dumper) header() {
	fmt.Fprintf(d.w, "Contents of the SFrame section .sframe:\n  Header :\n\n    Version: %v\n", d.s.Version)
	d.flags()
	if d.s.FixedFP != 0 && d.showsFixed() {
		fmt.Fprintf(d.w, "    CFA fixed FP offset: %d\n", d.s.FixedFP)
	}
	if d.s.FixedRA != 0 && d.showsFixed() {
		fmt.Fprintf(d.w, "    CFA fixed RA offset: %d\n", d.s.FixedRA)
	}
	rows := 0
	for i := range d.s.FDEs {
		rows += len(d.s.FDEs[i].FREs)
	}
	fmt.Fprintf(d.w, "    Num FDEs: %d\n    Num FREs: %d\n", len(d.s.FDEs), rows)
}

// showsFixed says whether fixed offsets are printed: binutils 2.40 passed over them.
func (d *dumper) showsFixed() bool { return d.s.Version > V1 }

// flags prints a flag per line; bits without a name come last, as a number.
func (d *dumper) flags() {
	rest := d.s.Flags
	if rest == 0 {
		fmt.Fprint(d.w, "    Flags: NONE\n")
		return
	}
	prefix := "Flags: "
	for _, f := range []struct {
		flag Flags
		name string
	}{
		{FDESorted, "SFRAME_F_FDE_SORTED"},
		{FramePointer, "SFRAME_F_FRAME_POINTER"},
		{FuncStartPCRel, "SFRAME_F_FDE_FUNC_START_PCREL"},
	} {
		if rest&f.flag == 0 {
			continue
		}
		rest &^= f.flag
		more := ""
		if rest != 0 {
			more = ","
		}
		fmt.Fprintf(d.w, "%11s%s%s\n", prefix, f.name, more)
		prefix = ""
	}
	if rest != 0 {
		fmt.Fprintf(d.w, "%11s%d\n", prefix, uint8(rest))
	}
}

func (d *dumper) fde(i int) {
	f := &d.s.FDEs[i]
	fmt.Fprintf(d.w, "\n    func idx [%d]: pc = 0x%x, size = %d bytes", i, f.Start, int32(f.Size))
	attr := ""
	if f.Signal {
		attr += "S"
	}
	if f.Type == Flexible {
		attr += "F"
	}
	if attr != "" {
		fmt.Fprintf(d.w, ", attr = %q", attr)
	}
	if d.s.ABI.isAArch64() && f.BKey {
		fmt.Fprint(d.w, ", pauth = B key")
	}
	mark := "   "
	if f.PCType == Mask {
		mark = "[m]"
	}
	fmt.Fprintf(d.w, "\n    STARTPC%-8s CFA       FP        RA           \n", mark)
	for j := range f.FREs {
		d.fre(f, &f.FREs[j])
	}
}

func (d *dumper) fre(f *FDE, r *FRE) {
	start := uint64(r.Start)
	if f.PCType == Inc {
		start += f.Start
	}
	fmt.Fprintf(d.w, "    %016x  ", start)
	if len(r.Words) == 0 {
		fmt.Fprint(d.w, "RA undefined\n")
		return
	}
	cfa, fp, ra := d.standard(r)
	if f.Type == Flexible {
		cfa, fp, ra = d.flexible(r)
	}
	signed := "   "
	if r.Mangled {
		signed = "[s]"
	}
	fmt.Fprintf(d.w, "%-10s%-10s%-13s\n", cfa, fp, ra+signed)
}

// standard spells the rules of a row of a Default FDE.
func (d *dumper) standard(r *FRE) (cfa, fp, ra string) {
	cfa = fmt.Sprintf("%v+%d", r.Base, cfaOffset(d.s.ABI, r.Words[0]))
	rest := r.Words[1:]
	ra, fp = "u", "u"
	switch {
	case d.s.FixedRA != 0 && d.showsFixed():
		ra = "f"
	case d.s.FixedRA != 0:
	case len(rest) > 0:
		ra = d.offset(rest[0])
		if rest[0] == 0 && (d.s.ABI == S390X || d.s.Version == V3) {
			ra = "U" // padding, in effect only on s390x
		}
		rest = rest[1:]
	}
	switch {
	case d.s.FixedFP != 0 && d.showsFixed():
		fp = fmt.Sprintf("c%+d", d.s.FixedFP)
	case d.s.FixedFP != 0:
	case len(rest) > 0:
		fp = d.offset(rest[0])
	}
	return cfa, fp, ra
}

// offset spells a saved register; V2 on s390x uses odd offsets for register numbers.
func (d *dumper) offset(word int32) string {
	if d.s.ABI == S390X && d.s.Version < V3 && word&1 != 0 {
		return fmt.Sprintf("r%d", word>>1)
	}
	return fmt.Sprintf("c%+d", word)
}

// flexible spells the rules of a row of a Flexible FDE.
func (d *dumper) flexible(r *FRE) (cfa, fp, ra string) {
	words := r.Words
	ra, fp = "u", "u"
	if d.s.FixedRA != 0 {
		ra = "f"
	}
	if len(words) >= 2 {
		cfa = d.place(ControlWord(words[0]), cfaOffset(d.s.ABI, words[1]))
		words = words[2:]
	}
	next := func(s *string) {
		switch {
		case len(words) == 0:
		case words[0] == 0:
			*s, words = "U", words[1:]
		case len(words) >= 2:
			*s, words = d.place(ControlWord(words[0]), int64(words[1])), words[2:]
		}
	}
	next(&ra)
	next(&fp)
	return cfa, fp, ra
}

// place spells a control word with its offset; parentheses say that the value is stored there.
func (d *dumper) place(c ControlWord, offset int64) string {
	if !c.UsesReg() {
		return fmt.Sprintf("c%+d", offset)
	}
	base := fmt.Sprintf("r%d", c.Reg())
	switch c.Reg() {
	case d.s.ABI.SP():
		base = "sp"
	case d.s.ABI.FP():
		base = "fp"
	}
	s := fmt.Sprintf("%s%+d", base, offset)
	if c.Deref() {
		return "(" + s + ")"
	}
	return s
}
