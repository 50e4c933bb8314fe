// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
)

// A Kind is what a mutant changes.
type Kind uint8

const (
	Code   Kind = iota // an instruction
	Table              // a row of an unwind table
	Walker             // a rule of a model of an unwinder
	Oracle             // a rule of an oracle
)

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{Code, Table, Walker, Oracle} }

func (k Kind) String() string { return [...]string{"code", "table", "walker", "oracle"}[k] }

// A Mutant is one change.
type Mutant struct {
	Kind   Kind
	Place  string // symbol+offset of the instruction or row, or whose rule it is
	Change string // what is done to it

	pc, last uint64         // of an instruction its address; of a row the first and the last address that it holds for
	table    int            // index in tableKinds of the row's
	spec     *registry.Spec // of a rule of a model the walker, unbroken
	alter    func(*subject)
}

// Name is the mutant in a line: what reasons are given for.
func (m *Mutant) Name() string { return m.Kind.String() + " " + m.Place + ": " + m.Change }

// A subject is what a sweep is about to put to the test. A mutant changes it; what it points to is shared with other
// sweeps, and must be replaced, not written to.
type subject struct {
	run       *scenarios.Run
	walkers   []registry.Spec
	oracles   truth.Oracles
	hashTruth bool // the truth doesn't follow from what was executed
}

// An Outcome is what became of a mutant.
type Outcome struct {
	*Mutant
	Fate   Fate
	Target string // where it was caught, or where it survived first
	Why    string // what caught it, or how the sweep differs
	Reason string // why a survivor is left alone; "" if none is known
}

// A Fate is how a mutant ended.
type Fate uint8

const (
	Caught Fate = iota
	Equivalent
	Alike
	Survived
	Unreached

	numFates
)

func (f Fate) String() string {
	return [...]string{"caught", "equivalent", "alike", "survived", "unreached"}[f]
}
