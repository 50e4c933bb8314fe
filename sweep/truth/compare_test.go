// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"stacksweep/emu"
	"stacksweep/unwind"
)

// nested is a truth with calls that return to these addresses, outermost first, and its stack before the innermost
// returns.
func nested(t interface{ Fatal(...any) }, facts Facts, returns ...uint64) *Truth {
	var log []Transfer
	step := uint32(0)
	transfer := func(kind emu.TransferKind, from, to uint64) {
		log = append(
			log,
			Transfer{Step: step, Kind: kind, From: from, To: to, SP: 0x8000 - uint64(len(log)), FP: 0x9000},
		)
		step++
	}
	for i, r := range returns {
		transfer(emu.Call, r-4, 0x10000*uint64(i+1))
	}
	for i, r := range slices.Backward(returns) {
		transfer(emu.Return, 0x10000*uint64(i+1), r)
		log[len(log)-1].SP = log[i].SP
	}
	found, err := Find(Log{log}, facts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func framesOf(addrs []uint64) (frames []unwind.Frame) {
	for _, a := range addrs {
		frames = append(frames, unwind.Frame{PC: a})
	}
	return frames
}

// What a walk found is compared with three callers, and two addresses before them of which a hook is none.
func TestCompare(t *testing.T) {
	const hook = 0x900
	found := nested(t, Facts{Hooks: []uint64{hook}}, 0x104, 0x204, 0x304)
	c := found.Cursor()
	if c.Depth() != 0 {
		t.Errorf("depth %d before the first step", c.Depth())
	}
	c.Seek(3)
	if c.Depth() != 3 {
		t.Errorf("depth %d", c.Depth())
	}
	s := c.Stack()
	for _, a := range []uint64{0x40, hook, 0x50} {
		s.Push(a)
	}
	for _, tt := range []struct {
		frames          []uint64
		want            Match
		missing, inside uint64
	}{
		{[]uint64{0x40, 0x50, 0x304, 0x204, 0x104}, Equal, 0, 0},
		{[]uint64{0x40, 0x50, 0x304, 0x304, 0x204, 0x104}, More, 0, 0},
		{[]uint64{0x40, 0x50, 0x304, 0x204, 0x104, 0x104}, More, 0, 0},
		{[]uint64{0x3c, 0x40, 0x50, 0x304, 0x204, 0x104}, More, 0, 0},
		{[]uint64{0x50, 0x304, 0x204, 0x104}, Less, 0x40, 0},
		{[]uint64{0x40, 0x304, 0x204, 0x104}, Less, 0x50, 0x40},
		{[]uint64{0x40, 0x50, 0x204, 0x104}, Less, 0x304, 0x50},
		{[]uint64{0x40, 0x50, 0x304, 0x104}, Less, 0x204, 0x304},
		{[]uint64{0x40, 0x50, 0x304, 0x204}, Less, 0x104, 0x204},
		{nil, Less, 0x40, 0},
		{[]uint64{0x40}, Less, 0x50, 0x40},
		{[]uint64{0x40, 0x50, 0x304, 0x200, 0x104}, Differs, 0x204, 0x304},
		{[]uint64{0x44, 0x50, 0x304, 0x204, 0x104}, Differs, 0x40, 0},
		{[]uint64{0x50, 0x40, 0x304, 0x204, 0x104}, Differs, 0x50, 0x40},
		{[]uint64{0x40, 0x50, 0x304, 0x104, 0x204}, Differs, 0x104, 0x204},
		{[]uint64{0x40, hook, 0x50, 0x304, 0x204, 0x104}, More, 0, 0},
	} {
		frames := framesOf(tt.frames)
		if got := s.Compare(frames); got != tt.want {
			t.Errorf("%#x: %v, want %v", tt.frames, got, tt.want)
		}
		if missing, inside := s.Missing(frames); missing != tt.missing || inside != tt.inside {
			t.Errorf("%#x: %#x is missing inside of %#x; want %#x and %#x", tt.frames, missing, inside, tt.missing,
				tt.inside)
		}
	}
	callers := s.Callers()
	if got := callers.Compare(framesOf([]uint64{0x304, 0x204, 0x104})); got != Equal {
		t.Errorf("the callers alone: %v", got)
	}
	if got, want := s.Append(nil), []uint64{0x40, 0x50, 0x304, 0x204, 0x104}; !slices.Equal(got, want) {
		t.Errorf("%#x, want %#x", got, want)
	}
}

// A walk that was resumed is compared as it would be as a whole, whatever was compared before: a trail may only say
// that it can't tell.
func TestTrail(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var returns []uint64
		for i := range rapid.IntRange(1, 6).Draw(rt, "depth") {
			returns = append(returns, 0x1004+0x100*uint64(i%3)) // a recursion returns to the same place again
		}
		found := nested(rt, Facts{}, returns...)
		var trail Trail
		var before []uint64 // the frames of the last walk, innermost first
		for range rapid.IntRange(1, 20).Draw(rt, "walks") {
			c := found.Cursor()
			c.Seek(rapid.IntRange(0, 2*len(returns)+1).Draw(rt, "step"))
			s := c.Stack()
			if rapid.Bool().Draw(rt, "front") {
				s.Push(0x44)
			}
			walk := s.Append(nil)
			if len(walk) > 0 && rapid.IntRange(0, 3).Draw(rt, "wrong") == 0 {
				walk = slices.Clone(walk)
				walk[rapid.IntRange(0, len(walk)-1).Draw(rt, "where")] ^= 8
			}
			// As many of the outermost frames as the walk has in common with the one before may be known.
			common := 0
			for common < min(len(walk), len(before)) && walk[len(walk)-1-common] == before[len(before)-1-common] {
				common++
			}
			known := rapid.IntRange(0, common).Draw(rt, "known")
			if rapid.IntRange(0, 5).Draw(rt, "cut") == 0 {
				trail.Cut(known)
			}
			want := s.Compare(framesOf(walk)) == Equal
			got := s.EqualFrom(framesOf(walk[:len(walk)-known]), known, &trail)
			if got && !want || known == 0 && got != want {
				rt.Fatalf("walk %#x, %d known: %v, and as a whole %v", walk, known, got, want)
			}
			before = walk
			if !got {
				before = nil // whoever can't tell compares the whole walk, and begins anew
			}
		}
	})
}

