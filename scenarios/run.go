// SPDX-License-Identifier: GPL-2.0-only

package scenarios

import (
	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/unwind"
)

// A Run is a scenario that is ready to be executed. It can be executed any number of times, with the same result.
type Run struct {
	Scenario, Variant string

	Image *image.Image
	// the image as one ELF file with symbols and debug information, for other programs; nil if there is none
	ELF    []byte
	Config emu.Config // memory before the first instruction
	Start  emu.Regs
	Until  uint64 // the run is complete on arrival here
	Limit  int    // instructions after which it has run away

	Task   unwind.Task    // without memory and start, which change from point to point
	Kernel *unwind.Layout // what an unwinder in this kernel is compiled with

	// Model names the profile of kunwind that describes the unwinder of the image's own; "" if it has none.
	Model string
	// Traits are what sets the kernel apart from others as to what an unwinder can get right in it. There are none in
	// the corpus, where a variant has its own name.
	Traits []string

	// Hooks are the addresses to which a function is made to return instead of its caller.
	Hooks []uint64
	// TracerCalls are the addresses of the calls of the tracer's entry code, ftrace_caller or a way to it, at the
	// patched entries of traced functions. LR is inside of the function then and the caller in X9 alone, but no C code
	// runs before the entry code has made a frame record, so no walk can start there. Of a recording none are known.
	TracerCalls []uint64
	// SwitchTo is the routine that saves the context of a task that gives up the CPU; 0 if there is none.
	SwitchTo uint64
	// Others are the stacks of tasks that run in turn with Task: the truth is about Task alone, and there are no points
	// while another one runs, but for each SwitchTo of that one: Task is then walked from where it stands.
	Others []unwind.Stack
	// SavedFP and SavedPC are where in Task.Struct a task that doesn't run keeps X29, and where it goes on: offsets in
	// bytes. They matter where there are Others.
	SavedFP, SavedPC uint64
	// ExceptionFrame is the return address, in the exception entry code, of the call of the C handler.
	ExceptionFrame uint64
	// IRQ is how an interrupt is taken, PreMetaIRQ how in a kernel whose exceptions write ordinary frame records. They
	// are zero where interrupts can't be taken.
	IRQ, PreMetaIRQ ExceptionEntry
	// Unmaskable are the exceptions that may arrive where interrupts are masked, in the order in which they are tried.
	// If there are none, whatever can't be masked arrives as an interrupt does.
	Unmaskable []Exception
	// Overflow is where an exception goes on that finds no room on the interrupted stack; PreMetaOverflow as
	// PreMetaIRQ. Their vector is the exception's own. They are zero where this isn't looked for.
	Overflow, PreMetaOverflow ExceptionEntry
	// Fixups are the instructions that may fault with the address where to go on then, as in the exception table.
	Fixups map[uint64]uint64
	// HandlerOutput is the memory that the handler changes on purpose.
	HandlerOutput []unwind.Range

	// ShadowCalls are the shadow call stacks of code that keeps some: a third source of the truth.
	ShadowCalls ShadowCalls

	// Readable is what an unwinder may look at: stacks, the task, its shadow stack and its kretprobe instances.
	Readable []unwind.Range

	// Checks are conditions on memory after the run, which show that the scenario did what it is about.
	Checks []Check
	// Native makes the unwinder that the image itself contains, to be executed: the one that says whether a trace is
	// reliable, if there is one and it is asked for, otherwise the one that doesn't. It is nil if the image has none.
	Native func(reliable bool) (unwind.Walker, error)
	// Place names an instruction for which there is no symbol, "" if it can't; nil: nothing can.
	Place func(pc uint64) string
	// SourceLine returns the source line of an instruction, "" if unknown.
	SourceLine func(pc uint64) string

	// Recorded, if not nil, is the run, which was made elsewhere: nothing is executed, and no exception can be taken in
	// it. Config then says what there is of memory for what executes the image's code, such as Native.
	Recorded *emu.Recording
	// Origin is the scenario that was recorded, whose expectations hold for the recording too; "" if it is this one.
	Origin string
	// Unfinished says why Recorded ends before the run is complete; "" if it is complete.
	Unfinished string
}

// Machine makes a machine that stands before the first instruction of the run. Close must be called to release it.
func (r *Run) Machine() (*emu.Machine, error) {
	m, err := emu.New(r.Config)
	if err != nil {
		return nil, err
	}
	if err := m.SetRegs(r.Start); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// ShadowCalls are shadow call stacks, to which X18 points, and the instructions by which functions use them.
type ShadowCalls struct {
	Stacks     []unwind.Range
	Save, Take uint32 // saves the return address in X30 there, takes it back
}

// A Check is a word of memory with the value that it must have when the run is complete.
type Check struct {
	What string
	Addr uint64
	Want uint64
}
