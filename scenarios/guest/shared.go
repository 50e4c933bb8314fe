// SPDX-License-Identifier: GPL-2.0-only

package guest

import (
	"bytes"
	"slices"

	"stacksweep/emu"
	"stacksweep/image"
)

// Shared is the memory of an image that the memories of many runs have in common ([Memory.Share]). It doesn't change.
type Shared struct{ regions []region }

// ShareImage makes memory of the segments of an image, with their bytes. Of a segment that is both writable and
// executable, as a flat Image is, which says nothing about permissions, and most of a vmlinux, the part below writable
// is code and constants, and the rest variables. A page that two segments share, as lld lays them out, has the
// permissions of both.
func ShareImage(im *image.Image, writable uint64) *Shared {
	s := &Shared{}
	for i, segment := range im.Segments {
		whole := region{
			emu.Region{Name: segment.Name, Base: segment.Addr, Size: PageUp(segment.Size), Data: segment.Data,
				Perm: segment.Perm},
			true,
		}
		if segment.Addr%PageSize != 0 {
			whole = region{WholePages(im.Segments[i : i+1])[0], true}
			whole.Name = segment.Name
		}
		whole.Backing, _ = emu.NewBacking(whole.Data) // without one, each machine has a copy
		if segment.Perm&image.Write == 0 || segment.Perm&image.Exec == 0 {
			s.regions = append(s.regions, whole)
			continue
		}
		constant, variable := whole.cut(min(max(writable, whole.Base), whole.Base+whole.Size))
		constant.Perm, variable.Perm = emu.Read|emu.Exec, emu.Read|emu.Write
		for _, r := range []region{constant, variable} {
			if r.Size > 0 {
				s.regions = append(s.regions, r)
			}
		}
	}
	s.regions = divide(s.regions)
	return s
}

// divide makes a region of its own of each page that neighbours share. They are sorted, and zero in what isn't theirs.
func divide(regions []region) (all []region) {
	for _, r := range regions {
		for len(all) > 0 && r.Size > 0 && all[len(all)-1].Base+all[len(all)-1].Size > r.Base {
			last := &all[len(all)-1]
			before, page := last.cut(r.Base)
			over, rest := r.cut(r.Base + PageSize)
			page.Data = append(bytes.Clone(page.Data), make([]byte, PageSize-len(page.Data))...)
			for i, b := range over.Data {
				page.Data[i] |= b
			}
			page.Perm, page.Backing, page.Size = page.Perm|over.Perm, nil, PageSize
			if before.Size == 0 {
				*last = page
			} else {
				*last = before
				all = append(all, page)
			}
			r = rest
		}
		if r.Size > 0 {
			all = append(all, r)
		}
	}
	return all
}

// unshare makes the page at base, in region i, a region of its own, and returns its index.
func (m *Memory) unshare(i int, base uint64) int {
	r := m.regions[i]
	var pieces []region
	if base > r.Base {
		var low region
		low, r = r.cut(base)
		pieces = append(pieces, low)
	}
	at := i + len(pieces)
	high := region{}
	if r.Size > PageSize {
		r, high = r.cut(base + PageSize)
	}
	r.Data, r.Backing, r.shared, r.Name = bytes.Clone(r.Data), nil, false, "changed page"
	if pieces = append(pieces, r); high.Size > 0 {
		pieces = append(pieces, high)
	}
	m.regions = slices.Replace(m.regions, i, i+1, pieces...)
	return at
}
