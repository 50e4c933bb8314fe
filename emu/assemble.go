// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// ErrRecording is wrapped by every complaint of NewMemory, Memory.Add and NewRecording.
var ErrRecording = errors.New("no recording can be made of this")

// NewMemory makes memory for a recording that no Machine has made. Unlike a machine's, regions may have any address and
// size; what Data doesn't fill is zero. Data is taken over.
func NewMemory(regions []Region) (*Memory, error) {
	m := &Memory{}
	for _, r := range regions {
		if err := m.Add(r); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Add puts in another region, which must not overlap with one that is there. Cursors that were made before don't see
// it.
func (m *Memory) Add(r Region) error {
	switch {
	case r.Size == 0 || r.Base+r.Size-1 < r.Base:
		return fmt.Errorf("%w: region %v is empty or wraps around", ErrRecording, r)
	case uint64(len(r.Data)) > r.Size:
		return fmt.Errorf("%w: region %v has %d bytes of data", ErrRecording, r, len(r.Data))
	}
	data := r.Data
	if uint64(len(data)) < r.Size {
		data = append(slices.Clone(data), make([]byte, r.Size-uint64(len(data)))...)
	}
	i, found := slices.BinarySearchFunc(m.regions, r.Base, func(have memoryRegion, base uint64) int {
		return cmp.Compare(have.base, base)
	})
	if found || i < len(m.regions) && m.regions[i].base-r.Base < r.Size ||
		i > 0 && r.Base-m.regions[i-1].base < uint64(len(m.regions[i-1].data)) {
		return fmt.Errorf("%w: region %v overlaps with another", ErrRecording, r)
	}
	m.regions = slices.Insert(m.regions, i, memoryRegion{r.Base, data, r.Perm&Write != 0})
	m.last = 0
	return nil
}

// Regions lists the memory by address. Data is the memory's own.
func (m *Memory) Regions() []Region {
	var all []Region
	for _, r := range m.regions {
		perm := Read
		if r.writable {
			perm |= Write
		}
		all = append(all, Region{Base: r.base, Size: uint64(len(r.data)), Data: r.data, Perm: perm})
	}
	return all
}

// Holds reports whether a store lies wholly within a writable region.
func (m *Memory) Holds(s *Store) bool {
	tail := m.at(s.Addr)
	return uint64(len(tail)) >= uint64(s.Size) && m.regions[m.last].writable
}

// Apply does a store, which the memory must hold.
func (m *Memory) Apply(s *Store) { m.apply(s) }

// WithCode returns the recording with more memory, which its run doesn't change: the parts of regions that have data,
// where there is nothing yet. The data are shared.
func (r *Recording) WithCode(regions []Region) (*Recording, error) {
	present := r.Initial.Regions()
	m := r.Initial.Clone()
	for _, c := range regions {
		at, end := c.Base, c.Base+uint64(len(c.Data))
		for _, k := range present {
			if k.Base >= end || k.Base+k.Size <= at {
				continue
			}
			if err := m.addCode(c, at, max(at, k.Base)); err != nil {
				return nil, err
			}
			at = min(k.Base+k.Size, end)
		}
		if err := m.addCode(c, at, end); err != nil {
			return nil, err
		}
	}
	with := *r
	with.Initial = m
	return &with, nil
}

// addCode adds what a region has in [from, to), to be read only.
func (m *Memory) addCode(r Region, from, to uint64) error {
	if from == to {
		return nil
	}
	return m.Add(Region{Name: r.Name, Base: from, Size: to - from, Data: r.Data[from-r.Base : to-r.Base : to-r.Base],
		Perm: r.Perm &^ Write})
}

// NewRecording makes a recording of its parts, as Machine.Record would: in mode Sparse or Full. It complains about what
// a machine's recording can't have.
func NewRecording(mode Mode, start, end Regs, initial *Memory, chunks []*Chunk) (*Recording, error) {
	if mode != Sparse && mode != Full || initial == nil {
		return nil, fmt.Errorf("%w: mode %d needs memory and PCs", ErrRecording, mode)
	}
	r := &Recording{Mode: mode, Start: start, End: end, Initial: initial, Chunks: chunks}
	for _, c := range chunks {
		if c.First != r.len {
			return nil, fmt.Errorf("%w: a chunk of step %d after %d steps", ErrRecording, c.First, r.len)
		}
		if err := c.check(mode, initial); err != nil {
			return nil, fmt.Errorf("%w: steps from %d: %w", ErrRecording, c.First, err)
		}
		r.len += c.Steps
	}
	if len(chunks) > 0 && chunks[0].PC[0] != start.PC {
		return nil, fmt.Errorf("%w: it starts at %#x, not at %#x", ErrRecording, chunks[0].PC[0], start.PC)
	}
	if err := r.replay(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecording, err)
	}
	return r, nil
}

// check complains about a chunk whose parts don't fit each other or the memory.
func (c *Chunk) check(mode Mode, m *Memory) error {
	switch {
	case c.Steps <= 0 || len(c.PC) != c.Steps:
		return fmt.Errorf("%d PCs for %d steps", len(c.PC), c.Steps)
	case len(c.Frames) == 0 || c.Frames[0].Step != 0:
		return errors.New("no frame registers for the first step")
	case mode == Full && len(c.Full) != c.Steps, mode == Sparse && len(c.Full) != 0:
		return fmt.Errorf("%d sets of registers for %d steps", len(c.Full), c.Steps)
	}
	for i := range c.Frames {
		if s := c.Frames[i].Step; int(s) >= c.Steps || i > 0 && s <= c.Frames[i-1].Step {
			return fmt.Errorf("frame registers of step %d out of order", s)
		}
	}
	for i := range c.Transfers {
		t := &c.Transfers[i]
		if int(t.Step) >= c.Steps || i > 0 && t.Step <= c.Transfers[i-1].Step {
			return fmt.Errorf("transfer of step %d out of order", t.Step)
		}
		if t.Kind < Call || t.Kind > Link {
			return fmt.Errorf("transfer of step %d is of kind %d", t.Step, t.Kind)
		}
	}
	for i := range c.Stores {
		s := &c.Stores[i]
		switch {
		case int(s.Step) >= c.Steps || i > 0 && s.Step < c.Stores[i-1].Step:
			return fmt.Errorf("store of step %d out of order", s.Step)
		case s.Size != 1 && s.Size != 2 && s.Size != 4 && s.Size != 8:
			return fmt.Errorf("store of %d bytes", s.Size)
		case !m.Holds(s):
			return fmt.Errorf("store to %#x, where no memory is", s.Addr)
		}
	}
	return nil
}

// replay does all stores, complains about one that says it overwrote something else than was there, and undoes them.
func (r *Recording) replay() (err error) {
	done := 0
	defer func() {
		for i := len(r.Chunks) - 1; i >= 0; i-- {
			stores := r.Chunks[i].Stores
			first := r.storesBefore(i)
			undoStores(r.Initial, stores[:max(0, min(len(stores), done-first))])
		}
	}()
	for _, c := range r.Chunks {
		for i := range c.Stores {
			s := &c.Stores[i]
			if old := load(r.Initial.at(s.Addr), s.Size); old != s.Old {
				return fmt.Errorf("step %d overwrites %#x at %#x, where %#x is", c.First+int(s.Step), s.Old,
					s.Addr, old)
			}
			r.Initial.apply(s)
			done++
		}
	}
	return nil
}

// storesBefore is the number of stores before a chunk.
func (r *Recording) storesBefore(chunk int) (n int) {
	for _, c := range r.Chunks[:chunk] {
		n += len(c.Stores)
	}
	return n
}

// load reads size bytes, little-endian.
func load(from []byte, size uint8) (value uint64) {
	for i := range size {
		value |= uint64(from[i]) << (8 * i)
	}
	return value
}
