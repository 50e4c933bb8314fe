// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// alone runs a test, or a subtest, in a process of its own, so that the peak of memory is its own. It returns true in
// that process; in the one that was asked, the test is over.
func alone(t *testing.T) bool {
	t.Helper()
	const here = "STACKSWEEP_TEST_ALONE"
	if os.Getenv(here) == t.Name() {
		return true
	}
	peakRSS(t) // skips the test where it can't be told
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(t.Name()), "/", "$/^") + "$"
	cmd := exec.CommandContext(t.Context(), self, "-test.v", "-test.run", pattern)
	cmd.Env = append(os.Environ(), here+"="+t.Name())
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("in a process of its own: %v\n%s", err, out)
	} else {
		t.Logf("in a process of its own:\n%s", out)
	}
	return false
}

// peakRSS returns the largest amount of memory in bytes that the process held so far.
func peakRSS(t *testing.T) uint64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc/self/status to read the peak of memory from")
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kib uint64
			if _, err := fmt.Sscan(rest, &kib); err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Skip("/proc/self/status has no VmHWM")
	return 0
}
