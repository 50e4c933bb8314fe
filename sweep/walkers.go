// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"stacksweep/scenarios"
	"stacksweep/unwind"
	"stacksweep/unwind/external"
	"stacksweep/unwind/kunwind"
)

// A WalkerSpec is an unwinder that a sweep can put to the test.
type WalkerSpec struct {
	Name string
	Doc  string // one line
	Ref  string // where the rules come from
	New  func(run *scenarios.Run) unwind.Walker
	// NeedsRegisters: Task.Interrupted is to be filled in. It makes a recording ten times as dear.
	NeedsRegisters bool
}

// Walkers lists the unwinders.
func Walkers() []WalkerSpec {
	var all []WalkerSpec
	for _, p := range kunwind.Profiles() {
		all = append(all, WalkerSpec{
			Name: p.Name, Doc: p.Doc, Ref: p.Ref,
			New: func(run *scenarios.Run) unwind.Walker { return kunwind.New(p, run.Kernel) },
		})
	}
	return all
}

// FindWalkers looks up a comma-separated list of names; "all" means all, and "exec:" with a command, which comes last,
// an unwinder in another program.
func FindWalkers(list string) ([]WalkerSpec, error) {
	all := Walkers()
	if list == "all" {
		return all, nil
	}
	all = append(all, OwnWalkers()...)
	var found []WalkerSpec
	for rest := list; rest != ""; {
		if strings.HasPrefix(rest, external.Prefix) { // a command may have commas in it, so it is the last
			spec, err := externalWalker(rest)
			return append(found, spec), err
		}
		var name string
		name, rest, _ = strings.Cut(rest, ",")
		i := slices.IndexFunc(all, func(w WalkerSpec) bool { return w.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no walker %q", name)
		}
		found = append(found, all[i])
	}
	if len(found) == 0 {
		return nil, errors.New("no walker is named")
	}
	return found, nil
}

// WalkerNames lists the names of walkers.
func WalkerNames(specs []WalkerSpec) []string {
	var names []string
	for _, s := range specs {
		names = append(names, s.Name)
	}
	return names
}
