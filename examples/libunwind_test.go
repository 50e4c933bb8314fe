// SPDX-License-Identifier: GPL-2.0-only

package examples

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/libunwind"
	"stacksweep/internal/testkit"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// unwindLibrary is libunwind as a walker. Tests are skipped where it isn't in the cache, or can't be executed.
func unwindLibrary(t *testing.T) registry.Spec {
	t.Helper()
	testkit.Cached(t, "go run ./tools/libunwind", "libunwind-arm64", "root", "usr", "include", "lzma.h")
	command, err := libunwind.Build(t.Context(), filepath.Join(t.TempDir(), "walker"))
	if libunwind.CantBeHad(err) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return spec(t, command)
}

// TestLibunwindOnTables: where there is call frame information, and in routines without any that never touch the stack,
// libunwind is right before every instruction.
func TestLibunwindOnTables(t *testing.T) {
	exactOnTables(t, unwindLibrary(t))
}

// TestLibunwindBelievesTables: where GCC emits call frame information that is wrong, libunwind and the built-in walker
// that reads it are wrong before the same instructions, in the same way. Where this one refuses, since there is no
// information, libunwind takes X30.
func TestLibunwindBelievesTables(t *testing.T) {
	w := unwindLibrary(t)
	builtIn, err := registry.Find("cfi")
	if err != nil {
		t.Fatal(err)
	}
	modes := []verdict.Mode{verdict.IRQ}
	verdicts := judge(t, "prologue/gcc:frame_args", modes, builtIn[0], w)
	answered := 0
	for point, v := range verdicts["cfi"] {
		if v == verdict.Refused.String() {
			delete(verdicts[w.Name], point)
			delete(verdicts["cfi"], point)
			continue
		}
		answered++
	}
	if answered < 100 {
		t.Errorf("the built-in walker has answered at %d points only", answered)
	}
	if d := cmp.Diff(verdicts["cfi"], verdicts[w.Name]); d != "" {
		t.Errorf("(-cfi +libunwind):\n%s", d)
	}
	want := []string{"omitted irq prologue_frame_args+0x64", "omitted irq prologue_frame_args+0x68"}
	if d := cmp.Diff(want, unsound(verdicts[w.Name])); d != "" {
		t.Errorf("unsound (-want +got):\n%s", d)
	}
}

// TestLibunwindKnowsItsEnd: a routine that is marked as outermost ends libunwind's backtrace, but not the task's stack,
// and so is no reliable end.
func TestLibunwindKnowsItsEnd(t *testing.T) {
	w := unwindLibrary(t)
	marked := 0
	for point, v := range judge(t, "termination/outermost", []verdict.Mode{verdict.IRQ}, w)[w.Name] {
		if !strings.Contains(point, " termination_outermost+0xc ") {
			continue
		}
		if marked++; v != verdict.Refused.String() {
			t.Errorf("%s %s", v, point)
		}
	}
	if marked == 0 {
		t.Error("the routine isn't executed")
	}
}
