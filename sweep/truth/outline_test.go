// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stacksweep/emu"
)

// chunksOf returns what a run of some steps with a log of transfers is recorded as.
func chunksOf(log []Transfer, steps, chunkSteps int) (all []*emu.Chunk) {
	for first := 0; first < steps; first += chunkSteps {
		c := &emu.Chunk{First: first, Steps: min(chunkSteps, steps-first)}
		c.PC = make([]uint64, c.Steps)
		for len(log) > 0 && int(log[0].Step) < first+c.Steps {
			t := &log[0]
			c.PC[int(t.Step)-first] = t.From
			c.Transfers = append(c.Transfers, emu.Transfer{Step: t.Step - uint32(first), Kind: t.Kind, To: t.To,
				SP: t.SP, FP: t.FP, LR: t.LR})
			log = log[1:]
		}
		all = append(all, c)
	}
	return all
}

// A view is all that a cursor tells at a step.
type view struct {
	Away   bool
	Begins uint64
	Base   *Base
}

func viewAt(c *Cursor) view { return view{c.Away(), c.Begins(), c.Base()} }

// sameTruth holds the truth that enters chunk by chunk against that of the whole run, at every step. It returns how
// many identities its stacks have, and how many of them are different.
func sameTruth(t *rapid.T, whole, unfolded *Truth, chunks []*emu.Chunk) (identities, stacks int) {
	known, different := map[int32]string{}, map[string]bool{}
	a := whole.Cursor()
	for _, chunk := range chunks {
		if err := unfolded.Enter(chunk); err != nil {
			t.Fatalf("chunk at step %d: %v", chunk.First, err)
		}
		b := unfolded.Cursor()
		for step := chunk.First; step < chunk.First+chunk.Steps; step++ {
			a.Seek(step)
			b.Seek(step)
			x, y := viewAt(&a), viewAt(&b)
			if diff := cmp.Diff(x, y, cmp.AllowUnexported(Base{}, node{})); diff != "" {
				t.Fatalf("step %d (-whole +by chunks):\n%s", step, diff)
			}
			says := fmt.Sprintf("%x %x", y.Base.nodes, y.Base.exceptions)
			if before, ok := known[b.Identity()]; ok && before != says {
				t.Fatalf("step %d: one identity for %s and %s", step, before, says)
			}
			known[b.Identity()], different[says] = says, true
		}
	}
	return len(known), len(different)
}

// The truth chunk by chunk is the truth of the whole run, whatever it does, and so are conflicts.
func TestOutline(t *testing.T) {
	found, conflicts, violations, unforeseen, kept, all := 0, 0, 0, 0, 0, 0
	check := func(rt *rapid.T) {
		w := &writer{t: rt}
		w.write()
		chunks := chunksOf(w.log, w.steps, rapid.SampledFrom([]int{1, 2, 3, 5, 8, 13, 40, 1000}).Draw(rt, "chunk"))
		window := rapid.SampledFrom([]int{0, 1, 4, 16, 1000}).Draw(rt, "window")
		whole, wholeErr := Find(Log{w.log}, w.facts, nil)
		o := Oracles{Past, Future}.Outline(w.facts)
		o.window = window
		var err error
		for i := 0; i < len(chunks) && err == nil; i++ {
			err = o.Add(chunks[i])
		}
		var unfolded *Truth
		if err == nil {
			unfolded, err = o.Find()
		}
		var violation *Violation
		switch {
		case errors.Is(err, ErrUnforeseen):
			unforeseen++
			if window > len(w.log) && !o.isUnsure() && !o.returnsToNext(w.log) {
				rt.Fatalf("all of the run was seen, and something in it wasn't foreseen")
			}
		case fmt.Sprint(err) != fmt.Sprint(wholeErr):
			rt.Fatalf("%+v\nthe whole log: %v; chunk by chunk: %v", w.log, wholeErr, err)
		case errors.As(err, &violation):
			violations++
		case err != nil:
			conflicts++
		default:
			found++
			kept += o.kept.len()
			all += len(w.log)
			forgets := rapid.Bool().Draw(rt, "forgets")
			if forgets {
				unfolded.unfolding.mostNodes = rapid.IntRange(0, 8).Draw(rt, "most nodes")
			}
			if identities, stacks := sameTruth(rt, whole, unfolded, chunks); identities > stacks && !forgets {
				rt.Fatalf("%d stacks have %d identities", stacks, identities)
			}
		}
	}
	for range 5 {
		rapid.Check(t, check)
	}
	t.Logf("%d truths, %d conflicts, %d violations, %d not foreseen; %d of %d transfers kept", found, conflicts,
		violations, unforeseen, kept, all)
	if found < 20 || conflicts < 5 || violations < 1 || unforeseen > found {
		t.Error("that is too little of some")
	}
}

