// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"fmt"

	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/unwind"
	"stacksweep/unwind/kunwind"
)

// A rule is what a profile says of one thing. Set returns the other things that it could say.
type rule struct {
	name   string
	others func(p kunwind.Profile) []kunwind.Profile
}

// rules lists every field of a profile, which a test holds against its type.
var rules = []rule{
	{"AtException", values(func(p *kunwind.Profile) *kunwind.Boundary {
		return &p.AtException
	}, kunwind.Follow, kunwind.Refuse, kunwind.SFrame, kunwind.CFI)},
	{"CFAMask", values(func(p *kunwind.Profile) *uint64 { return &p.CFAMask }, 0, 0xf, 0x1f)},
	{"Claim", values(func(p *kunwind.Profile) *kunwind.Claim {
		return &p.Claim
	}, kunwind.Strict, kunwind.Heard, kunwind.Dropped, kunwind.Unclaimed)},
	{"Room", values(func(p *kunwind.Profile) *int { return &p.Room }, 0, 2)},
	{"Loops", inverted(func(p *kunwind.Profile) *bool { return &p.Loops })},
	{"LosesRegs", inverted(func(p *kunwind.Profile) *bool { return &p.LosesRegs })},
	{"Trampoline", values(func(p *kunwind.Profile) *kunwind.Trampoline {
		return &p.Trampoline
	}, kunwind.EntryOnly, kunwind.Detect, kunwind.Recover)},
	{"PreMetadata", inverted(func(p *kunwind.Profile) *bool { return &p.PreMetadata })},
	{"NoGraphCursor", inverted(func(p *kunwind.Profile) *bool { return &p.NoGraphCursor })},
	{"KretprobeUnchecked", inverted(func(p *kunwind.Profile) *bool { return &p.KretprobeUnchecked })},
}

// inverted is the rule of a field that is true or false.
func inverted(field func(*kunwind.Profile) *bool) func(kunwind.Profile) []kunwind.Profile {
	return values(field, false, true)
}

// values is the rule of a field that may have each of these values.
func values[T comparable](field func(*kunwind.Profile) *T, all ...T) func(kunwind.Profile) []kunwind.Profile {
	return func(p kunwind.Profile) (others []kunwind.Profile) {
		for _, v := range all {
			if v != *field(&p) {
				changed := p
				*field(&changed) = v
				others = append(others, changed)
			}
		}
		return others
	}
}

// walkerMutants lists every model with one rule of its profile changed.
func walkerMutants(profiles []kunwind.Profile) (all []*Mutant) {
	for _, p := range profiles {
		spec := &registry.Spec{Name: p.Name, New: func(run *scenarios.Run) unwind.Walker {
			return kunwind.New(p, run.Kernel)
		}}
		for _, r := range rules {
			for i, other := range r.others(p) {
				all = append(all, &Mutant{
					Kind: Walker, Place: p.Name, Change: fmt.Sprintf("%s otherwise, %d", r.name, i+1), spec: spec,
					alter: replaceProfile(other),
				})
			}
		}
	}
	return all
}

// replaceProfile returns what makes a sweep judge another profile under a walker's name, and that walker alone.
func replaceProfile(p kunwind.Profile) func(*subject) {
	return func(s *subject) {
		s.walkers = []registry.Spec{{Name: p.Name, New: func(run *scenarios.Run) unwind.Walker {
			return kunwind.New(p, run.Kernel)
		}}}
	}
}
