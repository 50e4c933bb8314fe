// SPDX-License-Identifier: GPL-2.0-only

// Package pick chooses ordinary functions of a kernel to be swept: by the shape of their frames, by what the unwind
// table says of them, and by calling them to see whether they can be called at all.
package pick

import (
	"slices"
	"sync"

	"stacksweep/image"
	"stacksweep/unwind"
	"stacksweep/unwind/tablecheck"
)

// Code is what functions are picked from.
type Code struct {
	Image  *image.Image
	IsText func(addr uint64) bool // whether code is there that stays when the kernel has booted
	Table  bool                   // there is an SFrame table
	// Laboratory opens one, with pointer authentication or without.
	Laboratory func(signed bool) (Laboratory, error)
	Arguments  uint64 // where the memory of the arguments of a shape's calls may begin

	findOnce sync.Once
	found    []tablecheck.Hole
}

// A Laboratory calls functions to see what they do. Each call is undone.
type Laboratory interface {
	// Call calls a function with a set of arguments whose memory is at an address. It fails unless the function
	// returns, with interrupts as they were and all that it must preserve preserved, and changes no memory but its
	// arguments' and the stack's, or leaves what it changes as it was. dirt is what the stack is full of beforehand:
	// what a function finds there must not matter.
	Call(f unwind.Range, set int, at uint64, dirt byte) (Outcome, error)
	Close()
}

// An Outcome is what a call did.
type Outcome struct {
	Visits []int // how often each instruction of the function was executed
	Steps  int
	Result uint64
}

// A Picked is an ordinary function of the kernel that a scenario calls, found by what its code does and by trying.
type Picked struct {
	Shape   string
	Symbol  image.Symbol
	Calls   []Call
	Reached int // of its instructions, by all the calls
}

// A Call is one call of a picked function.
type Call struct {
	Arguments string // how they were made: "numbers", "buffers"
	Steps     int    // instructions executed, of whatever it calls too
	Result    uint64 // X0
	Set       int    // of arguments, for [MakeArguments]
}

// A Shape is a way of functions to treat their stack frames, or a kind of hole in the unwind table.
type Shape struct{ Name, Doc string }

// Shapes lists the shapes that there may be functions of in this kernel.
func (k *Code) Shapes() (list []Shape) {
	for _, s := range k.shapes() {
		list = append(list, Shape{s.name, s.doc})
	}
	return list
}

// holes are found once.
func (k *Code) holes() []tablecheck.Hole {
	k.findOnce.Do(func() { k.found = k.findHoles() })
	return k.found
}

// lookup finds a symbol.
func (k *Code) lookup(name string) (addr uint64, ok bool) {
	s, ok := k.Image.Symbols.Lookup(name)
	return s.Addr, ok
}

// findHoles lists the instructions of functions that the kernel's unwind table doesn't cover; nil without a table.
func (k *Code) findHoles() []tablecheck.Hole {
	if !k.Table {
		return nil
	}
	check, err := tablecheck.Open(k.Image, tablecheck.Options{NoDWARF: true})
	if err != nil {
		return nil // whoever opened the table has said so
	}
	return slices.DeleteFunc(check.Holes, func(h tablecheck.Hole) bool { return !k.IsText(h.From) })
}
