// SPDX-License-Identifier: GPL-2.0-only

package libunwind

import (
	"errors"
	"path/filepath"
	"testing"
)

// Without programs nothing is built, and the error says that this is why.
func TestMissingProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Build(t.Context(), filepath.Join(t.TempDir(), "walker"))
	if !errors.Is(err, ErrMissing) || !CantBeHad(err) {
		t.Errorf("%v, want one that wraps ErrMissing", err)
	}
	if CantBeHad(nil) || CantBeHad(errors.New("another")) {
		t.Error("any error says that it can't be had")
	}
}
