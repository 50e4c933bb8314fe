// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"errors"
	"fmt"
)

var (
	// ErrNoFDE says that no FDE covers an address. Lookup returns it unwrapped, so that a miss allocates nothing.
	ErrNoFDE = errors.New("no FDE covers the address")

	// ErrMalformed says that a section breaks the rules of its format.
	ErrMalformed = errors.New("malformed call frame information")

	// ErrUnsupported says that a section uses something this package has no meaning for: an unknown version,
	// augmentation, instruction or pointer encoding. The error's text names it.
	ErrUnsupported = errors.New("unsupported call frame information")

	// ErrExpression says that a value is given by a DWARF expression, which this package doesn't evaluate.
	ErrExpression = errors.New("unsupported DWARF expression")

	// ErrOutermost says that the return address is undefined: the frame has no caller.
	ErrOutermost = errors.New("return address undefined: outermost frame")

	// ErrNoRule says that a value is needed for which the call frame information has no rule.
	ErrNoRule = errors.New("no rule")
)

// An Error says what is wrong with call frame information, and where in the section. It wraps one of the package's
// sentinels, or the error of a memory access.
type Error struct {
	Kind   Kind   // the section
	Offset uint64 // of the byte, instruction or entry at fault, from the start of the section
	Err    error
}

func (e *Error) Error() string {
	return fmt.Sprintf("%v+%#x: %v", e.Kind, e.Offset, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// malformed describes a broken rule; use it with %v-style arguments like fmt.Errorf.
func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// unsupported names something unknown.
func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}
