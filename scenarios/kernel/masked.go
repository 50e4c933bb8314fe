// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// masked is code of the kernel that runs with exceptions masked, and what arrives there nevertheless.
func (k *Kernel) masked() *scenarios.Scenario {
	variants := []scenarios.Variant{{Name: "irq", Doc: "an interrupt, as one of a priority that can't be masked does"}}
	if k.hasEvents() {
		variants = append(variants, scenarios.Variant{Name: "sdei",
			Doc: "an SDEI event, through the kernel's __sdei_asm_handler"})
	}
	doc := "functions called with all exceptions masked, and interrupted nevertheless"
	return k.scenario("masked", doc, variants, func(b *builder, variant string) {
		at := b.call(b.Symbol("stub_call_masked"), 12, 18, b.Symbol("lcm"))
		b.check("lcm", at, 36)
		if variant == "sdei" {
			b.events()
		}
	})
}

// hasEvents reports whether SDEI events can be delivered.
func (k *Kernel) hasEvents() bool {
	for _, name := range []string{"__sdei_asm_handler", "sdei_stack_normal_ptr", "__entry_task"} {
		if _, ok := k.lookup(name); !ok {
			return false
		}
	}
	return k.meta && k.layout().Has("sdei_registered_event", "interrupted_regs")
}

// events makes SDEI events of normal priority what can't be masked: the kernel's own entry, which firmware calls, and
// its C handler, with a callback of ours (arch/arm64/kernel/entry.S, sdei.c). No firmware answers when it is asked for
// the registers that it keeps. The task is in an NMI already, as the kernel's unwinder asks before it looks at the
// events' stacks.
func (b *builder) events() {
	const registered, entry = "sdei_registered_event", "__sdei_asm_handler"
	stack := b.MapStack("sdei stack", b.stackAt(eventStack), b.Kernel.stackSize, 0)
	event := b.alloc(b.Size(registered))
	b.SetWord(event+b.Offset(registered, "callback"), b.Symbol("stub_event"))
	b.SetWord(b.Symbol("sdei_stack_normal_ptr"), stack.Low)
	b.SetWord(b.Symbol("__entry_task"), taskStruct)
	b.SetWord(b.task("thread_info.preempt_count"), guest.PreemptOn|b.inNMI())
	call, err := guest.FindInstruction(b.image, entry, "BL", arm64.IsBL)
	b.Fail(err)
	done, err := guest.FindInstruction(b.image, entry, "HVC", func(w uint32) bool { return w == arm64.HVC })
	b.Fail(err)
	e := scenarios.ExceptionEntry{Vector: b.Symbol(entry), Handler: b.Symbol("stub_event"), Frame: call + 4,
		Return: done, Stack: len(b.run.Task.Stacks), Event: event,
		Keeps: eventKeeps}
	b.run.Unmaskable = []scenarios.Exception{{Name: "sdei", Meta: e, PreMeta: e}}
	b.run.Task.Stacks = append(b.run.Task.Stacks, stack)
	b.run.Readable = append(b.run.Readable, unwind.Range{Start: stack.Low, End: stack.High})
	b.run.HandlerOutput = append(b.run.HandlerOutput, unwind.Range{Start: event, End: event + b.Size(registered)})
}

// eventKeeps are the registers in which the entry of events finds what the C handler has returned, the event and
// SP_EL0, and those that it leaves to C code to preserve.
var eventKeeps = []int{0, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28}

// inNMI is one NMI in a preempt count. Bits 16 to 23 of it have come to be those of interrupts that are disabled by
// count, which has moved what lies above (include/linux/preempt.h).
func (b *builder) inNMI() uint64 {
	const hardirqs, nmis = 1 << 16, 1 << 20
	if _, ok := b.lookup("local_interrupt_disable_state"); ok {
		return (hardirqs | nmis) << 8
	}
	return hardirqs | nmis
}
