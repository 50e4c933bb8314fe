// SPDX-License-Identifier: GPL-2.0-only

package corpus

import "stacksweep/emu"

// pacKeys are the keys that return addresses are signed with; any will do.
var pacKeys = emu.PACKeys{
	IA: emu.PACKey{Lo: 0x0123456789abcdef, Hi: 0xfedcba9876543210},
	IB: emu.PACKey{Lo: 0x0f1e2d3c4b5a6978, Hi: 0x8796a5b4c3d2e1f0},
}

// signing makes a variant that runs the function pac_NAME.
func signing(name, doc string) variant {
	return variant{name: name, doc: doc, args: []string{"pac_" + name}}
}

// pacSpec calls the function four times.
var pacSpec = spec{
	entry:  "run_prologue",
	pac:    true,
	checks: []check{{"prologue_right", 4}},
}

var pacScenarios = []template{
	{
		name: "pac/gcc",
		doc:  "functions that a compiler made sign their return address",
		variants: []variant{
			signing("ret", "two of them, as the kernel is compiled"),
			signing("leaf", "a leaf that signs as well: no frame record, LR is signed"),
			signing("bkey", "signed with key B"),
			signing("retaa", "authentication and return are one instruction"),
			signing("bti", "a landing pad before the signature"),
			signing("big", "SP moves between the signature and the store of the record"),
			signing("shrink", "shrink-wrapped: one way through neither has a frame nor signs"),
		},
		spec: pacSpec,
	},
	{
		name: "pac/asm",
		doc:  "assembly that signs its return address",
		variants: []variant{
			signing("asm_right", "with unwind information that says where it is signed"),
			signing("asm_unmarked", "with unwind information that doesn't: an unwinder that strips needs no mark"),
			signing("asm_bare", "without unwind information"),
		},
		spec: pacSpec,
	},
	{
		name:     "pac/blocked",
		doc:      "a task is switched out in a function that signed its return address",
		variants: []variant{signing("blocked", "as the kernel is compiled")},
		spec: spec{
			entry:  "run_prologue",
			pac:    true,
			checks: []check{{"prologue_right", 4}, {"nr_switches", 4}},
		},
	},
	{
		name:     "pac/traced",
		doc:      "traced functions that sign: what they sign is the address of return_to_handler",
		variants: []variant{soundTrampoline},
		spec: spec{
			entry:  "run_pac_traced",
			pac:    true,
			traced: []string{"pac_ret", "pac_inner", "pac_leaf", "pac_bkey", "pac_retaa", "pac_big", "pac_shrink"},
			set:    traceWith("counting_tracer"),
			checks: []check{{"prologue_right", 4 * 6}, {"tracer_entries", 4 * 7}, {"tracer_returns", 4 * 7}},
		},
	},
}
