// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stacksweep/sweep"
)

// runHere in the environment makes the test binary the program.
const runHere = "STACKSWEEP_TEST_RUN"

// Ctrl-C prints what was done until then, marked; the progress that a terminal shows goes away. Nothing is expected to
// be complete: so many pairs, taken, are half a minute's work.
func TestInterrupt(t *testing.T) {
	for format, marks := range map[string][]string{
		"text":  {"pairs  ", " partial ", "\nPARTIAL  fgraph/return:mainline: interrupted when ", "\nPARTIAL  the sweep was interrupted: of "},
		"jsonl": {`"mode":"pairs","deliver":"taken","partial":true,"points":`, `{"type":"interrupted","targets":`},
	} {
		t.Run(format, func(t *testing.T) {
			terminal, inside := openTerminal(t)
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(self, "sweep", "-v", "-mode", "pairs", "-deliver", "taken", "-walker", "v6.17", "-j", "1", "-format", format, "fgraph/return")
			cmd.Env = append(os.Environ(), runHere+"=1")
			var stdout bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, inside
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			inside.Close()
			defer time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }).Stop()

			var stderr strings.Builder
			buffer := make([]byte, 4096)
			for !strings.Contains(stderr.String(), " left; Ctrl-C prints what there is") {
				n, err := terminal.Read(buffer)
				if err != nil {
					t.Fatalf("%v after %q", err, &stderr)
				}
				stderr.Write(buffer[:n])
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			rest, _ := io.ReadAll(terminal) // until the last of the program's side is closed, which is an error
			stderr.Write(rest)
			_ = cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != exitInterrupted {
				t.Errorf("exit status %d", got)
			}
			for _, want := range marks {
				if !strings.Contains(stdout.String(), want) {
					t.Errorf("no %q in\n%s", want, &stdout)
				}
			}
			_, last, _ := strings.Cut(stderr.String(), "\r\x1b[Kstacksweep: ")
			if !strings.HasPrefix(last, "interrupted: of ") {
				t.Errorf("the terminal shows %q", &stderr)
			}
		})
	}
}

// Ctrl-C stops a command that looks at a whole kernel, too, within half a second.
func TestInterruptStopsAtOnce(t *testing.T) {
	file := newestKernel(t).Image
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"leaf", file}, {"leaf", "-confirm", file}, {"kernel", "functions", file}} {
		cmd := exec.Command(self, args...)
		cmd.Env = append(os.Environ(), runHere+"=1")
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(700 * time.Millisecond)
		start := time.Now()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		took := time.Since(start)
		if got := cmd.ProcessState.ExitCode(); got != exitInterrupted || stderr.String() != "stacksweep: interrupted\n" {
			t.Errorf("%v: exit status %d, stderr %q", args, got, &stderr)
		}
		if took > 10*time.Second { // half a second, on a machine with nothing else to do
			t.Errorf("%v: stopped after %v", args, took)
		}
	}
}

// openTerminal returns the two ends of a terminal: what is written to the second is read from the first.
func openTerminal(t *testing.T) (outside, inside *os.File) {
	t.Helper()
	outside, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	t.Cleanup(func() { outside.Close() })
	fd := int(outside.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	if inside, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	return outside, inside
}

// What is shown of the progress.
func TestProgressText(t *testing.T) {
	for want, r := range map[string]sweep.ProgressReport{
		"0 of 3 targets, 0.0 %, 10s; Ctrl-C prints what there is":                  {Targets: 3},
		"1 of 4 targets, 25.0 %, 10s, about 30s left; Ctrl-C prints what there is": {Targets: 4, Done: 1, Part: 0.25},
		"4 of 4 targets, 100.0 %, 10s, about 0s left; Ctrl-C prints what there is": {Targets: 4, Done: 4, Part: 1},
	} {
		if got := progressText(r, 10*time.Second); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
