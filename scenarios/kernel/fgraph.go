// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"encoding/binary"
	"fmt"

	"stacksweep/emu"
	"stacksweep/image"
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
		variants = append(variants, scenarios.Variant{Name: "resched", Doc: "a reschedule becomes due in the callback: the task is switched out in the return handler"})
	}
	variants = append(variants, authenticated)
	doc := "return_to_handler and its C handler, entered from a traced function's RET"
	return k.scenario("fgraph-return", doc, variants, func(b *builder, variant string) {
		handler := b.symbol("stub_tracer_return")
		wanted := uint64(1)
		calls := []string{"stub_caller"}
		switch variant {
		case "empty":
			handler, wanted = b.symbol("stub_tracer_nothing"), 0
		case "nested", "pac":
			wanted = 2
			calls = []string{"stub_outer_caller", "stub_outer", "stub_caller"}
		case "resched":
			handler = b.symbol("stub_tracer_tick")
			b.schedule()
		}
		if variant == "pac" {
			b.run.Config.PAC = keys
		}
		b.traceWith("stub_tracer_entry", handler)
		b.call(b.symbol(calls[0]))
		// The records of the stubs lie next to each other below stub_start's SP.
		record := b.startSP()
		var entries []fgraph.Entry
		for _, name := range calls {
			record -= 16
			switch name {
			case "stub_outer_caller":
				entries = append(entries, fgraph.Entry{Ret: b.symbol("stub_outer_back"), Func: b.symbol("stub_outer"), Retp: record})
			case "stub_caller":
				entries = append(entries, fgraph.Entry{Ret: b.symbol("stub_caller_back"), Func: b.symbol("stub_traced"), Retp: record})
			}
		}
		b.setShadow(entries...)
		returned := b.symbol("stub_returned_registers")
		for i := range uint64(8) {
			b.check(fmt.Sprintf("X%d after the return", i), returned+8*i, 0x1000+i)
		}
		b.check("the number of return callbacks", b.symbol("stub_nr_returns"), wanted)
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
	}
	if k.preempts() {
		variants = append(variants, scenarios.Variant{Name: "resched", Doc: "a reschedule becomes due in the callback: the task is switched out in the return handler"})
	}
	variants = append(variants, authenticated)
	doc := "a traced call from its patched entry through ftrace_caller to the return through return_to_handler"
	return k.scenario("fgraph-cycle", doc, variants, func(b *builder, variant string) {
		entry, handler := "stub_tracer_entry", b.symbol("stub_tracer_return")
		function, args, result, wanted := "int_sqrt", []uint64{1_000_000, 0}, uint64(1000), uint64(1)
		switch variant {
		case "empty":
			handler, wanted = b.symbol("stub_tracer_nothing"), 0
		case "nested", "pac":
			function, args, result, wanted = "lcm", []uint64{12, 18}, 36, 2
		case "refused":
			entry, wanted = "stub_tracer_refusal", 0
		case "resched":
			handler = b.symbol("stub_tracer_tick")
			b.schedule()
		}
		if variant == "pac" {
			b.run.Config.PAC = keys
		}
		ops := b.traceWith(entry, handler)
		b.trace(function, ops)
		if function == "lcm" {
			b.trace("gcd", ops)
		}
		at := b.call(b.symbol("stub_call_through"), append(args, b.symbol(function))...)
		b.check(function, at, result)
		b.check("the number of return callbacks", b.symbol("stub_nr_returns"), wanted)
		b.checkShadowEmpty()
	})
}

// topWord is what lies above an entry of a shadow stack of words: the distance in words back to the entry, the type
// "bitmap" and, in the bitmap, the first tracer (kernel/trace/fgraph.c).
func topWord(distance uint64) uint64 { return distance | 1<<10 | 1<<12 }

// setShadow fills the task's shadow stack, the oldest entry first.
func (b *builder) setShadow(entries ...fgraph.Entry) {
	g := b.kernel.Graph
	at := uint64(shadowStack)
	for _, e := range entries {
		b.setWord(at+g.Ret, e.Ret)
		b.setWord(at+g.Func, e.Func)
		b.setWord(at+b.offset("ftrace_ret_stack", "fp"), e.Retp)
		// The key is the address of the caller's record on arm64.
		b.setWord(at+g.Retp, e.Retp)
		at += g.EntrySize
		if g.Generation == unwind.GraphWords {
			b.setWord(at, topWord(g.EntrySize/8))
			at += 8
		}
	}
	curr := uint32(len(entries)) - 1
	if g.Generation == unwind.GraphWords {
		curr = uint32(at-shadowStack) / 8
	}
	b.setWord32(b.task("curr_ret_stack"), curr)
	b.setWord32(b.task("curr_ret_depth"), uint32(len(entries))-1)
}

