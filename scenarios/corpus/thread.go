// SPDX-License-Identifier: GPL-2.0-only

package corpus

import (
	"cmp"
	"fmt"

	"stacksweep/emu"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// A Call is a call of a function that isn't the corpus's.
type Call struct {
	Function uint64
	Args     []uint64 // in X0 to X7
	PAC      bool     // pointer authentication is on
	// bytes of the thread's stack, a multiple of [guest.PageSize] up to [MaxStack]; 0 means [guest.StackSize]
	Stack uint64
}

// MaxStack is the size of the largest stack that a thread may have. A kernel's is at most [guest.StackSize]: on a
// larger one the vectors take every exception for an overflow of the stack.
const MaxStack = 8 << 20

// Thread makes a run that calls a function from the corpus's start, as a kernel thread of the corpus. It begins in the
// middle of start, when the frame that start makes is there and no register is needed for anything but the call. The
// caller adds the function's memory.
func Thread(c Call, o scenarios.Options) (*scenarios.Run, error) {
	b := newBuilder(o)
	b.taskStack = cmp.Or(c.Stack, b.taskStack)
	run, err := b.build(spec{entry: "start", pac: c.PAC}, variant{})
	if err != nil {
		return nil, err
	}
	frame := run.Task.PtRegs + run.Kernel.Regs.FrameRecord
	// That is where start unmasks interrupts, right before it calls what is in X19.
	run.Start.PC = b.instruction("start", arm64.Unmask)
	run.Start.SP, run.Start.X[29] = run.Task.PtRegs, frame
	run.Start.X[0] = 0
	copy(run.Start.X[:], c.Args)
	run.Start.X[19] = c.Function
	b.SetWord(frame+16, unwind.MetaFinal)
	run.Config.Regions = b.Regions()
	return run, b.err()
}

// instruction finds an instruction in a function of the corpus.
func (b *builder) instruction(function string, insn uint32) uint64 {
	f := b.Object(function)
	for pc := f.Start; pc < f.End; pc += 4 {
		if b.Word32(pc) == insn {
			return pc
		}
	}
	b.fail(fmt.Errorf("%s has no instruction %#x", function, insn))
	return 0
}

// Occupied lists the memory of the corpus: its segments and its stacks, of which the thread's has taskStack bytes, or
// if that is 0, [guest.StackSize].
func Occupied(taskStack uint64) []emu.Region {
	all := guest.WholePages(Image().Segments)
	for i, p := range stackPlaces {
		r := emu.Region{Name: p.name, Base: p.base, Size: p.size + guest.PageSize}
		if more := taskStack - p.size; i == scenarios.StackTask && taskStack > 0 {
			r.Base, r.Size = r.Base-more, r.Size+more
		}
		all = append(all, r)
	}
	return all
}
