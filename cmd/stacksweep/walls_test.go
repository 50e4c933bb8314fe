// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// dieEnv in the environment, TARGET=HOW,..., makes a child die when it begins such a target.
const dieEnv = "STACKSWEEP_TEST_DIE"

// What a child has that runs away.
var (
	hoarded [][]byte
	spun    int
)

// dieAt returns what a child does when it begins a target.
func dieAt(what string) func(string) {
	hows := map[string]string{}
	for pair := range strings.SplitSeq(what, ",") {
		at, how, _ := strings.Cut(pair, "=")
		hows[at] = how
	}
	return func(target string) {
		switch hows[target] {
		case "interrupt": // as Ctrl-C does, before the target is swept
			_ = unix.Kill(unix.Getppid(), unix.SIGINT)
			time.Sleep(time.Second)
		case "abort":
			fmt.Fprintln(os.Stderr, "tcg.c:1234: tcg_gen_code: Assertion `false' failed.")
			_ = unix.Kill(unix.Getpid(), unix.SIGABRT)
			time.Sleep(time.Minute)
		case "fault":
			_ = unix.Kill(unix.Getpid(), unix.SIGSEGV)
			time.Sleep(time.Minute)
		case "killed":
			_ = unix.Kill(unix.Getpid(), unix.SIGKILL)
			time.Sleep(time.Minute)
		case "panic":
			done := make(chan bool)
			go func() { panic("a goroutine of its own") }()
			<-done
		case "exit":
			os.Exit(7)
		case "time":
			for n := 0; ; n++ {
				spun = n
			}
		case "memory":
			for {
				hoarded = append(hoarded, make([]byte, 64<<20))
			}
		}
	}
}

// inChildren runs the program as its users do, in a folder for temporary files that must be empty afterwards.
func inChildren(t *testing.T, die string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := program(t, args...)
	temp := t.TempDir()
	cmd.Env = append(cmd.Env, dieEnv+"="+die, "TMPDIR="+temp)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(temp)
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left in TMPDIR: %v", left, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// program is the program with arguments: the test binary, which TestMain makes into it.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), runHere+"=1")
	return cmd
}

// linesWithout leaves those lines of a report in JSON out that are about a target, the last one, which counts, and the
// code, which is numbered.
func linesWithout(report, scenario string) (lines []string) {
	for line := range strings.Lines(report) {
		var o struct{ Type, Scenario string }
		if json.Unmarshal([]byte(line), &o) == nil &&
			!slices.Contains([]string{"end", "stale", "code", "function"}, o.Type) && o.Scenario != scenario {
			lines = append(lines, line)
		}
	}
	return lines
}

