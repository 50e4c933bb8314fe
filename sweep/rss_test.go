// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

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
