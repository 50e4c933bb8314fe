// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"errors"
	"math"
	"slices"
	"sync"
	"unsafe"

	"stacksweep/emu/internal/uc"
)

// RunOptions say how far to run and what to log.
type RunOptions struct {
	Until uint64 // stop on arrival at this address, where nothing has to be; a run that starts there does nothing
	// UntilReturn: stop as well when the exception that the CPU is in has returned.
	UntilReturn bool
	Limit       int // fail with ErrLimit after this many instructions; 0 means DefaultLimit
	Mode        Mode
	ChunkSteps  int  // most steps in a chunk; 0 means DefaultChunkSteps
	Verify      bool // Record only: check at the end that every change of memory was logged (Recording.Verify)
	// Lend: chunks stay valid until the machine is closed, and Record doesn't copy them.
	Lend bool
}

// Defaults of RunOptions.
const (
	DefaultLimit      = 1 << 24
	DefaultChunkSteps = 1 << 13
)

// NoAddress is a value of RunOptions.Until at which no instruction can be.
const NoAddress = math.MaxUint64

// buffers are reused from chunk to chunk, and from machine to machine: a short run fills a small part of them, but
// making them costs as much as executing thousands of instructions.
type buffers struct {
	pc        []uint64
	stores    []uc.Store
	frames    []uc.FrameRegs
	transfers []uc.Transfer
	full      []uc.Regs
	chunk     Chunk
}

// spare are buffers of machines that were closed.
var spare = sync.Pool{New: func() any { return new(buffers) }}

// forRun returns the buffers for a chunk of at most steps in the given mode, with stores in any mode if they are
// wanted.
func (b *buffers) forRun(mode Mode, steps int, stores bool) uc.Buffers {
	b.transfers = withLen(b.transfers, steps)
	b.pc = withLen(b.pc, steps)
	set := uc.Buffers{MaxSteps: steps, Transfers: b.transfers, PC: b.pc}
	if stores || mode != Transfers {
		b.stores = withLen(b.stores, steps+uc.MinStores)
		set.Stores = b.stores
	}
	if mode == Transfers {
		return set
	}
	b.frames = withLen(b.frames, steps)
	set.Frames = b.frames
	if mode == Full {
		b.full = withLen(b.full, steps)
		set.Full = b.full
	}
	return set
}

// withLen returns a slice of the given length; its contents are of no interest.
func withLen[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	return make([]T, n)
}

