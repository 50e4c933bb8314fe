// SPDX-License-Identifier: GPL-2.0-only

// Package inspect describes one point of a run for a person: the code around it, the registers, what lies on the
// stack, on the shadow stack and in the list of kretprobe instances, and every walk next to the truth.
//
// It returns data; how it looks is up to the text of the show command, the terminal program and the debugger stub.
package inspect

import (
	"encoding/binary"

	"stacksweep/internal/disasm"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// An Inspector looks at a session's current step.
type Inspector struct {
	*session.Session
	visits map[uint64][]int // steps that executed an instruction, in order
}

// New returns an inspector of a session.
func New(s *session.Session) *Inspector {
	in := &Inspector{Session: s, visits: map[uint64][]int{}}
	for step := range s.Len() {
		pc := s.Recording.PC(step)
		in.visits[pc] = append(in.visits[pc], step)
	}
	return in
}

// Name names an address as symbol+offset, or "" if no symbol covers it.
func (in *Inspector) Name(addr uint64) string { return in.Run.Image.Symbols.Name(addr) }

// Visits returns the steps that executed the instruction at pc.
func (in *Inspector) Visits(pc uint64) []int { return in.visits[pc] }

// A CodeLine is an instruction in a listing.
type CodeLine struct {
	PC     uint64
	Symbol string // symbol+offset
	Text   string // the instruction
	Source string // file:line, "" if unknown or the same as on the line before
	Here   bool   // the point is before this instruction
	// Step is the execution of the instruction that is nearest to the point, -1 if it was never executed; Marks are
	// the verdicts there, by walker.
	Step  int
	Marks []session.Mark
}

// Code lists the function around the point, at most before and after lines away from it.
func (in *Inspector) Code(m verdict.Mode, before, after int) []CodeLine {
	here := in.At().PC()
	start, end := here, here+4
	if s, ok := in.Run.Image.Symbols.At(here); ok {
		start, end = s.Addr, s.Addr+s.Size
	}
	start = max(start, here-min(here, uint64(before)*4))
	end = min(end, here+uint64(after)*4+4)
	var lines []CodeLine
	source := ""
	for pc := start; pc < end; pc += 4 {
		l := CodeLine{PC: pc, Symbol: in.Name(pc), Here: pc == here, Step: in.nearest(pc), Text: in.instruction(pc)}
		if in.Run.SourceLine != nil {
			if s := in.Run.SourceLine(pc); s != source {
				l.Source, source = s, s
			}
		}
		for w := range in.Walkers {
			mark := session.NoPoint
			if l.Step >= 0 {
				mark = in.Marks(m, w)[l.Step]
			}
			l.Marks = append(l.Marks, mark)
		}
		lines = append(lines, l)
	}
	return lines
}

// instruction shows the instruction at pc.
func (in *Inspector) instruction(pc uint64) string {
	var code [4]byte
	if !in.At().Memory().Read(pc, code[:]) {
		return "?"
	}
	return disasm.Text(binary.LittleEndian.Uint32(code[:]), pc, in.Name)
}

// nearest returns the execution of an instruction that is nearest to the current step, -1 if there is none.
func (in *Inspector) nearest(pc uint64) int {
	best, now := -1, in.At().Step()
	for _, step := range in.visits[pc] {
		if best < 0 || abs(step-now) < abs(best-now) {
			best = step
		}
	}
	return best
}

func abs(n int) int { return max(n, -n) }
