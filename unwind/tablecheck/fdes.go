// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"cmp"
	"fmt"
	"slices"

	"stacksweep/image"
	"stacksweep/unwind/cfi"
)

// withFDEs is Symbols.
func (s *Subject) withFDEs() []image.Symbol {
	im, named := s.Image, s.named()
	sections, err := s.callFrames()
	if err != nil {
		return named // who needs the table says so
	}
	all := slices.Clone(named)
	for _, info := range sections {
		for _, f := range info.FDEs {
			if _, inside := symbolAround(named, f.Start); inside || f.Start%4 != 0 || f.End <= f.Start ||
				!isCode(im, f) {
				continue
			}
			all = append(all, image.Symbol{Name: fmt.Sprintf("%#x", f.Start), Addr: f.Start, Size: f.End - f.Start,
				Kind: image.Func})
		}
	}
	slices.SortStableFunc(all, func(a, b image.Symbol) int { return cmp.Compare(a.Addr, b.Addr) })
	return slices.CompactFunc(all, func(a, b image.Symbol) bool { return a.Addr == b.Addr })
}

// isCode reports whether an FDE is about code that isn't the linker's.
func isCode(im *image.Image, f *cfi.FDE) bool {
	plt, data, _ := im.Section(".plt")
	s, ok := im.Segment(f.Start)
	return ok && f.Start-plt >= uint64(len(data)) && s.Perm&image.Exec != 0
}
