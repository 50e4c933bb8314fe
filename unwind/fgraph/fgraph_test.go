// SPDX-License-Identifier: GPL-2.0-only

package fgraph

import (
	"testing"

	"stacksweep/internal/testkit"
	"stacksweep/unwind"

	"github.com/google/go-cmp/cmp"
)

type words = testkit.Words

const (
	task = 0x1000
	base = 0x2000
	hook = 0x5000
)

// The layouts of 6.1 and of 6.18.
var (
	structs = unwind.GraphLayout{Generation: unwind.GraphStructs, RetStack: 0, CurrRetStack: 8, EntrySize: 40, Ret: 0,
		Func: 8, Retp: 32}
	packed = unwind.GraphLayout{Generation: unwind.GraphWords, RetStack: 0, CurrRetStack: 8, EntrySize: 32, Ret: 0,
		Func: 8, Retp: 24}
)

// put writes an entry at a byte offset.
func put(w words, l unwind.GraphLayout, off uint64, e Entry) {
	w[base+off+l.Ret], w[base+off+l.Func], w[base+off+l.Retp] = e.Ret, e.Func, e.Retp
}

var entries = []Entry{{Ret: 1, Func: 10, Retp: 100}, {Ret: 2, Func: 20, Retp: 200}, {Ret: hook, Func: 30, Retp: 200}}

// stacks returns the same three entries in both generations; the middle one has two words of a tracer's own above it.
func stacks() map[string]Stack {
	s := words{task: base, task + 8: 2}
	for i, e := range entries {
		put(s, structs, uint64(i)*40, e)
	}
	p := words{task: base, task + 8: 18}
	for i, at := range []uint64{0, 5, 13} {
		put(p, packed, at*8, entries[i])
		p[base+(at+4)*8] = 4 | 1<<10 | 1<<12
	}
	p[base+12*8] = 7 | 2<<10 | 1<<12 // two data words and this tag
	stacks := map[string]Stack{}
	stacks["structs"], _ = Open(&structs, s, task)
	stacks["words"], _ = Open(&packed, p, task)
	return stacks
}

func TestEntries(t *testing.T) {
	for name, s := range stacks() {
		var got []Entry
		for pos := s.Top(); ; {
			e, below, ok := s.Next(pos)
			if !ok {
				break
			}
			got = append([]Entry{e}, got...)
			pos = below
		}
		if diff := cmp.Diff(entries, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestFind(t *testing.T) {
	for name, s := range stacks() {
		cursor := 0
		if ret, ok := s.Find(&cursor, hook, 200); !ok || ret != 2 {
			t.Errorf("%s: key 200: got %d, %v; want 2 from below the entry that returns to the hook", name, ret, ok)
		}
		if ret, ok := s.Find(&cursor, hook, 200); ok {
			t.Errorf("%s: key 200 again: got %d, want nothing: the cursor is past it", name, ret)
		}
		if ret, ok := s.Find(&cursor, hook, 100); !ok || ret != 1 {
			t.Errorf("%s: key 100: got %d, %v; want 1", name, ret, ok)
		}
	}
}

func TestEmptyAndCorrupt(t *testing.T) {
	for name, tt := range map[string]struct {
		layout unwind.GraphLayout
		mem    words
	}{
		"structs, empty":                {structs, words{task: base, task + 8: 0xffffffff}},
		"words, empty":                  {packed, words{task: base, task + 8: 0}},
		"words, negative":               {packed, words{task: base, task + 8: 0x80000000}},
		"words, distance zero":          {packed, words{task: base, task + 8: 5, base + 32: 0}},
		"words, distance below the end": {packed, words{task: base, task + 8: 5, base + 32: 5}},
		"words, unreadable":             {packed, words{task: base, task + 8: 5}},
		"structs, unreadable":           {structs, words{task: base, task + 8: 3}},
	} {
		s, ok := Open(&tt.layout, tt.mem, task)
		if !ok {
			t.Errorf("%s: not opened", name)
			continue
		}
		if e, _, ok := s.Next(s.Top()); ok {
			t.Errorf("%s: got %v, want no entry", name, e)
		}
		cursor := 0
		if ret, ok := s.Find(&cursor, hook, 0); ok {
			t.Errorf("%s: found %#x", name, ret)
		}
	}
	if _, ok := Open(&packed, words{task: 0, task + 8: 5}, task); ok {
		t.Error("a task without a shadow stack was opened")
	}
	if _, ok := Open(&packed, words{}, task); ok {
		t.Error("an unreadable task was opened")
	}
}
