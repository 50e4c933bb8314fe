// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"stacksweep/emu"
)

// A Watch is memory of the target whose every change a recording has: a stack, a task.
type Watch struct {
	Name       string
	Base, Size uint64
}

// A replica is what the watched memory was at the start of a recording, and what it is now.
type replica struct {
	watches []Watch
	initial *emu.Memory
	now     *emu.Memory
}

// newReplica reads the watched memory.
func newReplica(t *Target, watches []Watch) (*replica, error) {
	r := &replica{}
	var err error
	if r.initial, err = emu.NewMemory(nil); err != nil {
		return nil, err
	}
	if r.now, err = emu.NewMemory(nil); err != nil {
		return nil, err
	}
	for _, w := range watches {
		if err := r.add(t, w); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// add watches more memory from now on. What it held before isn't known: the recording says that it held what it holds
// now.
func (r *replica) add(t *Target, w Watch) error {
	data := make([]byte, w.Size)
	if err := t.Read(w.Base, data); err != nil {
		return fmt.Errorf("%s: %w", w.Name, err)
	}
	region := emu.Region{Name: w.Name, Base: w.Base, Size: w.Size, Data: data, Perm: emu.Read | emu.Write}
	if err := r.initial.Add(region); err != nil {
		return err
	}
	region.Data = bytes.Clone(data)
	r.watches = append(r.watches, w)
	return r.now.Add(region)
}

// part is a piece of watched memory to be read again.
type part struct {
	addr    uint64
	size    int // of a store of it
	data    []byte
	compare bool // only what has changed was stored
}

// parts cuts a span to what of it is watched. Where the elements don't lie wholly within, it is cut into bytes.
func (r *replica) parts(s span) (all []part) {
	end := s.addr + uint64(s.bytes())
	for _, w := range r.watches {
		low, high := max(s.addr, w.Base), min(end, w.Base+w.Size)
		if s.elements == 0 || low >= high {
			continue
		}
		size := s.size
		if (low-s.addr)%uint64(size) != 0 || (high-s.addr)%uint64(size) != 0 {
			size = 1
		}
		all = append(all, part{low, size, make([]byte, high-low), s.maybe})
	}
	return all
}

// everything is all watched memory, as if an instruction had stored to what has changed of it.
func (r *replica) everything() (all []part) {
	for _, w := range r.watches {
		size := 8
		if w.Base%8 != 0 || w.Size%8 != 0 {
			size = 1
		}
		all = append(all, part{w.Base, size, make([]byte, w.Size), true})
	}
	return all
}

// store makes stores of what was read, and does them.
func (r *replica) store(step int, parts []part, log func(emu.Store)) {
	for _, p := range parts {
		for i := 0; i < len(p.data); i += p.size {
			s := emu.Store{Step: uint32(step), Size: uint8(p.size), Addr: p.addr + uint64(i)}
			s.New = loadLE(p.data[i : i+p.size])
			var old [8]byte
			r.now.Read(s.Addr, old[:p.size])
			s.Old = loadLE(old[:p.size])
			if p.compare && s.Old == s.New {
				continue
			}
			r.now.Apply(&s)
			log(s)
		}
	}
}

func loadLE(p []byte) uint64 {
	var b [8]byte
	copy(b[:], p)
	return binary.LittleEndian.Uint64(b[:])
}

// verify compares the watched memory with what the log of stores has made of it.
func (r *replica) verify(t *Target) error {
	for _, p := range r.everything() {
		if err := t.Read(p.addr, p.data); err != nil {
			return err
		}
		have := make([]byte, len(p.data))
		r.now.Read(p.addr, have)
		if bytes.Equal(have, p.data) {
			continue
		}
		at := 0
		for have[at] == p.data[at] {
			at++
		}
		return fmt.Errorf("%w at %#x: the target has %#02x, the recording %#02x", emu.ErrUnlogged, p.addr+uint64(at),
			p.data[at], have[at])
	}
	return nil
}
