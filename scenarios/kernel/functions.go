// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"errors"
	"fmt"
	"slices"

	"stacksweep/image"
	"stacksweep/internal/tablecheck"
	"stacksweep/scenarios"
)

// A Picked is an ordinary function of the kernel that a scenario calls, found by what its code does and by trying.
type Picked struct {
	Variant string // of the scenario functions: its shape
	Symbol  image.Symbol
	Calls   []Call
	Reached int // of its instructions, by all the calls
}

// A Call is one call of a picked function.
type Call struct {
	Arguments string // how they were made: "numbers", "buffers"
	Steps     int    // instructions executed, of whatever it calls too
	Result    uint64 // X0
	set       int
}

// functions calls functions of the kernel that nobody chose by hand: of every shape of stack frame that the compiler
// makes a few, and of every kind of hole that the kernel's unwind table has. See pick for how they are found, which
// happens when the first of the variants is built: it takes a second.
func (k *Kernel) functions() *scenarios.Scenario {
	var variants []scenarios.Variant
	for _, s := range k.shapes() {
		variants = append(variants, scenarios.Variant{Name: s.name, Doc: s.doc})
	}
	doc := "ordinary functions, picked by the shape of their frames, called with made-up arguments"
	return k.scenario("functions", doc, variants, func(b *builder, variant string) {
		pick := k.pickOnce
		if variant == wrongRowVariant {
			pick = k.wrongOnce
		}
		picked, err := pick()
		if err != nil {
			b.Fail(err)
			return
		}
		b.checkX20()
		if variant == pacVariant {
			b.run.Config.PAC = keys
		}
		for _, p := range picked {
			if p.Variant != variant {
				continue
			}
			for _, c := range p.Calls {
				args := makeArguments(c.set, b.alloc(argumentsSize), b.Symbol("stub_observe"))
				args.place(b.Write)
				result := b.call(b.Symbol("stub_call_clean"), args.registers[:]...)
				b.SetWord(result, p.Symbol.Addr)
				b.check(fmt.Sprintf("%s(%s)", p.Symbol.Name, c.Arguments), result, c.Result)
			}
		}
	})
}

// checkX20 checks that X20 is what it was, as setStart does for the registers behind it.
func (b *builder) checkX20() {
	b.check("X20", b.Symbol("stub_saved_registers")+16, b.run.Start.X[20])
}

// pacVariant is the variant in which return addresses are signed.
const pacVariant = "pac"

// Functions lists the functions that the scenario of that name calls, by variant.
func (k *Kernel) Functions() ([]Picked, error) {
	picked, err := k.pickOnce()
	wrong, errWrong := k.wrongOnce()
	return slices.Concat(picked, wrong), errors.Join(err, errWrong)
}

// findHoles lists the instructions of functions that the kernel's unwind table doesn't cover; nil without a table.
func (k *Kernel) findHoles() []tablecheck.Hole {
	if k.tables.SFrame == nil {
		return nil
	}
	check, err := tablecheck.Open(k.image, tablecheck.Options{NoDWARF: true})
	if err != nil {
		return nil // openTables has said so
	}
	return slices.DeleteFunc(check.Holes, func(h tablecheck.Hole) bool { return !k.isText(h.From) })
}

// isText reports whether an address is in the kernel's code that stays when it has booted.
func (k *Kernel) isText(addr uint64) bool {
	start, ok1 := k.lookup("_stext")
	end, ok2 := k.lookup("_etext")
	initStart, ok3 := k.lookup("_sinittext")
	initEnd, ok4 := k.lookup("_einittext")
	isInit := ok3 && ok4 && addr >= initStart && addr < initEnd
	return ok1 && ok2 && addr >= start && addr < end && !isInit
}
