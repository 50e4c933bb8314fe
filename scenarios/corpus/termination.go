// SPDX-License-Identifier: GPL-2.0-only

package corpus

// spoiled makes a variant whose chain is overwritten by the function spoil_NAME.
func spoiled(name, doc string) variant {
	return variant{name: name, doc: doc, args: []string{"spoil_" + name}}
}

// terminationSpec walks the stack in all ways while the chain is spoiled, and runs to its end undisturbed.
var terminationSpec = spec{
	entry:  "run_termination",
	checks: []check{{"termination_walks", 3}, {"nr_switches", 1}},
}

var terminationScenarios = []template{
	{
		name:     "termination/sane",
		doc:      "a chain that ends at the task's FINAL record, as it should",
		variants: []variant{spoiled("nothing", "left unmodified")},
		spec:     terminationSpec,
	},
	{
		name: "termination/corrupt",
		doc:  "a visibly corrupt chain of frame records: no walk over it may be called reliable",
		variants: []variant{
			spoiled("loop", "a record that leads to itself"),
			spoiled("cycle", "two records that lead to each other"),
			spoiled("backwards", "a record that leads to a lower address"),
			spoiled("overlap", "a record that leads into itself"),
			spoiled("misaligned", "a record at no multiple of eight"),
			spoiled("halfway", "a record that begins at another's second word"),
			spoiled("off_stack", "a record outside every stack"),
			spoiled("null", "a null pointer for the next record"),
			spoiled("edge", "a record half of which is beyond the stack"),
			spoiled("other_stack", "to another stack and back, where a walk must not return"),
			spoiled("no_type", "a metadata record of type 0"),
			spoiled("unknown_type", "a metadata record of a type that doesn't exist"),
			spoiled("final_elsewhere", "a FINAL record that is not the task's own"),
			spoiled("regs_elsewhere", "a metadata record of an exception that never happened"),
			spoiled("meta_edge", "a metadata record whose type is beyond the stack"),
			spoiled("last_link", "all is well up to the outermost record, which leads off the stack"),
			spoiled("final_type", "all is well, but the task's own FINAL record has lost its type"),
			spoiled("final_record", "all is well, but the task's own FINAL record is an ordinary one"),
		},
		spec: terminationSpec,
	},
	{
		name:     "termination/outermost",
		doc:      "a function that has a caller although its unwind information says that it is the outermost",
		variants: onlyForm,
		spec: spec{
			entry:  "termination_outermost",
			checks: []check{{"termination_walks", 1}},
		},
	},
	{
		name: "termination/forged",
		doc:  "a chain that is corrupt and looks sane: the limit of what records can tell",
		variants: []variant{
			spoiled("skip", "a record that leads past its caller's"),
			spoiled("shortcut", "a record that leads straight to the task's FINAL record"),
			spoiled("lr", "a return address overwritten by a function's"),
			spoiled("lr_data", "a return address overwritten by that of a variable"),
			spoiled("lr_zero", "a return address overwritten by zero"),
		},
		spec: terminationSpec,
	},
}
