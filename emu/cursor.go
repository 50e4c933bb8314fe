// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"errors"
	"fmt"
)

// A Cursor is a position in a run: it stands before some step and shows the memory and the frame registers there. It
// has a replica of the guest's memory and is independent of the machine. It may be used by one goroutine at a time.
//
// A cursor of a recording ([Recording.Cursor]) can be moved anywhere. A cursor of a stream ([NewCursor]) is given the
// chunks one by one ([Cursor.Load]) and goes forwards only.
type Cursor struct {
	recording *Recording // nil for a stream
	memory    *Memory

	chunk  *Chunk
	number int // of chunk in recording
	at     int // step within chunk; chunk.Steps is its end
	stores int // stores of chunk that have been applied
	frame  int // index of the FrameRegs in force
	now    FrameRegs
}

// Cursor returns a cursor at step 0. It panics for a recording in Transfers mode, which lacks what a cursor needs.
func (r *Recording) Cursor() *Cursor {
	if r.Initial == nil {
		panic("emu: cursor of a recording in Transfers mode")
	}
	c := &Cursor{recording: r, memory: r.Initial.Clone(), chunk: &Chunk{}}
	if len(r.Chunks) > 0 {
		c.enter(0)
	} else {
		c.setEnd()
	}
	return c
}

// NewCursor returns a cursor for a stream that starts with the given memory, which it takes over. It needs a chunk
// before it can be used.
func NewCursor(initial *Memory) *Cursor { return &Cursor{memory: initial, chunk: &Chunk{}} }

// Load finishes the chunk that the cursor is in and moves it to the first step of the next one.
func (c *Cursor) Load(next *Chunk) error {
	if len(next.Frames) == 0 {
		return errors.New("chunk without frame registers: Transfers mode has no cursors")
	}
	if next.First != c.chunk.First+c.chunk.Steps {
		return fmt.Errorf("chunk of step %d after chunk of steps [%d, %d)", next.First, c.chunk.First,
			c.chunk.First+c.chunk.Steps)
	}
	c.applyUntil(c.chunk.Steps)
	c.start(next)
	return nil
}

// Begin moves a stream's cursor to the first step of a chunk that begins where the memory stands, such as an exception
// that was taken there.
func (c *Cursor) Begin(chunk *Chunk) { c.start(chunk) }

// Rewind takes back what the steps of the chunk up to here have stored, so that the memory is again as it was when the
// cursor was given the chunk. The cursor must then be given another one.
func (c *Cursor) Rewind() { c.undoUntil(0) }

// start puts the cursor before the first step of a chunk to whose start the memory belongs.
func (c *Cursor) start(chunk *Chunk) {
	c.chunk, c.at, c.stores, c.frame = chunk, 0, 0, 0
	c.now = chunk.Frames[0]
}

// enter is start for the n-th chunk of the recording.
func (c *Cursor) enter(n int) {
	c.number = n
	c.start(c.recording.Chunks[n])
}

// setEnd takes the registers of the end of the recording.
func (c *Cursor) setEnd() {
	end := &c.recording.End
	c.now = FrameRegs{PState: uint32(end.PState) &^ PStateNZCV, SP: end.SP, FP: end.X[29], LR: end.X[30]}
}

// Next goes on by one step. It returns false when that leads to the end: of the recording, where the cursor can still
// be read, or of a stream's chunk, where another one has to be loaded.
func (c *Cursor) Next() bool {
	stores := c.chunk.Stores
	for c.stores < len(stores) && int(stores[c.stores].Step) <= c.at {
		c.memory.apply(&stores[c.stores])
		c.stores++
	}
	if c.at+1 >= c.chunk.Steps {
		return c.nextChunk()
	}
	c.at++
	if f := c.frame + 1; f < len(c.chunk.Frames) && int(c.chunk.Frames[f].Step) == c.at {
		c.frame = f
		c.now = c.chunk.Frames[f]
	}
	return true
}

// Skip goes on by n steps, at least one, of the chunk, as so many calls of Next would.
func (c *Cursor) Skip(n int) bool {
	c.at += n - 1
	c.applyUntil(c.at)
	for f := c.frame + 1; f < len(c.chunk.Frames) && int(c.chunk.Frames[f].Step) <= c.at; f++ {
		c.frame = f
	}
	c.now = c.chunk.Frames[c.frame]
	return c.Next()
}

