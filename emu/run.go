package emu

import (
	"errors"
	"math"
	"slices"
	"unsafe"

	"stacksweep/emu/internal/uc"
)

// RunOptions say how far to run and what to log.
type RunOptions struct {
	Until uint64 // stop on arrival at this address, where nothing has to be; a run that starts there does nothing
	// UntilReturn: stop as well when the exception that the CPU is in has returned.
	UntilReturn bool
	Limit       int // fail with ErrLimit after so many instructions; 0 means DefaultLimit
	Mode        Mode
	ChunkSteps  int  // most steps in a chunk; 0 means DefaultChunkSteps
	Verify      bool // Record only: check at the end that every change of memory was logged (Recording.Verify)
}

// Defaults of RunOptions.
const (
	DefaultLimit      = 1 << 24
	DefaultChunkSteps = 1 << 13
)

// NoAddress is a value of RunOptions.Until at which no instruction can be.
const NoAddress = math.MaxUint64

// buffers are reused from chunk to chunk.
type buffers struct {
	pc        []uint64
	stores    []uc.Store
	frames    []uc.FrameRegs
	transfers []uc.Transfer
	full      []uc.Regs
}

// forRun returns the buffers for a chunk of at most steps in the given mode.
func (b *buffers) forRun(mode Mode, steps int) uc.Buffers {
	b.transfers = withLen(b.transfers, steps)
	set := uc.Buffers{MaxSteps: steps, Transfers: b.transfers}
	if mode == Transfers {
		return set
	}
	b.pc = withLen(b.pc, steps)
	b.stores = withLen(b.stores, steps+uc.MinStores)
	b.frames = withLen(b.frames, steps)
	set.PC, set.Stores, set.Frames = b.pc, b.stores, b.frames
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

func chunkFrom(b *uc.Buffers, o *uc.Outcome, first int) *Chunk {
	c := &Chunk{First: first, Steps: o.Steps, Transfers: cast[Transfer](b.Transfers[:o.Transfers])}
	if b.PC != nil {
		c.PC = b.PC[:o.Steps]
		c.Stores = cast[Store](b.Stores[:o.Stores])
		c.Frames = cast[FrameRegs](b.Frames[:o.Frames])
	}
	if b.Full != nil {
		c.Full = cast[Regs](b.Full[:o.Steps])
	}
	return c
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
// A chunk stays valid until sink returns from the chunk after it, so that a Cursor can finish one when the next one
// arrives; the last chunk stays valid until the machine is used again. To keep chunks longer, clone them.
func (m *Machine) Stream(opt RunOptions, sink func(*Chunk) error) error {
	if m.engine == nil {
		return ErrClosed
	}
	limit, chunkSteps := opt.Limit, opt.ChunkSteps
	if limit <= 0 {
		limit = DefaultLimit
	}
	if chunkSteps <= 0 {
		chunkSteps = DefaultChunkSteps
	}
	mode := opt.Mode
	if m.forks > 0 && mode == Transfers {
		mode = Sparse // Fork needs the stores
	}
	exceptions := 0 // that have to return
	if opt.UntilReturn {
		exceptions = 1
	}
	for first := 0; ; {
		b := m.scratch[m.turn].forRun(mode, min(chunkSteps, limit-first))
		m.turn ^= 1
		o := m.engine.Run(opt.Until, exceptions, &b)
		exceptions = o.Exceptions
		chunk := chunkFrom(&b, &o, first)
		if m.forks > 0 {
			m.journal = append(m.journal, chunk.Stores...)
		}
		first += o.Steps
		if o.Steps > 0 {
			if err := sink(chunk); err != nil {
				return err
			}
		}
		switch {
		case o.Reason == uc.Until:
			return nil
		case o.Reason != uc.Full:
			return m.runError(&o, first)
		case first >= limit:
			return &RunError{Err: ErrLimit, Step: first, PC: m.engine.PC()}
		}
	}
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
		r.Chunks = append(r.Chunks, c.Clone())
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
	if n <= 0 {
		return nil
	}
	err := m.Run(NoAddress, n)
	if errors.Is(err, ErrLimit) {
		return nil
	}
	return err
}
