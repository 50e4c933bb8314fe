// SPDX-License-Identifier: GPL-2.0-only

package image

import "fmt"

// Place writes a place in code as the kernel's %pS does: symbol+0xoffset.
func Place(symbol string, offset uint64) string { return fmt.Sprintf("%s+%#x", symbol, offset) }

// Places writes the places from one offset to another, both included: symbol+0xfrom..0xto, or one place.
func Places(symbol string, from, to uint64) string {
	if from == to {
		return Place(symbol, from)
	}
	return fmt.Sprintf("%s+%#x..%#x", symbol, from, to)
}

// PlacesUpTo writes the places from one offset up to another, which isn't included: symbol+0xfrom..+0xend.
func PlacesUpTo(symbol string, from, end uint64) string {
	return fmt.Sprintf("%s+%#x..+%#x", symbol, from, end)
}
