// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"encoding/binary"
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/unwind"
	"stacksweep/unwind/fgraph"
)

// authenticated is the variant of a scenario in which the kernel signs return addresses, as it does on most hardware.
var authenticated = scenarios.Variant{Name: "pac", Doc: "the same, with pointer authentication switched on"}

// keys are any.
var keys = &emu.PACKeys{IA: emu.PACKey{Lo: 0x0123456789abcdef, Hi: 0xfedcba9876543210}, IB: emu.PACKey{Lo: 1, Hi: 2}}

// fgraphReturn is the way back alone: traced functions are on the shadow stack already.
func (k *Kernel) fgraphReturn() *scenarios.Scenario {
	variants := []scenarios.Variant{
		{Name: "empty", Doc: "no tracer has a callback"},
		{Name: "callback", Doc: "a tracer's return callback calls something, such as the unwinder"},
		{Name: "nested", Doc: "and the traced function was called by another one"},
	}
	if k.preempts() {
		variants = append(variants,
			scenarios.Variant{Name: "resched",
				Doc: "a reschedule becomes due in the callback: the task is switched out in the return handler"})
	}
	variants = append(variants, authenticated)
	doc := "return_to_handler and its C handler, entered from a traced function's RET"
	return k.scenario("fgraph-return", doc, variants, func(b *builder, variant string) {
		handler := b.Symbol("stub_tracer_return")
		wanted := uint64(1)
		calls := []string{"stub_caller"}
		switch variant {
		case "empty":
			handler, wanted = b.Symbol("stub_tracer_nothing"), 0
		case "nested", "pac":
			wanted = 2
			calls = []string{"stub_outer_caller", "stub_outer", "stub_caller"}
		case "resched":
			handler = b.Symbol("stub_tracer_tick")
			b.schedule()
		}
		if variant == "pac" {
			b.run.Config.PAC = keys
		}
		b.traceWith("stub_tracer_entry", handler)
		b.call(b.Symbol(calls[0]))
		// The records of the stubs lie next to each other below stub_start's SP.
		record := b.startSP()
		var entries []fgraph.Entry
		for _, name := range calls {
			record -= 16
			switch name {
			case "stub_outer_caller":
				entries = append(entries, fgraph.Entry{Ret: b.Symbol("stub_outer_back"), Func: b.Symbol("stub_outer"),
					Retp: record})
			case "stub_caller":
				entries = append(entries, fgraph.Entry{Ret: b.Symbol("stub_caller_back"), Func: b.Symbol("stub_traced"),
					Retp: record})
			}
		}
		b.setShadow(entries...)
		returned := b.Symbol("stub_returned_registers")
		for i := range uint64(8) {
			b.check(fmt.Sprintf("X%d after the return", i), returned+8*i, 0x1000+i)
		}
		b.check("the number of return callbacks", b.Symbol("stub_nr_returns"), wanted)
		b.checkShadowEmpty()
	})
}

