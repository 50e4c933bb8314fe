// SPDX-License-Identifier: GPL-2.0-only

package scenarios

import (
	"cmp"
	"errors"
	"fmt"

	"stacksweep/emu"
)

// A RunFailure is a run that didn't come to its end: it faulted, raised an exception that has no handler, or ran away.
type RunFailure struct {
	Place string // the instruction that it ended before, symbol+offset, with the source line if that is known
	Err   *emu.RunError
}

func (e *RunFailure) Error() string {
	text := fmt.Sprintf("the run doesn't come back: %v at %s, pc %#x, step %d", e.Err.Err, e.Place, e.Err.PC,
		e.Err.Step)
	if e.Err.Detail != "" {
		text += ": " + e.Err.Detail
	}
	return text
}

// Unwrap returns what the machine said.
func (e *RunFailure) Unwrap() error { return e.Err }

// Explain makes a *[RunFailure] of an error that says that the run failed in the machine, and returns any other error
// unchanged.
func (r *Run) Explain(err error) error {
	var failure *emu.RunError
	if !errors.As(err, &failure) {
		return err
	}
	place := r.Image.Symbols.Name(failure.PC)
	if _, named := r.Image.Symbols.At(failure.PC); !named && r.Place != nil {
		place = r.Place(failure.PC)
	}
	place = cmp.Or(place, "an unknown place")
	if r.SourceLine != nil {
		if line := r.SourceLine(failure.PC); line != "" {
			place += " (" + line + ")"
		}
	}
	return &RunFailure{place, failure}
}
