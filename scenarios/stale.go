// SPDX-License-Identifier: GPL-2.0-only

package scenarios

var staleVariants = []Variant{
	{Name: "right", Doc: "with unwind information that says where the return address is"},
	{Name: "wrong", Doc: "with a leaf annotation: that it is in LR all the time"},
	{Name: "bare", Doc: "without unwind information, as the kernel's assembly has it"},
}

// inRegister is staleVariants where the return address is in a register other than LR.
var inRegister = []Variant{
	{Name: "right", Doc: "described in DWARF; SFrame can't say that a return address is in another register"},
	staleVariants[1],
	staleVariants[2],
}

var staleScenarios = []*Scenario{
	stale("after_call", "a routine without a frame record: behind its call, LR points behind the call", staleVariants),
	stale("scratch", "a routine that computes with LR", staleVariants),
	stale("adr_call", "a call of an address that is put into LR first", staleVariants),
	stale("adr_loop", "LR points at the head of the routine's own loop, the return address is in X9", inRegister),
	stale("register", "the return address is in X9 while something is called", inRegister),
	stale("veneer", "a call that goes through veneers, which use X16 and X17: LR is right all the time", []Variant{
		{Name: "annotated", Doc: "veneers with a leaf annotation"},
		{Name: "bare", Doc: "veneers without unwind information, as linkers and module loaders make them"},
	}),
}

// stale makes a scenario of a routine: its form NAME_VARIANT is called three times.
func stale(name, doc string, variants []Variant) *Scenario {
	s := &Scenario{
		Name: "stale/" + name,
		Doc:  doc,
		build: fromCorpus(spec{
			entry:  "run_stale",
			checks: []check{{"stale_right", 3}},
		}),
	}
	for _, v := range variants {
		v.args = []string{name + "_" + v.Name}
		s.Variants = append(s.Variants, v)
	}
	return s
}
