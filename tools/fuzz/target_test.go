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
	if _, execs := progress([]byte("PASS\n")); execs != 0 {
		t.Errorf("got %d executions of a run that reports none", execs)
	}
}