// nextChunk leaves the last step of a chunk, whose stores have been applied.
func (c *Cursor) nextChunk() bool {
	switch {
	case c.recording == nil:
		c.at = c.chunk.Steps
		return false
	case c.number+1 < len(c.recording.Chunks):
		c.enter(c.number + 1)
		return true
	default:
		c.at = c.chunk.Steps
		c.setEnd()
		return false
	}
}

// Seek moves a recording's cursor to the state before step n, or to the end for n = Len().
func (c *Cursor) Seek(n int) error {
	switch {
	case c.recording == nil:
		return errors.New("seek in a stream")
	case n < 0 || n > c.recording.len:
		return fmt.Errorf("step %d of a recording of %d", n, c.recording.len)
	case c.recording.len == 0:
		return nil
	}
	for n < c.chunk.First {
		c.undoUntil(0)
		c.number--
		c.chunk = c.recording.Chunks[c.number]
		c.stores = len(c.chunk.Stores)
	}
	for n >= c.chunk.First+c.chunk.Steps && c.number+1 < len(c.recording.Chunks) {
		c.applyUntil(c.chunk.Steps)
		c.enter(c.number + 1)
	}
	at := n - c.chunk.First
	c.applyUntil(at)
	c.undoUntil(at)
	c.at = at
	if at == c.chunk.Steps {
		c.setEnd()
		return nil
	}
	c.frame = frameAt(c.chunk.Frames, at)
	c.now = c.chunk.Frames[c.frame]
	return nil
}

// applyUntil applies the stores of all steps before step; undoUntil takes those of step and later back.
func (c *Cursor) applyUntil(step int) {
	for c.stores < len(c.chunk.Stores) && int(c.chunk.Stores[c.stores].Step) < step {
		c.memory.apply(&c.chunk.Stores[c.stores])
		c.stores++
	}
}

func (c *Cursor) undoUntil(step int) {
	for c.stores > 0 && int(c.chunk.Stores[c.stores-1].Step) >= step {
		c.stores--
		c.memory.undo(&c.chunk.Stores[c.stores])
	}
}

// frameAt returns the index of the last FrameRegs at or before step.
func frameAt(frames []FrameRegs, step int) int {
	low, high := 0, len(frames)-1
	for low < high {
		middle := (low + high + 1) / 2
		if int(frames[middle].Step) <= step {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low
}

// Step returns the number of the step that the cursor stands before.
func (c *Cursor) Step() int { return c.chunk.First + c.at }

// PC returns the address of the instruction that the cursor stands before. At the end of a stream's chunk it is 0.
func (c *Cursor) PC() uint64 {
	if c.at < c.chunk.Steps {
		return c.chunk.PC[c.at]
	}
	if c.recording != nil {
		return c.recording.End.PC
	}
	return 0
}

// SP returns the stack pointer.
func (c *Cursor) SP() uint64 { return c.now.SP }

// FP returns X29.
func (c *Cursor) FP() uint64 { return c.now.FP }

// LR returns X30.
func (c *Cursor) LR() uint64 { return c.now.LR }

// PState returns DAIF and the mode as in FrameRegs, without NZCV.
func (c *Cursor) PState() uint64 { return uint64(c.now.PState) }

// Regs returns all registers, and whether they are known: in Full mode everywhere, otherwise at the start and at the
// end of a recording.
func (c *Cursor) Regs() (Regs, bool) {
	switch {
	case c.at < len(c.chunk.Full):
		return c.chunk.Full[c.at], true
	case c.recording == nil:
		return Regs{}, false
	case c.Step() == 0:
		return c.recording.Start, true
	case c.Step() == c.recording.len:
		return c.recording.End, true
	default:
		return Regs{}, false
	}
}

// Stored returns the stores that steps of the current chunk have done up to here, oldest first.
func (c *Cursor) Stored() []Store { return c.chunk.Stores[:c.stores] }

// Memory returns the memory at the cursor's position. It changes when the cursor moves.
func (c *Cursor) Memory() *Memory { return c.memory }
