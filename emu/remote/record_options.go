// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"context"
	"time"

	"stacksweep/emu"
)

// RecordOptions say what to record, and how far.
type RecordOptions struct {
	Watch []Watch // memory whose changes are recorded; they must not overlap
	// Discover, if not nil, is shown every store to watched memory and names more to be watched from then on, such as
	// an object that was put into a list.
	Discover func(*emu.Store) []Watch

	Until   uint64 // the recording is complete before the instruction at this address
	Limit   int    // fail with ErrLimit after this many steps; 0: emu.DefaultLimit
	Vectors uint64 // the exception vectors (VBAR_EL1), from which an exception is told

	// Gap, if not nil, is where the CPU is given to others.
	Gap *Gap

	// Others: the other CPUs run while one is stepped. What they change of the watched memory is found at the end of a
	// gap or of the recording only.
	Others bool

	// Interrupt, if not nil, is asked before every step, until it says true: from about then on interrupts and timers
	// are let in, until one has arrived.
	Interrupt func(step int, r *emu.Regs) bool

	// Change, if not nil, is asked before every step what to write to the target's memory, as another CPU might. The
	// step that is then under way is the one that has made the change.
	Change func(step int, r *emu.Regs) []Write

	Progress func(Progress) // is told now and then how it goes; may be nil
}

// A Write is a change of the target's memory.
type Write struct {
	Addr uint64
	Data []byte
}

// A Gap is what the recording leaves out: a context switch, seen by the task that is switched out. On arrival at From
// the target runs freely until a CPU arrives at To with SP as it was at From. The recording goes on there, as if the
// instruction at From had come by To by itself, and had made all changes that the watched memory has seen.
type Gap struct {
	From, To uint64
	Wait     time.Duration // how long that may take

	// Away, if not nil, is called when a CPU arrives at To with another SP for the first time: something else runs
	// there. It must leave registers as they are.
	Away func(ctx context.Context, step int, at *emu.Regs) error
}

// Progress is how far a recording has come.
type Progress struct {
	Steps   int
	Elapsed time.Duration
	Most    time.Duration // time left if it takes as many steps as it may
}

// A Result is what Record has made.
type Result struct {
	*emu.Recording
	Code    Code          // what was executed
	Watch   []Watch       // what was watched, in the end
	Partial error         // why the recording ends before it is complete; nil: it doesn't
	Elapsed time.Duration // how long it took
	Gaps    []int         // steps at which the gap was entered
	Taken   []int         // steps at which an exception was taken
	InUser  bool          // it ends where the kernel returns to user mode
}
