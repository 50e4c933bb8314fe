// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"stacksweep/scenarios"
	"stacksweep/unwind/fgraph"
)

// kretprobeTraced is a probed function that was entered with X30 hooked by the graph tracer already: by a branch from a
// traced function, or because an ftrace_ops of live patching has sent the traced function's call to it. The instance's
// return address is return_to_handler then.
func (k *Kernel) kretprobeTraced() *scenarios.Scenario {
	variants := []scenarios.Variant{
		{Name: "asleep", Doc: "the probed function sleeps"},
		{Name: "body", Doc: "it calls another function, which is not probed"},
		{Name: "return", Doc: "it returns: through the probe's trampoline, then through return_to_handler"},
	}
	if k.probes() {
		variants = append(variants,
			scenarios.Variant{Name: "entry",
				Doc: "all of it, from the traced entry and the probe's BRK on; the probed function sleeps"},
			scenarios.Variant{Name: "livepatch",
				Doc: "the same, where the traced function's ftrace_ops sends the call to the probed one"})
	}
	doc := "a kretprobe inside of a traced function: the probe has kept return_to_handler as the address to return to"
	return k.scenario("kretprobe-traced", doc, variants, func(b *builder, variant string) {
		caller, back := "stub_sleeper_caller", "stub_sleeper_back"
		switch variant {
		case "body":
			caller, back = "stub_outer_caller", "stub_outer_back"
		case "return":
			caller, back = "stub_caller", "stub_caller_back"
		}
		b.takeBRK()
		callbacks := uint64(1)
		if variant == "entry" || variant == "livepatch" {
			callbacks = 2 // the probe has a handler, too
		}
		b.check("the number of return callbacks", b.Symbol("stub_nr_returns"), callbacks)
		b.check("the list of instances", b.task("kretprobe_instances"), 0)
		b.checkShadowEmpty()
		if variant == "entry" || variant == "livepatch" {
			b.sentOn(variant == "livepatch")
			b.check("the number of context switches", b.Symbol("stub_nr_switches"), 1)
			return
		}
		b.traceWith("stub_tracer_entry", b.Symbol("stub_tracer_return"))
		b.call(b.Symbol(caller))
		record := b.startSP() - 16
		b.setShadow(fgraph.Entry{Ret: b.Symbol(back), Func: b.Symbol("stub_traced"), Retp: record})
		hook := b.kernel.ReturnToHandler.Start
		newest := b.probed(b.probe(0), hook, record, 0)
		switch variant {
		case "asleep":
			b.check("the number of context switches", b.Symbol("stub_nr_switches"), 1)
		case "body": // the other function that it calls is hooked by the probe alone
			inner := record - 32
			newest = b.probed(b.probe(0), b.Symbol("stub_caller_back"), inner, newest)
		}
		b.SetWord(b.task("kretprobe_instances"), newest)
	})
}
