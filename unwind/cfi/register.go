// SPDX-License-Identifier: GPL-2.0-only

package cfi

import "fmt"

// A Register is a DWARF register number of AArch64 (aadwarf64, "DWARF register names"). Numbers above 127 are reserved
// and refused.
type Register uint8

const (
	FP          Register = 29 // x29, the frame pointer
	LR          Register = 30 // x30, the link register: the usual return address column
	SP          Register = 31
	PC          Register = 32
	RASignState Register = 34 // pseudo-register: how the return address is signed; see RAState

	firstV      Register = 64 // v0 to v31 are 64 to 95
	firstZ      Register = 96 // z0 to z31 are 96 to 127
	maxRegister Register = 127
)

func (r Register) String() string {
	switch {
	case r <= LR:
		return fmt.Sprintf("x%d", uint8(r))
	case r == SP:
		return "sp"
	case r == PC:
		return "pc"
	case r == RASignState:
		return "ra_sign_state"
	case r >= firstZ && r <= maxRegister:
		return fmt.Sprintf("z%d", uint8(r-firstZ))
	case r >= firstV && r < firstZ:
		return fmt.Sprintf("v%d", uint8(r-firstV))
	}
	return fmt.Sprintf("r%d", uint8(r))
}

// register reads a register number.
func (r *reader) register(what string) Register {
	at := r.off
	n := r.uleb(what)
	if n > uint64(maxRegister) {
		r.fail(at, unknownRegister(n))
		return 0
	}
	return Register(n)
}

func unknownRegister(n uint64) error {
	return unsupported("register %d: AArch64 has 0 to %d", n, maxRegister)
}
