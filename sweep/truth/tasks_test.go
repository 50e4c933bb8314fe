// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"slices"
	"testing"

	"stacksweep/emu"
	"stacksweep/unwind"
)

// Two tasks on two stacks: one calls 0x300 to switch (from 0x200), the other begins at 0x900, calls 0x600 and from
// there switches back. Each has its own calls on its stack, and those alone, while it runs and while it doesn't.
func TestTasks(t *testing.T) {
	const low, other = 0x1000, 0x2000
	log := Log{{
		{Step: 2, Kind: emu.Call, From: 0x100, To: 0x200, SP: low, FP: 1},
		{Step: 4, Kind: emu.Call, From: 0x204, To: 0x300, SP: low - 16, FP: 2},
		{Step: 6, Kind: emu.Return, From: 0x310, To: 0x900, SP: other, FP: 3},
		{Step: 8, Kind: emu.Call, From: 0x904, To: 0x600, SP: other, FP: 3},
		{Step: 10, Kind: emu.Call, From: 0x604, To: 0x300, SP: other - 16, FP: 4},
		{Step: 12, Kind: emu.Return, From: 0x310, To: 0x208, SP: low - 16, FP: 2},
		{Step: 14, Kind: emu.Return, From: 0x20c, To: 0x104, SP: low, FP: 1},
	}}
	stacks := []unwind.Stack{{Low: 0, High: low}, {Low: low, High: other}}
	function := func(addr uint64) uint64 { return addr &^ 0xff }
	for _, tt := range []struct {
		name   string
		tasks  Tasks
		step   int
		away   bool
		begins uint64
		want   []uint64
	}{
		{"the first", Tasks{Others: stacks[1:]}, 5, false, 0, []uint64{0x208, 0x104}},
		{"the first, away", Tasks{Others: stacks[1:]}, 9, true, 0, []uint64{0x208, 0x104}},
		{"the first, at the last step away", Tasks{Others: stacks[1:]}, 12, true, 0, []uint64{0x208, 0x104}},
		{"the first, back", Tasks{Others: stacks[1:]}, 13, false, 0, []uint64{0x104}},
		{"the second, unborn", Tasks{Others: stacks[:1], SP: stacks[0].High}, 5, true, 0x900, nil},
		{"the second", Tasks{Others: stacks[:1], SP: stacks[0].High}, 9, false, 0, []uint64{0x908}},
		{"the second, away", Tasks{Others: stacks[:1], SP: stacks[0].High}, 14, true, 0, []uint64{0x608, 0x908}},
	} {
		found, err := Find(log, Facts{Function: function, Tasks: tt.tasks}, nil)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		c := found.Cursor()
		c.Seek(tt.step)
		stack := c.Stack()
		if got := stack.Append(nil); c.Away() != tt.away || c.Begins() != tt.begins || !slices.Equal(got, tt.want) {
			t.Errorf("%s, step %d: away %t, begins at %#x, %#x; want %t, %#x, %#x", tt.name, tt.step, c.Away(),
				c.Begins(), got, tt.away, tt.begins, tt.want)
		}
	}
	if _, err := Find(log, Facts{Function: function}, nil); err == nil {
		t.Error("as one task the two are no conflict")
	}
}
