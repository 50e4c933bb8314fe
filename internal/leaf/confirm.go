// SPDX-License-Identifier: GPL-2.0-only

// Package leaf judges which functions can do without a frame record, and confirms it by executing them.
package leaf

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/flow"
)

// A Confirmation says what became of a function's class when the function was executed.
type Confirmation struct {
	Instructions int    // how many different ones were executed with the frame as the class says
	Against      string // the first one that was not, and what was found there; "" if there is none
}

// Confirm executes targets of one image and looks, before every instruction of the functions, whether the frame is as
// the function's class says: X30, X29 and SP are those of the entry in a leaf; X30 and X29 are in one that moves SP;
// and in a framed one X30 is, or X29 points to a record of the two. Other classes claim nothing. There is a
// Confirmation for each function.
func Confirm(ctx context.Context, targets []verdict.Target, functions []*flow.Function,
	o scenarios.Options) ([]Confirmation, error) {
	c := &confirmer{functions: functions, seen: map[uint64]bool{}, found: make([]Confirmation, len(functions))}
	for _, t := range targets {
		run, err := t.Scenario.Build(t.Variant, o)
		if err != nil {
			return nil, err
		}
		if err := c.run(ctx, run); err != nil {
			return nil, fmt.Errorf("%s: %w", t, run.Explain(err))
		}
	}
	return c.found, nil
}

// A confirmer follows calls and returns.
type confirmer struct {
	functions []*flow.Function // by address
	seen      map[uint64]bool  // instructions that were counted
	found     []Confirmation

	calls []call // that have not returned
}

// A call is an activation of a function, with the frame that it was entered with.
type call struct {
	function   int // -1: none of those that are asked about
	sp, fp, lr uint64
}

func (c *confirmer) run(ctx context.Context, run *scenarios.Run) error {
	m, err := run.Machine()
	if err != nil {
		return err
	}
	defer m.Close()
	cursor := emu.NewCursor(m.Snapshot())
	c.calls = nil
	const chunkSteps = 1 << 15
	return m.Stream(emu.RunOptions{Until: run.Until, Limit: run.Limit, Mode: emu.Sparse, ChunkSteps: chunkSteps},
		func(chunk *emu.Chunk) error {
			if err := cursor.Load(chunk); err != nil {
				return err
			}
			transfers := chunk.Transfers
			for step := range chunk.Steps {
				c.step(cursor)
				if len(transfers) > 0 && int(transfers[0].Step) == step {
					c.transfer(&transfers[0])
					transfers = transfers[1:]
				}
				cursor.Next()
			}
			return ctx.Err()
		})
}

// transfer notes a call, and forgets it when it returns. What else happens, such as an exception or a return address
// that was exchanged, hides who is running from then on.
func (c *confirmer) transfer(t *emu.Transfer) {
	switch t.Kind {
	case emu.Jump, emu.Link:
	case emu.Call:
		c.calls = append(c.calls, call{c.at(t.To), t.SP, t.FP, t.LR})
	case emu.Return:
		n := len(c.calls)
		for n > 0 && address(c.calls[n-1].lr) != address(t.To) {
			n--
		}
		c.calls = c.calls[:max(0, n-1)]
	default:
		c.calls = c.calls[:0]
	}
}

// at finds the function that begins at an address.
func (c *confirmer) at(addr uint64) int {
	i, found := slices.BinarySearchFunc(c.functions, addr, func(f *flow.Function, addr uint64) int {
		return cmp.Compare(f.Addr, addr)
	})
	if !found {
		return -1
	}
	return i
}

// step looks at the instruction that the cursor stands before.
func (c *confirmer) step(at *emu.Cursor) {
	if len(c.calls) == 0 {
		return
	}
	now, pc := &c.calls[len(c.calls)-1], at.PC()
	if next := c.at(pc); next >= 0 && next != now.function { // a jump to another function, with the frame as on entry
		*now = call{next, at.SP(), at.FP(), at.LR()}
	}
	if now.function < 0 {
		return
	}
	f, found := c.functions[now.function], &c.found[now.function]
	if claims := f.Class.Class <= flow.Framed; !claims || pc-f.Addr >= uint64(f.Size) {
		return
	}
	what := now.contradicts(f.Class.Class, at)
	switch {
	case what != "" && found.Against == "":
		found.Against = fmt.Sprintf("+%#x %s", pc-f.Addr, what)
	case what == "" && !c.seen[pc]:
		c.seen[pc] = true
		found.Instructions++
	}
}

// contradicts says what isn't as in a function of a class, "" if nothing is.
func (c *call) contradicts(class flow.Class, at *emu.Cursor) string {
	sameLR, sameFP := address(at.LR()) == address(c.lr), at.FP() == c.fp
	switch class {
	case flow.Leaf, flow.LeafMovingSP:
		switch {
		case !sameLR:
			return "X30 is not the return address"
		case !sameFP:
			return "X29 is not the caller's"
		case class == flow.Leaf && at.SP() != c.sp:
			return "SP is not the caller's"
		}
	case flow.Framed:
		fp, okFP := at.Memory().Word(at.FP())
		lr, okLR := at.Memory().Word(at.FP() + 8)
		if record := okFP && okLR && fp == c.fp && address(lr) == address(c.lr); !record && !sameLR {
			return "X30 is not the return address, and X29 points to no frame record"
		}
	}
	return ""
}

// address is a return address without its pointer authentication code.
func address(lr uint64) uint64 { return lr & (1<<48 - 1) }
