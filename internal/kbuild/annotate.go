// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"fmt"
	"slices"
	"strings"
)

// An Annotation is a choice of assembly functions that get unwind information.
type Annotation uint8

const (
	// AnnotateNone leaves the assembly alone.
	AnnotateNone Annotation = iota
	// AnnotateAll takes every function that the assembly calls one (SYM_FUNC_START and kin).
	AnnotateAll
	// AnnotateLeaves takes those that leave SP, X29 and X30 alone at every instruction.
	AnnotateLeaves
)

// header returns what is included before every assembly file. It makes the macros that begin and end a function
// (include/linux/linkage.h) say that the function is a leaf: the CFA is SP, the return address in X30. That is said in
// front of the landing pad, which is an instruction of the function like any other: directives after the macro would
// leave it without a row. names are the functions to annotate, of AnnotateLeaves.
func header(a Annotation, names []string) string {
	if a == AnnotateNone {
		return "/* Assembly is left as it is. */\n"
	}
	wanted := "\t.set .Lsweep_wanted, 1\n"
	if a == AnnotateLeaves {
		names = slices.Clone(names)
		slices.Sort(names)
		wanted = "\t.set .Lsweep_wanted, 0\n"
		for chunk := range slices.Chunk(slices.Compact(names), 6) {
			wanted += fmt.Sprintf("\t.irp leaf, %s\n\t.ifc \\name,\\leaf\n\t.set .Lsweep_wanted, "+
				"1\n\t.endif\n\t.endr\n", strings.Join(chunk, ", "))
		}
	}
	return `/* Included in front of every assembly file: functions are annotated as leaves. */
#if defined(__ASSEMBLER__) && !defined(LINKER_SCRIPT)
#include <linux/linkage.h>

	.set .Lsweep_open, 0

	.macro sweep_close
	.if .Lsweep_open
	.cfi_endproc
	.endif
	.set .Lsweep_open, 0
	.endm

	/* A function may begin inside of another one, whose unwind information ends there. */
	.macro sweep_start name
	sweep_close
` + wanted + `	.if .Lsweep_wanted
	.cfi_startproc
	.set .Lsweep_open, 1
	.endif
	.endm

` + redefinitions() + `#endif
`
}

// redefinitions are the macros that begin and end functions.
func redefinitions() string {
	var b strings.Builder
	define := func(macro, text string) {
		fmt.Fprintf(&b, "#undef %[1]s\n#define %[1]s(name) %[2]s\n", macro, text)
	}
	for _, l := range []struct{ suffix, linkage string }{{"", "GLOBAL"}, {"_LOCAL", "LOCAL"}, {"_WEAK", "WEAK"}} {
		for _, a := range []struct{ suffix, align string }{{"", "ALIGN"}, {"_NOALIGN", "NONE"}} {
			define("SYM_FUNC_START"+l.suffix+a.suffix,
				fmt.Sprintf("SYM_START(name, SYM_L_%s, SYM_A_%s) ; sweep_start name ; bti c ;", l.linkage, a.align))
		}
	}
	define("SYM_TYPED_FUNC_START", "SYM_TYPED_START(name, SYM_L_GLOBAL, SYM_A_ALIGN) ; sweep_start name ; bti c ;")
	define("SYM_FUNC_END", "sweep_close ; SYM_END(name, SYM_T_FUNC)")
	return b.String()
}