// fgraphCycle is all of a traced call.
func (k *Kernel) fgraphCycle() *scenarios.Scenario {
	variants := []scenarios.Variant{
		{Name: "empty", Doc: "a tracer whose return callback does nothing"},
		{Name: "callback", Doc: "a tracer's return callback calls something, such as the unwinder"},
		{Name: "nested", Doc: "the traced function lcm() calls the traced function gcd()"},
		{Name: "refused", Doc: "the tracer wants no return: the entry is pushed and taken back"},
		{Name: "recursion", Doc: "the traced function calls itself: several entries of one function"},
		{Name: "full", Doc: "the same with room for three entries: calls that find none are not traced"},
		{Name: "traced-handler", Doc: "the handler of an interrupt calls a function that is traced, too"},
	}
	if k.layout().Has("fgraph_ops", "idx") {
		variants = append(variants,
			scenarios.Variant{Name: "tracers", Doc: "two tracers, each with a callback of its own"})
	}
	// by releasing the lock against recursion; without one, a traced callback recurses until the stack is full
	if k.preempts() {
		variants = append(variants, scenarios.Variant{Name: "traced-callback",
			Doc: "the tracer's return callback calls a function that is traced, too"})
		variants = append(variants,
			scenarios.Variant{Name: "resched",
				Doc: "a reschedule becomes due in the callback: the task is switched out in the return handler"})
	}
	variants = append(variants, authenticated)
	doc := "a traced call from its patched entry through ftrace_caller to the return through return_to_handler"
	return k.scenario("fgraph-cycle", doc, variants, func(b *builder, variant string) {
		entry, handler := "stub_tracer_entry", b.Symbol("stub_tracer_return")
		function, args, result, wanted := "int_sqrt", []uint64{1_000_000, 0}, uint64(1000), uint64(1)
		switch variant {
		case "empty":
			handler, wanted = b.Symbol("stub_tracer_nothing"), 0
		case "nested", "pac":
			function, args, result, wanted = "lcm", []uint64{12, 18}, 36, 2
		case "refused":
			entry, wanted = "stub_tracer_refusal", 0
		case "recursion":
			function, args, result, wanted = "stub_recurse", []uint64{4, 0}, 4, 5
		case "full":
			const calls, room = 6, 3
			function, args, result, wanted = "stub_recurse", []uint64{calls, 0}, calls, room
			b.setShadow(slices.Repeat([]fgraph.Entry{{Ret: b.Symbol("stub_outer_back"), Func: b.Symbol("stub_outer")}},
				int(b.shadowEntries()-room))...)
		case "tracers":
			wanted = 2
		case "traced-callback":
			handler, wanted = b.Symbol("stub_tracer_nested"), 2
			b.SetWord(b.Symbol("stub_callee"), b.Symbol("gcd"))
		case "traced-handler":
			handler, wanted = b.Symbol("stub_tracer_nothing"), 0
			b.SetWord(b.Symbol("stub_irq_callee"), b.Symbol("gcd"))
			b.handleBy("stub_irq_calling")
		case "resched":
			handler = b.Symbol("stub_tracer_tick")
			b.schedule()
		}
		if variant == "pac" {
			b.run.Config.PAC = keys
		}
		ops := b.traceWith(entry, handler)
		if variant == "tracers" {
			b.traceAlso(entry, handler)
		}
		b.trace(function, ops)
		if function == "lcm" || variant == "traced-callback" || variant == "traced-handler" {
			b.trace("gcd", ops)
		}
		at := b.call(b.Symbol("stub_call_through"), append(args, b.Symbol(function))...)
		b.check(function, at, result)
		b.check("the number of return callbacks", b.Symbol("stub_nr_returns"), wanted)
		b.checkShadow()
	})
}

// traceWith switches on a tracer with the given callbacks. It returns the ftrace_ops to put before a traced function.
func (b *builder) traceWith(entry string, handler uint64) (ops uint64) {
	if b.kernel.Graph.Generation == unwind.GraphStructs {
		b.setCallbacks(entry, handler)
		return 0
	}
	b.typed(b.Symbol(entry), "ftrace_graph_entry_stub", "trace_graph_entry")
	b.typed(handler, "ftrace_stub_graph", "trace_graph_return")
	graphOps := b.alloc(b.Size("fgraph_ops"))
	b.SetWord(graphOps+b.Offset("fgraph_ops", "entryfunc"), b.Symbol(entry))
	b.SetWord(graphOps+b.Offset("fgraph_ops", "retfunc"), handler)
	ops = graphOps + b.Offset("fgraph_ops", "ops")
	b.SetWord(ops+b.Offset("ftrace_ops", "func"), b.Symbol("ftrace_graph_func"))
	// An empty hash, which matches every function.
	b.SetWord(ops+b.Offset("ftrace_ops", "func_hash"), b.alloc(256))
	array := b.Symbol("fgraph_array")
	for i := range uint64(16) {
		b.SetWord(array+8*i, b.Symbol("fgraph_stub"))
	}
	b.SetWord(array, graphOps)
	b.SetWord(b.Symbol("fgraph_array_bitmask"), 1)
	if b.callsTracerDirectly() {
		b.setStaticCall("fgraph_func", b.Symbol(entry))
		b.setStaticCall("fgraph_retfunc", handler)
		b.SetWord(b.Symbol("fgraph_direct_gops"), graphOps)
		b.setStaticKey("fgraph_do_direct", true)
	}
	return ops
}

// callsTracerDirectly reports whether the only tracer that there is is called by static calls, and not by a loop over
// all of them: where the architecture has such calls (FGRAPH_NO_DIRECT in kernel/trace/fgraph.c).
func (b *builder) callsTracerDirectly() bool {
	_, ok := b.lookup("__SCT__fgraph_retfunc")
	return ok
}

