// SPDX-License-Identifier: GPL-2.0-only

package walls

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// longestReason is how much of a line is told.
const longestReason = 300

// marks are what the lines begin with, or have in them, that say why a process aborts: those of assert(3) and of the Go
// runtime.
var marks = []string{"Assertion ", "assertion ", "fatal error: ", "panic: ", "runtime: out of memory", "ERROR: ",
	"SIGSEGV: ", "SIGBUS: ", "SIGILL: ", "SIGFPE: ", "SIGABRT: "}

// why says why a child died: by what it reached, by what was said, and else by how it ended.
func why(j *journal, crash string, state *os.ProcessState) string {
	if j.limit != "" {
		return j.limit + " is reached"
	}
	end := state.String()
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		end = fmt.Sprintf("%s (%v)", unix.SignalName(status.Signal()), status.Signal())
	}
	for _, mark := range marks {
		for line := range strings.Lines(crash) {
			if strings.Contains(line, mark) {
				return shorten(strings.TrimSpace(line)) + ", " + end
			}
		}
	}
	if lines := strings.Split(strings.TrimSpace(crash), "\n"); lines[0] != "" {
		return shorten(lines[len(lines)-1]) + ", " + end // whatever was said last
	}
	return end
}

func shorten(text string) string {
	if len(text) > longestReason {
		text = text[:longestReason] + "..."
	}
	return text
}

// killed reports whether a child was killed from outside: by a person, or by a kernel that has no more memory.
func killed(j *journal, state *os.ProcessState) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && j.limit == "" && status.Signaled() &&
		(status.Signal() == unix.SIGKILL || status.Signal() == unix.SIGTERM || status.Signal() == unix.SIGHUP)
}
