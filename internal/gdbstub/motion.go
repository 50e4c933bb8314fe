// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"slices"

	"stacksweep/emu"
	"stacksweep/unwind"
)

// A reason says why a resumed run stopped.
type reason uint8

const (
	stepped     reason = iota // as far as was asked for
	hitSoftware               // at a software breakpoint
	hitHardware               // at a hardware breakpoint
	hitWatch                  // at an instruction that writes to watched memory
	hitRead                   // at one that reads it
	hitAccess                 // at one that does either, if both are watched for
	atStart                   // nothing was recorded before
	atEnd                     // nothing was recorded afterwards
	interrupted               // by Ctrl-C
)

// A stop is where a resumed run stopped: before a step, or at the end.
type stop struct {
	step int
	reason
	addr uint64 // of a watchpoint: the first watched byte that is accessed
}

// A motion is a way through a recording. It looks for the next stop in the logs, chunk by chunk, and makes no states on
// the way.
//
// An arm64 CPU takes a watchpoint exception before the access is done (Arm ARM, D2.10), and gdb, knowing that, steps
// over the instruction by itself before it looks at the new value. So a motion stops before an access, in its own
// direction: forwards, before the instruction is executed; backwards, before it is undone. An access at which it
// already stands counts. A breakpoint at which it already stands doesn't, or one could never leave it.
type motion struct {
	recording   *emu.Recording
	breakpoints *breakpoints
	interrupted func() bool       // asked between chunks; nil: never
	words       map[uint64]uint32 // instructions that have been looked at
}

// stepForward goes on by one instruction.
func (m *motion) stepForward(from int) stop {
	if from >= m.recording.Len() {
		return stop{step: from, reason: atEnd}
	}
	if addr, r, ok := m.touches(m.chunk(from)); ok {
		return stop{from, r, addr}
	}
	return stop{step: from + 1}
}

// stepBack goes back by one instruction.
func (m *motion) stepBack(from int) stop {
	if from == 0 {
		return stop{reason: atStart}
	}
	if addr, r, ok := m.touches(m.chunk(from - 1)); ok {
		return stop{from, r, addr}
	}
	return stop{step: from - 1}
}

// forward goes on until a breakpoint, a watchpoint, the end, or until it leaves the range within, unless that is nil.
func (m *motion) forward(from int, within *unwind.Range) stop {
	for n := m.chunkOf(from); n < len(m.recording.Chunks); n++ {
		if m.isInterrupted() {
			return stop{step: max(from, m.recording.Chunks[n].First), reason: interrupted}
		}
		c := m.recording.Chunks[n]
		touch, touched := m.nextTouch(c, from)
		// The instruction before which the motion stands has been passed already.
		for at := max(0, from+1-c.First); at < c.Steps; at++ {
			if touched && c.First+at > touch.step {
				break
			}
			if r, ok := m.stopsAt(c.PC[at], within); ok {
				return stop{step: c.First + at, reason: r}
			}
		}
		if touched {
			return touch
		}
	}
	end := stop{step: m.recording.Len(), reason: atEnd}
	if r, ok := m.stopsAt(m.recording.End.PC, within); ok && from < end.step {
		end.reason = r
	}
	return end
}

// back goes back until a breakpoint, a watchpoint or the start.
func (m *motion) back(from int) stop {
	for n := m.chunkOf(from - 1); n >= 0 && from > 0; n-- {
		c := m.recording.Chunks[n]
		if m.isInterrupted() {
			return stop{step: min(from, c.First+c.Steps), reason: interrupted}
		}
		touch, touched := m.lastTouch(c, from)
		for at := min(c.Steps, from-c.First) - 1; at >= 0; at-- {
			if touched && c.First+at < touch.step {
				break
			}
			if r, ok := m.breakpoints.at(c.PC[at]); ok {
				return stop{step: c.First + at, reason: r}
			}
		}
		if touched {
			return touch
		}
	}
	return stop{reason: atStart}
}

// stopsAt tells whether arriving at pc ends a motion forwards.
func (m *motion) stopsAt(pc uint64, within *unwind.Range) (reason, bool) {
	if r, ok := m.breakpoints.at(pc); ok {
		return r, true
	}
	return stepped, within != nil && !within.Contains(pc)
}

func (m *motion) isInterrupted() bool { return m.interrupted != nil && m.interrupted() }

// chunkOf returns the index of the chunk that holds a step: the last one for a step past the end, -1 for one before
// the start.
func (m *motion) chunkOf(step int) int {
	i, found := slices.BinarySearchFunc(m.recording.Chunks, step, func(c *emu.Chunk, step int) int {
		return c.First - step
	})
	if !found {
		i--
	}
	return i
}

// chunk returns the chunk that holds a step, and the step's number in it.
func (m *motion) chunk(step int) (c *emu.Chunk, at int) {
	c = m.recording.Chunks[m.chunkOf(step)]
	return c, step - c.First
}

// firstStore returns the index of the first store by an instruction of a chunk, or a later one.
func firstStore(c *emu.Chunk, at int) int {
	i, _ := slices.BinarySearchFunc(c.Stores, at, func(s emu.Store, at int) int { return int(s.Step) - at })
	return i
}
