// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
)

// bpf is a function at which a BPF program is attached: ftrace calls a trampoline directly, without a callback. Where
// the function is traced as well, both are on a list that ftrace goes through.
func (k *Kernel) bpf() *scenarios.Scenario {
	variants := []scenarios.Variant{
		{Name: "entry", Doc: "the program runs before the function"},
		{Name: "exit", Doc: "the trampoline calls the function itself, and the program runs after it"},
		{Name: "entry-traced", Doc: "before it, and the graph tracer hooks the function's return"},
		{Name: "exit-traced", Doc: "after it, and the trampoline returns to return_to_handler"},
		{Name: "asleep", Doc: "the same, and the program sleeps"},
		authenticated,
	}
	doc := "direct calls of ftrace: trampolines and a program in the shape that the BPF JIT gives them, without rows"
	return k.scenario("bpf", doc, variants, func(b *builder, variant string) {
		const traced = "int_sqrt"
		trampoline, calls, hooked := "stub_direct_exit", "stub_observe", uint64(1)
		switch variant {
		case "entry":
			trampoline, hooked = "stub_direct_entry", 0
		case "entry-traced":
			trampoline = "stub_direct_entry"
		case "exit":
			hooked = 0
		case "asleep":
			calls = "stub_scheduler"
			b.check("the number of context switches", b.Symbol("stub_nr_switches"), 1)
		case "pac":
			b.run.Config.PAC = keys
		}
		b.SetWord(b.Symbol("stub_program_calls"), b.Symbol(calls))
		direct := b.alloc(b.Size("ftrace_ops"))
		b.SetWord(direct+b.Offset("ftrace_ops", "func"), b.Symbol("call_direct_funcs"))
		b.SetWord(direct+b.Offset("ftrace_ops", "direct_call"), b.Symbol(trampoline))
		ops := direct
		if hooked > 0 {
			ops = b.list(b.traceWith("stub_tracer_entry", b.Symbol("stub_tracer_return")), direct)
		}
		b.trace(traced, ops)
		at := b.call(b.Symbol("stub_call_through"), 1_000_000, 0, b.Symbol(traced))
		b.check(traced, at, 1000)
		b.check("the number of programs that ran", b.Symbol("stub_nr_programs"), 1)
		b.check("the number of return callbacks", b.Symbol("stub_nr_returns"), hooked)
		b.checkShadowEmpty()
	})
}

// list makes ftrace go through a list of ftrace_ops. It returns the one to put before a function that all of them are
// attached to.
func (b *builder) list(all ...uint64) (ops uint64) {
	head := b.variable("ftrace_ops_list", "arch_ftrace_ops_list_func")
	for _, o := range all {
		b.SetWord(o+b.Offset("ftrace_ops", "func_hash"), b.alloc(256)) // empty: it matches every function
		b.SetWord(head, o)
		head = o + b.Offset("ftrace_ops", "next")
	}
	b.SetWord(head, b.Symbol("ftrace_list_end"))
	ops = b.alloc(b.Size("ftrace_ops"))
	b.SetWord(ops+b.Offset("ftrace_ops", "func"), b.Symbol("arch_ftrace_ops_list_func"))
	return ops
}

// callsDirectly reports whether a traced function's ftrace_ops may say what to call without a callback.
func (k *Kernel) callsDirectly() bool {
	_, one := k.lookup("ftrace_call")
	_, direct := k.lookup("call_direct_funcs")
	_, ends := k.lookup("ftrace_list_end")
	return !one && direct && ends && k.layout().Has("ftrace_ops", "direct_call")
}

// farModule is a traced function of a module that was loaded where a branch doesn't reach the kernel: PLTs lie between.
func (k *Kernel) farModule() *scenarios.Scenario {
	variants := []scenarios.Variant{
		{Name: "call", Doc: "it calls the kernel"},
		{Name: "traced", Doc: "it is traced, and so is what it calls"},
	}
	doc := "a module's function that reaches ftrace_caller and the kernel's functions by entries of a PLT"
	return k.scenario("plt", doc, variants, func(b *builder, variant string) {
		const far = "stub_far_function"
		b.plt("stub_plt_callee", "gcd")
		b.plt("stub_plt_tracer", "ftrace_caller")
		hooked := uint64(0)
		if variant == "traced" {
			hooked = 2
			ops := b.traceWith("stub_tracer_entry", b.Symbol("stub_tracer_return"))
			b.trace("gcd", ops)
			b.traceBy("stub_plt_tracer", far, ops)
		}
		at := b.call(b.Symbol("stub_call_through"), 12, 18, b.Symbol(far))
		b.check("gcd", at, 6)
		b.check("the number of return callbacks", b.Symbol("stub_nr_returns"), hooked)
		b.checkShadow()
	})
}

// plt writes an entry of a PLT (arch/arm64/kernel/module-plts.c).
func (b *builder) plt(entry, target string) {
	const adrpX16, addX16 = 0x90000010, 0x91000210
	at, to := b.Symbol(entry), b.Symbol(target)
	pages := (to&^(guest.PageSize-1) - at&^(guest.PageSize-1)) / guest.PageSize
	b.SetWord32(at, adrpX16|uint32(pages&3)<<29|uint32(pages>>2&0x7ffff)<<5)
	b.SetWord32(at+4, addX16|uint32(to&(guest.PageSize-1))<<10)
}

// graphData is a tracer with words of its own on the shadow stack.
func (k *Kernel) graphData() *scenarios.Scenario {
	variants := []scenarios.Variant{
		{Name: "plain", Doc: "one traced function"},
		{Name: "nested", Doc: "one that calls another"},
	}
	doc := "a tracer that keeps words on the shadow stack from a function's entry to its return, as fprobes do"
	return k.scenario("graph-data", doc, variants, func(b *builder, variant string) {
		b.SetWord(b.Symbol("stub_reserve"), b.Symbol("fgraph_reserve_data"))
		b.SetWord(b.Symbol("stub_retrieve"), b.Symbol("fgraph_retrieve_data"))
		ops := b.traceWith("stub_tracer_keep", b.Symbol("stub_tracer_find"))
		function, wanted, returns := "gcd", uint64(6), uint64(1)
		b.trace("gcd", ops)
		if variant == "nested" {
			function, wanted, returns = "lcm", 36, 2
			b.trace("lcm", ops)
		}
		at := b.call(b.Symbol("stub_call_through"), 12, 18, b.Symbol(function))
		b.check(function, at, wanted)
		b.check("the number of return callbacks that found their word", b.Symbol("stub_nr_returns"), returns)
		b.checkShadowEmpty()
	})
}

// keepsData reports whether tracers can keep words of their own on the shadow stack.
func (k *Kernel) keepsData() bool {
	_, reserve := k.lookup("fgraph_reserve_data")
	_, retrieve := k.lookup("fgraph_retrieve_data")
	return reserve && retrieve
}
