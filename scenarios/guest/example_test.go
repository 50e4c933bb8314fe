// SPDX-License-Identifier: GPL-2.0-only

package guest_test

import (
	"fmt"

	"stacksweep/scenarios/guest"
)

// Memory is made of regions. With a shift, SP starts lower than the top of the stack's memory.
func ExampleMemory() {
	var m guest.Memory
	stack := m.MapStack("task", 0xffff800000010000, guest.StackSize, 0x10)
	m.Map("data", 0xffff800000020000, guest.PageSize, 1, 2, 3)
	fmt.Printf("SP starts at %#x\n", stack.High)
	for _, r := range m.Regions() {
		fmt.Printf("%s %#x %#x %v\n", r.Name, r.Base, r.Size, r.Perm)
	}
	fmt.Println(m.Err())
	// Output:
	// SP starts at 0xffff800000013ff0
	// task 0xffff800000010000 0x5000 rw-
	// data 0xffff800000020000 0x1000 rw-
	// <nil>
}
