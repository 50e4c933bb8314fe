// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// NewSection returns an empty section for the ABI, with the flags and fixed offsets that GNU as uses (V2 as of binutils
// 2.45: function starts relative to their field).
func NewSection(v Version, abi ABI, addr uint64) *Section {
	s := &Section{Version: v, ABI: abi, Addr: addr}
	if v >= V2 {
		s.Flags |= FuncStartPCRel
	}
	if abi == AMD64 {
		s.FixedRA = -8
	}
	return s
}

// AddFunc appends an FDE whose rows say what the given rows say. Of f everything but Type, FREOffset and FREs is used,
// of each row Start, CFABase or (where that is Other) CFAReg, CFAOffset, CFADeref, RA, FP, Mangled and Outermost.
//
// The FDE is a Default one if all rows can be said so, else in V3 a Flexible one. Where neither can say a row, the
// error wraps [ErrInexpressible], says which row and why, and s is unchanged.
func (s *Section) AddFunc(f FDE, rows ...Row) error {
	fre, t, err := s.rows(rows)
	if err != nil {
		return fmt.Errorf("function 0x%x: %w", f.Start, err)
	}
	f.Type, f.FREs = t, fre
	f.FREOffset = s.nextFREOffset()
	s.FDEs = append(s.FDEs, f)
	return nil
}

// nextFREOffset is an offset that places data after that of the FDEs so far.
func (s *Section) nextFREOffset() uint32 {
	last := uint32(0)
	if n := len(s.FDEs); n > 0 {
		last = s.FDEs[n-1].FREOffset
	}
	return last
}

func (s *Section) rows(rows []Row) ([]FRE, FDEType, error) {
	fres, err := s.rowsAs(Default, rows)
	if err == nil || s.Version < V3 {
		return fres, Default, err
	}
	fres, flexErr := s.rowsAs(Flexible, rows)
	if flexErr != nil {
		return nil, Default, flexErr
	}
	return fres, Flexible, nil
}

func (s *Section) rowsAs(t FDEType, rows []Row) ([]FRE, error) {
	fres := make([]FRE, len(rows))
	for i := range rows {
		if i > 0 && rows[i].Start <= rows[i-1].Start {
			return nil, fmt.Errorf("%w: row %d starts at +0x%x, not after +0x%x", ErrInexpressible, i, rows[i].Start,
				rows[i-1].Start)
		}
		var err error
		if fres[i], err = s.newFRE(t, &rows[i]); err != nil {
			return nil, fmt.Errorf("row %d at +0x%x: %w", i, rows[i].Start, err)
		}
	}
	return fres, nil
}

func (s *Section) newFRE(t FDEType, row *Row) (FRE, error) {
	r := FRE{Start: row.Start, Mangled: row.Mangled}
	if row.Outermost || row.RA.Kind == Undefined {
		if s.Version == V1 {
			return FRE{}, fmt.Errorf("%w in V1: outermost frame", ErrInexpressible)
		}
		return r, nil
	}
	if row.CFABase == SP {
		r.Base = SP
	}
	var err error
	if t == Flexible {
		r.Base = FP // means nothing here; GNU as leaves it 0
		r.Words, err = s.flexibleWords(row)
	} else {
		r.Words, err = s.standardWords(row)
	}
	return r, err
}

// word checks that an offset fits a data word.
func word(offset int64) (int32, error) {
	if offset != int64(int32(offset)) {
		return 0, fmt.Errorf("%w: offset %d exceeds 32 bits", ErrInexpressible, offset)
	}
	return int32(offset), nil
}

// cfaWord is the inverse of cfaOffset.
func cfaWord(a ABI, offset int64) (int32, error) {
	if a != S390X {
		return word(offset)
	}
	if (offset-160)%8 != 0 {
		return 0, fmt.Errorf("%w on s390x: CFA offset %d", ErrInexpressible, offset)
	}
	return word((offset - 160) / 8)
}

// Why a Default FDE can't say a row.
var (
	errBaseRegister = errors.New("CFA is not an offset from SP or FP")
	errFPWithoutRA  = errors.New("FP is saved, but RA is not")
	errNotStored    = errors.New("neither retained nor stored at an offset from the CFA")
)

