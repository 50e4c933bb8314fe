// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// kills is how many children TestKilledChildren kills.
const kills = 100

// Children are killed at any moment: the report is that of a sweep in which none was, or says what is missing.
func TestKilledChildren(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred children take too long for -short")
	}
	args := []string{"sweep", "-format", "jsonl", "-generate", "12", "-walker",
		"v6.17,sframe,sframe-detect,sframe-recover", "-mode", "sync,irq"}
	whole, stderr, status := inChildren(t, "", args...)
	if status != exitOK {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	r := rand.New(rand.NewPCG(3, 4))
	killed, runs, missing, given := 0, 0, 0, 0
	for killed < kills {
		cmd := program(t, args...)
		cmd.Env = append(cmd.Env, "TMPDIR="+t.TempDir())
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
	run:
		for n := 0; ; n++ {
			select {
			case <-ended:
				break run
			case <-time.After(time.Duration(50+r.IntN(500)) * time.Millisecond):
			}
			if n < 12 { // let it come to its end
				killed += killChildrenOf(cmd.Process.Pid)
			}
		}
		runs++
		if errs.String() == "stacksweep: engine died: SIGKILL (killed), while nothing was swept\n" {
			if out.Len() > 0 || cmd.ProcessState.ExitCode() != exitFailed {
				t.Fatalf("exit status %d with %q", cmd.ProcessState.ExitCode(), &out)
			}
			given++
			continue
		}
		failed := strings.Count(out.String(), `{"type":"failed"`)
		missing += failed
		want, got := linesWithout(whole, "-"), linesWithout(out.String(), "-")
		for _, line := range got {
			if strings.HasPrefix(line, `{"type":"failed"`) {
				var o struct{ Scenario, Error string }
				if err := json.Unmarshal([]byte(line), &o); err != nil ||
					!strings.Contains(o.Error, "engine died: SIGKILL") {
					t.Fatalf("%s: %v", line, err)
				}
				want = slices.DeleteFunc(want, func(l string) bool {
					return strings.Contains(l, `"scenario":"`+o.Scenario+`"`)
				})
				got = slices.DeleteFunc(got, func(l string) bool { return l == line })
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("after %d were killed: %s", killed, diff)
		}
		if status := cmd.ProcessState.ExitCode(); status == exitOK != (failed == 0) {
			t.Fatalf("exit status %d with %d targets missing", status, failed)
		}
	}
	t.Logf("%d children killed in %d sweeps: %d targets given up, %d sweeps", killed, runs, missing, given)
	if given == runs {
		t.Error("no sweep came to its end")
	}
}

// killChildrenOf kills the children of a process, and returns how many there were.
func killChildrenOf(pid int) (n int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, name := range threads { // a child is listed with the thread that has started it
		more, _ := os.ReadFile(name)
		text = append(append(text, ' '), more...)
	}
	seen := map[int]bool{}
	for field := range strings.FieldsSeq(string(text)) {
		child, err := strconv.Atoi(field)
		if err == nil && !seen[child] && unix.Kill(child, unix.SIGKILL) == nil {
			n++
		}
		seen[child] = true
	}
	return n
}
