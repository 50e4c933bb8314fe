// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Encode writes the section in its version, in canonical form and the byte order of its ABI. The FDEs keep their order;
// sort them (see [Section.Sort]) before setting [FDESorted].
//
// Encode fails with an error that wraps [ErrInexpressible] where the version or a width given can't hold a value, or
// where a row has words that no reader could make sense of.
func (s *Section) Encode() ([]byte, error) {
	if err := s.encodable(); err != nil {
		return nil, err
	}
	e := encoder{s: s, order: binary.LittleEndian}
	if s.ABI.order().big {
		e.order = binary.BigEndian
	}
	fres, offsets, numFREs, err := e.fres()
	if err != nil {
		return nil, err
	}
	fdeLen := len(s.FDEs) * fdeSize(s.Version)
	if uint64(fdeLen) > math.MaxUint32 || uint64(len(fres)) > math.MaxUint32 {
		return nil, fmt.Errorf("%w: sub-sections of %d and %d bytes", ErrInexpressible, fdeLen, len(fres))
	}
	base := headerSize + len(s.Aux)
	out := make([]byte, 0, base+fdeLen+len(fres))
	out = e.order.AppendUint16(out, magic)
	out = append(out, byte(s.Version), byte(s.Flags), byte(s.ABI), byte(s.FixedFP), byte(s.FixedRA), byte(len(s.Aux)))
	out = e.order.AppendUint32(out, uint32(len(s.FDEs)))
	out = e.order.AppendUint32(out, numFREs)
	out = e.order.AppendUint32(out, uint32(len(fres)))
	out = e.order.AppendUint32(out, 0)
	out = e.order.AppendUint32(out, uint32(fdeLen))
	out = append(out, s.Aux...)
	for i := range s.FDEs {
		if out, err = e.fde(out, &s.FDEs[i], offsets[i]); err != nil {
			return nil, fmt.Errorf("FDE %d (function 0x%x): %w", i, s.FDEs[i].Start, err)
		}
	}
	return append(out, fres...), nil
}

// encodable checks what concerns the section as a whole.
func (s *Section) encodable() error {
	switch {
	case s.Version < V1 || s.Version > V3:
		return fmt.Errorf("%w: version %d", ErrInexpressible, uint8(s.Version))
	case !s.ABI.known():
		return fmt.Errorf("%w: ABI %d", ErrInexpressible, uint8(s.ABI))
	case len(s.Aux) > math.MaxUint8:
		return fmt.Errorf("%w: auxiliary header of %d bytes", ErrInexpressible, len(s.Aux))
	}
	return nil
}

type encoder struct {
	s     *Section
	order binary.AppendByteOrder
}

// fres writes the FRE sub-section, and returns with it the offset of each FDE's data and the number of rows.
func (e *encoder) fres() (out []byte, offsets []uint32, numFREs uint32, err error) {
	fdes := e.s.FDEs
	placed := make([]int, len(fdes))
	for i := range placed {
		placed[i] = i
	}
	slices.SortStableFunc(placed, func(a, b int) int { return cmp.Compare(fdes[a].FREOffset, fdes[b].FREOffset) })
	offsets = make([]uint32, len(fdes))
	total := uint64(0)
	for _, i := range placed {
		if uint64(len(out)) > math.MaxUint32 {
			return nil, nil, 0, fmt.Errorf("%w: FRE sub-section exceeds 4 GiB", ErrInexpressible)
		}
		offsets[i] = uint32(len(out))
		total += uint64(len(fdes[i].FREs))
		if out, err = e.rows(out, &fdes[i]); err != nil {
			return nil, nil, 0, fmt.Errorf("FDE %d (function 0x%x): %w", i, fdes[i].Start, err)
		}
	}
	if total > math.MaxUint32 {
		return nil, nil, 0, fmt.Errorf("%w: %d rows", ErrInexpressible, total)
	}
	return out, offsets, uint32(total), nil
}

// info composes the info bytes of an FDE.
func (e *encoder) info(f *FDE) (info, info2 byte, err error) {
	switch {
	case f.PCType > Mask:
		return 0, 0, fmt.Errorf("%w: PC type %d", ErrInexpressible, f.PCType)
	case f.Type > Flexible:
		return 0, 0, fmt.Errorf("%w: FDE type %d", ErrInexpressible, f.Type)
	case f.Signal && e.s.Version < V3:
		return 0, 0, fmt.Errorf("%w before V3: signal frame", ErrInexpressible)
	case f.Type == Flexible && e.s.Version < V3:
		return 0, 0, fmt.Errorf("%w before V3: flexible FDE", ErrInexpressible)
	case f.RepSize != 0 && e.s.Version < V2:
		return 0, 0, fmt.Errorf("%w before V2: size of the repeated block", ErrInexpressible)
	}
	code, err := widthCode(f.width())
	if err != nil {
		return 0, 0, err
	}
	info = code
	if f.PCType == Mask {
		info |= infoMask
	}
	if f.BKey {
		info |= infoBKey
	}
	if f.Signal {
		info |= infoSignal
	}
	return info, byte(f.Type), nil
}

