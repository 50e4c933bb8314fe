// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseList(t *testing.T) {
	const list = `ok  	stacksweep/emu	0.004s
FuzzELF
FuzzKernel
ok  	stacksweep/image	0.006s
?   	stacksweep/tools/libc	[no test files]
FuzzDecode
ok  	stacksweep/unwind/sframe	0.004s
`
	want := []target{{"FuzzELF", "stacksweep/image"}, {"FuzzKernel", "stacksweep/image"},
		{"FuzzDecode", "stacksweep/unwind/sframe"}}
	if diff := cmp.Diff(want, parseList(list), cmp.AllowUnexported(target{})); diff != "" {
		t.Error(diff)
	}
}

func TestProgress(t *testing.T) {
	const out = `fuzz: elapsed: 0s, gathering baseline coverage: 12/12 completed, now fuzzing with 2 workers
fuzz: elapsed: 3s, execs: 1200 (400/sec), new interesting: 2 (total: 14)
fuzz: elapsed: 6s, execs: 3300 (700/sec), new interesting: 2 (total: 14)
PASS
`
	elapsed, execs := progress([]byte(out))
	if elapsed != 6*time.Second || execs != 3300 {
		t.Errorf("got %v, %d executions; want 6s, 3300", elapsed, execs)
	}
	if o := (outcome{elapsed: elapsed, execs: execs}); o.rate() != 550 {
		t.Errorf("got %v per second, want 550", o.rate())
	}
	const early = "fuzz: elapsed: 0s, gathering baseline coverage: 0/289 completed\n" +
		"fuzz: elapsed: 2s, gathering baseline coverage: 120/289 completed\nPASS\n"
	if elapsed, execs := progress([]byte(early)); elapsed != 2*time.Second || execs != 120 {
		t.Errorf("before anything is changed: got %v, %d executions; want 2s, 120", elapsed, execs)
	}
	if _, execs := progress([]byte("PASS\n")); execs != 0 {
		t.Errorf("got %d executions of a run that reports none", execs)
	}
}

func TestTimeUp(t *testing.T) {
	const running = "fuzz: elapsed: 2s, execs: 80765 (39024/sec), new interesting: 1 (total: 8)\n"
	for _, tc := range []struct {
		name, out string
		want      bool
	}{
		{"the budget passes for an error", running +
			"--- FAIL: FuzzSample (2.07s)\n    context deadline exceeded\nFAIL\nexit status 1\n", true},
		{"an input fails", running +
			"--- FAIL: FuzzSample (1.02s)\n    --- FAIL: FuzzSample (0.00s)\n        sample_test.go:9: wrong\n    \n" +
			"    Failing input written to testdata/fuzz/FuzzSample/0123456789abcdef\nFAIL\nexit status 1\n", false},
		{"a seed fails in those words", "--- FAIL: FuzzSample (0.00s)\n    --- FAIL: FuzzSample/seed#0 (0.00s)\n" +
			"        sample_test.go:9: context deadline exceeded\nFAIL\n", false},
		{"an input hangs", running + "--- FAIL: FuzzSample (12.11s)\n" +
			"    fuzzing process hung or terminated unexpectedly: exit status 2\n" +
			"    Failing input written to testdata/fuzz/FuzzSample/0123456789abcdef\nFAIL\nexit status 1\n", false},
		{"nothing is found", running + "PASS\n", false},
	} {
		if got := timeUp.MatchString(tc.out); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}
