// SPDX-License-Identifier: GPL-2.0-only

package kernel

import "stacksweep/scenarios"

// selfWalk calls the kernel's own unwinder as a function like any other: it is C code with a large frame, and what is
// interrupted in it.
func (k *Kernel) selfWalk() *scenarios.Scenario {
	variants := []scenarios.Variant{{Name: "plain", Doc: "walks its caller's stack"}}
	doc := "arch_stack_walk_reliable, called by a function with a frame record and interrupted"
	return k.scenario("self-walk", doc, variants, func(b *builder, _ string) {
		frames := b.alloc(256)
		b.SetWord(frames, frames+8)
		b.call(b.Symbol("stub_compare"), b.Symbol("stub_consume"), frames, taskStruct,
			b.Symbol("arch_stack_walk_reliable"))
		// It finds its caller, and the function at the bottom of the stack.
		b.check("where the next frame would be noted", frames, frames+8+2*8)
	})
}
