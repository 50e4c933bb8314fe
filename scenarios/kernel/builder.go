// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"cmp"
	"fmt"

	"stacksweep/emu"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// Where things are that a booted kernel would have allocated; its stacks are placed by stackAt.
const (
	taskStruct  = 0xffff000010000000
	shadowStack = 0xffff000010010000
	dataBase    = 0xffff000020000000
	tableSize   = 256 << 10 // of it, for stub_start's calls
	dataSize    = 2 << 20
)

// callSize is the size of an entry in stub_start's table of calls.
const callSize = 64

// builder makes a run.
type builder struct {
	*layout
	guest.Memory
	kernel *unwind.Layout
	run    *scenarios.Run
	stack  unwind.Stack

	shadowCalls     uint64            // where X18 starts; 0: the kernel has no shadow call stack
	probesOf, slots map[uint64]uint64 // of the holder of a kretprobe: the probe, and the place of free instances

	calls int    // in the table at dataBase
	next  uint64 // free memory in the data area
}

// build makes the run of a scenario: set says what is called and what it finds.
func (k *Kernel) build(variant string, o scenarios.Options,
	set func(b *builder, variant string)) (*scenarios.Run, error) {
	b := &builder{layout: k.layout(), next: dataBase + tableSize, probesOf: map[uint64]uint64{},
		slots: map[uint64]uint64{}}
	b.Share(k.memory())
	b.stack = b.MapStack("task stack", k.stackAt(taskStack), k.stackSize, o.Shift)
	irq := b.MapStack("irq stack", k.stackAt(irqStack), k.stackSize, o.Shift)
	stacks := []unwind.Stack{b.stack, irq}
	taskSize := b.taskSize()
	b.Map("task", taskStruct, taskSize)
	b.Map("shadow stack", shadowStack, guest.PageSize)
	b.Map("data", dataBase, dataSize)

	b.SetWord(b.task("stack"), guest.Bottom(b.stack, k.stackSize))
	b.SetWord(b.task("thread_info.preempt_count"), guest.PreemptOn)
	b.SetWord(b.task("ret_stack"), shadowStack)
	b.SetWord(b.Symbol("stub_preempt_offset"), b.task("thread_info.preempt_count")-taskStruct)
	b.SetWord(b.Symbol("stub_switch_to"), b.Symbol("cpu_switch_to"))
	b.kernel = b.layout.kernel()
	b.setShadow()

	b.run = &scenarios.Run{
		Image:  k.image,
		Config: emu.Config{SPEL0: taskStruct},
		Until:  b.Symbol("stub_finish"),
		Limit:  10_000_000,
		Kernel: b.kernel,
		Task: unwind.Task{
			Stacks: stacks, Struct: taskStruct, PtRegs: b.stack.High - b.regs.Size,
		},
		Hooks:    []uint64{b.kernel.ReturnToHandler.Start, b.kernel.KretprobeTrampoline},
		SwitchTo: b.Symbol("cpu_switch_to"),
		Model:    k.Model(),
		Traits:   k.traits(),
		Readable: append(guest.Readable(stacks),
			unwind.Range{Start: taskStruct, End: taskStruct + taskSize},
			unwind.Range{Start: shadowStack, End: shadowStack + guest.PageSize},
		),
		SourceLine: k.image.SourceLine,
	}
	b.run.Native = func(reliable bool) (unwind.Walker, error) { return newNative(k, b.run, reliable) }
	b.shadowCallStacks(k)
	b.interrupts(guest.Bottom(irq, k.stackSize))
	b.typed(b.Symbol("stub_consume"), "stack_trace_consume_entry", "callchain_trace", "dump_backtrace_entry")
	b.setStart()
	set(b, variant)
	b.run.Config.Regions = k.shadow.Fill(b.Regions())
	return b.run, cmp.Or(b.layout.Err(), b.Memory.Err())
}

// task returns the address of a member of the task.
func (b *builder) task(path string) uint64 { return taskStruct + b.Offset("task_struct", path) }

// setStart makes the run begin in stub_start, and checks at its end that the registers are what they were.
func (b *builder) setStart() {
	r := &b.run.Start
	*r = emu.Regs{PC: b.Symbol("stub_start"), SP: b.stack.High, PState: emu.ModeEL1h | emu.PStateDAIF}
	r.X[1], r.X[2] = b.regs.Size, b.regs.FrameRecord
	r.X[18] = b.shadowCalls
	r.X[19], r.X[20] = dataBase, b.kernel.ReturnToHandler.Start
	for i := 21; i <= 28; i++ {
		r.X[i] = 0x1900 + uint64(i)
	}
	saved := b.Symbol("stub_saved_registers")
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
		b.Fail(fmt.Errorf("more than %d calls", b.calls-1))
	}
	b.SetWord(at, function)
	for i, a := range args {
		b.SetWord(at+8+8*uint64(i), a)
	}
	return at + 56
}

// alloc returns zeroed memory, aligned to 64 bytes.
func (b *builder) alloc(size uint64) uint64 {
	at := (b.next + 63) &^ 63
	if b.next = at + size; b.next > dataBase+dataSize {
		b.Fail(fmt.Errorf("more data than fits in %d bytes", dataSize))
	}
	return at
}

// callSite returns the address of the BL to callee in the function caller, 0 if there is none.
func (b *builder) callSite(caller, callee string) uint64 {
	f, target := b.Object(caller), b.Symbol(callee)
	for pc := f.Start; pc < f.End; pc += 4 {
		if b.insn(pc) == arm64.Branch(arm64.BL, pc, target) {
			return pc
		}
	}
	return 0
}
