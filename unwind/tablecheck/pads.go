// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"cmp"
	"slices"

	"stacksweep/unwind/cfi"
	"stacksweep/unwind/flow"
)

// landingPads lists where exceptions go on, by the language-specific data of the file's functions. Data that can't be
// read tells nothing.
func (s *Subject) landingPads() (pads []flow.Pad) {
	im := s.Image
	sections, err := s.callFrames()
	if err != nil {
		return nil // who needs the table says so
	}
	for _, info := range sections {
		for _, f := range info.FDEs {
			if f.LSDA == 0 {
				continue
			}
			segment, ok := im.Segment(f.LSDA)
			if !ok || f.LSDA-segment.Addr >= uint64(len(segment.Data)) {
				continue
			}
			sites, _ := cfi.ParseLSDA(segment.Data[f.LSDA-segment.Addr:], f.LSDA, f.Start)
			for _, c := range sites {
				if c.Pad != 0 {
					pads = append(pads, flow.Pad{From: c.Start, To: c.End, At: c.Pad})
				}
			}
		}
	}
	slices.SortStableFunc(pads, func(a, b flow.Pad) int { return cmp.Compare(a.From, b.From) })
	return pads
}
