// SPDX-License-Identifier: GPL-2.0-only

package corpus

// summing makes a variant that runs the function sum_NAME.
func summing(name, doc string) variant {
	return variant{name: name, doc: doc, args: []string{"sum_" + name}}
}

// descending makes a variant that fills the stack by the function name.
func descending(v variant, function string) variant {
	v.args = []string{function}
	return v
}

// masking makes a variant that masks exceptions, by the bits of DAIF in PSTATE, and calls a function.
func masking(v variant, daif, function string) variant {
	v.args = []string{daif, function}
	return v
}

// ordinaryVectors makes a variant that of a kernel before metadata records: exceptions write an ordinary one.
func ordinaryVectors(v variant) variant {
	v.vectors = "vectors_plain"
	return v
}

var exceptionScenarios = []template{
	{
		name: "exception/fixup",
		doc:  "reads of user memory, some of which fault: the exception table says where to go on",
		variants: []variant{
			summing("leaf", "in a leaf, with the address in a register that is written back"),
			summing("bare", "the same without unwind information, as the kernel has it"),
			summing("framed", "in a function with a frame, once before X29 says so"),
			ordinaryVectors(variant{name: "plain",
				doc:  "the same as in 6.12: exceptions write an ordinary frame record",
				args: []string{"sum_framed"}}),
			{name: "signed", doc: "the same with a signed return address", args: []string{"sum_signed"}, pac: true},
		},
		spec: spec{
			entry:  "run_sum",
			faults: true,
			checks: []check{{"user_right", 7}},
		},
	},
	{
		name: "exception/overflow",
		doc:  "a recursion fills the stack: the push that faults is found out on the overflow stack, and given up",
		variants: []variant{
			descending(variant{name: "described", doc: "with unwind information"}, "descend"),
			descending(
				ordinaryVectors(variant{name: "plain",
					doc: "the same as in 6.12: exceptions write an ordinary frame record"}), "descend"),
			descending(variant{name: "signed", doc: "the same with signed return addresses", pac: true},
				"descend_signed"),
		},
		spec: spec{
			entry:  "run_overflow",
			faults: true,
			checks: []check{{"overflow_right", 2}},
		},
	},
	{
		name: "exception/masked",
		doc:  "functions that run with exceptions masked: what can't be masked arrives in other ways",
		variants: []variant{
			masking(variant{name: "irq", doc: "interrupts only: an FIQ arrives"}, "0x80", "chain_2"),
			masking(variant{name: "interrupts", doc: "IRQ and FIQ, as local_irq_disable does: an SError arrives"},
				"0xc0", "chain_2"),
			masking(variant{name: "all", doc: "everything, as in exception entry: only SDEI arrives"}, "0x3c0",
				"chain_2"),
			masking(variant{name: "signed", doc: "everything, in a function that signs its return address", pac: true},
				"0x3c0", "pac_ret"),
		},
		spec: spec{
			entry: "run_masked",
		},
	},
}
