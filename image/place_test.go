// SPDX-License-Identifier: GPL-2.0-only

package image

import "testing"

func TestPlaces(t *testing.T) {
	for want, got := range map[string]string{
		"memcpy+0x0":       Place("memcpy", 0),
		"memcpy+0x4":       Places("memcpy", 4, 4),
		"memcpy+0x4..0x1c": Places("memcpy", 4, 28),
		"memcpy+0x4..+0x4": PlacesUpTo("memcpy", 4, 4),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
