// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"encoding/binary"
	"fmt"

	"stacksweep/emu/internal/uc"
)

// A Context is a saved state of a machine's CPU: all registers and system registers, but no memory.
type Context struct{ saved *uc.Context }

// Save returns the state of the CPU.
func (m *Machine) Save() (*Context, error) {
	if m.engine == nil {
		return nil, ErrClosed
	}
	saved, err := m.engine.Save()
	if err != nil {
		return nil, err
	}
	return &Context{saved}, nil
}

// Restore brings back a state that was saved from the same machine.
func (m *Machine) Restore(c *Context) error {
	if m.engine == nil {
		return ErrClosed
	}
	if err := m.engine.Restore(c.saved); err != nil {
		return err
	}
	return nil
}

// Undo takes the stores of a chunk back in the machine's memory. Chunks must be undone last first, and the CPU is left
// alone: see Save and Restore.
func (m *Machine) Undo(c *Chunk) error { return m.undo(c.Stores) }

func (m *Machine) undo(stores []Store) error {
	for i := len(stores) - 1; i >= 0; i-- {
		s := &stores[i]
		host, g := m.at(s.Addr)
		if len(host) < int(s.Size) {
			return fmt.Errorf("%w at %#x", ErrUnmapped, s.Addr)
		}
		put(host, s.Old, s.Size)
		if err := m.changed(g, s.Addr, uint64(s.Size)); err != nil {
			return err
		}
	}
	return nil
}

// Fork calls fn, which may run the machine and change its registers and memory, and then brings the machine back to
// where it was, in CPU and memory. It costs a few microseconds and no copy of memory: what has to be undone are the
// stores that were done. Forks may be nested.
func (m *Machine) Fork(fn func() error) error {
	if m.engine == nil {
		return ErrClosed
	}
	start, err := m.forkContext()
	if err != nil {
		return err
	}
	mark := len(m.journal)
	m.forks++
	err = fn()
	m.forks--
	if m.engine == nil {
		return ErrClosed
	}
	if undoErr := m.undo(m.journal[mark:]); undoErr != nil {
		return undoErr
	}
	m.journal = m.journal[:mark]
	if restoreErr := m.engine.Restore(start); restoreErr != nil {
		return restoreErr
	}
	return err
}

// forkContext saves the CPU in the context that belongs to the present depth.
func (m *Machine) forkContext() (*uc.Context, error) {
	if m.forks < len(m.contexts) {
		c := m.contexts[m.forks]
		return c, m.engine.SaveTo(c)
	}
	c, err := m.engine.Save()
	if err == nil {
		m.contexts = append(m.contexts, c)
	}
	return c, err
}

// keep remembers the bytes that a Write inside of a Fork is about to change.
func (m *Machine) keep(addr uint64, p []byte) {
	for len(p) > 0 {
		host, _ := m.at(addr)
		n := min(len(p), len(host))
		p = p[n:]
		for ; n >= 8; n -= 8 {
			m.journal = append(m.journal, Store{Addr: addr, Size: 8, Old: binary.LittleEndian.Uint64(host)})
			host, addr = host[8:], addr+8
		}
		for _, b := range host[:n] {
			m.journal = append(m.journal, Store{Addr: addr, Size: 1, Old: uint64(b)})
			addr++
		}
	}
}
