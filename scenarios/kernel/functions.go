// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"errors"
	"fmt"
	"slices"

	"stacksweep/scenarios"
	"stacksweep/scenarios/kernel/pick"
)

// functions calls functions of the kernel that were not chosen by hand: of every shape of stack frame that the compiler
// makes a few, and of every kind of hole that the kernel's unwind table has. See pick for how they are found, which
// happens when the first of the variants is built: it takes a second.
func (k *Kernel) functions() *scenarios.Scenario {
	var variants []scenarios.Variant
	for _, s := range k.pick().Shapes() {
		variants = append(variants, scenarios.Variant{Name: s.Name, Doc: s.Doc})
	}
	doc := "ordinary functions, picked by the shape of their frames, called with made-up arguments"
	return k.scenario("functions", doc, variants, func(b *builder, variant string) {
		choose := k.pickOnce
		if variant == pick.WrongRow {
			choose = k.wrongOnce
		}
		picked, err := choose()
		if err != nil {
			b.Fail(err)
			return
		}
		b.callPicked(picked, variant)
	})
}

// callPicked calls the functions that were picked for a shape, as they were called when they were picked.
func (b *builder) callPicked(picked []pick.Picked, shape string) {
	b.checkX20()
	if shape == pick.PAC {
		b.run.Config.PAC = keys
	}
	for _, p := range picked {
		if p.Shape != shape {
			continue
		}
		for _, c := range p.Calls {
			args := pick.MakeArguments(c.Set, b.alloc(pick.ArgumentsSize), b.Symbol("stub_observe"))
			args.Place(b.Write)
			result := b.call(b.Symbol("stub_call_clean"), args.Registers[:]...)
			b.SetWord(result, p.Symbol.Addr)
			b.check(fmt.Sprintf("%s(%s)", p.Symbol.Name, c.Arguments), result, c.Result)
		}
	}
}

// checkX20 checks that X20 is preserved, as setStart does for X21 and up.
func (b *builder) checkX20() {
	b.check("X20", b.Symbol("stub_saved_registers")+16, b.run.Start.X[20])
}

// Functions lists the functions that the scenario of that name calls, by variant.
func (k *Kernel) Functions() ([]pick.Picked, error) {
	picked, err := k.pickOnce()
	wrong, errWrong := k.wrongOnce()
	return slices.Concat(picked, wrong), errors.Join(err, errWrong)
}

// newPicker says what functions can be picked from.
func (k *Kernel) newPicker() *pick.Code {
	return &pick.Code{
		Image: k.image, IsText: k.isText, Table: k.tables.SFrame != nil && !k.made, Arguments: dataBase + tableSize,
		Laboratory: func(signed bool) (pick.Laboratory, error) {
			if signed {
				return k.newLaboratory(keys)
			}
			return k.newLaboratory(nil)
		},
	}
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
