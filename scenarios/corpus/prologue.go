// SPDX-License-Identifier: GPL-2.0-only

package corpus

// shaped makes a variant that runs the function prologue_NAME, in which the frame has the shape that doc describes.
func shaped(name, doc string) variant {
	return variant{name: name, doc: doc, args: []string{"prologue_" + name}}
}

// prologueSpec calls the shape four times.
var prologueSpec = spec{
	entry:  "run_prologue",
	checks: []check{{"prologue_right", 4}},
}

// soundTrampoline is return_to_handler in a form that loses no caller, so that what is wrong is not its doing.
var soundTrampoline = variant{
	name: "slot", doc: "with a return_to_handler that loses no caller, as in fgraph/return:slot",
	hook: "return_to_handler_slot",
}

// tracedShapes are the shapes that a compiler made, which can be traced.
var tracedShapes = []string{
	"prologue_record", "prologue_saved", "prologue_locals", "prologue_big", "prologue_huge", "prologue_args",
	"prologue_variadic", "prologue_leaf", "prologue_shrink", "prologue_exits", "prologue_vla", "prologue_offset",
	"prologue_tail",
}

var prologueScenarios = []template{
	{
		name: "prologue/gcc",
		doc:  "the ways in which gcc enters and leaves a function",
		variants: []variant{
			shaped("record", "a frame record and nothing else"),
			shaped("saved", "all callee-saved registers above the record"),
			shaped("locals", "local variables above the record"),
			shaped("big", "too big a frame for the store of the record to make room for it"),
			shaped("huge", "too big a frame for an immediate: its size is in a register"),
			shaped("args", "arguments for a callee below the record: SP is not X29 at the call"),
			shaped("variadic", "a variadic callee, with its argument registers above the record"),
			shaped("leaf", "a leaf with local variables and without a record"),
			shaped("shrink", "shrink-wrapped: one way through has a frame, the other has none"),
			shaped("exits", "several returns, and code after them"),
			shaped("vla", "an array of variable length: SP moves in the body"),
			shaped("offset", "a random distance between SP and the record, as in the kernel's system call entry"),
			shaped("tail", "tail calls: the frame is given up before the branch"),
			shaped("protector", "the stack protector's word below the record"),
			shaped("frame_args", "the CFA is X29's, and arguments for a callee lie below the record"),
			shaped("noreturn",
				"the last instruction calls a function that doesn't return: the return address is one past the end"),
		},
		spec: prologueSpec,
	},
	{
		name: "prologue/clang",
		doc:  "frames as clang and assembly make them",
		variants: []variant{
			shaped("clang_bottom", "the record at the bottom, pushed with the frame"),
			shaped("clang_locals", "local variables below the record: SP is not X29 at the call"),
			shaped("clang_big", "the record is pushed first, the rest of the frame made in two steps"),
			shaped("record_on_top", "saved registers below the record"),
			shaped("record_odd", "the record at an odd multiple of eight"),
			shaped("piecemeal", "LR and X29 saved one by one; X29 moved late and given back early"),
		},
		spec: prologueSpec,
	},
	{
		name: "prologue/nofp",
		doc:  "compiled without frame pointers, as no kernel may be: X29 stays some caller's record",
		variants: []variant{
			shaped("nofp", "two functions without a record"),
		},
		spec: prologueSpec,
	},
	{
		name:     "prologue/traced",
		doc:      "all of gcc's shapes, each of them traced",
		variants: []variant{soundTrampoline},
		spec: spec{
			entry:  "run_prologue_traced",
			traced: tracedShapes,
			set:    traceWith("counting_tracer"),
			checks: []check{{"prologue_right", 4 * 13}, {"tracer_entries", 4 * 13}, {"tracer_returns", 4 * 13}},
		},
	},
}
