// SPDX-License-Identifier: GPL-2.0-only

package verdict

import "fmt"

// A Delivery is a way in which the exception of a point comes about.
type Delivery uint8

const (
	// Overlay lays the pt_regs of an exception over the memory that the walker reads; the machine is left alone.
	Overlay Delivery = iota
	// Taken takes the exception for real: through the vectors into the kernel's entry code, onto the interrupt stack
	// and into a handler, where the walk begins; then back. The interrupted run must not notice, and what the walk
	// finds below the entry code must be what it finds with an overlay.
	Taken
)

// ParseDelivery reads "overlay" or "taken".
func ParseDelivery(s string) (Delivery, error) {
	for _, d := range []Delivery{Overlay, Taken} {
		if d.String() == s {
			return d, nil
		}
	}
	return 0, fmt.Errorf("no delivery %q: there are overlay and taken", s)
}

func (d Delivery) String() string {
	if d == Taken {
		return "taken"
	}
	return "overlay"
}
