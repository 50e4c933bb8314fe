// SPDX-License-Identifier: GPL-2.0-only

package near

import "testing"

func TestHint(t *testing.T) {
	names := []string{"chain/plain", "fgraph/return", "fgraph/resched", "fgraph/retry", "v6.17", "sframe",
		"sframe-v6", "irq", "irq"}
	for typed, want := range map[string]string{
		"fgraph/retrun": "did you mean fgraph/return?", // two letters swapped
		"iqr":           "did you mean irq?",
		"fgraph/re":     "did you mean fgraph/retry, fgraph/return or fgraph/resched?",
		"v6.16":         "did you mean v6.17?",
		"fgraph/ret":    "did you mean fgraph/retry or fgraph/return?", // the shorter one first
		"SFrame":        "did you mean sframe?",
		"irx":           "did you mean irq?",
		"x":             "otherwise",
		"":              "otherwise",
		"nothing":       "otherwise",
	} {
		if got := Hint(typed, names, "otherwise"); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}
