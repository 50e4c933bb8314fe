// SPDX-License-Identifier: GPL-2.0-only

package live

import (
	"strings"
	"testing"
)

// Each CPU has something to do that stays there, so that the recorded task never has one to itself.
func TestEveryCPUIsBusy(t *testing.T) {
	k := kind{busy: rival, loop: readForever}
	for cpus, want := range map[int][]string{1: {"taskset 1 sh"}, 2: {"taskset 1 sh", "taskset 2 sh"}} {
		body := k.body(cpus)
		if n := strings.Count(body, "taskset"); n != cpus {
			t.Errorf("%d CPUs: %d are busy", cpus, n)
		}
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%d CPUs: no %q in\n%s", cpus, w, body)
			}
		}
	}
	k.busy = ""
	if body := k.body(2); strings.Contains(body, "taskset") {
		t.Errorf("nothing is to be busy, in\n%s", body)
	}
}
