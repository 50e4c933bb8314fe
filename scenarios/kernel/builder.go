// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"fmt"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// Where things are that a booted kernel would have allocated. Stacks are 16 KiB in places aligned to 32 KiB, as with
// VMAP_STACK: bit 14 of SP tells an overflow.
const (
	taskStack   = 0xffff8000a0008000
	irqStack    = 0xffff8000a0018000
	stackSize   = 16 << 10
	taskStruct  = 0xffff000010000000
	shadowStack = 0xffff000010010000
	dataBase    = 0xffff000020000000
	tableSize   = 256 << 10 // of it, for stub_start's calls
	dataSize    = 2 << 20
)

// preemptOn is a preempt count of zero with no reschedule due: the upper half is inverted.
const preemptOn = 1 << 32

// callSize is the size of an entry in stub_start's table of calls.
const callSize = 64

// builder makes a run.
type builder struct {
	*layout
	memory
	kernel *unwind.Kernel
	run    *scenarios.Run
	stack  unwind.Stack

	calls int    // in the table at dataBase
	next  uint64 // free memory in the data area
}

// build makes the run of a scenario: set says what is called and what it finds.
func (k *Kernel) build(variant string, o scenarios.Options, set func(b *builder, variant string)) (*scenarios.Run, error) {
	b := &builder{layout: k.layout(), next: dataBase + tableSize}
	for _, s := range k.image.Segments {
		b.addSegment(s, k.writable)
	}
	b.stack = b.addStack("task stack", taskStack, o.Shift)
	irq := b.addStack("irq stack", irqStack, o.Shift)
	taskSize := (b.size("task_struct") + pageSize - 1) &^ (pageSize - 1)
	b.add("task", taskStruct, taskSize)
	b.add("shadow stack", shadowStack, pageSize)
	b.add("data", dataBase, dataSize)

	b.setWord(b.task("stack"), b.stack.Low)
	b.setWord(b.task("thread_info.preempt_count"), preemptOn)
	b.setWord(b.task("ret_stack"), shadowStack)
	b.setWord(b.symbol("stub_preempt_offset"), b.task("thread_info.preempt_count")-taskStruct)
	b.setWord(b.symbol("stub_switch_to"), b.symbol("cpu_switch_to"))
	b.kernel = b.layout.kernel()
	b.setShadow()

	b.run = &scenarios.Run{
		Image:  k.image,
		Config: emu.Config{SPEL0: taskStruct},
		Until:  b.symbol("stub_finish"),
		Limit:  10_000_000,
		Kernel: b.kernel,
		Task: unwind.Task{
			Stacks: []unwind.Stack{b.stack, irq}, Struct: taskStruct, PtRegs: b.stack.High - b.regs.Size,
		},
		Hooks:    []uint64{b.kernel.ReturnToHandler.Start, b.kernel.KretprobeTrampoline},
		SwitchTo: b.symbol("cpu_switch_to"),
		Model:    k.Model(),
		Traits:   k.traits(),
		Readable: []unwind.Range{
			{Start: b.stack.Low, End: b.stack.High},
			{Start: irq.Low, End: irq.High},
			{Start: taskStruct, End: taskStruct + taskSize},
			{Start: shadowStack, End: shadowStack + pageSize},
		},
		SourceLine: func(uint64) string { return "" },
	}
	b.run.Native = func(reliable bool) (unwind.Walker, error) { return newOwn(k, b.run, reliable) }
	b.interrupts(irq.Low)
	b.setStart()
	set(b, variant)
	b.run.Config.Regions = b.regions
	if b.layout.err == nil {
		b.layout.err = b.memory.err
	}
	return b.run, b.layout.err
}

// addStack maps a stack. A page more than its size is there, so that it can be shifted.
func (b *builder) addStack(name string, base, shift uint64) unwind.Stack {
	b.add(name, base, stackSize+pageSize)
	return unwind.Stack{Name: name, Low: base + shift, High: base + stackSize + shift}
}

// task returns the address of a member of the task.
func (b *builder) task(path string) uint64 { return taskStruct + b.offset("task_struct", path) }

// setStart makes the run begin in stub_start, and checks at its end that the registers are what they were.
func (b *builder) setStart() {
	r := &b.run.Start
	*r = emu.Regs{PC: b.symbol("stub_start"), SP: b.stack.High, PState: emu.ModeEL1h | emu.PStateDAIF}
	r.X[1], r.X[2] = b.regs.Size, b.regs.FrameRecord
	r.X[19], r.X[20] = dataBase, b.kernel.ReturnToHandler.Start
	for i := 21; i <= 28; i++ {
		r.X[i] = 0x1900 + uint64(i)
	}
	saved := b.symbol("stub_saved_registers")
	b.check("SP", saved, b.startSP())
	b.check("X29", saved+8, b.startFP())
	for i := 21; i <= 28; i++ {
		b.check(fmt.Sprintf("X%d", i), saved+16+8*uint64(i-20), r.X[i])
	}
}

// startSP and startFP are the registers with which stub_start calls.
func (b *builder) startSP() uint64 { return b.stack.High - b.regs.Size }
func (b *builder) startFP() uint64 { return b.startSP() + b.regs.FrameRecord }

// check makes the run fail if a word isn't as it must be at its end.
func (b *builder) check(what string, addr, want uint64) {
	b.run.Checks = append(b.run.Checks, scenarios.Check{What: what, Addr: addr, Want: want})
}

// call lets stub_start call a function. It returns where the result will be.
func (b *builder) call(function uint64, args ...uint64) (result uint64) {
	at := dataBase + uint64(b.calls)*callSize
	b.calls++
	if at+2*callSize > dataBase+tableSize {
		b.layout.fail(fmt.Errorf("more than %d calls", b.calls-1))
	}
	b.setWord(at, function)
	for i, a := range args {
		b.setWord(at+8+8*uint64(i), a)
	}
	return at + 56
}

// alloc returns zeroed memory, aligned to 64 bytes.
func (b *builder) alloc(size uint64) uint64 {
	at := (b.next + 63) &^ 63
	if b.next = at + size; b.next > dataBase+dataSize {
		b.layout.fail(fmt.Errorf("more data than fits in %d bytes", dataSize))
	}
	return at
}

// callSite returns the address of the BL to callee in the function caller, 0 if there is none.
func (b *builder) callSite(caller, callee string) uint64 {
	f, target := b.function(caller), b.symbol(callee)
	for pc := f.Start; pc < f.End; pc += 4 {
		if b.insn(pc) == branch(insnBL, pc, target) {
			return pc
		}
	}
	return 0
}
