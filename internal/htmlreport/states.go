// SPDX-License-Identifier: GPL-2.0-only

package htmlreport

import (
	"cmp"
	"maps"
	"slices"

	"stacksweep/emu"
	"stacksweep/internal/inspect"
	"stacksweep/unwind"
)

// The numbers of registers in a stateTable.
const (
	regSP   = 31
	regDAIF = 32
	numRegs = 33
)

// states fills in what the machine looked like at every step that has a point.
func (c *collector) states(in *inspect.Inspector, d *targetData) error {
	steps := slices.Sorted(maps.Keys(c.pcs))
	t := &d.States
	lists := newTable("")
	t.Lists = [][]int{{}}
	var before [numRegs]uint64
	memory := memoryChanges{in: in, words: map[uint64]uint64{}}
	for i, step := range steps {
		if err := in.Seek(step); err != nil {
			return err
		}
		t.Step = append(t.Step, step)
		t.PC = append(t.PC, c.values.of(c.pcs[step]))
		var regs []int
		for r, v := range registersOf(in) {
			if i == 0 || v != before[r] {
				regs = append(regs, r, c.values.of(v))
			}
			before[r] = v
		}
		t.Regs = append(t.Regs, regs)
		var words []int
		for _, w := range memory.at(step) {
			words = append(words, c.values.of(w.addr), c.values.of(w.word))
		}
		t.Memory = append(t.Memory, words)
		var shadow, kretprobes []uint64
		for _, e := range in.ShadowStack() {
			shadow = append(shadow, e.Func, e.Ret, e.Retp)
		}
		for _, e := range in.Kretprobes() {
			kretprobes = append(kretprobes, e.Addr, e.RetAddr, e.FP)
		}
		t.Shadow = append(t.Shadow, c.list(lists, t, shadow))
		t.Kretprobe = append(t.Kretprobe, c.list(lists, t, kretprobes))
	}
	delta(t.Step)
	return nil
}

// list returns the number of a list of values.
func (c *collector) list(known *table[string], t *stateTable, values []uint64) int {
	var entries []int
	key := ""
	for _, v := range values {
		i := c.values.of(v)
		entries = append(entries, i)
		key += string(rune(i%0xd000)) + string(rune(i/0xd000))
	}
	i := known.of(key)
	if i == len(t.Lists) {
		t.Lists = append(t.Lists, entries)
	}
	return i
}

// registersOf reads the registers; those that the recording doesn't have are 0.
func registersOf(in *inspect.Inspector) (all [numRegs]uint64) {
	c := in.At()
	if regs, ok := c.Regs(); ok {
		copy(all[:], regs.X[:])
	} else {
		all[29], all[30] = c.FP(), c.LR()
	}
	all[regSP], all[regDAIF] = c.SP(), c.PState()>>6&0xf
	return all
}

// memoryChanges finds the words on stacks that have changed from one step to another.
type memoryChanges struct {
	in     *inspect.Inspector
	words  map[uint64]uint64 // as they were
	chunk  int
	store  int
	begun  bool
	spoilt []uint64
}

type word struct{ addr, word uint64 }

// at lists the words that differ from those at the step of the call before, by address. The inspector is at the step.
func (m *memoryChanges) at(step int) (changed []word) {
	m.spoilt = m.spoilt[:0]
	chunks := m.in.Recording.Chunks
	for ; m.chunk < len(chunks); m.chunk, m.store = m.chunk+1, 0 {
		c := chunks[m.chunk]
		for ; m.store < len(c.Stores) && c.First+int(c.Stores[m.store].Step) < step; m.store++ {
			m.spoil(&c.Stores[m.store])
		}
		if m.store < len(c.Stores) {
			break
		}
	}
	if !m.begun {
		m.begun = true
		for _, s := range m.in.Run.Task.Stacks {
			for addr := s.Low; addr < s.High; addr += 8 {
				m.spoilt = append(m.spoilt, addr)
			}
		}
	}
	slices.Sort(m.spoilt)
	for _, addr := range slices.Compact(m.spoilt) {
		if !m.onStack(addr) {
			continue
		}
		if w, ok := m.in.At().Memory().Word(addr); ok && w != m.words[addr] {
			m.words[addr] = w
			changed = append(changed, word{addr, w})
		}
	}
	slices.SortFunc(changed, func(a, b word) int { return cmp.Compare(a.addr, b.addr) })
	return changed
}

func (m *memoryChanges) spoil(s *emu.Store) {
	for addr := s.Addr &^ 7; addr < s.Addr+uint64(s.Size); addr += 8 {
		m.spoilt = append(m.spoilt, addr)
	}
}

func (m *memoryChanges) onStack(addr uint64) bool {
	return slices.ContainsFunc(m.in.Run.Task.Stacks, func(s unwind.Stack) bool { return s.Contains(addr, 8) })
}
