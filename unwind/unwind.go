// SPDX-License-Identifier: GPL-2.0-only

// Package unwind says what a stack unwinder is: a [Walker] is shown an interrupted [Task] and answers with a [Trace].
//
// A walker sees what a kernel's unwinder would see, and nothing else: memory, the stacks that may be read, and where
// the walk starts. It never sees the machine that executed the code, nor the true call stack that its answer is
// compared with; this package therefore imports neither.
//
// Addresses are 64-bit virtual addresses of the interrupted kernel; words in memory are little-endian.
package unwind

// A Walker recovers the call stack of a task.
//
// Walk fills t, which it resets first, and must not keep it: sweeps call it millions of times with the same Trace.
// A Walker may keep scratch space, so one Walker serves one goroutine at a time.
type Walker interface {
	Name() string
	Walk(task *Task, t *Trace)
}

// Memory is what a walker may read: all else is answered with ok == false, and is held against the walker.
type Memory interface {
	// Word returns the 64-bit little-endian word at addr, which may be unaligned.
	Word(addr uint64) (w uint64, ok bool)
}

// A Task is a task whose stack is to be walked.
type Task struct {
	Mem    Memory
	Start  Start
	Stacks []Stack // which stacks exist, in the order in which an unwinder offers them; the first is the task's own
	Struct uint64  // address of the task_struct
	PtRegs uint64  // address of the pt_regs at the bottom of the task's stack (task_pt_regs): a walk must end there
	// Interrupted is the context in which the walk's moment lies, for unwinders that are handed registers rather than
	// the kernel's stack of an exception. It is nil unless the walker asked for it. At an exception it is the
	// interrupted context; otherwise PC is the return address of the call that led to the walk.
	Interrupted *Registers
}

// Registers are a context's general registers.
type Registers struct {
	X      [31]uint64 // X29 is the frame pointer, X30 the link register
	SP, PC uint64
}

// Start is where a walk begins.
type Start struct {
	Kind   StartKind
	PC, FP uint64
}

// StartKind is the way in which a walk came about.
type StartKind uint8

const (
	// FromCaller starts in the function that asked for the walk: PC is a return address, FP its caller's record.
	FromCaller StartKind = iota
	// FromBlocked walks another task, from the context that was saved when it was switched out.
	FromBlocked
)

// Current reports whether the task walks itself, so that interrupt stacks count and warnings are printed.
func (s Start) Current() bool { return s.Kind != FromBlocked }

// A Stack is a range of addresses [Low, High) that holds frames.
type Stack struct {
	Name      string
	Low, High uint64
}

// Contains reports whether [addr, addr+size) lies wholly on the stack.
func (s Stack) Contains(addr, size uint64) bool {
	return Range{s.Low, s.High}.Holds(addr, size)
}

// HasSP reports whether a stack pointer belongs to the stack. The top of a stack is its own: nothing is on it yet.
func (s Stack) HasSP(sp uint64) bool { return sp > s.Low && sp <= s.High }

// A Source says where a frame's PC was taken from.
type Source uint8

const (
	FromRecord  Source = iota // a frame record
	FromStart                 // the walk's start: caller of the walker, or the saved context of a blocked task
	FromRegsPC                // pc of an exception's pt_regs: an exception boundary lies below this frame
	FromRegsLR                // lr of an exception's pt_regs
	FromTable                 // the stack, where an unwind table says that an interrupted function has saved it
	FromForeign               // reported by an unwinder outside this program
)

func (s Source) String() string {
	return [...]string{"record", "start", "regs pc", "regs lr", "table", "foreign"}[s]
}

// Flags tell how a frame's PC was recovered.
type Flags uint8

const (
	FGraph    Flags = 1 << iota // found on the function graph tracer's shadow stack
	Kretprobe                   // found on the task's list of kretprobe instances
)

// A Frame is one entry of a trace, innermost first.
type Frame struct {
	PC     uint64
	Source Source
	Flags  Flags
}

// A Trace is what a walker recovered and what it claims about it.
type Trace struct {
	Frames []Frame
	// Reliable is the walker's claim that Frames is complete and right: what live patching acts on.
	Reliable bool
	// Failure is why the walk ended early or is unreliable; the zero value if neither.
	Failure Failure
	// Warnings are conditions at which the kernel would print a WARN. They don't decide about Reliable.
	Warnings []Failure
}

// Reset empties the trace and keeps its memory.
func (t *Trace) Reset() {
	t.Frames, t.Warnings = t.Frames[:0], t.Warnings[:0]
	t.Reliable, t.Failure = false, Failure{}
}

// MaxFrames is more than any kernel stack can hold.
const MaxFrames = 1 << 14

// Add appends a frame. It panics after MaxFrames frames, so that a walker that never ends is noticed.
func (t *Trace) Add(f Frame) {
	if len(t.Frames) == MaxFrames {
		panic("unwind: a walk that doesn't end")
	}
	t.Frames = append(t.Frames, f)
}

// Warn notes a condition at which the kernel would print a WARN.
func (t *Trace) Warn(r Reason, addr uint64) {
	t.Warnings = append(t.Warnings, Failure{Reason: r, Addr: addr})
}
