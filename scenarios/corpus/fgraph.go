// SPDX-License-Identifier: GPL-2.0-only

package corpus

import "slices"

// traceWith switches the function graph tracer on, with the given tracers.
func traceWith(tracers ...string) []setting {
	var set []setting
	for i, t := range tracers {
		set = append(set, setting{symbol: "fgraph_array", offset: uint64(8 * i), value: t})
	}
	return set
}

// graph is a scenario of the function graph tracer in all variants of the return trampoline.
func graph(name, doc string, s spec) template {
	return template{name: "fgraph/" + name, doc: doc, spec: s, variants: []variant{
		{name: "mainline", doc: "unmodified: the entry is popped before LR holds the address again"},
		{name: "record", doc: "as on x86: a frame record of the trampoline's own; the handler pops as ever",
			hook: "return_to_handler_record"},
		{name: "slot", doc: "a record of its own; the handler peeks, the address goes into the record, one store pops",
			hook: "return_to_handler_slot"},
		{name: "two-calls", doc: "the same, with the pop in a second C function", hook: "return_to_handler_two_calls"},
		{name: "lr", doc: "no record; the handler peeks, the address goes into LR, one store pops",
			hook: "return_to_handler_lr"},
	}}
}

// popFirst adds the order of the return handler's last two steps that no kernel has, and that this corpus once had.
func popFirst(t template) template {
	t.variants = append(t.variants, variant{
		name: "pop-first", doc: "the entry is popped before preemption is switched on again: no kernel does that",
		hook: "return_to_handler_pop_first",
	})
	return t
}

// reschedule makes a reschedule due: preempt_count is zero with the inverted need_resched bit clear.
var reschedule = []setting{{symbol: "init_task", offset: 8, value: "0"}}

var fgraphScenarios = []template{
	graph("return", "a chain with traced functions in it: entry, body and return through return_to_handler", spec{
		entry: "run_chain", args: []string{"1"},
		traced: []string{"chain_3", "chain_leaf"},
		set:    traceWith("counting_tracer"),
		checks: []check{{"tracer_entries", 28}, {"tracer_returns", 28}, {"fgraph_panics", 0}, {"nr_switches", 0}},
	}),
	popFirst(graph("resched", "a reschedule is due while the return handler runs: the task is switched out", spec{
		entry: "run_chain", args: []string{"1"},
		traced: []string{"chain_3"},
		set:    slices.Concat(reschedule, traceWith("counting_tracer")),
		checks: []check{{"tracer_entries", 2}, {"tracer_returns", 2}, {"nr_switches", 1}},
	})),
	graph("callers", "every function of the chain is traced, callers and callees alike", spec{
		entry: "run_chain", args: []string{"1"},
		traced: []string{"run_chain", "chain_1", "chain_2", "chain_3", "chain_4"},
		set:    traceWith("counting_tracer"),
		checks: []check{{"tracer_entries", 10}, {"tracer_returns", 10}},
	}),
	graph("tracers", "three tracers: one with words of its own on the shadow stack, one that wants no return", spec{
		entry: "run_chain", args: []string{"1"},
		traced: []string{"chain_3"},
		set:    traceWith("counting_tracer", "remembering_tracer", "refusing_tracer"),
		checks: []check{{"tracer_entries", 4}, {"tracer_returns", 4}, {"tracer_refusals", 2}, {"tracer_mismatches", 0}},
	}),
	graph("refused", "the only tracer wants no return: the entry is pushed and taken back", spec{
		entry: "run_chain", args: []string{"1"},
		traced: []string{"chain_3", "chain_1"},
		set:    traceWith("refusing_tracer"),
		checks: []check{{"tracer_refusals", 4}, {"tracer_returns", 0}},
	}),
	graph("recursion", "a traced function that calls itself until the tracer's depth limit, and beyond", spec{
		entry: "run_recursion", args: []string{"8"},
		traced: []string{"recurse"},
		set:    slices.Concat([]setting{{symbol: "fgraph_depth_limit", value: "6"}}, traceWith("counting_tracer")),
		checks: []check{{"tracer_entries", 6}, {"tracer_returns", 6}},
	}),
	graph("full", "a traced function that calls itself until the shadow stack is full, and beyond", spec{
		entry: "run_recursion", args: []string{"8"},
		traced: []string{"recurse"},
		set:    slices.Concat([]setting{{symbol: "shadow_stack_words", value: "48"}}, traceWith("counting_tracer")),
		checks: []check{{"tracer_entries", 6}, {"tracer_returns", 6}},
	}),
	graph("tailcall", "a traced function that ends in a branch to another one: two entries with the same key", spec{
		entry: "run_tailcall", args: []string{"3"},
		traced: []string{"tail_first", "tail_second"},
		set:    traceWith("counting_tracer"),
		checks: []check{{"tracer_entries", 6}, {"tracer_returns", 6}},
	}),
	graph("direct", "a BPF trampoline calls the traced function itself, then a program, and returns in its place", spec{
		entry: "run_chain", args: []string{"1"},
		traced: []string{"chain_3"},
		caller: "ftrace_caller_direct",
		set: append([]setting{{symbol: "direct_trampoline", value: "bpf_trampoline"}},
			traceWith("counting_tracer")...),
		checks: []check{{"tracer_entries", 2}, {"tracer_returns", 2}, {"direct_programs", 2}},
	}),
	graph("plt", "traced functions of a module, which reach ftrace_caller through a PLT", spec{
		entry: "run_chain", args: []string{"1"},
		traced: []string{"chain_3", "chain_1"},
		caller: "ftrace_caller_plt",
		set:    traceWith("counting_tracer"),
		checks: []check{{"tracer_entries", 4}, {"tracer_returns", 4}},
	}),
	graph("nested", "a return callback calls a traced function", spec{
		entry: "run_chain", args: []string{"1"},
		traced: []string{"chain_3", "nested_callee"},
		set:    traceWith("nested_tracer"),
		checks: []check{{"tracer_entries", 4}, {"tracer_returns", 4}, {"nested_calls", 2}},
	}),
}