// traceAlso adds another tracer, with callbacks of the same kind, to the one that traceWith has switched on.
func (b *builder) traceAlso(entry string, handler uint64) {
	first := b.Symbol("fgraph_array")
	graphOps := b.alloc(b.Size("fgraph_ops"))
	b.SetWord(graphOps+b.Offset("fgraph_ops", "entryfunc"), b.Symbol(entry))
	b.SetWord(graphOps+b.Offset("fgraph_ops", "retfunc"), handler)
	b.SetWord32(graphOps+b.Offset("fgraph_ops", "idx"), 1)
	b.SetWord(graphOps+b.Offset("fgraph_ops", "ops")+b.Offset("ftrace_ops", "func_hash"), b.alloc(256))
	b.SetWord(first+8, graphOps)
	b.SetWord(b.Symbol("fgraph_array_bitmask"), 3)
	if b.callsTracerDirectly() {
		b.setStaticKey("fgraph_do_direct", false)
	}
}

// setCallbacks sets the two function pointers that a kernel has which knows one tracer only. Without symbols for data
// they are found by what they hold as long as nothing is traced.
func (b *builder) setCallbacks(entry string, handler uint64) {
	for _, f := range []struct {
		idle string
		now  uint64
	}{{"ftrace_graph_entry_stub", b.Symbol(entry)}, {"ftrace_stub_graph", handler}} {
		pointers := b.pointersTo(b.Symbol(f.idle))
		if len(pointers) == 0 {
			b.Fail(fmt.Errorf("%s: %w: nothing points to %s", b.image.Name, ErrUnsuitable, f.idle))
		}
		for _, at := range pointers {
			b.SetWord(at, f.now)
		}
	}
}

// pointersTo finds the words of the kernel's variables that hold a value.
func (b *builder) pointersTo(value uint64) (found []uint64) {
	for _, s := range b.image.Segments {
		if s.Perm&image.Write == 0 || s.End() <= b.writable {
			continue
		}
		for off := max(b.writable, s.Addr) - s.Addr; off+8 <= uint64(len(s.Data)); off += 8 {
			if binary.LittleEndian.Uint64(s.Data[off:]) == value {
				found = append(found, s.Addr+off)
			}
		}
	}
	return found
}

// trace patches a function's entry, as the kernel does when tracing is switched on. Where traced functions have
// an ops pointer of their own, it lies before them.
func (b *builder) trace(name string, ops uint64) { b.traceBy("ftrace_caller", name, ops) }

// traceBy is trace with another function for the entry to call.
func (b *builder) traceBy(calls, name string, ops uint64) {
	f, caller := b.Symbol(name), b.Symbol(calls)
	entry, ok := b.traceEntry(f)
	if !ok {
		b.Fail(fmt.Errorf("%s can't be traced: its entry has no two NOPs", name))
		return
	}
	// Where each traced function has a pointer to its tracer, it lies before it; else there is one for all, and
	// one place that calls it.
	if site, ok := b.lookup("ftrace_call"); ok {
		b.SetWord32(site, arm64.Branch(arm64.BL, site, b.Symbol("ftrace_graph_func")))
		if ops != 0 {
			b.SetWord(b.Symbol("function_trace_op"), ops)
		}
	} else {
		b.SetWord(f-8, ops)
	}
	b.SetWord32(entry, arm64.MovX9X30)
	b.SetWord32(entry+4, arm64.Branch(arm64.BL, entry+4, caller))
	b.run.TracerCalls = append(b.run.TracerCalls, entry+4)
}

// traceEntry returns the first of the two NOPs at a function's entry, if it has them: a landing pad may precede them.
func (l *layout) traceEntry(f uint64) (entry uint64, ok bool) {
	for entry = f; entry < f+3*4; entry += 4 {
		if l.insn(entry) == arm64.NOP && l.insn(entry+4) == arm64.NOP {
			return entry, true
		}
	}
	return 0, false
}

// canBeTraced reports whether a function's entry can be patched.
func (l *layout) canBeTraced(f uint64) bool {
	_, ok := l.traceEntry(f)
	return ok
}

// returnHandler names the C function that return_to_handler calls first: ftrace_return_to_handler, but in a kernel that
// was changed.
func (k *Kernel) returnHandler() string {
	l := k.layout()
	f := l.Object("return_to_handler")
	for pc := f.Start; pc < f.End; pc += 4 {
		if word := l.insn(pc); arm64.IsBL(word) {
			target := arm64.Target(word, pc)
			if s, ok := k.image.Symbols.At(target); ok && s.Addr == target {
				return s.Name
			}
		}
	}
	return ""
}
