// SPDX-License-Identifier: GPL-2.0-only

package sweep

import "stacksweep/emu"

// A wordSet holds words of memory, at addresses that are multiples of 8, with their values. It is a hash table with
// open addressing.
type wordSet struct {
	slots []wordSlot // a power of two, at most half of them used
	used  int
}

type wordSlot struct {
	word
	used bool
}

// slot is where an address is, or would be.
func (s *wordSet) slot(addr uint64) *wordSlot {
	mask := uint64(len(s.slots) - 1)
	for i := addr >> 3 * 0x9e3779b97f4a7c15 >> 32 & mask; ; i = (i + 1) & mask {
		if t := &s.slots[i]; !t.used || t.addr == addr {
			return t
		}
	}
}

// add adds an address, whose value is to be filled in.
func (s *wordSet) add(addr uint64) {
	if 2*s.used >= len(s.slots) {
		old := s.slots
		s.slots, s.used = make([]wordSlot, max(64, 2*len(old))), 0
		for i := range old {
			if old[i].used {
				s.add(old[i].addr)
			}
		}
	}
	if t := s.slot(addr); !t.used {
		*t = wordSlot{word{addr: addr}, true}
		s.used++
	}
}

// touches reports whether a store writes to any of the words.
func (s *wordSet) touches(t *emu.Store) bool {
	if s.used == 0 {
		return false
	}
	first, last := t.Addr&^7, (t.Addr+uint64(t.Size)-1)&^7
	return s.slot(first).used || last != first && s.slot(last).used
}

// look fills in the values that the words have in memory. It reports false if one of them doesn't exist.
func (s *wordSet) look(m *emu.Memory) bool {
	for i := range s.slots {
		t := &s.slots[i]
		if !t.used {
			continue
		}
		var ok bool
		if t.value, ok = m.Word(t.addr); !ok {
			return false
		}
	}
	return true
}

// holds reports whether the words have their values in memory.
func (s *wordSet) holds(m *emu.Memory) bool {
	for i := range s.slots {
		if t := &s.slots[i]; t.used {
			if value, ok := m.Word(t.addr); !ok || value != t.value {
				return false
			}
		}
	}
	return true
}

// undo makes the values what they were before some stores. It reports whether that changes any.
func (s *wordSet) undo(stores []emu.Store) (changed bool) {
	if s.used == 0 {
		return false
	}
	before := map[uint64]uint64{}
	for i := len(stores) - 1; i >= 0; i-- {
		t := &stores[i]
		for b := range uint64(t.Size) {
			addr := t.Addr + b
			slot := s.slot(addr &^ 7)
			if !slot.used {
				continue
			}
			if _, ok := before[slot.addr]; !ok {
				before[slot.addr] = slot.value
			}
			shift := 8 * (addr & 7)
			slot.value = slot.value&^(0xff<<shift) | t.Old>>(8*b)&0xff<<shift
		}
	}
	for addr, end := range before {
		changed = changed || s.slot(addr).value != end
	}
	return changed
}