// fde writes an entry of the FDE sub-section; what is out already tells where it lies.
func (e *encoder) fde(out []byte, f *FDE, freOffset uint32) ([]byte, error) {
	base := e.s.Addr
	if e.s.Version >= V2 && e.s.Flags&FuncStartPCRel != 0 {
		base += uint64(len(out))
	}
	start := int64(f.Start - base)
	if e.s.Version == V3 {
		out = e.order.AppendUint64(out, uint64(start))
		out = e.order.AppendUint32(out, f.Size)
		return e.order.AppendUint32(out, freOffset), nil
	}
	if start != int64(int32(start)) {
		return nil, fmt.Errorf("%w before V3: function start %+d bytes away exceeds 32 bits", ErrInexpressible, start)
	}
	info, _, err := e.info(f)
	if err != nil {
		return nil, err
	}
	out = e.order.AppendUint32(out, uint32(start))
	out = e.order.AppendUint32(out, f.Size)
	out = e.order.AppendUint32(out, freOffset)
	out = e.order.AppendUint32(out, uint32(len(f.FREs)))
	out = append(out, info)
	if e.s.Version == V2 {
		out = append(out, f.RepSize, 0, 0)
	}
	return out, nil
}

// rows writes what the FRE sub-section holds of an FDE.
func (e *encoder) rows(out []byte, f *FDE) ([]byte, error) {
	width := f.width()
	if e.s.Version == V3 {
		if len(f.FREs) > math.MaxUint16 {
			return nil, fmt.Errorf("%w in V3: %d rows in one FDE", ErrInexpressible, len(f.FREs))
		}
		info, info2, err := e.info(f)
		if err != nil {
			return nil, err
		}
		out = e.order.AppendUint16(out, uint16(len(f.FREs)))
		out = append(out, info, info2, f.RepSize)
	}
	for i := range f.FREs {
		var err error
		if out, err = e.row(out, &f.FREs[i], width, f.Type); err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
	}
	return out, nil
}

func (e *encoder) row(out []byte, r *FRE, width int, t FDEType) ([]byte, error) {
	if !fitsUnsigned(r.Start, width) {
		return nil, fmt.Errorf("%w: start offset 0x%x in %d bytes", ErrInexpressible, r.Start, width)
	}
	if len(r.Words) > maxWords {
		return nil, fmt.Errorf("%w: %d data words", ErrInexpressible, len(r.Words))
	}
	if r.Base > SP {
		return nil, fmt.Errorf("%w: CFA base %v", ErrInexpressible, r.Base)
	}
	size := int(r.WordSize)
	if size == 0 {
		size = wordSize(r.Words, t, e.s.Version)
	}
	code, err := widthCode(size)
	if err != nil {
		return nil, err
	}
	info := code<<5 | byte(len(r.Words))<<1 | byte(r.Base)
	if r.Mangled {
		info |= freMangled
	}
	out = append(e.uint(out, r.Start, width), info)
	control := t == Flexible
	for _, w := range r.Words {
		if !fitsWord(w, size, control) {
			return nil, fmt.Errorf("%w: data word %d in %d bytes", ErrInexpressible, w, size)
		}
		out = e.uint(out, uint32(w), size)
		control = t == Flexible && nextIsControl(control, w)
	}
	return out, nil
}

// uint appends the low 1, 2 or 4 bytes of v.
func (e *encoder) uint(out []byte, v uint32, size int) []byte {
	switch size {
	case 1:
		return append(out, byte(v))
	case 2:
		return e.order.AppendUint16(out, uint16(v))
	default:
		return e.order.AppendUint32(out, v)
	}
}

// widthCode is the inverse of widthOf.
func widthCode(width int) (byte, error) {
	switch width {
	case 1:
		return 0, nil
	case 2:
		return 1, nil
	case 4:
		return 2, nil
	default:
		return 0, fmt.Errorf("%w: width of %d bytes", ErrInexpressible, width)
	}
}

// width returns the size of the start offsets of f's rows. GNU as chooses it by the size of the function, not by the
// starts that occur.
func (f *FDE) width() int {
	switch {
	case f.Width != 0:
		return int(f.Width)
	case f.Size <= math.MaxUint8:
		return 1
	case f.Size <= math.MaxUint16:
		return 2
	default:
		return 4
	}
}

// wordSize returns the size that GNU as gives the words of a row: the smallest that holds them all. Before V3 it
// doesn't use the lowest value of a size, -128 and -32768.
func wordSize(words []int32, t FDEType, v Version) int {
	size := 1
	control := t == Flexible
	for _, w := range words {
		for size < 4 && (!fitsWord(w, size, control) || v < V3 && w == -1<<(8*size-1)) {
			size *= 2
		}
		control = t == Flexible && nextIsControl(control, w)
	}
	return size
}

func fitsUnsigned(v uint32, size int) bool { return size >= 4 || v < 1<<(8*size) }

// fitsWord says whether size bytes hold a data word: control words are unsigned, all others signed.
func fitsWord(w int32, size int, control bool) bool {
	switch {
	case size >= 4:
		return true
	case control:
		return fitsUnsigned(uint32(w), size)
	default:
		return w>>(8*size-1) == w>>31
	}
}

// Sort orders the FDEs by the start of their function, those with the same start as they were, and sets [FDESorted].
func (s *Section) Sort() {
	slices.SortStableFunc(s.FDEs, func(a, b FDE) int { return cmp.Compare(a.Start, b.Start) })
	s.Flags |= FDESorted
}
