// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrUnmapped is wrapped by accesses of the host to guest addresses that belong to no region.
var ErrUnmapped = errors.New("no memory")

// guestRegion is a region of a machine: the bytes that the guest sees.
type guestRegion struct {
	base uint64
	perm Perm
	host []byte

	// constant is a copy of a region that the guest cannot write, shared by the Memory values made from the machine.
	// It is nil when there is none yet or the host has changed the region since.
	constant []byte
}

// newGuestRegion makes a region of its memory, where its data is already.
func newGuestRegion(r *Region, host []byte) guestRegion {
	g := guestRegion{base: r.Base, perm: r.Perm, host: host}
	if r.Perm&Write == 0 && uint64(len(r.Data)) == r.Size {
		g.constant = r.Data
	}
	r.Data, r.Backing = nil, nil
	return g
}

// at returns the bytes from addr to the end of its region, and the region; nil when there is none.
func (m *Machine) at(addr uint64) ([]byte, *guestRegion) {
	if m.last < len(m.memory) {
		g := &m.memory[m.last]
		if offset := addr - g.base; offset < uint64(len(g.host)) {
			return g.host[offset:], g
		}
	}
	for i := range m.memory {
		g := &m.memory[i]
		if offset := addr - g.base; offset < uint64(len(g.host)) {
			m.last = i
			return g.host[offset:], g
		}
	}
	return nil, nil
}

// Read fills p with the guest's memory from addr on. Permissions do not matter.
func (m *Machine) Read(addr uint64, p []byte) error {
	for len(p) > 0 {
		host, _ := m.at(addr)
		if host == nil {
			return fmt.Errorf("%w at %#x", ErrUnmapped, addr)
		}
		n := copy(p, host)
		p, addr = p[n:], addr+uint64(n)
	}
	return nil
}

// Write changes the guest's memory from addr on. Permissions do not matter, and changed code takes effect. Nothing is
// written when some of the bytes belong to no region.
func (m *Machine) Write(addr uint64, p []byte) error {
	for a, left := addr, len(p); left > 0; {
		host, _ := m.at(a)
		if host == nil {
			return fmt.Errorf("%w at %#x", ErrUnmapped, a)
		}
		n := min(left, len(host))
		a, left = a+uint64(n), left-n
	}
	if m.forks > 0 {
		m.keep(addr, p)
	}
	for len(p) > 0 {
		host, g := m.at(addr)
		n := copy(host, p)
		if err := m.changed(g, addr, uint64(n)); err != nil {
			return err
		}
		p, addr = p[n:], addr+uint64(n)
	}
	return nil
}

// changed must follow every change of the host's making.
func (m *Machine) changed(g *guestRegion, addr, size uint64) error {
	if g.perm&Write == 0 {
		g.constant = nil
	}
	if g.perm&Exec == 0 {
		return nil
	}
	return m.engine.CodeChanged(addr, size)
}

// Word returns the little-endian 64-bit word at addr, which need not be aligned.
func (m *Machine) Word(addr uint64) (uint64, error) {
	if host, _ := m.at(addr); len(host) >= 8 {
		return binary.LittleEndian.Uint64(host), nil
	}
	var b [8]byte
	err := m.Read(addr, b[:])
	return binary.LittleEndian.Uint64(b[:]), err
}

// PutWord writes a little-endian 64-bit word, like Write.
func (m *Machine) PutWord(addr, value uint64) error {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], value)
	return m.Write(addr, b[:])
}

// Snapshot returns a copy of the guest's memory. Regions that the guest cannot write are shared between snapshots.
func (m *Machine) Snapshot() *Memory {
	snapshot := &Memory{regions: make([]memoryRegion, len(m.memory))}
	for i := range m.memory {
		g := &m.memory[i]
		r := memoryRegion{base: g.base, writable: g.perm&Write != 0}
		if r.writable {
			r.data = slices.Clone(g.host)
		} else {
			if g.constant == nil {
				g.constant = slices.Clone(g.host)
			}
			r.data = g.constant
		}
		snapshot.regions[i] = r
	}
	return snapshot
}