// A walk that is right is resumed from one that was right.
func TestTrailRemembers(t *testing.T) {
	found := nested(t, Facts{}, 0x104, 0x204, 0x304)
	c := found.Cursor()
	var trail Trail
	c.Seek(3)
	s := c.Stack()
	if !s.EqualFrom(framesOf([]uint64{0x304, 0x204, 0x104}), 0, &trail) {
		t.Fatal("not equal")
	}
	s.Push(0x44)
	if !s.EqualFrom(framesOf([]uint64{0x44}), 3, &trail) {
		t.Error("three frames are known, and a fourth is right")
	}
	c.Seek(4)
	s = c.Stack()
	if !s.EqualFrom(nil, 2, &trail) {
		t.Error("two are left of them")
	}
	trail.Cut(1)
	if s.EqualFrom(nil, 2, &trail) {
		t.Error("of two one was cut off")
	}
}

// Oracles that say different things are found out, with the step; so is a call to which nothing returns as it was made.
func TestOraclesDisagree(t *testing.T) {
	log := Log{{
		{Step: 0, Kind: emu.Call, From: 0x100, To: 0x200, SP: 0x1000, FP: 0x2000},
		{Step: 1, Kind: emu.Call, From: 0x210, To: 0x300, SP: 0xff0, FP: 0x2000},
		{Step: 2, Kind: emu.Return, From: 0x304, To: 0x214, SP: 0xff0, FP: 0x2000},
		{Step: 3, Kind: emu.Return, From: 0x218, To: 0x104, SP: 0x1000, FP: 0x2000},
	}}
	lie := func(change func(*History)) Oracle {
		return func(l Log, facts Facts, under *Base) (*History, error) {
			h, err := Future(l, facts, under)
			if err == nil {
				change(h)
			}
			return h, err
		}
	}
	for _, tt := range []struct {
		what, want string
		oracle     Oracle
	}{
		{"a transfer less", "a different number of transfers", lie(func(h *History) { h.changes = h.changes[1:] })},
		{"an empty stack", "step 2: only one oracle says that the stack is empty",
			lie(func(h *History) { h.changes[1].top = noNode })},
		{"another address", "step 2: ", lie(func(h *History) { h.nodes[h.changes[1].top].addr += 4 })},
		{"another caller", "step 2: return to 0x214: the oracles disagree about its caller",
			lie(func(h *History) { h.nodes[h.changes[1].top].parent = noNode })},
		{"a second return", "returns twice", lie(func(h *History) {
			h.nodes = append(h.nodes, h.nodes[h.changes[2].top])
			h.changes[2].top = int32(len(h.nodes) - 1)
		})},
		{"an exception", "return to 0x214: only one oracle says that an exception at 0x210 led there",
			lie(func(h *History) { h.exceptions[h.changes[1].top] = 0x210 })},
		{"another SP", "", lie(func(h *History) { h.nodes[h.changes[1].top].sp += 16 })},
		{"another X29", "", lie(func(h *History) { h.nodes[h.changes[1].top].fp += 16 })},
		{"an error", "no", func(Log, Facts, *Base) (*History, error) { return nil, &Conflict{7, "no"} }},
	} {
		for i, oracles := range []Oracles{{Past, tt.oracle}, {tt.oracle, Past}} {
			_, err := oracles.Find(log, Facts{}, nil)
			if !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s, by oracle %d: %v", tt.what, 2-i, err)
			}
		}
	}
	if _, err := Find(log, Facts{}, nil); err != nil {
		t.Errorf("by both: %v", err)
	}
}

