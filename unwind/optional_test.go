// SPDX-License-Identifier: GPL-2.0-only

package unwind_test

import (
	"errors"
	"testing"

	"stacksweep/unwind"
)

type bare struct{}

func (bare) Name() string                     { return "bare" }
func (bare) Walk(*unwind.Task, *unwind.Trace) {}

type full struct {
	bare
	claims, early bool
	err           error
}

func (f full) Claims() bool      { return f.claims }
func (f full) PreMetadata() bool { return f.early }
func (f full) Close() error      { return f.err }

func TestOptionalInterfaces(t *testing.T) {
	if !unwind.Claims(bare{}) || unwind.PreMetadata(bare{}) || unwind.Close(bare{}) != nil {
		t.Error("a walker without optional methods must claim, know metadata records, and have nothing to close")
	}
	gone := errors.New("gone")
	for _, f := range []full{{}, {claims: true}, {early: true}, {err: gone}} {
		if unwind.Claims(f) != f.claims || unwind.PreMetadata(f) != f.early {
			t.Errorf("%+v: claims %t, pre-metadata %t", f, unwind.Claims(f), unwind.PreMetadata(f))
		}
		if err := unwind.Close(bare{}, f); !errors.Is(err, f.err) {
			t.Errorf("%+v: Close returned %v", f, err)
		}
	}
}
