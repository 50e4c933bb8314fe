// SPDX-License-Identifier: GPL-2.0-only

package kretprobe

import (
	"testing"

	"stacksweep/internal/testkit"
	"stacksweep/unwind"
)

type words = testkit.Words

const (
	task       = 0x1000
	trampoline = 0x6000
)

var layout = unwind.KretprobeLayout{Instances: 0, Node: 16, RetAddr: 32, FP: 40}

// list makes a list of instances {return address, X29}, newest first.
func list(instances ...[2]uint64) words {
	w := words{}
	link := uint64(task)
	for i, in := range instances {
		at := uint64(0x2000 + 0x100*i)
		w[link] = at + 16
		w[at+32], w[at+40] = in[0], in[1]
		link = at + 16
	}
	w[link] = 0
	return w
}

func TestFind(t *testing.T) {
	w := list([2]uint64{trampoline, 200}, [2]uint64{7, 200}, [2]uint64{8, 300})
	cursor := uint64(0)
	for _, tt := range []struct {
		fp, want uint64
		found    bool
	}{
		{200, 7, true},  // after the instance of a second probe on the same call
		{200, 0, false}, // the cursor is past it, and now at the end
	} {
		if ret, ok := Find(&layout, w, task, &cursor, trampoline, tt.fp); ret != tt.want || ok != tt.found {
			t.Errorf("X29 %d: got %d, %v; want %d, %v", tt.fp, ret, ok, tt.want, tt.found)
		}
	}
	cursor = 0
	if ret, ok := Find(&layout, w, task, &cursor, trampoline, 300); ret != 8 || !ok {
		t.Errorf("X29 300: got %d, %v; want 8", ret, ok)
	}
}

// A list that has been turned into a ring, or leads out of memory, ends the search.
func TestCorruptList(t *testing.T) {
	ring := list([2]uint64{1, 1}, [2]uint64{2, 2})
	ring[0x2110] = 0x2010
	for name, w := range map[string]words{"ring": ring, "unreadable task": {}, "wild": {task: 0x99990},
		"empty": list()} {
		cursor := uint64(0)
		if ret, ok := Find(&layout, w, task, &cursor, trampoline, 42); ok {
			t.Errorf("%s: found %#x", name, ret)
		}
	}
}
