// SPDX-License-Identifier: GPL-2.0-only

package kretprobe_test

import (
	"fmt"

	"stacksweep/unwind"
	"stacksweep/unwind/kretprobe"
)

// words is memory by address.
type words map[uint64]uint64

func (w words) Word(addr uint64) (uint64, bool) {
	v, ok := w[addr]
	return v, ok
}

// A probed function returns to the kretprobe trampoline. Its caller is in an instance on a list of the task.
func ExampleFind() {
	const task, instance, trampoline, callerFP = 0x1000, 0x2000, 0xffff800080030000, 0xffff800080008f40
	layout := unwind.KretprobeLayout{Instances: 0, Node: 0, RetAddr: 16, FP: 24}
	mem := words{
		task:          instance,
		instance:      0, // the last of the list
		instance + 16: 0xffff800080010064,
		instance + 24: callerFP,
	}
	var cursor uint64
	ret, ok := kretprobe.Find(&layout, mem, task, &cursor, trampoline, callerFP)
	fmt.Printf("%#x %t\n", ret, ok)
	// Output:
	// 0xffff800080010064 true
}
