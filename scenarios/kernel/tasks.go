// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// forkedStruct is the task_struct of a second task.
const forkedStruct = 0xffff000010040000

// tasks are two tasks that run in turn, the second of them from the first instruction of its life on. They execute the
// same in both variants.
func (k *Kernel) tasks() *scenarios.Scenario {
	variants := []scenarios.Variant{
		{Name: "old", Doc: "the truth about the task that is there from the beginning"},
		{Name: "new",
			Doc: "about the one that begins in ret_from_fork: before it has run, while it runs and while it waits"},
	}
	doc := "two tasks that cpu_switch_to switches between, each with a truth of its own"
	return k.scenario("tasks", doc, variants, func(b *builder, variant string) {
		forked := b.fork("stub_thread", taskStruct)
		for range 2 {
			b.call(b.Symbol("stub_switch_task"), taskStruct, forkedStruct)
		}
		b.check("the number of context switches that came back", b.Symbol("stub_nr_switches"), 3)
		b.run.SavedFP, b.run.SavedPC = b.saved("fp"), b.saved("pc")
		b.run.Others = []unwind.Stack{forked}
		if variant == "new" {
			b.run.Others = []unwind.Stack{b.stack}
			b.run.Task.Stacks[0], b.run.Task.Struct = forked, forkedStruct
			b.run.Task.PtRegs = forked.High - b.regs.Size
		}
	})
}

// fork makes a kernel thread that has not run yet, as copy_thread does (arch/arm64/kernel/process.c). When it first
// runs, schedule_tail unmasks interrupts, and does nothing else.
func (b *builder) fork(function string, argument uint64) (stack unwind.Stack) {
	const final = 1 // the type of the record at the end of a stack
	stack = b.MapStack("second task's stack", b.stackAt(forkedStack), b.Kernel.stackSize, 0)
	size := b.taskSize()
	b.Map("second task", forkedStruct, size)
	b.run.Readable = append(b.run.Readable, unwind.Range{Start: stack.Low, End: stack.High},
		unwind.Range{Start: forkedStruct, End: forkedStruct + size})
	member := func(path string, value uint64) { b.SetWord(forkedStruct+b.Offset("task_struct", path), value) }
	regs := stack.High - b.regs.Size
	if b.meta {
		b.SetWord(regs+b.regs.FrameRecord+16, final)
	}
	member("stack", stack.Low)
	member("thread_info.preempt_count", guest.PreemptOn)
	for register, value := range map[string]uint64{"x19": b.Symbol(function), "x20": argument,
		"sp": regs, "fp": regs + b.regs.FrameRecord, "pc": b.Symbol("ret_from_fork")} {
		b.SetWord(forkedStruct+b.saved(register), value)
	}
	tail := b.Symbol("schedule_tail")
	b.SetWord32(tail, arm64.Branch(arm64.B, tail, b.Symbol("stub_schedule_tail")))
	return stack
}

// switches reports whether a kernel can switch between tasks of ours: one with a shadow call stack would want one for
// each.
func (k *Kernel) switches() bool {
	_, forks := k.lookup("ret_from_fork")
	_, schedules := k.lookup("schedule_tail")
	return forks && schedules && !k.layout().hasShadowCalls()
}