// standardWords is the inverse of interpreter.standard.
func (s *Section) standardWords(row *Row) ([]int32, error) {
	if row.CFABase > SP || row.CFADeref {
		return nil, fmt.Errorf("%w: %w", ErrInexpressible, errBaseRegister)
	}
	cfa, err := cfaWord(s.ABI, row.CFAOffset)
	if err != nil {
		return nil, err
	}
	words := []int32{cfa}
	ra, raSaved, err := s.storedWord(row.RA, s.FixedRA)
	if err != nil {
		return nil, fmt.Errorf("RA: %w", err)
	}
	fp, fpSaved, err := s.storedWord(row.FP, s.FixedFP)
	if err != nil {
		return nil, fmt.Errorf("FP: %w", err)
	}
	switch {
	case raSaved:
		words = append(words, ra)
	case fpSaved && s.FixedRA == 0 && s.ABI == S390X:
		words = append(words, 0) // padding
	case fpSaved && s.FixedRA == 0:
		return nil, fmt.Errorf("%w: %w", ErrInexpressible, errFPWithoutRA)
	}
	if fpSaved {
		words = append(words, fp)
	}
	return words, nil
}

// storedWord is the inverse of interpreter.stored: the data word for a rule, and whether it takes one.
func (s *Section) storedWord(r Rule, fixedOffset int8) (w int32, saved bool, err error) {
	switch {
	case r == fixed(fixedOffset):
		return 0, false, nil
	case fixedOffset != 0:
		return 0, false, fmt.Errorf("%w: %v, but the header fixes it at CFA%+d", ErrInexpressible, r, fixedOffset)
	case r.Kind == IsReg && r.Offset == 0 && s.ABI == S390X && s.Version == V2 && r.Reg < 1<<30:
		return int32(r.Reg<<1 | 1), true, nil
	case r.Kind != AtCFA:
		return 0, false, fmt.Errorf("%w: %v: %w", ErrInexpressible, r, errNotStored)
	case r.Offset == 0 || s.ABI == S390X && s.Version == V2 && r.Offset&1 != 0:
		return 0, false, fmt.Errorf("%w: stored at CFA%+d, which readers understand otherwise",
			ErrInexpressible, r.Offset)
	}
	w, err = word(r.Offset)
	return w, true, err
}

// flexibleWords is the inverse of interpreter.flexible.
func (s *Section) flexibleWords(row *Row) ([]int32, error) {
	reg := row.CFAReg
	switch row.CFABase {
	case SP:
		reg = s.ABI.SP()
	case FP:
		reg = s.ABI.FP()
	}
	cfa, err := cfaWord(s.ABI, row.CFAOffset)
	if err != nil {
		return nil, err
	}
	c, err := newControl(reg, true, row.CFADeref)
	if err != nil {
		return nil, err
	}
	words := []int32{c, cfa}
	ra, err := pairWords(row.RA, s.FixedRA)
	if err != nil {
		return nil, fmt.Errorf("RA: %w", err)
	}
	fp, err := pairWords(row.FP, s.FixedFP)
	if err != nil {
		return nil, fmt.Errorf("FP: %w", err)
	}
	if len(ra) == 0 && len(fp) > 0 {
		ra = []int32{0} // padding
	}
	return slices.Concat(words, ra, fp), nil
}

func newControl(reg uint32, useReg, deref bool) (int32, error) {
	if reg > math.MaxUint32>>3 {
		return 0, fmt.Errorf("%w: register %d", ErrInexpressible, reg)
	}
	return int32(NewControlWord(reg, useReg, deref)), nil
}

// pairWords is the inverse of pair: no words where the header's fixed offset says it all.
func pairWords(r Rule, fixedOffset int8) ([]int32, error) {
	if r == fixed(fixedOffset) {
		return nil, nil
	}
	var useReg, deref bool
	switch r.Kind {
	case AtCFA:
		deref = true
	case AtReg:
		useReg, deref = true, true
	case IsReg:
		useReg = true
	default:
		return nil, fmt.Errorf("%w: %v", ErrInexpressible, r)
	}
	reg := r.Reg
	if !useReg {
		reg = 0
	}
	c, err := newControl(reg, useReg, deref)
	if err != nil {
		return nil, err
	}
	offset, err := word(r.Offset)
	return []int32{c, offset}, err
}
