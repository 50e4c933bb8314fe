// SPDX-License-Identifier: GPL-2.0-only

// Package examples tests the programs of its folders as what they are: unwinders that a sweep judges from outside.
package examples

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/testkit"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/userfile"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/external"
)

// spec makes a walker of a command.
func spec(t *testing.T, command string) registry.Spec {
	t.Helper()
	specs, err := registry.Find(external.Prefix + command)
	if err != nil {
		t.Fatal(err)
	}
	return specs[0]
}

// judge sweeps a scenario and returns, by walker, the verdict of every point.
func judge(t *testing.T, target string, modes []verdict.Mode, walkers ...registry.Spec) map[string]map[string]string {
	t.Helper()
	found, err := verdict.FindTarget(corpus.All(), target)
	if err != nil {
		t.Fatal(err)
	}
	return judgeTarget(t, found, modes, walkers...)
}

func judgeTarget(t *testing.T, found verdict.Target, modes []verdict.Mode,
	walkers ...registry.Spec) map[string]map[string]string {
	t.Helper()
	verdicts := map[string]map[string]string{}
	err := sweep.Sweep(context.Background(), []verdict.Target{found}, sweep.Options{
		Walkers: walkers, Modes: modes, Jobs: 1, Keep: func(*sweep.Point) bool { return true },
	}, func(r *sweep.RunResult) error {
		for _, p := range r.Points {
			if verdicts[p.Walker] == nil {
				verdicts[p.Walker] = map[string]string{}
			}
			symbol, _ := r.Symbols.At(p.PC)
			point := fmt.Sprintf("%s %s+%#x @%d", p.Mode, symbol.Name, p.PC-symbol.Addr, p.Step)
			verdicts[p.Walker][point] = p.Verdict.String()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return verdicts
}

// TestFramePointers holds the example against the built-in walker that follows frame records: both must say the same
// everywhere.
func TestFramePointers(t *testing.T) {
	program := filepath.Join(t.TempDir(), "framepointers")
	if out, err := exec.Command("go", "build", "-o", program, "./framepointers").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	builtIn, err := registry.Find("fp")
	if err != nil {
		t.Fatal(err)
	}
	w := spec(t, program)
	verdicts := judge(t, "chain/plain", verdict.DefaultModes(), builtIn[0], w)
	if len(verdicts[w.Name]) < 500 {
		t.Errorf("only %d points", len(verdicts[w.Name]))
	}
	if d := cmp.Diff(verdicts["fp"], verdicts[w.Name]); d != "" {
		t.Errorf("(-fp +%s):\n%s", w.Name, d)
	}
}

// gdb is gdb as a walker. Tests are skipped where there is no gdb for arm64.
func gdb(t *testing.T) registry.Spec {
	t.Helper()
	testkit.Tool(t, "gdb-multiarch")
	if out, err := exec.Command("gdb-multiarch", "-nx", "-batch", "-ex", "python print(6*7)").Output(); err != nil ||
		!strings.Contains(string(out), "42") {
		t.Skip("gdb-multiarch has no Python")
	}
	return spec(t, "gdb-multiarch -nx -q -batch -x gdb/unwind.py")
}

// unsound lists the points at which a walk was called reliable and wasn't right.
func unsound(verdicts map[string]string) []string {
	var points []string
	for point, v := range verdicts {
		if v != "exact" && v != "refused" {
			points = append(points, v+" "+strings.Fields(point)[0]+" "+strings.Fields(point)[1])
		}
	}
	slices.Sort(points)
	return slices.Compact(points)
}

// TestGDBOnTables: wherever gdb has call frame information, and in routines without any that never touch the stack,
// it is right before every instruction.
func TestGDBOnTables(t *testing.T) {
	exactOnTables(t, gdb(t))
}

// exactOnTables expects a walker to be right at every point of functions with call frame information, and of one
// without that never touches the stack.
func exactOnTables(t *testing.T, w registry.Spec) {
	t.Helper()
	for _, target := range []string{"chain/plain", "leaf/strlen:bare"} {
		verdicts := judge(t, target, verdict.DefaultModes(), w)[w.Name]
		if len(verdicts) < 500 {
			t.Errorf("%s: only %d points", target, len(verdicts))
		}
		for point, v := range verdicts {
			if v != "exact" {
				t.Errorf("%s: %s %s", target, v, point)
			}
		}
	}
}

// TestGDBOnUserFiles: of a user's file gdb is given an image too, with its tables, so that it is right before every
// instruction.
func TestGDBOnUserFiles(t *testing.T) {
	w := gdb(t)
	for file, call := range map[string]string{"routines.o": `twice("hello")`, "routines.so": `twice("hello")`} {
		f, err := userfile.Load(filepath.Join("../scenarios/userfile/testdata", file), userfile.Options{Limit: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		s, err := f.Scenario(call)
		if err != nil {
			t.Fatal(err)
		}
		verdicts := judgeTarget(t, verdict.Target{Scenario: s, Variant: "user"}, verdict.DefaultModes(), w)[w.Name]
		if len(verdicts) < 50 {
			t.Errorf("%s: only %d points", file, len(verdicts))
		}
		for point, v := range verdicts {
			if v != "exact" {
				t.Errorf("%s: %s %s", file, v, point)
			}
		}
	}
}

// TestGDBOnPrologues: without call frame information gdb reads the prologue. It then takes a frame for there until the
// function has returned, so that before the RET, with the frame popped already, it leaves out the caller.
func TestGDBOnPrologues(t *testing.T) {
	w := gdb(t)
	verdicts := judge(t, "stale/scratch:bare", verdict.DefaultModes(), w)[w.Name]
	for point, v := range verdicts {
		if strings.Contains(point, " scratch_bare+0x8 ") && v != "exact" {
			t.Errorf("%s %s", v, point)
		}
	}
	want := []string{"omitted irq scratch_bare+0x24"}
	if d := cmp.Diff(want, unsound(verdicts)); d != "" {
		version, _ := exec.Command("gdb-multiarch", "--version").Output()
		if !strings.Contains(string(version), ") 13.") {
			t.Skipf("known of gdb 13 only; this one differs (-want +got):\n%s", d)
		}
		t.Errorf("unsound (-want +got):\n%s", d)
	}
}

// TestGDBOnHooks: gdb knows nothing of the function graph tracer, and has no caller for return_to_handler. It says so.
func TestGDBOnHooks(t *testing.T) {
	w := gdb(t)
	target, err := verdict.FindTarget(corpus.All(), "fgraph/return")
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.Open(target, []registry.Spec{w}, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	hook := s.Run.Hooks[0]
	points := 0
	for step := 0; step < s.Len() && points < 20; step++ {
		if err := s.Seek(step); err != nil {
			t.Fatal(err)
		}
		if off := s.At().PC() - hook; off == 0 || off >= 32 {
			continue
		}
		p, ok := s.Walk(verdict.IRQ, 0)
		if !ok {
			continue
		}
		points++
		if p.Verdict != verdict.Refused || len(p.Trace.Frames) < 2 || p.Trace.Frames[1].PC != p.PC {
			t.Errorf("step %d: %v, frames %v, failure %v", step, p.Verdict, p.Trace.Frames, p.Trace.Failure)
		}
	}
	if points < 20 {
		t.Errorf("only %d points in return_to_handler", points)
	}
}
