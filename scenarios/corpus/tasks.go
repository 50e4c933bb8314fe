// SPDX-License-Identifier: GPL-2.0-only

package corpus

import (
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

var taskScenarios = []template{
	{
		name: "tasks/switch",
		doc:  "two tasks that cpu_switch_to switches between, each with a truth of its own",
		variants: []variant{
			{name: "old", doc: "the truth about the task that is there from the beginning"},
			{name: "new", second: true,
				doc: "about the one that begins in ret_from_fork: before it has run, while it runs and while it waits"},
		},
		spec: spec{
			entry: "run_tasks", args: []string{"2"},
			thread: "second_thread",
			checks: []check{{"second_task_rounds", 2}, {"nr_switches", 4}},
		},
	},
}

// secondStack is where the second task's stack is: aligned as a kernel's.
const secondStack = 0xffff800081058000

// fork makes a thread that has not run yet, as copy_thread does (arch/arm64/kernel/process.c), to which the run's task
// switches. The truth is about the thread if second is set.
func (b *builder) fork(run *scenarios.Run, function string, second bool) {
	first, task := run.Task.Struct, b.Symbol("second_task")
	stack := b.MapStack("second task's stack", secondStack, guest.StackSize, b.shift)
	regs := stack.High - run.Kernel.Regs.Size
	record := regs + run.Kernel.Regs.FrameRecord
	b.SetWord(record+16, unwind.MetaFinal)
	b.SetWord(b.field(task, "stack"), stack.Low)
	b.SetWord(b.field(task, "preempt_count"), guest.PreemptOn)
	for member, value := range map[string]uint64{"x19": b.Symbol(function), "x20": first, "sp": regs, "fp": record,
		"pc": b.Symbol("ret_from_fork")} {
		b.SetWord(b.field(task, "cpu_context."+member), value)
	}
	run.SavedFP, run.SavedPC = b.Offset("task_struct", "cpu_context.fp"), b.Offset("task_struct", "cpu_context.pc")
	run.Others = []unwind.Stack{stack}
	if second {
		run.Others = []unwind.Stack{run.Task.Stacks[scenarios.StackTask]}
		run.Task.Stacks = append([]unwind.Stack{stack}, run.Task.Stacks[1:]...)
		run.Task.Struct, run.Task.PtRegs = task, regs
	}
	run.Readable = append(run.Readable, unwind.Range{Start: stack.Low, End: stack.High},
		unwind.Range{Start: task, End: task + b.Size("task_struct")})
}
