// SPDX-License-Identifier: GPL-2.0-only

package sframe

import "fmt"

// Decode reads a section that is loaded at addr: its header, every FDE and every row. It accepts what [Verify]
// complains about as long as nothing is lost or ambiguous; it fails where a count, size or offset leads outside the
// data, where version, ABI, offset width or word size are unknown, and where the rows of FDEs must overlap because
// together they exceed the FRE sub-section. Memory stays in proportion to the data, whatever the header says.
//
// The result doesn't refer to data. On an error it is nil.
func Decode(data []byte, addr uint64) (*Section, error) {
	h, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	s := &Section{
		Version: h.version, Flags: h.flags, ABI: h.abi, FixedFP: h.fixedFP, FixedRA: h.fixedRA, Addr: addr,
		FDEs: make([]FDE, h.numFDEs),
	}
	if h.auxLen > 0 {
		s.Aux = append([]byte(nil), data[headerSize:headerSize+int(h.auxLen)]...)
	}
	d := decoder{header: h, data: data, budget: int(h.freLen)}
	for i := range s.FDEs {
		at := h.fdeAt(i)
		if err := d.fde(&s.FDEs[i], addr, i); err != nil {
			return nil, fmt.Errorf("FDE %d at 0x%x: %w", i, at, err)
		}
	}
	return s, nil
}

// decoder carves rows and words of all FDEs out of a few large slices: a section has several hundred thousand.
type decoder struct {
	header
	data   []byte
	budget int // bytes of FRE sub-section that the remaining FDEs may still take without overlap
	rows   []FRE
	words  []int32
}

// arena is how many rows or words are allocated at once.
const arena = 4096

func (d *decoder) fde(f *FDE, addr uint64, i int) error {
	raw, err := d.readFDE(d.data, i)
	if err != nil {
		return err
	}
	width := raw.width()
	if width == 0 {
		return errWidth
	}
	*f = FDE{
		Start: d.start(d.data, addr, i), Size: raw.size, RepSize: raw.repSize, Type: raw.fdeType(),
		BKey: raw.info&infoBKey != 0, Signal: d.version == V3 && raw.info&infoSignal != 0,
		Width: uint8(width), FREOffset: raw.freOff,
	}
	if raw.mask() {
		f.PCType = Mask
	}
	if f.Type > Flexible {
		return errFDEType
	}
	if d.version == V3 {
		d.budget -= attrSize
	}
	n := int(raw.numFREs)
	if least := n * (width + 1); least > d.freLimit-raw.rows {
		return fmt.Errorf("%w: %d rows at 0x%x reach beyond the FRE sub-section", ErrMalformed, n, raw.rows)
	}
	if n == 0 {
		return d.spend(0)
	}
	f.FREs = d.newRows(n)
	at := raw.rows
	for j := range f.FREs {
		r, err := d.readFRE(d.data, at, width)
		if err != nil {
			return fmt.Errorf("row %d at 0x%x: %w", j, at, err)
		}
		if err := d.spend(r.next - at); err != nil {
			return err
		}
		d.fre(&f.FREs[j], r, f.Type)
		at = r.next
	}
	return nil
}

// spend accounts for n bytes of the FRE sub-section. FDEs that together take more than it has do overlap, and could
// make Decode allocate without bound.
func (d *decoder) spend(n int) error {
	d.budget -= n
	if d.budget < 0 {
		return fmt.Errorf("%w: rows overlap those of other FDEs", ErrMalformed)
	}
	return nil
}

func (d *decoder) fre(f *FRE, r rawFRE, t FDEType) {
	*f = FRE{Start: r.start, Base: Base(r.info & freBaseSP), Mangled: r.info&freMangled != 0,
		WordSize: uint8(r.wordSize())}
	if n := r.count(); n > 0 {
		if cap(d.words)-len(d.words) < n {
			d.words = make([]int32, 0, arena)
		}
		first := len(d.words)
		d.words = d.readWords(d.words, d.data, r, t)
		f.Words = d.words[first:len(d.words):len(d.words)]
	}
}

func (d *decoder) newRows(n int) []FRE {
	if n > arena/4 {
		return make([]FRE, n)
	}
	if cap(d.rows)-len(d.rows) < n {
		d.rows = make([]FRE, 0, arena)
	}
	first := len(d.rows)
	d.rows = d.rows[:first+n]
	return d.rows[first : first+n : first+n]
}
