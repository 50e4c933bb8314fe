// SPDX-License-Identifier: GPL-2.0-only

package tablecheck_test

import (
	"fmt"
	"log"

	"stacksweep/scenarios/corpus"
	"stacksweep/unwind/tablecheck"
)

// The SFrame table of the corpus is compared with its code and with its DWARF call frame information. Some of its
// rows are wrong on purpose.
func ExampleRun() {
	check, err := tablecheck.Run(corpus.Image(), tablecheck.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("clean:", check.Clean())
	for _, list := range check.ByFunction(check.Disagree)[:2] {
		first := &list[0]
		fmt.Printf("%s: %s\n", check.Span(first.From, first.To), check.Reason(first))
	}
	// Output:
	// clean: false
	// prologue_frame_args+0x64..+0x6c: X29 is caller's X29 since prologue_frame_args+0x60: ldp x29, x30, [sp,#32]
	// return_to_handler_lr+0x20..+0x24: X30 is overwritten since return_to_handler_lr+0x1c: bl ftrace_peek_return
}