// checkShadowEmpty checks that as many entries were popped as were pushed.
func (b *builder) checkShadowEmpty() {
	empty := uint64(0)
	if b.kernel.Graph.Generation == unwind.GraphStructs {
		empty = 0xffffffff
	}
	// curr_ret_depth is the word behind curr_ret_stack, and -1 in both generations.
	b.check("the position in the shadow stack", b.task("curr_ret_stack"), empty|0xffffffff<<32)
}

// traceWith switches on a tracer with the given callbacks. It returns the ftrace_ops to put before a traced function.
func (b *builder) traceWith(entry string, handler uint64) (ops uint64) {
	if b.kernel.Graph.Generation == unwind.GraphStructs {
		b.setCallbacks(entry, handler)
		return 0
	}
	graphOps := b.alloc(b.size("fgraph_ops"))
	b.setWord(graphOps+b.offset("fgraph_ops", "entryfunc"), b.symbol(entry))
	b.setWord(graphOps+b.offset("fgraph_ops", "retfunc"), handler)
	ops = graphOps + b.offset("fgraph_ops", "ops")
	b.setWord(ops+b.offset("ftrace_ops", "func"), b.symbol("ftrace_graph_func"))
	// An empty hash, which matches every function.
	b.setWord(ops+b.offset("ftrace_ops", "func_hash"), b.alloc(256))
	array := b.symbol("fgraph_array")
	for i := range uint64(16) {
		b.setWord(array+8*i, b.symbol("fgraph_stub"))
	}
	b.setWord(array, graphOps)
	b.setWord(b.symbol("fgraph_array_bitmask"), 1)
	return ops
}

// setCallbacks sets the two function pointers that a kernel has which knows one tracer only. Without symbols for data
// they are found by what they hold as long as nobody traces.
func (b *builder) setCallbacks(entry string, handler uint64) {
	for _, f := range []struct {
		idle string
		now  uint64
	}{{"ftrace_graph_entry_stub", b.symbol(entry)}, {"ftrace_stub_graph", handler}} {
		pointers := b.pointersTo(b.symbol(f.idle))
		if len(pointers) == 0 {
			b.layout.fail(fmt.Errorf("%s: %w: nothing points to %s", b.image.Name, ErrUnsuitable, f.idle))
		}
		for _, at := range pointers {
			b.setWord(at, f.now)
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
func (b *builder) trace(name string, ops uint64) {
	f, caller := b.symbol(name), b.symbol("ftrace_caller")
	entry := f
	for range 2 { // a landing pad may precede the two NOPs
		if b.insn(entry) == insnNOP && b.insn(entry+4) == insnNOP {
			break
		}
		entry += 4
	}
	if b.insn(entry) != insnNOP || b.insn(entry+4) != insnNOP {
		b.layout.fail(fmt.Errorf("%s can't be traced: its entry has no two NOPs", name))
		return
	}
	if ops != 0 {
		b.setWord(f-8, ops)
	} else {
		site := b.symbol("ftrace_call")
		b.setWord32(site, branch(insnBL, site, b.symbol("ftrace_graph_func")))
	}
	b.setWord32(entry, insnMovX9X30)
	b.setWord32(entry+4, branch(insnBL, entry+4, caller))
}

// preempts reports whether the return handler may be preempted, by a call of its own.
func (k *Kernel) preempts() bool {
	b := &builder{layout: k.layout()}
	if _, ok := k.lookup("preempt_schedule_notrace"); !ok {
		return false
	}
	return b.callSite(k.returnHandler(), "preempt_schedule_notrace") != 0
}

// returnHandler names the C function that return_to_handler calls first: ftrace_return_to_handler, but in a kernel that
// was changed.
func (k *Kernel) returnHandler() string {
	l := k.layout()
	f := l.function("return_to_handler")
	for pc := f.Start; pc < f.End; pc += 4 {
		if word := l.insn(pc); word&insnBranchMask == insnBL {
			target := pc + uint64(int64(int32(word<<6)>>6)*4)
			if s, ok := k.image.Symbols.At(target); ok && s.Addr == target {
				return s.Name
			}
		}
	}
	return ""
}

// schedule makes the stub scheduler the one that is called, which must happen once.
func (b *builder) schedule() {
	entry := b.symbol("__schedule")
	b.setWord32(entry, branch(insnB, entry, b.symbol("stub_scheduler")))
	b.check("the number of context switches", b.symbol("stub_nr_switches"), 1)
}