// cast reinterprets log entries as the type of this package, which has the same layout.
func cast[To, From any](s []From) []To {
	return unsafe.Slice((*To)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}

// fill makes c what a run has logged.
func (c *Chunk) fill(b *uc.Buffers, o *uc.Outcome, first int) {
	*c = Chunk{First: first, Steps: o.Steps, Transfers: cast[Transfer](b.Transfers[:o.Transfers])}
	if b.Stores != nil {
		c.Stores = cast[Store](b.Stores[:o.Stores])
	}
	if b.Frames != nil {
		c.PC = b.PC[:o.Steps]
		c.Frames = cast[FrameRegs](b.Frames[:o.Frames])
	}
	if b.Full != nil {
		c.Full = cast[Regs](b.Full[:o.Steps])
	}
}

// Clone returns a copy that stays valid.
func (c *Chunk) Clone() *Chunk {
	d := *c
	d.PC = slices.Clone(c.PC)
	d.Stores = slices.Clone(c.Stores)
	d.Frames = slices.Clone(c.Frames)
	d.Transfers = slices.Clone(c.Transfers)
	d.Full = slices.Clone(c.Full)
	return &d
}

// Stream executes from the current PC until opt.Until and hands the log over in chunks. It returns a *RunError when
// the run fails, after the chunk with the last step that was executed, or the error of sink, which ends the run.
//
// A chunk stays valid until sink returns from the second chunk after it: so sink may leave it to another goroutine, and
// return when that one is done with the chunk before; and a Cursor can finish one when the next one arrives. The last
// two chunks stay valid until the machine is used again, or closed. To keep chunks longer, clone them, or have them
// lent.
func (m *Machine) Stream(opt RunOptions, sink func(*Chunk) error) error {
	steps, limited, err := m.stream(&opt, sink)
	if limited {
		return &RunError{Err: ErrLimit, Step: steps, PC: m.engine.PC()}
	}
	return err
}

// stream is Stream, for which reaching the limit is not an error. It returns how many steps were executed.
func (m *Machine) stream(opt *RunOptions, sink func(*Chunk) error) (steps int, limited bool, err error) {
	if m.engine == nil {
		return 0, false, ErrClosed
	}
	limit, chunkSteps := opt.Limit, opt.ChunkSteps
	if limit <= 0 {
		limit = DefaultLimit
	}
	if chunkSteps <= 0 {
		chunkSteps = DefaultChunkSteps
	}
	exceptions := 0 // that have to return
	if opt.UntilReturn {
		exceptions = 1
	}
	for {
		scratch := m.buffers(opt.Lend)
		b := scratch.forRun(opt.Mode, min(chunkSteps, limit-steps), m.forks > 0 || m.aborts)
		o := m.engine.Run(opt.Until, exceptions, &b)
		exceptions = o.Exceptions
		chunk := &scratch.chunk
		chunk.fill(&b, &o, steps)
		if m.forks > 0 {
			m.journal = append(m.journal, chunk.Stores...)
		}
		steps += o.Steps
		if o.Steps > 0 {
			if err := sink(chunk); err != nil {
				return steps, false, err
			}
		}
		switch {
		case o.Reason == uc.Until:
			return steps, false, nil
		case o.Reason != uc.Full:
			return steps, false, m.runError(&o, steps)
		case steps >= limit:
			return steps, true, nil
		}
	}
}

// buffers returns those for the next chunk. What is lent is not used again.
func (m *Machine) buffers(lend bool) *buffers {
	if lend {
		b := spare.Get().(*buffers)
		m.lent = append(m.lent, b)
		return b
	}
	m.turn = (m.turn + 1) % len(m.scratch)
	if m.scratch[m.turn] == nil {
		m.scratch[m.turn] = spare.Get().(*buffers)
	}
	return m.scratch[m.turn]
}

// Record executes from the current PC until opt.Until and keeps the log. When the run fails it returns a *RunError and
// the recording of what was executed before.
func (m *Machine) Record(opt RunOptions) (*Recording, error) {
	start, err := m.Regs()
	if err != nil {
		return nil, err
	}
	r := &Recording{Mode: opt.Mode, Start: start}
	if opt.Mode != Transfers {
		r.Initial = m.Snapshot()
	}
	runErr := m.Stream(opt, func(c *Chunk) error {
		if !opt.Lend {
			c = c.Clone()
		}
		r.Chunks = append(r.Chunks, c)
		r.len += c.Steps
		return nil
	})
	if r.End, err = m.Regs(); err != nil {
		return nil, err
	}
	if opt.Verify {
		if err := r.Verify(m); err != nil {
			return r, errors.Join(runErr, err)
		}
	}
	return r, runErr
}

// Run executes from the current PC until the given address without keeping a log. A limit of 0 means DefaultLimit.
func (m *Machine) Run(until uint64, limit int) error {
	return m.Stream(RunOptions{Until: until, Limit: limit, Mode: Transfers}, func(*Chunk) error { return nil })
}

// Advance executes n instructions without keeping a log.
func (m *Machine) Advance(n int) error {
	return m.AdvanceLogged(n, Transfers, func(*Chunk) error { return nil })
}

// AdvanceLogged executes n instructions and hands the log over as Stream does.
func (m *Machine) AdvanceLogged(n int, mode Mode, sink func(*Chunk) error) error {
	if n <= 0 {
		return nil
	}
	_, _, err := m.stream(&RunOptions{Until: NoAddress, Limit: n, ChunkSteps: min(n, DefaultChunkSteps), Mode: mode},
		sink)
	return err
}
