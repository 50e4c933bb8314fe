// SPDX-License-Identifier: GPL-2.0-only

package verdict_test

import (
	"fmt"
	"log"
	"strings"

	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/verdict"
)

// A point's name says where a walk was judged. It can be read back, and leads there again.
func ExampleParsePoint() {
	for _, text := range []string{"fgraph/return@137", "fgraph/return:mainline@return_to_handler+0x8#2"} {
		name, err := verdict.ParsePoint(corpus.All(), text)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name.Target, "->", name)
	}
	// Output:
	// fgraph/return:mainline -> fgraph/return:mainline@137
	// fgraph/return:mainline -> fgraph/return:mainline@return_to_handler+0x8#2
}

// An expectation is a verdict that is known, and why.
func ExampleParseExpectations() {
	const text = "leaf/*  wrong  irq,nmi  sframe*  memcpy_wrong+0x4..0x10  omitted  The annotation says leaf, and it " +
		"isn't one.\n"
	list, err := verdict.ParseExpectations("known.txt", strings.NewReader(text))
	if err != nil {
		log.Fatal(err)
	}
	key := verdict.Key{Scenario: "leaf/memcpy", Variant: "wrong", Mode: verdict.IRQ, Walker: "sframe"}
	fmt.Println(list[0].Applies(key, nil), list[0].Reason)
	// Output:
	// true The annotation says leaf, and it isn't one.
}
