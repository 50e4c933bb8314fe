// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"errors"

	"stacksweep/sweep/verdict"
)

// failure is a target of which nothing is known.
type failure struct {
	Type     string `json:"type"` // "failed"
	Scenario string `json:"scenario"`
	Variant  string `json:"variant"`
	Error    string `json:"error"`
}

// Failed adds a target that couldn't be swept.
func (w *JSONLines) Failed(t verdict.Target, why error) error {
	return errors.Join(w.begin(), w.fail(t.Scenario.Name, t.Variant, why.Error()))
}

func (w *JSONLines) fail(scenario, variant, why string) error {
	w.failed++
	return w.enc.Encode(failure{"failed", scenario, variant, why})
}
