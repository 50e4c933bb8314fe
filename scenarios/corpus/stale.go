// SPDX-License-Identifier: GPL-2.0-only

package corpus

var staleVariants = []variant{
	{name: "right", doc: "with unwind information that says where the return address is"},
	{name: "wrong", doc: "with a leaf annotation, which says that it is in LR throughout"},
	{name: "bare", doc: "without unwind information, as the kernel's assembly has it"},
}

// inRegister is staleVariants where the return address is in a register other than LR.
var inRegister = []variant{
	{name: "right", doc: "described in DWARF; SFrame can't say that a return address is in another register"},
	staleVariants[1],
	staleVariants[2],
}

var staleScenarios = []template{
	stale("after_call", "a routine without a frame record: after its call, LR still points past the call",
		staleVariants),
	stale("scratch", "a routine that computes with LR", staleVariants),
	stale("adr_call", "a call of an address that is put into LR first", staleVariants),
	stale("adr_loop", "LR points at the head of the routine's own loop, the return address is in X9", inRegister),
	stale("register", "the return address is in X9 while something is called", inRegister),
	stale("veneer", "a call that goes through veneers, which use X16 and X17: LR is right all the time", []variant{
		{name: "annotated", doc: "veneers with a leaf annotation"},
		{name: "bare", doc: "veneers without unwind information, as linkers and module loaders make them"},
	}),
}

// stale makes a scenario of a routine: its form NAME_VARIANT is called three times.
func stale(name, doc string, variants []variant) template {
	s := template{
		name: "stale/" + name,
		doc:  doc,
		spec: spec{
			entry:  "run_stale",
			checks: []check{{"stale_right", 3}},
		},
	}
	for _, v := range variants {
		v.args = []string{name + "_" + v.name}
		s.variants = append(s.variants, v)
	}
	return s
}