// Of a run that is broken off the past is known: what is open at its end is on the stack until there.
func TestUnfinished(t *testing.T) {
	log := Log{{
		{Step: 0, Kind: emu.Call, From: 0x100, To: 0x200, SP: 0x1000, FP: 0x2000},
		{Step: 1, Kind: emu.Exception, From: 0x210, To: 0x800, SP: 0xf00, FP: 0x2000},
		{Step: 2, Kind: emu.Call, From: 0x804, To: 0x300, SP: 0xe00, FP: 0x2000},
	}}
	if _, err := Find(log, Facts{}, nil); !errors.Is(err, ErrConflict) {
		t.Errorf("as if it were complete: %v", err)
	}
	found, err := Find(log, Facts{Unfinished: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := found.Cursor()
	for step, want := range [][]uint64{nil, {0x104}, {0x210, 0x104}, {0x808, 0x210, 0x104}, {0x808, 0x210, 0x104}} {
		c.Seek(step)
		s := c.Stack()
		if got := s.AsFound(framesOf(want)); !slices.Equal(got, want) || s.Compare(framesOf(want)) != Equal {
			t.Errorf("step %d: %#x, want %#x", step, got, want)
		}
	}
}

// A hook may begin with the instruction that returns, or raise an exception whose handler does: until then the hooked
// function's caller is on the stack, and after it no more.
func TestHookReturns(t *testing.T) {
	const hook = 0x900
	begin := []Transfer{
		{Step: 0, Kind: emu.Call, From: 0x100, To: 0x200, SP: 0x1000, FP: 0x2000},
		{Step: 1, Kind: emu.Return, From: 0x204, To: hook, SP: 0x1000, FP: 0x2000},
	}
	for name, rest := range map[string][]Transfer{
		"by a return": {{Step: 2, Kind: emu.Return, From: hook, To: 0x104, SP: 0x1000, FP: 0x2000}},
		"by an exception": {
			{Step: 2, Kind: emu.Exception, From: hook, To: 0xa00, SP: 0x1000, FP: 0x2000},
			{Step: 3, Kind: emu.ExceptionReturn, From: 0xa04, To: 0x104, SP: 0x1000, FP: 0x2000},
		},
	} {
		found, err := Find(Log{slices.Concat(begin, rest)}, Facts{Hooks: []uint64{hook}}, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c := found.Cursor()
		for step := 1; step <= len(rest)+2; step++ {
			c.Seek(step)
			s := c.Stack()
			want := []uint64{0x104}
			if step == len(rest)+2 {
				want = nil
			}
			if got := s.Append(nil); !slices.Equal(got, want) {
				t.Errorf("%s, step %d: %#x, want %#x", name, step, got, want)
			}
		}
	}
}
