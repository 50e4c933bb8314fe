// SPDX-License-Identifier: GPL-2.0-only

package corpus

import (
	"slices"

	"stacksweep/scenarios"
)

// spec is what runs in a scenario of the corpus, as data.
type spec struct {
	entry  string   // C function that start calls
	args   []string // its arguments: symbols or numbers
	hook   string   // the return_to_handler in use, unless the variant has one; empty: return_to_handler
	traced []string // functions whose entry is patched to call ftrace_caller
	caller string   // what they call instead of ftrace_caller, if not empty
	probed []probe  // functions whose entry is patched to raise a kprobe's exception
	set    []setting
	checks []check
	pac    bool   // pointer authentication is on
	faults bool   // some accesses to memory fault, on purpose
	thread string // C function that a second task runs, with the first one as its argument; empty: there is none
}

// variant is a form of a scenario of the corpus: what it changes in the spec.
type variant struct {
	name, doc string

	hook string    // the return_to_handler in use; empty: the scenario's
	args []string  // instead of the scenario's
	set  []setting // besides the scenario's

	trampoline string // what kretprobes make functions return to; empty: kretprobe_trampoline
	vectors    string // the exception vectors in use; empty: vectors
	pac        bool   // pointer authentication is on
	second     bool   // the truth is that of the second task
}

// setting is a 64-bit word of the corpus's memory that is written before the run.
type setting struct {
	symbol string
	offset uint64
	value  string // a symbol or a number
}

// check is the value that a 64-bit variable must have after the run.
type check struct {
	symbol string
	want   uint64
}

// A probe says how many kretprobes want to see the return of a function.
type probe struct {
	function   string
	kretprobes uint64
}

// onlyForm is the variant of scenarios that have only one form. It is named like the variant of the tracer's scenarios
// that has mainline's code.
var onlyForm = []variant{{name: "mainline"}}

// template is a scenario of the corpus, as data.
type template struct {
	name, doc string
	variants  []variant
	spec      spec
}

// scenario makes the scenario.
func (t *template) scenario() *scenarios.Scenario {
	var public []scenarios.Variant
	for _, v := range t.variants {
		public = append(public, scenarios.Variant{Name: v.name, Doc: v.doc})
	}
	return scenarios.New(t.name, t.doc, public, func(name string, o scenarios.Options) (*scenarios.Run, error) {
		i := slices.IndexFunc(t.variants, func(v variant) bool { return v.name == name })
		return newBuilder(o).build(t.spec, t.variants[i])
	})
}

// All lists the scenarios of the corpus, sorted by name.
func All() (all scenarios.List) {
	for _, t := range slices.Concat(
		chainScenarios, fgraphScenarios, leafScenarios, terminationScenarios, prologueScenarios, staleScenarios,
		pacScenarios, kretprobeScenarios, exceptionScenarios, taskScenarios) {
		all = append(all, t.scenario())
	}
	all.Sort()
	return all
}
