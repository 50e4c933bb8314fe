// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"stacksweep/internal/testkit"
)

// Every peer that is installed unwinds at some instructions.
func TestPeers(t *testing.T) {
	testkit.Tools(t, "aarch64-linux-gnu-gcc")
	b := &bench{dir: t.TempDir(), stacksweep: filepath.Join(t.TempDir(), "stacksweep")}
	build := exec.Command("go", "build", "-o", b.stacksweep, "../../cmd/stacksweep")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := b.build(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Chdir("../..") // where examples are
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			points, took, err := p.measure(t.Context(), b, time.Second)
			if errors.Is(err, errMissing) {
				t.Skip(err)
			}
			if err != nil || points < 10 || took <= 0 {
				t.Errorf("%d points in %v: %v", points, took, err)
			}
		})
	}
}

func TestLacks(t *testing.T) {
	for want, programs := range map[string][]string{
		"":                   {"go"},
		"no-such-program":    {"go", "no-such-program"},
		"no-such-one-static": {"no-such-one", "no-such-one-static", "go"},
		"no-such-other":      {"go", "go-static", "no-such-other"},
	} {
		if got := lacks(programs); got != want {
			t.Errorf("of %q %q is missing, want %q", programs, got, want)
		}
	}
}
