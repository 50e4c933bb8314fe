// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Memory is a copy of guest memory at one moment. It does not change when the machine runs on. It may be used by one
// goroutine at a time, reads included; Clone makes another one.
type Memory struct {
	regions []memoryRegion // sorted by base
	last    int            // where the last access ended
}

type memoryRegion struct {
	base     uint64
	data     []byte
	writable bool // by the guest; otherwise data is shared and never changes
}

// Clone returns an independent copy. Constant regions are shared.
func (m *Memory) Clone() *Memory {
	c := &Memory{regions: slices.Clone(m.regions)}
	for i := range c.regions {
		if r := &c.regions[i]; r.writable {
			r.data = slices.Clone(r.data)
		}
	}
	return c
}

// Word returns the little-endian 64-bit word at addr, which need not be aligned, and whether there is memory.
func (m *Memory) Word(addr uint64) (uint64, bool) {
	r := &m.regions[m.last]
	offset := addr - r.base
	if size := uint64(len(r.data)); offset < size && size-offset >= 8 {
		return binary.LittleEndian.Uint64(r.data[offset:]), true
	}
	return m.wordElsewhere(addr)
}

func (m *Memory) wordElsewhere(addr uint64) (uint64, bool) {
	if tail := m.at(addr); len(tail) >= 8 {
		return binary.LittleEndian.Uint64(tail), true
	}
	var b [8]byte
	if !m.Read(addr, b[:]) {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b[:]), true
}

// Read fills p with the bytes from addr on and tells whether all of them exist.
func (m *Memory) Read(addr uint64, p []byte) bool {
	for len(p) > 0 {
		tail := m.at(addr)
		if tail == nil {
			return false
		}
		n := copy(p, tail)
		p, addr = p[n:], addr+uint64(n)
	}
	return true
}

// at returns the bytes from addr to the end of its region, nil when there are none.
func (m *Memory) at(addr uint64) []byte {
	low, high := 0, len(m.regions)
	for low < high {
		middle := int(uint(low+high) / 2)
		r := &m.regions[middle]
		offset := addr - r.base
		switch {
		case addr < r.base:
			high = middle
		case offset >= uint64(len(r.data)):
			low = middle + 1
		default:
			m.last = middle
			return r.data[offset:]
		}
	}
	return nil
}

// apply does a store, undo takes it back. The recorder logs only stores that lie within a writable region.
func (m *Memory) apply(s *Store) { put(m.at(s.Addr), s.New, s.Size) }
func (m *Memory) undo(s *Store)  { put(m.at(s.Addr), s.Old, s.Size) }

// put writes the low size bytes of value, little-endian.
func put(to []byte, value uint64, size uint8) {
	if size == 8 {
		binary.LittleEndian.PutUint64(to, value)
		return
	}
	for i := range size {
		to[i] = byte(value >> (8 * i))
	}
}

// Compare returns an error that names the first address at which the machine's memory differs.
func (m *Machine) Compare(mem *Memory) error {
	if len(m.memory) != len(mem.regions) {
		return errors.New("memory of another machine")
	}
	for i := range m.memory {
		g, r := &m.memory[i], &mem.regions[i]
		if g.base != r.base || len(g.host) != len(r.data) {
			return errors.New("memory of another machine")
		}
		if !r.writable || bytes.Equal(g.host, r.data) {
			continue
		}
		at := 0
		for g.host[at] == r.data[at] {
			at++
		}
		return fmt.Errorf("%w at %#x in %v: the machine has %#02x, the replica %#02x",
			ErrUnlogged, g.base+uint64(at), m.regions[i], g.host[at], r.data[at])
	}
	return nil
}
