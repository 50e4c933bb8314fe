// SPDX-License-Identifier: GPL-2.0-only

package unwind_test

import (
	"fmt"

	"stacksweep/unwind"
)

// chain is a walker that follows frame records and believes all of them, up to a record of zeros.
type chain struct{}

func (chain) Name() string { return "chain" }

func (chain) Walk(task *unwind.Task, t *unwind.Trace) {
	t.Reset()
	t.Add(unwind.Frame{PC: task.Start.PC, Source: unwind.FromStart})
	for fp := task.Start.FP; ; {
		next, ok1 := task.Mem.Word(fp)
		lr, ok2 := task.Mem.Word(fp + 8)
		switch {
		case !ok1 || !ok2:
			t.Failure = unwind.Failure{Reason: unwind.Unreadable, Addr: fp}
			return
		case next == 0 && lr == 0:
			t.Reliable = true
			return
		}
		t.Add(unwind.Frame{PC: lr, Source: unwind.FromRecord})
		fp = next
	}
}

// words is memory by address.
type words map[uint64]uint64

func (w words) Word(addr uint64) (uint64, bool) {
	v, ok := w[addr]
	return v, ok
}

// A walker is shown a task, and fills in a trace.
func ExampleWalker() {
	stack := words{
		0x1000: 0x1020, 0x1008: 0x400, // the innermost record: the caller's, and a return address
		0x1020: 0x1040, 0x1028: 0x500,
		0x1040: 0, 0x1048: 0, // the last
	}
	task := unwind.Task{
		Mem:    stack,
		Start:  unwind.Start{Kind: unwind.FromCaller, PC: 0x300, FP: 0x1000},
		Stacks: []unwind.Stack{{Name: "task", Low: 0x1000, High: 0x1050}},
	}
	var w unwind.Walker = chain{}
	var trace unwind.Trace
	w.Walk(&task, &trace)
	for _, f := range trace.Frames {
		fmt.Printf("%#x from %v\n", f.PC, f.Source)
	}
	fmt.Println("reliable:", trace.Reliable)
	// Output:
	// 0x300 from start
	// 0x400 from record
	// 0x500 from record
	// reliable: true
}
