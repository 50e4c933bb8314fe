// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"encoding/binary"
	"testing"

	"stacksweep/internal/arm64"
	"stacksweep/scenarios/kernel"
)

// traceable reports whether a function of a kernel has the two NOPs of ftrace at its entry, after a landing pad.
func traceable(t *testing.T, k *kernel.Kernel, name string) bool {
	t.Helper()
	s, ok := k.Image().Symbols.Lookup(name)
	if !ok {
		t.Skipf("%s has no symbol", name)
	}
	code, _ := k.Image().Bytes(s.Addr, 16)
	for off := 0; off+8 <= len(code); off += 4 {
		first, second := binary.LittleEndian.Uint32(code[off:]), binary.LittleEndian.Uint32(code[off+4:])
		if first == arm64.NOP && second == arm64.NOP {
			return true
		}
	}
	return false
}

// The unwinder itself can't be traced, so that no scenario hooks it; what calls it, and what it calls for kretprobes,
// can.
func TestUnwinderIsNotTraceable(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		if !k.Reliable() {
			t.Skip("it has no reliable unwinder")
		}
		for name, want := range map[string]bool{
			"arch_stack_walk": false, "arch_stack_walk_reliable": false, "ftrace_graph_ret_addr": false,
			"kretprobe_find_ret_addr": true, "stack_trace_consume_entry": true, "stack_trace_save_tsk_reliable": true,
		} {
			t.Run(name, func(t *testing.T) {
				if got := traceable(t, k, name); got != want {
					t.Errorf("it can be traced: %t, want %t", got, want)
				}
			})
		}
	})
}
