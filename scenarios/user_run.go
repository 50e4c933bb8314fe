// SPDX-License-Identifier: GPL-2.0-only

package scenarios

import (
	"encoding/binary"
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/scenarios/corpus"
	"stacksweep/unwind"
)

// insnUnmask is where the corpus's start unmasks interrupts, right before it calls what is in X19: msr daifclr, #0xf.
const insnUnmask = 0xd5034fff

// A call is a function of a user's file with its arguments.
type call struct {
	file     *File
	function uint64
	args     []uint64
	data     []byte // at userArguments
}

// build makes the run. It begins in the middle of the corpus's start, when the frame that start makes is there and no
// register is needed for anything but the call.
func (c *call) build(o Options) (*Run, error) {
	b := &builder{layout: layout{types: corpus.Types{}, image: corpus.Image()}, shift: o.Shift}
	run, err := b.build(spec{entry: "start", pac: c.file.options.PAC}, Variant{})
	if err != nil {
		return nil, err
	}
	run.Image, run.ELF = c.file.whole, nil
	run.Limit = c.file.options.Limit
	run.Kernel.SFrame, run.Kernel.CFI = tables(c.file.table, c.file.cfi)
	own, beside := run.SourceLine, c.file.own.SourceLine
	run.SourceLine = func(pc uint64) string {
		if line := beside(pc); line != "" {
			return line
		}
		return own(pc)
	}

	frame := run.Task.PtRegs + run.Kernel.Regs.FrameRecord
	run.Start.PC = b.insnIn("start", insnUnmask)
	run.Start.SP, run.Start.X[29] = run.Task.PtRegs, frame
	run.Start.X[0] = 0
	copy(run.Start.X[:], c.args)
	run.Start.X[19] = c.function
	run.Config.Regions = append(run.Config.Regions, c.file.regions...)
	if len(c.data) > 0 {
		size := (uint64(len(c.data)) + pageSize - 1) &^ (pageSize - 1)
		run.Config.Regions = append(run.Config.Regions, emu.Region{Name: "arguments", Base: userArguments, Size: size, Data: c.data, Perm: emu.Read | emu.Write})
	}
	i := slices.IndexFunc(run.Config.Regions, func(r emu.Region) bool { return r.Base == stackPlaces[StackTask].base })
	stack := &run.Config.Regions[i]
	stack.Data = make([]byte, stack.Size)
	binary.LittleEndian.PutUint64(stack.Data[frame+16-stack.Base:], unwind.MetaFinal)
	return run, b.err
}

// insnIn finds an instruction in a function of the corpus.
func (b *builder) insnIn(function string, insn uint32) uint64 {
	f := b.function(function)
	for pc := f.Start; pc < f.End; pc += 4 {
		if m := b.memory(pc, 4); m != nil && binary.LittleEndian.Uint32(m) == insn {
			return pc
		}
	}
	b.fail(fmt.Errorf("%s has no instruction %#x", function, insn))
	return 0
}
