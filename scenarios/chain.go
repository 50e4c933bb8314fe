// SPDX-License-Identifier: GPL-2.0-only

package scenarios

// mainline is the variant of scenarios that have only one form.
var mainline = []Variant{{Name: "mainline"}}

var chainScenarios = []*Scenario{
	{
		Name:     "chain/plain",
		Doc:      "a chain of C functions, nothing traced",
		Variants: mainline,
		build: fromCorpus(spec{
			entry: "run_chain", args: []string{"1"},
		}),
	},
}
