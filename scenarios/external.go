// SPDX-License-Identifier: GPL-2.0-only

package scenarios

import "slices"

// New makes a scenario of code that the program doesn't bring along. build is asked for a variant by its name.
func New(name, doc string, variants []Variant, build func(variant string, o Options) (*Run, error)) *Scenario {
	return &Scenario{
		Name: name, Doc: doc, Variants: slices.Clone(variants),
		build: func(v Variant, o Options) (*Run, error) { return build(v.Name, o) },
	}
}
