// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"fmt"
	"slices"
)

// Convert returns a section that says in the given version what s says. s isn't changed and shares nothing with the
// result, whose FDEs are in the same order; a flag that the version lacks is only dropped where it has no bearing on
// rows.
//
// An error wraps [ErrInexpressible], or [ErrMalformed] where the data words of a row make no sense. Not to be said in a
// lower version are signal frames, flexible rows and distant functions (before V3), the size of a repeated block,
// outermost frames and s390x (in V1); in V3 more than 65535 rows in an FDE and the flag [FramePointer]; and V1's mask
// rows anywhere else, because V1 doesn't know the size of their block.
func Convert(s *Section, v Version) (*Section, error) {
	if v < V1 || v > V3 {
		return nil, fmt.Errorf("%w: version %d", ErrInexpressible, uint8(v))
	}
	out := *s
	out.Version = v
	out.Aux = slices.Clone(s.Aux)
	out.FDEs = make([]FDE, len(s.FDEs))
	switch {
	case v == V1 && s.ABI == S390X:
		return nil, fmt.Errorf("%w in V1: s390x", ErrInexpressible)
	case v == V1:
		out.Flags &^= FuncStartPCRel
	case v == V3 && s.Flags&FramePointer != 0:
		return nil, fmt.Errorf("%w in V3: flag SFRAME_F_FRAME_POINTER", ErrInexpressible)
	case v == V3:
		out.Flags |= FuncStartPCRel // GNU binutils and the kernel know V3 with it only
	}
	for i := range s.FDEs {
		if err := out.convertFDE(&out.FDEs[i], s, i); err != nil {
			return nil, fmt.Errorf("FDE %d (function 0x%x): %w", i, s.FDEs[i].Start, err)
		}
	}
	// Encoding finds what remains: distances and numbers that the version has no room for.
	if _, err := out.Encode(); err != nil {
		return nil, err
	}
	return &out, nil
}

// convertFDE sets f to what FDE i of section from says, in the version of s.
func (s *Section) convertFDE(f *FDE, from *Section, i int) error {
	*f = from.FDEs[i]
	f.FREs = slices.Clone(f.FREs)
	for j := range f.FREs {
		f.FREs[j].Words = slices.Clone(f.FREs[j].Words)
	}
	if s.Version == from.Version {
		return nil
	}
	if f.PCType == Mask && (s.Version == V1 || from.Version == V1) {
		return fmt.Errorf("%w: mask rows: version 1 doesn't record the size of the repeated block", ErrInexpressible)
	}
	if from.Version == V3 && f.Type == Default && len(f.FREs) == 0 {
		if s.Version == V1 {
			return fmt.Errorf("%w in V1: outermost frame", ErrInexpressible)
		}
		f.FREs = []FRE{{Base: FP}} // an outermost row
		return nil
	}
	if s.Version == V3 && len(f.FREs) == 0 {
		return fmt.Errorf("%w in V3, where it means an outermost frame: no rows", ErrInexpressible)
	}
	if f.Type == Default && !from.hasOddOffsets(i) {
		for j := range f.FREs {
			if s.Version == V1 && len(f.FREs[j].Words) == 0 {
				return fmt.Errorf("row %d: %w in V1: outermost frame", j, ErrInexpressible)
			}
		}
		return nil
	}
	rows := make([]Row, len(f.FREs))
	for j := range rows {
		var err error
		if rows[j], err = from.Row(i, j); err != nil {
			return err
		}
	}
	var err error
	f.FREs, f.Type, err = s.rows(rows)
	return err
}

// hasOddOffsets says whether a row of FDE i saves RA or FP at an odd offset on s390x, where V2 takes that for a
// register number and V3 for an offset.
func (s *Section) hasOddOffsets(i int) bool {
	return s.ABI == S390X && slices.ContainsFunc(s.FDEs[i].FREs, func(r FRE) bool {
		return len(r.Words) > 1 && slices.ContainsFunc(r.Words[1:], func(w int32) bool { return w&1 != 0 })
	})
}
