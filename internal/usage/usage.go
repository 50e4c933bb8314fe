// SPDX-License-Identifier: GPL-2.0-only

// Package usage has the error for what a user can put right: a mistake in the command line, or input that can't be
// used.
package usage

import "fmt"

// An Error is a mistake of the user's, with a hint about what to do instead.
type Error struct {
	Err  error
	Hint string // "" if there is none
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error without the hint.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error with a hint.
func Errorf(hint, format string, args ...any) error {
	return &Error{fmt.Errorf(format, args...), hint}
}
