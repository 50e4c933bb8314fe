// SPDX-License-Identifier: GPL-2.0-only

package fgraph_test

import (
	"fmt"

	"stacksweep/unwind"
	"stacksweep/unwind/fgraph"
)

// words is memory by address.
type words map[uint64]uint64

func (w words) Word(addr uint64) (uint64, bool) {
	v, ok := w[addr]
	return v, ok
}

// A traced function returns to return_to_handler. Its caller is on the task's shadow stack, under the caller's X29.
func ExampleStack_Find() {
	const task, shadowStack, returnToHandler, callerFP = 0x1000, 0x2000, 0xffff800080020000, 0xffff800080008f40
	layout := unwind.GraphLayout{
		Generation: unwind.GraphStructs, RetStack: 0, CurrRetStack: 8,
		EntrySize: 24, Ret: 0, Func: 8, Retp: 16,
	}
	mem := words{
		task: shadowStack, task + 8: 0, // one entry, whose index is 0
		shadowStack:      0xffff800080010064, // ret
		shadowStack + 8:  0xffff800080010200, // func
		shadowStack + 16: callerFP,           // retp
	}
	stack, ok := fgraph.Open(&layout, mem, task)
	if !ok {
		fmt.Println("the task has no shadow stack")
		return
	}
	cursor := 0
	ret, ok := stack.Find(&cursor, returnToHandler, callerFP)
	fmt.Printf("%#x %t\n", ret, ok)
	// Output:
	// 0xffff800080010064 true
}
