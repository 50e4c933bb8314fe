// SPDX-License-Identifier: GPL-2.0-only

package findings

import "testing"

// What is left out is neither unsound nor answered, whoever counts.
func TestLeftOut(t *testing.T) {
	w := walks{Points: 10, Exact: 5, Refused: 2, left: 1}
	const want = "2 of 7"
	if got := w.Unsound(); got != want {
		t.Errorf("walks: %s, want %s", got, want)
	}
	if got := (Share{w}).String(); got != want {
		t.Errorf("share: %s, want %s", got, want)
	}
}
