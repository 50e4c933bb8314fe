// SPDX-License-Identifier: GPL-2.0-only

package generated

import (
	"fmt"

	"stacksweep/unwind/sframe"
)

// A Source makes the choices.
type Source interface {
	// Choose returns a number from 0 up to n, exclusive. Small numbers make simple programs.
	Choose(n int) int
}

// A Program is a call tree; its last function is the root.
type Program struct {
	Code      []uint32
	Functions []Function
}

// A Function is a piece of a program's code and what unwind tables say about it.
type Function struct {
	Name  string
	Start int // index of its first instruction in Program.Code
	Size  int // in instructions
	Frame Frame
	Rows  []sframe.Row // by increasing Start
	steps int          // instructions that a call executes at most
}

// maxFunctions and maxSteps bound a program, and what its run executes.
const (
	maxFunctions = 8
	maxSteps     = 6000
)

// Generate makes a program.
func Generate(src Source) *Program {
	p := &Program{}
	for n := 2 + src.Choose(maxFunctions-1); len(p.Functions) < n; {
		root := len(p.Functions) == n-1
		p.add(src, root)
	}
	return p
}

// add appends a function that may call those that are there, as the root does.
func (p *Program) add(src Source, root bool) {
	f := &emitter{program: p, src: src, start: len(p.Code)}
	switch {
	case root:
		f.frame = chooseFrame(src, true)
	case len(p.Functions) == 0: // there is nothing to call
		f.frame = chooseFrame(src, false)
	default:
		f.frame = chooseFrame(src, src.Choose(5) > 0)
	}
	f.function()
	p.Functions = append(p.Functions, Function{
		Name: fmt.Sprintf("generated_%d", len(p.Functions)), Start: f.start, Size: len(p.Code) - f.start,
		Frame: f.frame, Rows: f.rows, steps: f.steps,
	})
}

// Root is the function that calls, in the end, the others.
func (p *Program) Root() *Function { return &p.Functions[len(p.Functions)-1] }
