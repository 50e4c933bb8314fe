// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"fmt"

	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
)

// walks are walks that the kernel makes itself while it is traced: of the unwinder and what it calls only the innermost
// part can't be.
func (k *Kernel) walks() *scenarios.Scenario {
	var variants []scenarios.Variant
	if k.savesReliably() {
		variants = append(variants,
			scenarios.Variant{Name: "traced", Doc: "the caller of the unwinder and its consumer are traced"},
			scenarios.Variant{Name: "probed",
				Doc: "and so is the search for a kretprobe's instance, on which the walk depends"})
	}
	if k.passesRegisters() {
		variants = append(variants,
			scenarios.Variant{Name: "from-entry",
				Doc: "a tracer walks from the registers of the traced function's entry"},
			scenarios.Variant{Name: "from-return", Doc: "and from those of its return"})
	}
	doc := "the kernel's own walks, of itself while it is traced and from a tracer's registers (ftrace_partial_regs)"
	return k.scenario("walks", doc, variants, func(b *builder, variant string) {
		switch variant {
		case "traced":
			b.tracedWalk(b.Symbol("stub_compare"), b.Symbol("stub_compare_back"))
			b.traceWalker("stack_trace_save_tsk_reliable", "stack_trace_consume_entry")
		case "probed":
			b.takeBRK()
			caller := b.Symbol("stub_hooked_walk_caller")
			b.tracedWalk(caller, 0, b.Symbol("stub_hooked_walk_back"))
			newest := b.probed(b.probe(0), b.Symbol("stub_hooked_walk_back"), b.startSP()-16, 0)
			b.SetWord(b.task("kretprobe_instances"), newest)
			b.traceWalker("stack_trace_save_tsk_reliable", "stack_trace_consume_entry", "kretprobe_find_ret_addr")
		default:
			b.walkFromRegisters(variant == "from-entry")
		}
		b.checkShadowEmpty()
	})
}

// tracedWalk calls stack_trace_save_tsk_reliable through a function, and checks what it has stored: a frame in it, then
// those given, 0 for any, and stub_start's.
func (b *builder) tracedWalk(through uint64, frames ...uint64) {
	const size = 16
	store := b.alloc(8 * size)
	b.SetWord32(b.task("stack_refcount"), 1)
	b.call(through, taskStruct, store, size, b.Symbol("stack_trace_save_tsk_reliable"))
	for i, want := range append(frames, b.Symbol("stub_start_back"), 0) {
		if want != 0 || i > len(frames) {
			b.check(fmt.Sprintf("frame %d of the walk", i+1), store+8*uint64(i+1), want)
		}
	}
}

// traceWalker traces functions on the walk's way.
func (b *builder) traceWalker(functions ...string) {
	ops := b.traceWith("stub_tracer_entry", b.Symbol("stub_tracer_return"))
	for _, f := range functions {
		b.trace(f, ops)
	}
}

// walkFromRegisters calls a traced function whose tracer asks for a stack trace, by arch_stack_walk with registers. The
// frames are in stub_walk_frames.
func (b *builder) walkFromRegisters(atEntry bool) {
	const function, registers = "gcd", "__arch_ftrace_regs"
	pc := b.Offset(registers, "pc")
	for i, name := range []string{"sp", "lr", "fp"} {
		if b.Offset(registers, name) != pc-8*uint64(i+1) {
			b.Fail(fmt.Errorf("%s: %w: %s.%s is not where it was", b.image.Name, guest.ErrUnsuitable, registers, name))
		}
	}
	b.SetWord(b.Symbol("stub_regs_pc"), pc)
	b.SetWord(b.Symbol("stub_walker"), b.Symbol("arch_stack_walk"))
	entry, handler := "stub_tracer_entry", b.Symbol("stub_tracer_walks_return")
	if atEntry {
		entry, handler = "stub_tracer_walks_entry", b.Symbol("stub_tracer_nothing")
	} else {
		// return_to_handler stores X29 alone of the four: the others are copied from what was on the stack before,
		// which may be an interrupt's.
		b.run.HandlerOutput = append(b.run.HandlerOutput, b.Object("stub_partial_regs"))
	}
	b.trace(function, b.traceWith(entry, handler))
	b.check(function, b.call(b.Symbol("stub_call_through"), 12, 18, b.Symbol(function)), 6)
}

// savesReliably reports whether what stands between live patching and the unwinder can be traced.
func (k *Kernel) savesReliably() bool {
	l := k.layout()
	for _, name := range []string{"stack_trace_save_tsk_reliable", "stack_trace_consume_entry",
		"kretprobe_find_ret_addr"} {
		if f, ok := k.lookup(name); !ok || !l.canBeTraced(f) {
			return false
		}
	}
	return k.reliable && l.trapsOnReturn()
}

// passesRegisters reports whether a tracer's callbacks get registers from which a walk can start.
func (k *Kernel) passesRegisters() bool {
	_, ok := k.lookup("function_graph_enter_regs")
	return ok && k.layout().Has("__arch_ftrace_regs", "pc")
}
