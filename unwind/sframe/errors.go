// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"errors"
	"fmt"
)

// The errors of this package are or wrap one of these.
var (
	// ErrNoFDE says that no function descriptor covers the program counter.
	ErrNoFDE = errors.New("no FDE covers the program counter")

	// ErrNoRow says that the function is described, but its first row starts after the program counter.
	ErrNoRow = errors.New("no row yet at the program counter")

	// ErrUnsorted is the kernel's answer to every lookup in an image whose section is not flagged as sorted.
	ErrUnsorted = errors.New("section is not sorted")

	// ErrMalformed says that bytes are not SFrame, or that they contradict themselves.
	ErrMalformed = errors.New("malformed")

	// ErrUnsupported says that the section is well-formed as far as can be told, but of a version, ABI or FDE type that
	// is not known or, by the kernel's rules, not accepted.
	ErrUnsupported = errors.New("unsupported")

	// ErrInexpressible says that a section, FDE or row can't be written in the version asked for.
	ErrInexpressible = errors.New("inexpressible")
)

// Reasons why an FDE or row can't be read, to which the place is added.
var (
	errDataOutside = fmt.Errorf("%w: data start outside the FRE sub-section", ErrMalformed)
	errRowOutside  = fmt.Errorf("%w: row reaches beyond the FRE sub-section", ErrMalformed)
	errWordSize    = fmt.Errorf("%w: code 3 for the size of data words", ErrMalformed)
	errWidth       = fmt.Errorf("%w: unknown code for the width of row start offsets", ErrMalformed)
	errRowOrder    = fmt.Errorf("%w: row starts are not strictly increasing", ErrMalformed)
	errBeyond      = fmt.Errorf("%w: row starts beyond the end of its function", ErrMalformed)
	errFDEType     = fmt.Errorf("%w FDE type", ErrUnsupported)
	errRepSize     = fmt.Errorf("%w: mask FDE with a repeated block of 0 bytes", ErrMalformed)
	errMaskV1      = fmt.Errorf("%w: V1 mask FDE with several rows: the size of the repeated block is not recorded",
		ErrUnsupported)
	errWordCount = fmt.Errorf("%w: number of data words is not valid for the ABI", ErrMalformed)
	errControl   = fmt.Errorf("%w: control words of a flexible row are incomplete or have no CFA base register",
		ErrMalformed)
	errCrossed     = fmt.Errorf("%w: order of the FDEs contradicts itself", ErrMalformed)
	errOutsideText = fmt.Errorf("%w: function is outside the text", ErrMalformed)
	errOutermost   = fmt.Errorf("%w: outermost frame", ErrUnsupported)
)
