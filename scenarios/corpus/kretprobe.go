// SPDX-License-Identifier: GPL-2.0-only

package corpus

// kretprobeVariants are the ways in which a probed function gets back to its caller.
var kretprobeVariants = []variant{
	{name: "mainline", doc: "BRK trampoline: the exception's PC is put right before the instances are unlinked"},
	{name: "plain", doc: "the same as in 6.12: exceptions write an ordinary frame record, which keeps the old PC",
		vectors: "vectors_plain"},
	{name: "frame", doc: "as in 6.1: no exception; a frame record of the trampoline's own, unlinked before LR " +
		"is put right", trampoline: "kretprobe_trampoline_frame"},
	{name: "rethook", doc: "as a rethook: the trampoline's record is put right before anything is unlinked",
		trampoline: "kretprobe_trampoline_rethook"},
	{name: "link-first", doc: "BRK trampoline; at entry, the instance is linked before LR is rewritten",
		set: []setting{{symbol: "kretprobe_link_first", value: "1"}}},
}

// probeReturn is a scenario of return probes in all variants of the trampoline.
func probeReturn(name, doc string, s spec) template {
	return template{name: "kretprobe/" + name, doc: doc, variants: kretprobeVariants, spec: s}
}

// hooked are the checks after a run in which so many instances were hooked up, all of which came back.
func hooked(n uint64, more ...check) []check {
	return append([]check{{"kretprobe_entries", n}, {"kretprobe_returns", n}}, more...)
}

var kretprobeScenarios = []template{
	probeReturn("plain", "a chain with probed functions in it: entry, body and return through the trampoline", spec{
		entry: "run_chain", args: []string{"1"},
		probed: []probe{{"chain_3", 1}, {"chain_leaf", 1}},
		checks: hooked(28),
	}),
	probeReturn("nested",
		"two probes on one call: two instances with one key, one of which kept the trampoline's address", spec{
			entry: "run_chain", args: []string{"1"},
			probed: []probe{{"chain_3", 2}, {"chain_1", 2}},
			checks: hooked(8),
		}),
	probeReturn("recursion", "a probed function that calls itself until no instance is free, and beyond", spec{
		entry: "run_recursion", args: []string{"8"},
		probed: []probe{{"recurse", 1}},
		set:    []setting{{symbol: "kretprobe_maxactive", value: "6"}},
		checks: hooked(6, check{"kretprobe_missed", 3}),
	}),
	probeReturn("tailcall", "a probed function that ends in a branch to another one: two instances with one key", spec{
		entry: "run_tailcall", args: []string{"3"},
		probed: []probe{{"tail_first", 1}, {"tail_second", 1}},
		checks: hooked(6),
	}),
	probeReturn("annotated", "a probed function whose unwind information covers its first instruction", spec{
		entry: "run_kretprobe", args: []string{"kretprobe_annotated", "2"},
		probed: []probe{{"kretprobe_annotated", 1}},
		checks: hooked(2),
	}),
	probeReturn("asleep", "a probed function gives up the CPU: its task is walked from outside", spec{
		entry: "run_kretprobe", args: []string{"kretprobe_sleeper", "2"},
		probed: []probe{{"kretprobe_sleeper", 1}},
		checks: hooked(2, check{"nr_switches", 2}),
	}),
	probeReturn("fgraph", "probed and traced at once: the tracer's entry holds the trampoline's address", spec{
		entry: "run_chain", args: []string{"1"},
		probed: []probe{{"chain_3", 1}, {"chain_1", 1}},
		traced: []string{"chain_3", "chain_1"},
		set:    traceWith("counting_tracer"),
		checks: hooked(4, check{"tracer_entries", 4}, check{"tracer_returns", 4}),
	}),
	probeReturn("fgraph-sound", "the same with a return_to_handler that never loses the caller", spec{
		entry: "run_chain", args: []string{"1"},
		hook:   "return_to_handler_slot",
		probed: []probe{{"chain_3", 1}},
		traced: []string{"chain_3"},
		set:    traceWith("counting_tracer"),
		checks: hooked(2, check{"tracer_entries", 2}, check{"tracer_returns", 2}),
	}),
	probeReturn("in-fgraph", "a traced function ends in a branch to a probed one: the instance has return_to_handler "+
		"for an address", spec{
		entry: "run_tailcall", args: []string{"3"},
		hook:   "return_to_handler_slot",
		traced: []string{"tail_first"},
		probed: []probe{{"tail_second", 1}},
		set:    traceWith("counting_tracer"),
		checks: hooked(3, check{"tracer_entries", 3}, check{"tracer_returns", 3}),
	}),
	probeReturn("livepatch",
		"a traced call is sent to a new function by changing the PC; the new one is probed, and sleeps", spec{
			entry: "run_kretprobe", args: []string{"livepatch_old", "2"},
			hook:   "return_to_handler_slot",
			traced: []string{"livepatch_old"},
			caller: "ftrace_caller_livepatch",
			probed: []probe{{"kretprobe_sleeper", 1}},
			set: append([]setting{{symbol: "livepatch_new", value: "kretprobe_sleeper"}},
				traceWith("counting_tracer")...),
			checks: hooked(2, check{"nr_switches", 2}, check{"tracer_entries", 2}, check{"tracer_returns", 2}),
		}),
}
