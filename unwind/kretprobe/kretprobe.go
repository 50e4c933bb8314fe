// SPDX-License-Identifier: GPL-2.0-only

// Package kretprobe finds the return addresses that kretprobes have taken away.
//
// A kretprobed function returns to a trampoline; its true return address is in an instance on a list of the task,
// newest first ([unwind.KretprobeLayout] draws it). Source: kernel/kprobes.c, __kretprobe_find_ret_addr and
// kretprobe_find_ret_addr.
package kretprobe

import "stacksweep/unwind"

// maxInstances ends the walk over a list that has been turned into a ring.
const maxInstances = 1 << 12

// An Instance is one probed call.
type Instance struct {
	Addr, RetAddr, FP uint64
}

// Next returns the instance after the node cursor, or the task's newest if cursor is 0, and the cursor after it.
func Next(l *unwind.KretprobeLayout, mem unwind.Memory, task, cursor uint64) (in Instance, next uint64, ok bool) {
	from := cursor
	if cursor == 0 {
		from = task + l.Instances
	}
	node, ok := mem.Word(from)
	if !ok || node == 0 {
		return Instance{}, 0, false
	}
	in.Addr = node - l.Node
	var ok1, ok2 bool
	in.RetAddr, ok1 = mem.Word(in.Addr + l.RetAddr)
	in.FP, ok2 = mem.Word(in.Addr + l.FP)
	return in, node, ok1 && ok2
}

// Find returns the true return address of the call whose caller's frame pointer is fp, searching onwards from the
// cursor, which starts at 0. Instances whose own return address is the trampoline belong to further probes on the
// same call and are passed over.
func Find(l *unwind.KretprobeLayout, mem unwind.Memory, task uint64, cursor *uint64, trampoline,
	fp uint64) (ret uint64, ok bool) {
	for range maxInstances {
		in, next, ok := Next(l, mem, task, *cursor)
		if !ok {
			return 0, false
		}
		*cursor = next
		if in.RetAddr != trampoline && in.FP == fp {
			return in.RetAddr, true
		}
	}
	return 0, false
}