// returnsToNext reports whether there is a return from a call of the next instruction.
func (o *Outline) returnsToNext(log []Transfer) bool {
	kept, _, _ := o.facts.Tasks.of(Log{log})
	return slices.ContainsFunc(slices.Collect(kept.withoutAddressing(&o.facts).Forwards()), (*Transfer).callsNext)
}

// The chunks of the second execution must be those of the first.
func TestOtherChunks(t *testing.T) {
	log := []Transfer{{Step: 3, Kind: emu.Call, From: 0x100, To: 0x200},
		{Step: 25, Kind: emu.Return, From: 0x200, To: 0x104}}
	chunks := chunksOf(log, 37, 10)
	for _, tt := range []struct {
		name  string
		enter []*emu.Chunk
		ok    bool
	}{
		{"the same", chunks, true},
		{"one is left out", []*emu.Chunk{chunks[0], chunks[2]}, false},
		{"one is another one", []*emu.Chunk{chunks[0], {First: 10, Steps: 9}}, false},
		{"the last is longer", append(slices.Clone(chunks[:3]), &emu.Chunk{First: 30, Steps: 10}), false},
		{"a call is missing", []*emu.Chunk{{First: 0, Steps: 10}}, false},
	} {
		o := Oracles{Past, Future}.Outline(Facts{})
		for _, c := range chunks {
			if err := o.Add(c); err != nil {
				t.Fatal(err)
			}
		}
		found, err := o.Find()
		for _, c := range tt.enter {
			if err == nil {
				err = found.Enter(c)
			}
		}
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrConflict) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// What balances isn't kept, whatever is called and however it returns.
func TestBalancedIsNotKept(t *testing.T) {
	const hook = 0x900
	at := func(kind emu.TransferKind, from, to uint64) Transfer {
		return Transfer{Kind: kind, From: from, To: to, SP: 0x8000}
	}
	chunk := []Transfer{
		at(emu.Call, 0x100, 0x200), at(emu.Return, 0x210, hook), at(emu.Return, 0x910, 0x104),
		at(emu.Call, 0x100, 0x200), at(emu.Return, 0x210, hook), at(emu.Exception, hook, 0xe00),
		at(emu.ExceptionReturn, 0xe04, 0x104),
		at(emu.Call, 0x104, 0x300), at(emu.Exception, 0x310, 0xe00), at(emu.ExceptionReturn, 0xe04, 0x314),
		at(emu.Return, 0x314, 0x108), at(emu.Return, 0x108, hook),
	}
	facts := Facts{Hooks: []uint64{hook}}
	if kept := facts.fold(nil, chunk); len(kept) != 0 {
		t.Errorf("kept: %+v", kept)
	}
	for _, chunk := range [][]Transfer{
		{at(emu.Exception, 0x310, 0xe00), at(emu.ExceptionReturn, 0xe04, 0x318)},
		{at(emu.Call, 0x100, 0x200), at(emu.Return, 0x210, 0x108)},
	} {
		if kept := facts.fold(nil, chunk); len(kept) != 2 {
			t.Errorf("a return to elsewhere cancels: %+v", chunk)
		}
	}
}
