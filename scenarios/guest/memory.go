// SPDX-License-Identifier: GPL-2.0-only

package guest

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/image"
)

// PageSize is the unit in which memory is mapped, in bytes.
const PageSize = emu.PageSize

// Memory is what a run starts with: regions that don't overlap. It may share bytes with other memories, tens of
// megabytes if they are a kernel's: a shared page that is written to becomes a region of its own. The first error is
// kept.
type Memory struct {
	regions []region
	err     error
}

// region is a region whose data may be shared with others, and then isn't written to.
type region struct {
	emu.Region
	shared bool
}

// Regions returns the memory as a machine wants it.
func (m *Memory) Regions() []emu.Region {
	all := make([]emu.Region, len(m.regions))
	for i, r := range m.regions {
		all[i] = r.Region
	}
	return all
}

// Err returns the first error.
func (m *Memory) Err() error { return m.err }

// Fail notes an error, unless it is nil or there already was one.
func (m *Memory) Fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// Map adds size bytes of writable memory at base, zero beyond data. Both are multiples of [PageSize].
func (m *Memory) Map(name string, base, size uint64, data ...byte) {
	m.Add(emu.Region{Name: name, Base: base, Size: size, Data: data, Perm: emu.Read | emu.Write})
}

// MapOver maps a page of zeros, which takes the place of what is mapped there.
func (m *Memory) MapOver(name string, page uint64) {
	if i := m.index(page); i >= 0 {
		low, rest := m.regions[i].cut(page)
		_, high := rest.cut(page + PageSize)
		left := slices.DeleteFunc([]region{low, high}, func(r region) bool { return r.Size == 0 })
		m.regions = slices.Replace(m.regions, i, i+1, left...)
	}
	m.Map(name, page, PageSize)
}

// Add adds a region, the data of which belong to the memory from now on.
func (m *Memory) Add(regions ...emu.Region) {
	for _, r := range regions {
		m.regions = append(m.regions, region{Region: r, shared: r.Backing != nil})
	}
}

// MapImage maps a copy of the segments of an image.
func (m *Memory) MapImage(im *image.Image) { m.Add(WholePages(im.Segments)...) }

// Share adds what it has in common with other memories.
func (m *Memory) Share(s *Shared) { m.regions = append(m.regions, s.regions...) }

// WholePages makes memory of copied segments. Those that share a page become one region, with the permissions of all of
// them.
func WholePages(segments []image.Segment) []emu.Region {
	var all []emu.Region
	for i, s := range segments {
		start, end := s.Addr&^(PageSize-1), PageUp(s.End())
		last := len(all) - 1
		if last < 0 || all[last].Base+all[last].Size <= start {
			all = append(all, emu.Region{Name: cmp.Or(s.Name, fmt.Sprintf("segment %d", i)), Base: start})
			last++
		}
		r := &all[last]
		r.Size = max(r.Size, end-r.Base)
		r.Perm |= s.Perm
		if gap := s.Addr - r.Base - uint64(len(r.Data)); len(s.Data) > 0 {
			r.Data = append(append(r.Data, make([]byte, gap)...), s.Data...)
		}
	}
	return all
}

// PageUp rounds an address or a size up to whole pages.
func PageUp(addr uint64) uint64 { return (addr + PageSize - 1) &^ (PageSize - 1) }

// cut divides a region at an address within it.
func (r region) cut(at uint64) (low, high region) {
	low, high = r, r
	low.Size = at - r.Base
	high.Base, high.Size = at, r.Size-low.Size
	split := min(low.Size, uint64(len(r.Data)))
	low.Data, high.Data = r.Data[:split:split], r.Data[split:]
	return low, high
}

// Write changes memory, whatever the guest may do with it. Memory that isn't mapped is an error.
func (m *Memory) Write(addr uint64, p []byte) {
	for len(p) > 0 {
		n := copy(m.at(addr), p)
		if n == 0 {
			return
		}
		p, addr = p[n:], addr+uint64(n)
	}
}

// SetWord writes 64 bits, SetWord32 writes 32.
func (m *Memory) SetWord(addr, w uint64) { m.Write(addr, binary.LittleEndian.AppendUint64(nil, w)) }
func (m *Memory) SetWord32(addr uint64, w uint32) {
	m.Write(addr, binary.LittleEndian.AppendUint32(nil, w))
}

// Word32 returns the 32 bits at addr, 0 where nothing is mapped, which is an error.
func (m *Memory) Word32(addr uint64) uint32 {
	i := m.find(addr)
	if i < 0 {
		return 0
	}
	var word [4]byte
	r := &m.regions[i]
	if off := addr - r.Base; off < uint64(len(r.Data)) {
		copy(word[:], r.Data[off:])
	}
	return binary.LittleEndian.Uint32(word[:])
}

// find returns the index of the region at an address; -1 is an error.
func (m *Memory) find(addr uint64) int {
	i := m.index(addr)
	if i < 0 {
		m.Fail(fmt.Errorf("nothing is mapped at %#x", addr))
	}
	return i
}

// index returns the index of the region at an address, or -1.
func (m *Memory) index(addr uint64) int {
	return slices.IndexFunc(m.regions, func(r region) bool { return addr-r.Base < r.Size })
}

// at returns the bytes from addr on that lie together, to be written to; none if there is nothing.
func (m *Memory) at(addr uint64) []byte {
	i := m.find(addr)
	if i < 0 {
		return nil
	}
	if m.regions[i].shared {
		i = m.unshare(i, addr&^(PageSize-1))
	}
	r := &m.regions[i]
	if missing := r.Size - uint64(len(r.Data)); missing > 0 {
		r.Data = append(r.Data, make([]byte, missing)...)
	}
	return r.Data[addr-r.Base:]
}
