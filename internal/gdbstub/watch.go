// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"encoding/binary"

	"stacksweep/emu"
	"stacksweep/internal/arm64"
)

// Stores are in a recording, loads are not: what an instruction reads follows from its word and the registers before
// it, which a recording in full has.

// touches returns the watched byte that a step of a chunk accesses first, its reads before its writes.
func (m *motion) touches(c *emu.Chunk, at int) (addr uint64, r reason, ok bool) {
	if len(m.breakpoints.watched) == 0 {
		return 0, 0, false
	}
	if addr, r, ok := m.reads(c, at); ok {
		return addr, r, true
	}
	for i := firstStore(c, at); i < len(c.Stores) && int(c.Stores[i].Step) == at; i++ {
		if addr, r, ok := m.breakpoints.hit(&c.Stores[i]); ok {
			return addr, r, true
		}
	}
	return 0, 0, false
}

// reads returns the watched byte that a step of a chunk reads first.
func (m *motion) reads(c *emu.Chunk, at int) (addr uint64, r reason, ok bool) {
	if at >= len(c.Full) || !m.breakpoints.watchesReads() {
		return 0, 0, false
	}
	regs := &c.Full[at]
	access, ok := arm64.Load(m.word(c.PC[at]), c.PC[at], func(n int) uint64 {
		if n == arm64.SP {
			return regs.SP
		}
		return regs.X[n]
	})
	if !ok {
		return 0, 0, false
	}
	return m.breakpoints.read(access)
}

// word is the instruction at an address when the run began; code that a run changes is not looked at again.
func (m *motion) word(pc uint64) uint32 {
	if w, ok := m.words[pc]; ok {
		return w
	}
	var b [4]byte
	m.recording.Initial.Read(pc, b[:])
	if m.words == nil {
		m.words = map[uint64]uint32{}
	}
	m.words[pc] = binary.LittleEndian.Uint32(b[:])
	return m.words[pc]
}

// nextTouch finds the first access to watched memory in a chunk, by step from or later.
func (m *motion) nextTouch(c *emu.Chunk, from int) (stop, bool) {
	if len(m.breakpoints.watched) == 0 {
		return stop{}, false
	}
	end := c.Steps
	for i := firstStore(c, from-c.First); i < len(c.Stores); i++ {
		if _, _, ok := m.breakpoints.hit(&c.Stores[i]); ok {
			end = int(c.Stores[i].Step)
			break
		}
	}
	if m.breakpoints.watchesReads() {
		for at := max(0, from-c.First); at < end; at++ {
			if _, _, ok := m.reads(c, at); ok {
				end = at
			}
		}
	}
	if end == c.Steps {
		return stop{}, false
	}
	addr, r, _ := m.touches(c, end)
	return stop{c.First + end, r, addr}, true
}

// lastTouch finds the last access to watched memory in a chunk, by a step before from. The stop is after it.
func (m *motion) lastTouch(c *emu.Chunk, from int) (stop, bool) {
	if len(m.breakpoints.watched) == 0 {
		return stop{}, false
	}
	last := -1
	for i := firstStore(c, from-c.First) - 1; i >= 0; i-- {
		if _, _, ok := m.breakpoints.hit(&c.Stores[i]); ok {
			last = int(c.Stores[i].Step)
			break
		}
	}
	if m.breakpoints.watchesReads() {
		for at := min(c.Steps, from-c.First) - 1; at > last; at-- {
			if _, _, ok := m.reads(c, at); ok {
				last = at
			}
		}
	}
	if last < 0 {
		return stop{}, false
	}
	addr, r, _ := m.touches(c, last)
	return stop{c.First + last + 1, r, addr}, true
}
