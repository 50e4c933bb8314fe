// SPDX-License-Identifier: GPL-2.0-only

package vectors

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// framePointers is the unwinder of testkit's examples, as a walker.
type framePointers struct{}

func (framePointers) Name() string { return "framepointers" }

func (framePointers) Walk(task *unwind.Task, t *unwind.Trace) {
	t.Reset()
	regs := task.Interrupted
	if regs.PC != task.Start.PC {
		t.Add(unwind.Frame{PC: task.Start.PC})
	}
	t.Add(unwind.Frame{PC: regs.PC})
	for fp := regs.X[29]; fp != 0; {
		next, ok := task.Mem.Word(fp)
		lr, ok2 := task.Mem.Word(fp + 8)
		if !ok || !ok2 || next != 0 && next <= fp {
			return
		}
		if next == 0 && lr == 0 {
			break
		}
		t.Add(unwind.Frame{PC: lr})
		fp = next
	}
	t.Reliable = true
}

// swept are the verdicts of framePointers on a target, as testkit prints them.
func swept(t *testing.T, target verdict.Target) string {
	t.Helper()
	spec := registry.Spec{Name: "framepointers", NeedsRegisters: true, New: func(*scenarios.Run) unwind.Walker {
		return framePointers{}
	}}
	var counts [verdict.NumVerdicts]int
	var first [verdict.NumVerdicts]string
	o := sweep.Options{Walkers: []registry.Spec{spec}, Modes: verdict.DefaultModes(), Jobs: 1,
		Keep: func(*sweep.Point) bool {
			return true
		}}
	err := sweep.Sweep(context.Background(), []verdict.Target{target}, o, func(r *sweep.RunResult) error {
		for _, p := range r.Points {
			if counts[p.Verdict]++; counts[p.Verdict] == 1 {
				first[p.Verdict] = fmt.Sprintf("%v@%d", p.Mode, p.Step)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	parts := []string{fmt.Sprintf("%d points, %d answered", total, total-counts[verdict.Refused]-counts[verdict.Fault])}
	for _, v := range verdict.Verdicts() {
		if counts[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %v (first %s)", counts[v], v, first[v]))
		}
	}
	return strings.Join(parts, ", ")
}

// TestKit judges one unwinder three times: in a sweep, and outside it in Go and in C against the exported file.
func TestKit(t *testing.T) {
	dir := t.TempDir()
	inGo, inC := filepath.Join(dir, "go"), filepath.Join(dir, "c")
	build := exec.Command("go", "build", "-o", inGo, "./framepointers")
	build.Dir = "../../testkit"
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sources, err := filepath.Glob("../../testkit/c/*.c")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no C sources: %v", err)
	}
	flags := []string{"-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-fsanitize=address,undefined",
		"-fno-sanitize-recover=all", "-o", inC}
	if out, err := exec.Command("cc", append(flags, sources...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"chain/plain", "exception/fixup:leaf", "exception/overflow:signed",
		"fgraph/resched:slot", "kretprobe/plain"} {
		target := corpustest.Target(t, name)
		var b bytes.Buffer
		points, err := Write(&b, target, scenarios.Options{}, verdict.DefaultModes(), "a test")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "vectors")
		if err := os.WriteFile(file, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		want := swept(t, target)
		if !strings.HasPrefix(want, fmt.Sprintf("%d points", points)) {
			t.Errorf("%s: %d points were written, where the sweep has %s", name, points, want)
		}
		for _, runner := range []string{inGo, inC} {
			out, err := exec.Command(runner, file).CombinedOutput()
			var status *exec.ExitError
			if got := strings.TrimSpace(string(out)); got != want {
				t.Errorf("%s, %s: %v\n got %s\nwant %s", name, filepath.Base(runner), err, got, want)
			}
			if err != nil && !isStatus(err, &status, 1) {
				t.Errorf("%s, %s: %v", name, filepath.Base(runner), err)
			}
		}
	}
}

func isStatus(err error, status **exec.ExitError, code int) bool {
	e, ok := err.(*exec.ExitError)
	*status = e
	return ok && e.ExitCode() == code
}

// TestDamagedFile lets both readers refuse what isn't whole.
func TestDamagedFile(t *testing.T) {
	target := corpustest.Target(t, "chain/plain")
	var b bytes.Buffer
	if _, err := Write(&b, target, scenarios.Options{}, []verdict.Mode{verdict.Sync}, "a test"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	reader := filepath.Join(dir, "c")
	sources, _ := filepath.Glob("../../testkit/c/*.c")
	args := append([]string{"-std=c11", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-o", reader},
		sources...)
	if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	good := b.Bytes()
	for i := 0; i < len(good); i += len(good)/40 + 1 {
		cut, flipped := good[:i], bytes.Clone(good)
		flipped[i] ^= 0x40
		for name, data := range map[string][]byte{"cut": cut, "flipped": flipped} {
			file := filepath.Join(dir, "bad")
			if err := os.WriteFile(file, data, 0o666); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(reader, file).CombinedOutput()
			var status *exec.ExitError
			if !isStatus(err, &status, 2) || strings.Count(string(out), "\n") != 1 {
				t.Errorf("%s at %#x: %v\n%s", name, i, err, out)
			}
		}
	}
}

// TestCore lets gdb, and elfutils where it is, unwind a point from its core file.
func TestCore(t *testing.T) {
	target := corpustest.Target(t, "chain/plain")
	s, err := session.Open(target, nil, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	step := s.Len() / 2
	if err := s.Seek(step); err != nil {
		t.Fatal(err)
	}
	depth := s.Depth(step)
	dir := t.TempDir()
	core, program := filepath.Join(dir, "core"), filepath.Join(dir, "corpus.elf")
	var b bytes.Buffer
	if err := WriteCore(&b, s); err != nil {
		t.Fatal(err)
	}
	for file, data := range map[string][]byte{core: b.Bytes(), program: s.Run.ELF} {
		if err := os.WriteFile(file, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, reader := range []struct {
		command string
		args    []string
		frame   string // what each frame's line begins with
	}{
		{"gdb-multiarch", []string{"-nx", "-q", "-batch", "-ex", "file " + program, "-ex", "core-file " + core, "-ex",
			"echo \\n", "-ex", "bt -past-main"}, "#"},
		{"lldb", []string{"--batch", "-c", core, program, "-o", "target modules load --file " + program + " --slide 0",
			"-o", "bt"}, "frame #"},
	} {
		t.Run(reader.command, func(t *testing.T) {
			path, err := exec.LookPath(reader.command)
			if err != nil {
				t.Skipf("no %s", reader.command)
			}
			out, err := exec.Command(path, reader.args...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			_, backtrace, _ := strings.Cut(string(out), "\n\n") // gdb shows the first frame when it reads the core, too
			if reader.command == "lldb" {
				backtrace = string(out)
			}
			for _, function := range []string{"chain_4", "chain_1", "run_chain"} {
				if !strings.Contains(backtrace, function) {
					t.Errorf("%s is missing:\n%s", function, out)
				}
			}
			if frames := strings.Count(backtrace, reader.frame); frames != depth+1 {
				t.Errorf("%d frames, where the truth has %d:\n%s", frames, depth+1, out)
			}
		})
	}
}
