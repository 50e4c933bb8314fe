// SPDX-License-Identifier: GPL-2.0-only

package corpus

var chainScenarios = []template{
	{
		name:     "chain/plain",
		doc:      "a chain of C functions, nothing traced",
		variants: onlyForm,
		spec: spec{
			entry: "run_chain", args: []string{"1"},
		},
	},
}
