// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// shadowCallSize is the size of a shadow call stack in bytes, of a kernel that has them. They grow upwards.
const shadowCallSize = guest.PageSize

// hasShadowCalls reports whether the kernel keeps a shadow call stack: X18 points into the current task's, and what
// switches stacks switches that, too.
func (l *layout) hasShadowCalls() bool { return l.Has("task_struct", "thread_info.scs_sp") }

// shadowCallStacks gives the task and the interrupt handler one each, if the kernel expects it. What a handler leaves
// above X18 is of no importance to anybody.
func (b *builder) shadowCallStacks(k *Kernel) {
	if !b.hasShadowCalls() {
		return
	}
	task, irq := k.shadowCallsAt(taskStack), k.shadowCallsAt(irqStack)
	b.Map("shadow call stack", task, shadowCallSize)
	b.Map("irq shadow call stack", irq, shadowCallSize)
	b.SetWord(b.task("thread_info.scs_base"), task)
	b.SetWord(b.task("thread_info.scs_sp"), task)
	b.SetWord(b.Symbol("irq_shadow_call_stack_ptr"), irq)
	var stacks []unwind.Range
	for _, base := range []uint64{task, irq} {
		stacks = append(stacks, unwind.Range{Start: base, End: base + shadowCallSize})
	}
	b.run.ShadowCalls = scenarios.ShadowCalls{Stacks: stacks, Save: arm64.PushSCS, Take: arm64.PopSCS}
	b.run.HandlerOutput = append(b.run.HandlerOutput, stacks...)
	// Where the task's X18 is kept while the handler has another. While the task runs it is of an earlier time.
	saved := b.task("thread_info.scs_sp")
	b.run.HandlerOutput = append(b.run.HandlerOutput, unwind.Range{Start: saved, End: saved + 8})
	b.shadowCalls = task
}
