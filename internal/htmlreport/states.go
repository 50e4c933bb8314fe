// SPDX-License-Identifier: GPL-2.0-only

package htmlreport

import (
	"cmp"
	"errors"
	"fmt"
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

// A recorder writes down the states of a target.
type recorder struct {
	c      *collector
	t      *stateTable
	lists  *table[string]
	before [numRegs]uint64
	memory memoryChanges
}

// states fills in what the machine looked like at every moment that has a point: first those of the run, in which each
// state is near the one before, then those within exceptions, which open shows.
func (c *collector) states(in *inspect.Inspector, open func(moment) (*inspect.Inspector, error), d *targetData) error {
	r := recorder{c: c, t: &d.States, lists: newTable(""), memory: memoryChanges{in: in, words: map[uint64]uint64{}}}
	r.t.Lists = [][]int{{}}
	moments := slices.SortedFunc(maps.Keys(c.pcs), func(a, b moment) int {
		return cmp.Or(bit(a.second > 0)-bit(b.second > 0), cmp.Compare(a.step, b.step),
			cmp.Compare(a.generation, b.generation), cmp.Compare(a.second, b.second))
	})
	for len(moments) > 0 && moments[0].second == 0 {
		if err := r.state(in, moments[0], moments[0].step); err != nil {
			return err
		}
		moments = moments[1:]
	}
	for len(moments) > 0 {
		first, n := moments[0], 1
		for n < len(moments) && moments[n].step == first.step && moments[n].generation == first.generation {
			n++
		}
		if err := r.exception(open, moments[:n]); err != nil {
			return err
		}
		moments = moments[n:]
	}
	delta(r.t.Step)
	return nil
}

// exception adds the states at moments within an exception.
func (r *recorder) exception(open func(moment) (*inspect.Inspector, error), moments []moment) (err error) {
	in, err := open(moments[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	r.memory = memoryChanges{in: in, words: r.memory.words}
	for _, m := range moments {
		if err := r.state(in, m, m.step+m.second-1); err != nil {
			return err
		}
		if pc := in.At().PC(); pc != r.c.pcs[m] {
			return fmt.Errorf("step %d of the exception at step %d is at %#x, not at %#x", m.second-1, m.step, pc,
				r.c.pcs[m])
		}
	}
	return nil
}

// state adds a state, the one at a step of what is inspected. It returns errDone if the report is wanted at once.
func (r *recorder) state(in *inspect.Inspector, at moment, step int) error {
	if r.c.isDone() {
		return errDone
	}
	if err := in.Seek(step); err != nil {
		return err
	}
	c, t := r.c, r.t
	isFirst := len(t.Step) == 0
	t.Step = append(t.Step, at.step)
	t.Pair = append(t.Pair, at.pair())
	t.PC = append(t.PC, c.values.of(c.pcs[at]))
	var regs []int
	for i, v := range registersOf(in) {
		if isFirst || v != r.before[i] {
			regs = append(regs, i, c.values.of(v))
		}
		r.before[i] = v
	}
	t.Regs = append(t.Regs, regs)
	var words []int
	for _, w := range r.memory.at(step) {
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
	t.Shadow = append(t.Shadow, c.list(r.lists, t, shadow))
	t.Kretprobe = append(t.Kretprobe, c.list(r.lists, t, kretprobes))
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
