// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"runtime"
	"testing"
)

// TestAnalyzerMemory makes sure that an analyzer takes memory for what it returns alone: a kernel has 50,000 functions.
func TestAnalyzerMemory(t *testing.T) {
	code := words(push, fp, bl(1<<20), inc, inc, inc, pop, ret)
	seeds := seedsAt(0, nil)
	var a analyzer
	a.analyze(code, 0, seeds)
	const functions = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var f *Function
	for range functions {
		f = a.analyze(code, 0, seeds)
	}
	runtime.ReadMemStats(&after)
	if len(f.Rows) < 4 {
		t.Fatalf("%d rows", len(f.Rows))
	}
	const most = 1500 // bytes: some ten rows of 72, slots, and what else a Function has
	if each := (after.TotalAlloc - before.TotalAlloc) / functions; each > most {
		t.Errorf("%d bytes are allocated for each function, more than %d", each, most)
	}
}
