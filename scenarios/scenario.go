// SPDX-License-Identifier: GPL-2.0-only

// Package scenarios says what is executed: each [Scenario] sets up a piece of real arm64 code so that it runs from its
// first instruction to a known last one, a [Run], and says what an unwinder needs to know about it.
//
// A scenario may have variants: the same run with another form of the code under test. The packages below this one make
// scenarios: of the code that comes with the program (corpus), of random code (generated), of a user's files (userfile)
// and of real kernels (kernel). All of them use one builder (guest), and so can others, by [New].
package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// A Scenario is one piece of code to sweep.
type Scenario struct {
	Name     string // family/name
	Doc      string // what it models, in a line
	Variants []Variant
	build    func(variant string, o Options) (*Run, error)
}

// A Variant is a form of a scenario.
type Variant struct {
	Name string
	Doc  string
}

// Options changes every scenario alike.
type Options struct {
	// Shift moves the stacks down by this many bytes, a multiple of 16 below 4096: no verdict may depend on it.
	Shift uint64
}

// Check complains about options that no scenario can be built with.
func (o Options) Check() error {
	if o.Shift%16 != 0 || o.Shift >= 4096 {
		return fmt.Errorf("stack shift %d: not a multiple of 16 below 4096", o.Shift)
	}
	return nil
}

// New makes a scenario, which has at least one variant. build is asked for a variant by its name.
func New(name, doc string, variants []Variant, build func(variant string, o Options) (*Run, error)) *Scenario {
	return &Scenario{Name: name, Doc: doc, Variants: slices.Clone(variants), build: build}
}

// Build makes a scenario's variant ready; the empty name means the first.
func (s *Scenario) Build(variant string, o Options) (*Run, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	i := 0
	if variant != "" {
		i = slices.IndexFunc(s.Variants, func(v Variant) bool { return v.Name == variant })
	}
	if i < 0 {
		return nil, fmt.Errorf("scenario %s has no variant %q: it has %s", s.Name, variant,
			strings.Join(s.variantNames(), ", "))
	}
	run, err := s.build(s.Variants[i].Name, o)
	if err != nil {
		return nil, fmt.Errorf("scenario %s:%s: %w", s.Name, s.Variants[i].Name, err)
	}
	run.Scenario, run.Variant = s.Name, s.Variants[i].Name
	return run, nil
}

func (s *Scenario) variantNames() []string {
	var names []string
	for _, v := range s.Variants {
		names = append(names, v.Name)
	}
	return names
}
