// SPDX-License-Identifier: GPL-2.0-only

package scenarios

// summing makes a variant that runs the function sum_NAME.
func summing(name, doc string) Variant {
	return Variant{Name: name, Doc: doc, args: []string{"sum_" + name}}
}

// descending makes a variant that fills the stack by the function name.
func descending(v Variant, function string) Variant {
	v.args = []string{function}
	return v
}

// masking makes a variant that masks exceptions, by the bits of DAIF in PSTATE, and calls a function.
func masking(v Variant, daif, function string) Variant {
	v.args = []string{daif, function}
	return v
}

// plainVectors makes a variant the one of a kernel before metadata records.
func plainVectors(v Variant) Variant {
	v.vectors = "vectors_plain"
	return v
}

var exceptionScenarios = []*Scenario{
	{
		Name: "exception/fixup",
		Doc:  "reads of user memory, some of which fault: the exception table says where to go on",
		Variants: []Variant{
			summing("leaf", "in a leaf, with the address in a register that is written back"),
			summing("bare", "the same without unwind information, as the kernel has it"),
			summing("framed", "in a function with a frame, once before X29 says so"),
			plainVectors(Variant{Name: "plain", Doc: "the same as in 6.12: exceptions write an ordinary frame record", args: []string{"sum_framed"}}),
			{Name: "signed", Doc: "the same with a signed return address", args: []string{"sum_signed"}, pac: true},
		},
		build: fromCorpus(spec{
			entry:  "run_sum",
			faults: true,
			checks: []check{{"user_right", 7}},
		}),
	},
	{
		Name: "exception/overflow",
		Doc:  "a recursion fills the stack: the push that faults is found out on the overflow stack, and given up",
		Variants: []Variant{
			descending(Variant{Name: "described", Doc: "with unwind information"}, "descend"),
			descending(plainVectors(Variant{Name: "plain", Doc: "the same as in 6.12: exceptions write an ordinary frame record"}), "descend"),
			descending(Variant{Name: "signed", Doc: "the same with signed return addresses", pac: true}, "descend_signed"),
		},
		build: fromCorpus(spec{
			entry:  "run_overflow",
			faults: true,
			checks: []check{{"overflow_right", 2}},
		}),
	},
	{
		Name: "exception/masked",
		Doc:  "functions that run with exceptions masked: what can't be masked arrives in other ways",
		Variants: []Variant{
			masking(Variant{Name: "irq", Doc: "interrupts only: an FIQ arrives"}, "0x80", "chain_2"),
			masking(Variant{Name: "interrupts", Doc: "IRQ and FIQ, as local_irq_disable does: an SError arrives"}, "0xc0", "chain_2"),
			masking(Variant{Name: "all", Doc: "everything, as in exception entry: only SDEI arrives"}, "0x3c0", "chain_2"),
			masking(Variant{Name: "signed", Doc: "everything, in a function that signs its return address", pac: true}, "0x3c0", "pac_ret"),
		},
		build: fromCorpus(spec{
			entry: "run_masked",
		}),
	},
}
