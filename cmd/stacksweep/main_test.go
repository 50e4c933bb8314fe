// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	onBegin = dieAt(os.Getenv(dieEnv))
	if os.Getenv(runHere) != "" {
		os.Exit(interruptible())
	}
	testscript.Main(m, map[string]func(){
		"stacksweep": func() { os.Exit(interruptible()) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup:               copyImages,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"status": status},
	})
}

// status N command…: runs a command, which must exit with status N.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// fullStdout can take nothing.
type fullStdout struct{}

func (fullStdout) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// What can't be printed is not passed over in silence, and is the machine's fault.
func TestFullStdout(t *testing.T) {
	for _, args := range [][]string{
		{"help"}, {"help", "sweep"}, {"help", "kernel"}, {"sweep", "-h"}, {"kernel", "-h"}, {"version"}, {"man"},
		{"completion", "bash"},
		{"list"}, {"show", "chain/plain"}, {"sweep", "-walker", "fp", "chain"},
	} {
		var stderr strings.Builder
		if got := run(t.Context(), args, strings.NewReader(""), fullStdout{}, &stderr); got != exitFailed ||
			stderr.String() != "stacksweep: no space left on device\n" {
			t.Errorf("%v: exit status %d, stderr %q", args, got, &stderr)
		}
	}
}
