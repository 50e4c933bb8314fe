package sframe

import "errors"

// The errors of this package wrap one of these, or are one of these.
var (
	// ErrNoFDE says that no function descriptor covers the program counter.
	ErrNoFDE = errors.New("sframe: no FDE covers the program counter")

	// ErrNoRow says that the function is described, but its first row starts behind the program counter.
	ErrNoRow = errors.New("sframe: no row yet at the program counter")

	// ErrUnsorted is the kernel's answer to every lookup in an image whose section is not flagged as sorted.
	ErrUnsorted = errors.New("sframe: section is not sorted")

	// ErrMalformed says that bytes are not SFrame, or that they contradict themselves.
	ErrMalformed = errors.New("malformed")

	// ErrUnsupported says that the section is well-formed as far as can be told, but of a version, ABI or FDE type that
	// is not known or, by the kernel's rules, not accepted.
	ErrUnsupported = errors.New("unsupported")

	// ErrInexpressible says that a section, FDE or row can't be written in the version asked for.
	ErrInexpressible = errors.New("inexpressible")
)
