// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"fmt"

	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// kretprobe is the return of a probed function.
func (k *Kernel) kretprobe() *scenarios.Scenario {
	variants := []scenarios.Variant{
		{Name: "empty", Doc: "a probe without a handler"},
		{Name: "handler", Doc: "the probe's handler calls something, such as the unwinder"},
		{Name: "nested", Doc: "and the probed function was called by another one"},
		authenticated,
	}
	doc := "the trampoline that a probed function returns to, and its handler"
	return k.scenario("kretprobe", doc, variants, func(b *builder, variant string) {
		handler, wanted := b.Symbol("stub_tracer_return"), uint64(1)
		calls := []string{"stub_caller"}
		switch variant {
		case "empty":
			handler, wanted = 0, 0
		case "nested", "pac":
			wanted = 2
			calls = []string{"stub_outer_caller", "stub_outer", "stub_caller"}
		}
		if variant == "pac" {
			b.run.Config.PAC = keys
		}
		b.takeBRK()
		b.call(b.Symbol(calls[0]))
		holder := b.probe(handler)
		record, newest := b.startSP(), uint64(0)
		for _, name := range calls {
			record -= 16
			switch name {
			case "stub_outer_caller":
				newest = b.probed(holder, b.Symbol("stub_outer_back"), record, newest)
			case "stub_caller":
				newest = b.probed(holder, b.Symbol("stub_caller_back"), record, newest)
			}
		}
		b.SetWord(b.task("kretprobe_instances"), newest)
		returned := b.Symbol("stub_returned_registers")
		for i := range uint64(8) {
			b.check(fmt.Sprintf("X%d after the return", i), returned+8*i, 0x1000+i)
		}
		b.check("the number of calls of the handler", b.Symbol("stub_nr_returns"), wanted)
		b.check("the list of instances", b.task("kretprobe_instances"), 0)
	})
}

// takeBRK lets the kernel's own vectors take BRK, which the later trampoline is, and makes the stubs return to the
// trampoline.
func (b *builder) takeBRK() {
	b.run.Config.Vectors = b.Symbol("vectors")
	b.hookBRK()
	b.run.Start.X[20] = b.kernel.KretprobeTrampoline
}

// hookBRK does what a kernel before 6.17 does when it boots: its handler of BRK takes the place of one for early boot
// in the table of debug exceptions, and the handlers of kprobes and kretprobes are added to the list of those that it
// calls. Later kernels call both directly.
func (b *builder) hookBRK() {
	early, ok := b.lookup("early_brk64")
	if !ok || !b.trapsOnReturn() {
		return
	}
	for _, at := range b.pointersTo(early) {
		b.SetWord(at, b.Symbol("brk_handler"))
	}
	list := b.Symbol("kernel_break_hook")
	next, prev := b.Offset("list_head", "next"), b.Offset("list_head", "prev")
	last := list
	for _, hook := range []string{"kretprobes_break_hook", "kprobes_break_hook", "kprobes_break_ss_hook"} {
		node := b.Symbol(hook) + b.Offset("break_hook", "node")
		b.SetWord(last+next, node)
		b.SetWord(node+prev, last)
		last = node
	}
	b.SetWord(last+next, list)
	b.SetWord(list+prev, last)
}

// trapsOnReturn reports whether the trampoline that probed functions return to is a BRK, not instructions.
func (l *layout) trapsOnReturn() bool {
	return l.insn(l.Symbol("__kretprobe_trampoline"))&arm64.OperandMask == arm64.BRK
}

// probe makes a kretprobe with a pool for one recycled instance, and returns its holder.
func (b *builder) probe(handler uint64) (holder uint64) {
	if handler != 0 {
		b.typed(handler, "kretprobe_dispatcher")
	}
	probe := b.alloc(b.Size("kretprobe"))
	holder = b.alloc(b.Size("kretprobe_holder"))
	b.probesOf[holder] = probe
	b.SetWord(probe+b.Offset("kretprobe", "handler"), handler)
	b.SetWord(probe+b.Offset("kretprobe", "rph"), holder)
	b.SetWord(holder+b.Offset("kretprobe_holder", "rp"), probe)
	if !b.Has("kretprobe_holder", "pool") {
		return holder
	}
	pool := holder + b.Offset("kretprobe_holder", "pool")
	slots := b.alloc(8)
	const capacity = 16
	slot := b.alloc(b.Size("objpool_slot") + 8*capacity)
	b.SetWord(slots, slot)
	b.slots[holder] = slot
	b.SetWord32(slot+b.Offset("objpool_slot", "mask"), capacity-1)
	b.SetWord32(pool+b.Offset("objpool_head", "nr_objs"), capacity)
	b.SetWord32(pool+b.Offset("objpool_head", "capacity"), capacity)
	b.SetWord32(pool+b.Offset("objpool_head", "nr_possible_cpus"), 1)
	b.SetWord(pool+b.Offset("objpool_head", "cpu_slots"), slots)
	return holder
}

// probed makes an instance for one call of a probed function, which an unwinder may read, and returns its node.
func (b *builder) probed(holder, ret, fp, next uint64) (node uint64) {
	in := b.alloc(b.Size("kretprobe_instance"))
	node = in + b.kernel.Kretprobe.Node
	b.SetWord(node, next)
	b.SetWord(in+b.Offset("kretprobe_instance", "rph"), holder)
	b.SetWord(in+b.kernel.Kretprobe.RetAddr, ret)
	b.SetWord(in+b.kernel.Kretprobe.FP, fp)
	b.run.Readable = append(b.run.Readable, unwind.Range{Start: in, End: in + b.Size("kretprobe_instance")})
	return node
}
