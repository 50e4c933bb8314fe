// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"sort"
	"strings"

	"stacksweep/internal/inspect"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/fgraph"
	"stacksweep/unwind/kretprobe"
)

// A look is everything that the screen shows of one point. It is taken once per movement, so that drawing doesn't
// touch the session.
type look struct {
	step, steps int
	pc, sp      uint64
	place       string // symbol+offset
	source      string // file:line
	masked      bool   // interrupts are masked
	nth         int    // this is the nth time that the instruction is executed, from 1; 0 at the end of the run
	name        func(addr uint64) string

	code      []inspect.CodeLine
	registers []inspect.Register
	stack     []inspect.StackWord
	shadow    []inspect.ListEntry[fgraph.Entry]
	probes    []inspect.ListEntry[kretprobe.Instance]
	walks     []inspect.WalkView // none if the step is not a point of the mode
	truth     []uint64           // the true stack then

	watched   uint64 // the value of the watched word
	watchable bool
}

// take looks at a step. rows bounds the listings.
func take(in *inspect.Inspector, step int, mode verdict.Mode, rows int, watch *inspect.Watch) (*look, error) {
	if err := in.Seek(step); err != nil {
		return nil, err
	}
	c := in.At()
	l := &look{
		step: step, steps: in.Len(), pc: c.PC(), sp: c.SP(),
		place: in.Describe(c.PC()), masked: masked(c.PState()), name: in.Describe,
		code:      in.Code(mode, rows, rows),
		registers: in.Registers(),
		stack:     in.Stack(rows),
		shadow:    in.ShadowChanges(),
		probes:    in.KretprobeChanges(),
		walks:     in.Walks(mode),
	}
	for i := range l.registers {
		l.registers[i].Note = in.Follow(l.registers[i].Value)
	}
	followStack(l.stack, in.Follow)
	if visits := in.Visits(l.pc); step < in.Len() {
		l.nth = sort.SearchInts(visits, step) + 1
	}
	if in.Run.SourceLine != nil {
		l.source = in.Run.SourceLine(l.pc)
	}
	if l.walks == nil {
		l.truth = in.TrueStack()
	}
	if watch != nil {
		l.watched, l.watchable = in.Value(*watch)
	}
	return l, nil
}

// followStack says more about pointers on the stack: which are return addresses, and where the others lead.
func followStack(stack []inspect.StackWord, follow func(uint64) string) {
	record := false // the word before is the first of a frame record
	for i := range stack {
		w := &stack[i]
		before := record
		record = strings.HasPrefix(w.Note, "frame record")
		if _, pointer := strings.CutPrefix(w.Note, "→ "); !pointer {
			continue
		}
		if w.Note = "→ " + follow(w.Value); before {
			w.Note = "returns " + w.Note
		}
	}
}
