// SPDX-License-Identifier: GPL-2.0-only

package findings

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"stacksweep/internal/testkit"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// What is written about each kernel: that our model agrees with its own unwinder, and the windows, which are there in
// walks that are quick to sweep.
func TestKernels(t *testing.T) {
	if testing.Short() {
		t.Skip("sweeps every kernel in the cache")
	}
	cached := testkit.Kernels(t)
	var out bytes.Buffer
	if err := writeKernels(t.Context(), &out, sweep.Options{Modes: []verdict.Mode{verdict.Sync, verdict.Blocked},
		Jobs: 2}); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if agree, all := strings.Count(text, "differ at 0\n"), len(cached); agree != all {
		t.Errorf("model and kernel agree on %d of %d kernels:\n%s", agree, all, text)
	}
	for _, k := range cached {
		for _, want := range []string{
			"\n| " + k.Series + " | ", "\n## " + k.Series + " (" + k.Release + ")\n",
			"`stacksweep sweep -mode sync -walker image 'kernel/" + k.Series + "/fgraph-*'`\n\n| where |",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
	if lost := strings.Count(text, "| `return_to_handler+0x1"); lost != len(cached) {
		t.Errorf("the caller is lost in return_to_handler in %d of %d kernels:\n%s", lost, len(cached), text)
	}
}

// Without kernels there is nothing to write.
func TestNoKernels(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var out bytes.Buffer
	if err := WriteKernels(t.Context(), &out, 1); !errors.Is(err, ErrNoKernels) || out.Len() > 0 {
		t.Errorf("got %v and %d bytes, want %v and none", err, out.Len(), ErrNoKernels)
	}
}
