// SPDX-License-Identifier: GPL-2.0-only

// Package registry lists the unwinders that a sweep can put to the test, by name: our models of kernels' unwinders, the
// unwinder that a real kernel contains, and programs that speak the protocol of package external. A walker of your own
// needs no entry: a [Spec] with a New function is all that a sweep asks for.
package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"stacksweep/scenarios"
	"stacksweep/unwind"
	"stacksweep/unwind/dwarf"
	"stacksweep/unwind/external"
	"stacksweep/unwind/kunwind"
)

// A Spec is an unwinder that a sweep can put to the test.
type Spec struct {
	Name string
	Doc  string // one line
	Ref  string // where the rules come from
	// New makes a walker for one run and one goroutine. See [unwind.Close] for what is released afterwards.
	New func(run *scenarios.Run) unwind.Walker
	// NeedsRegisters asks for Task.Interrupted. All registers are then recorded at every step, which makes a recording
	// about ten times slower.
	NeedsRegisters bool
	// Absent says why a run doesn't have this unwinder, "" if it has; nil: every run does. New then makes one that
	// refuses every walk and gives the reason.
	Absent func(run *scenarios.Run) string

	command *external.Command // nil: it isn't a program
}

// IsProgram reports whether the unwinder is another program, which is waited for.
func (s Spec) IsProgram() bool { return s.command != nil }

// Present divides specs into those that a run has, and the names of the others with the reasons.
func Present(run *scenarios.Run, specs []Spec) (present []Spec, absent map[string]string) {
	absent = map[string]string{}
	for _, s := range specs {
		if s.Absent != nil {
			if why := s.Absent(run); why != "" {
				absent[s.Name] = why
				continue
			}
		}
		present = append(present, s)
	}
	return present, absent
}

// All lists the models. "all" on the command line means these.
func All() []Spec {
	var all []Spec
	for _, p := range kunwind.Profiles() {
		all = append(all, Spec{
			Name: p.Name, Doc: p.Doc, Ref: p.Ref,
			New: func(run *scenarios.Run) unwind.Walker { return kunwind.New(p, run.Kernel) },
		})
	}
	return all
}

// Tables lists the unwinders that no kernel has, which go by an image's unwind tables throughout. They want all
// registers, so [All] does not list them.
func Tables() []Spec {
	return []Spec{{
		Name: dwarf.Name, Doc: "every frame by its rows of DWARF call frame information, as debuggers and profilers " +
			"do; for code without frame pointers",
		Ref: "no kernel does", NeedsRegisters: true,
		New: func(run *scenarios.Run) unwind.Walker { return dwarf.New(run.Kernel) },
	}}
}

// Find looks up a comma-separated list of names, each of which counts once. "all" means [All]; "exec:" with a command,
// which must come last, is an unwinder in another program.
func Find(list string) ([]Spec, error) {
	all := All()
	if list == "all" {
		return all, nil
	}
	models := all
	all = append(all, slices.Concat(Tables(), Native())...)
	var found []Spec
	for rest := list; rest != ""; {
		// a command may have commas in it, so it is the last
		if rest = strings.TrimLeft(rest, " "); strings.HasPrefix(rest, external.Prefix) {
			spec, err := program(rest)
			return append(found, spec), err
		}
		var name string
		name, rest, _ = strings.Cut(rest, ",")
		name = strings.TrimSpace(name)
		if name == "all" {
			for _, w := range models {
				found = add(found, w)
			}
			continue
		}
		i := slices.IndexFunc(all, func(w Spec) bool { return w.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no walker %q", name)
		}
		found = add(found, all[i])
	}
	if len(found) == 0 {
		return nil, errors.New("no walker is named")
	}
	return found, nil
}

// add appends a walker that isn't there yet.
func add(found []Spec, w Spec) []Spec {
	if slices.ContainsFunc(found, func(have Spec) bool { return have.Name == w.Name }) {
		return found
	}
	return append(found, w)
}

// Names lists the names of walkers.
func Names(specs []Spec) []string {
	var names []string
	for _, s := range specs {
		names = append(names, s.Name)
	}
	return names
}
