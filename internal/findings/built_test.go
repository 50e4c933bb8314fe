// SPDX-License-Identifier: GPL-2.0-only

package findings

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"stacksweep/internal/testkit"
)

// The page has a part for each compiler, and in it what was built.
func TestBuiltKernels(t *testing.T) {
	cached := testkit.BuiltKernels(t)
	if os.Getenv("STACKSWEEP_ALL_BUILDS") == "" {
		t.Skip("sweeps every kernel that was built here: make test-kernel-sframe does")
	}
	var out bytes.Buffer
	if err := WriteBuilt(t.Context(), &out, 2); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, k := range cached {
		if !madeByAll.MatchString(strings.TrimSuffix(k.Series, "-"+k.Built.Variant)) {
			if strings.Contains(text, "\n# "+k.Series+"\n") {
				t.Errorf("%s has a part of the page", k.Series)
			}
			continue
		}
		want := "| " + k.Built.Variant + " |"
		if k.Built.Variant == "" {
			want = "\n# " + k.Series + "\n"
		}
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the page", want)
		}
	}
}

// Without a kernel that was built there is nothing to write.
func TestNoBuilds(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var out bytes.Buffer
	if err := WriteBuilt(t.Context(), &out, 1); !errors.Is(err, ErrNoBuilds) || out.Len() > 0 {
		t.Errorf("got %v and %d bytes, want %v and none", err, out.Len(), ErrNoBuilds)
	}
}