// Whatever a child dies of, the target that it was in is reported with the reason, and everything else as if nothing
// had been.
func TestChildDies(t *testing.T) {
	args := []string{"sweep", "-format", "jsonl", "-generate", "3", "-walker",
		"v6.17,sframe,sframe-detect,sframe-recover", "-memory-limit", "3072", "-cpu-limit", "1s", "-j", "1"}
	whole, stderr, status := inChildren(t, "", args...)
	if status != exitOK || stderr != "" {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	inside, _, _ := inChildren(t, "", append([]string{args[0], "-inside"}, args[1:]...)...)
	if diff := cmp.Diff(linesWithout(inside, ""), linesWithout(whole, "")); diff != "" &&
		!strings.Contains(diff, "-inside") {
		t.Errorf("a child reports something else: %s", diff)
	}
	for how, reason := range map[string]string{
		"abort":  "tcg.c:1234: tcg_gen_code: Assertion `false' failed., ",
		"fault":  "SIGSEGV: segmentation violation, exit status 2",
		"killed": "SIGKILL (killed)",
		"panic":  "panic: a goroutine of its own, ",
		"exit":   "exit status 7",
		"time":   "the limit of 1s of CPU time is reached",
		"memory": "fatal error: out of memory, exit status 2",
	} {
		t.Run(how, func(t *testing.T) {
			got, stderr, status := inChildren(t, "generated/2:user="+how, args...)
			if status != exitUnexpected || stderr != "stacksweep: not all verdicts are as expected\n" {
				t.Errorf("exit status %d: %s", status, stderr)
			}
			if diff := cmp.Diff(linesWithout(whole, "generated/2"), linesWithout(got, "generated/2")); diff != "" {
				t.Errorf("others have changed: %s", diff)
			}
			failed := fmt.Sprintf(
				"{\"type\":\"failed\",\"scenario\":\"generated/2\",\"variant\":\"user\",\"error\":\"engine died: %s",
				reason)
			if strings.Count(got, failed) != 1 || !strings.Contains(got, `"failed":1}`) {
				t.Errorf("no %q in\n%s", failed, got)
			}
		})
	}
}

// An engine that can't have the memory that it wants ends the process. This is not a fault that is made for the test.
func TestEngineDies(t *testing.T) {
	got, stderr, status := inChildren(t, "", "sweep", "-generate", "2", "-walker", "v6.17", "-memory-limit",
		"600", "-j", "1")
	if status != exitUnexpected || strings.Count(got, ": engine died: ") != 2 ||
		!strings.Contains(got, "; 2 not swept.\n") {
		t.Errorf("exit status %d, %s\n%s", status, stderr, got)
	}
}

// More goroutines have more engines: the limits are for each.
func TestLimitsGrowWithGoroutines(t *testing.T) {
	args := []string{"sweep", "-generate", "24", "-walker", "v6.17", "-mode", "irq", "-deliver", "taken", "-q", "-j"}
	one, stderr, status := inChildren(t, "", append(args, "1")...)
	many, more, also := inChildren(t, "", append(args, "16")...)
	if status != exitOK || also != exitOK || one != many {
		t.Errorf("exit status %d and %d: %s%s%s", status, also, stderr, more, many)
	}
}

// Every format says that a target is missing.
func TestChildDiesInEveryFormat(t *testing.T) {
	dir := t.TempDir()
	args := []string{"sweep", "-generate", "3", "-walker", "v6.17", "-mode", "irq"}
	for _, format := range []string{"jsonl", "ktap", "junit", "html", "github"} {
		args = append(args, "-format", format+"="+filepath.Join(dir, format))
	}
	text, _, status := inChildren(t, "generated/2:user=exit", append(args, "-format", "text")...)
	if status != exitUnexpected {
		t.Errorf("exit status %d", status)
	}
	for format, want := range map[string]string{
		"text":   "FAILED  generated/2:user: engine died: exit status 7\n",
		"jsonl":  `"error":"engine died: exit status 7"`,
		"ktap":   "# engine died: exit status 7\nnot ok 2 generated/2:user\n",
		"junit":  `<error message="engine died: exit status 7" type="run">`,
		"html":   "Not swept: generated/2:user: engine died: exit status 7",
		"github": "::error title=generated/2%3Auser%3A not swept::engine died: exit status 7\n",
	} {
		got := text
		if format != "text" {
			data, err := os.ReadFile(filepath.Join(dir, format))
			if err != nil {
				t.Fatal(err)
			}
			got = string(data)
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: no %q in\n%.2000s", format, want, got)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 5 {
		t.Errorf("%v is left: %v", left, err)
	}
}

// A child that dies before it has begun, again and again, is given up with the reason; and one of whose work nothing is
// kept, at once.
func TestChildrenAreGivenUp(t *testing.T) {
	if _, stderr, status := inChildren(t, "generated/1:user=exit", "sweep", "-agree", "v6.12,v6.17", "-generate",
		"2"); status != exitFailed ||
		stderr != "stacksweep: engine died: exit status 7, in generated/1:user\n" {
		t.Errorf("exit status %d: %s", status, stderr)
	}
}

// What was done before Ctrl-C is reported when a child has died before, too.
func TestInterruptAfterDeath(t *testing.T) {
	got, stderr, status := inChildren(
		t,
		"generated/2:user=exit,generated/6:user=interrupt",
		"sweep",
		"-format",
		"jsonl",
		"-generate",
		"9",
		"-walker",
		"v6.17",
		"-j",
		"1",
	)
	want := "stacksweep: interrupted: of 9 targets 5 are complete and 0 were judged in part\n"
	if status != exitInterrupted || stderr != want {
		t.Errorf("exit status %d, %q; want %q", status, stderr, want)
	}
	for scenario, n := range map[string]int{"generated/1": 1, "generated/5": 1, "generated/6": 0, "generated/9": 0} {
		if found := strings.Count(got, `{"type":"summary","scenario":"`+scenario+`"`); min(found, 1) != n {
			t.Errorf("%d summaries of %s", found, scenario)
		}
	}
	for _, want := range []string{
		`"scenario":"generated/2","variant":"user","error":"engine died: exit status 7"`,
		`{"type":"interrupted","targets":9`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// A child is called what its parent is called: of a program that is many, by a link, it is the same.
func TestChildHasItsParentsName(t *testing.T) {
	link := filepath.Join(t.TempDir(), "stacksweep") // TestMain makes a program of this name into the command
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(link, "sweep", "-generate", "1", "-walker", "v6.17", "-mode", "irq", "-q").CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), " 0 expectations no longer hold.\n") {
		t.Errorf("%v: %s", err, out)
	}
}
