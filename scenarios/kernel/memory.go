// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/image"
)

const pageSize = emu.PageSize

// memory is what a run starts with. A kernel is tens of megabytes, of which a scenario changes a few words: the regions
// share the image's bytes, and a page that is written to becomes a region of its own.
type memory struct {
	regions []emu.Region
	err     error
}

// add maps memory of its own.
func (m *memory) add(name string, base, size uint64) {
	m.regions = append(m.regions, emu.Region{Name: name, Base: base, Size: size, Perm: emu.Read | emu.Write})
}

// addSegment maps a segment of an image. Of one that is both writable and executable, as a flat Image is, which says
// nothing about permissions, and most of a vmlinux, the part below writable is code and constants.
func (m *memory) addSegment(s image.Segment, writable uint64) {
	start := s.Addr &^ (pageSize - 1)
	end := (s.End() + pageSize - 1) &^ (pageSize - 1)
	data := s.Data
	if start < s.Addr || uint64(len(data))%pageSize != 0 {
		data = make([]byte, (s.Addr-start+uint64(len(s.Data))+pageSize-1)&^(pageSize-1))
		copy(data[s.Addr-start:], s.Data)
	}
	whole := emu.Region{Name: s.Name, Base: start, Size: end - start, Data: data, Perm: perm(s.Perm)}
	if s.Perm&image.Write == 0 || s.Perm&image.Exec == 0 {
		m.regions = append(m.regions, whole)
		return
	}
	constant, variable := cut(whole, min(max(writable, start), end))
	constant.Perm, variable.Perm = emu.Read|emu.Exec, emu.Read|emu.Write
	for _, r := range []emu.Region{constant, variable} {
		if r.Size > 0 {
			m.regions = append(m.regions, r)
		}
	}
}

func perm(p image.Perm) (q emu.Perm) {
	for from, to := range map[image.Perm]emu.Perm{image.Read: emu.Read, image.Write: emu.Write, image.Exec: emu.Exec} {
		if p&from != 0 {
			q |= to
		}
	}
	return q
}

// cut divides a region at an address within it.
func cut(r emu.Region, at uint64) (low, high emu.Region) {
	low, high = r, r
	low.Size = at - r.Base
	high.Base, high.Size = at, r.Size-low.Size
	split := min(low.Size, uint64(len(r.Data)))
	low.Data, high.Data = r.Data[:split:split], r.Data[split:]
	return low, high
}

// page returns the bytes of the page at base, to be written to.
func (m *memory) page(base uint64) []byte {
	i := slices.IndexFunc(m.regions, func(r emu.Region) bool { return base-r.Base < r.Size })
	if i < 0 {
		if m.err == nil {
			m.err = fmt.Errorf("nothing is mapped at %#x", base)
		}
		return make([]byte, pageSize)
	}
	r := m.regions[i]
	if r.Size == pageSize && len(r.Data) == pageSize && r.Name == ownPage {
		return r.Data
	}
	var pieces []emu.Region
	if base > r.Base {
		var low emu.Region
		low, r = cut(r, base)
		pieces = append(pieces, low)
	}
	if r.Size > pageSize {
		var high emu.Region
		r, high = cut(r, base+pageSize)
		pieces = append(pieces, high)
	}
	r.Data = append(bytes.Clone(r.Data), make([]byte, pageSize-len(r.Data))...)
	r.Name = ownPage
	m.regions = slices.Replace(m.regions, i, i+1, append(pieces, r)...)
	return r.Data
}

// ownPage names the regions that page has made.
const ownPage = "changed page"

// write changes memory.
func (m *memory) write(addr uint64, p []byte) {
	for len(p) > 0 {
		page := m.page(addr &^ (pageSize - 1))
		n := copy(page[addr%pageSize:], p)
		p, addr = p[n:], addr+uint64(n)
	}
}

func (m *memory) setWord(addr, w uint64) {
	m.write(addr, binary.LittleEndian.AppendUint64(nil, w))
}

func (m *memory) setWord32(addr uint64, w uint32) {
	m.write(addr, binary.LittleEndian.AppendUint32(nil, w))
}
