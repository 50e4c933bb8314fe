// SPDX-License-Identifier: GPL-2.0-only

package catalog

import (
	"errors"
	"strings"
	"testing"

	"stacksweep/internal/usage"
)

// Whoever mistypes a name is told what it may have been.
func TestHints(t *testing.T) {
	c := &Catalog{}
	point := func(name string) error { _, err := c.Point(name); return err }
	pattern := func(name string) error { _, err := c.Targets([]string{name}); return err }
	for _, tt := range []struct {
		what func(string) error
		name string
		want string
	}{
		{point, "fgraph/retrun", "did you mean fgraph/return"},
		{point, "fgraph@137", "fgraph is a family of"},
		{point, "fgraph/return:137", "fgraph/return@137"},
		{point, "fgraph/return:mainlin@1", "did you mean mainline?"},
		{point, "fgraph/return@", "fgraph/return@0"},
		{point, "fgraph/return@0x89", "fgraph/return@137"},
		{point, "nothing/like/it", "'stacksweep list'"},
		{pattern, "fgraph/retrun", "did you mean fgraph/return"},
		{pattern, "fgraph/return@591", "'stacksweep show fgraph/return@591'"},
	} {
		err := tt.what(tt.name)
		var u *usage.Error
		if !errors.As(err, &u) || !strings.Contains(u.Hint, tt.want) {
			t.Errorf("%s: %v, hint %q; want %q", tt.name, err, u.Hint, tt.want)
		}
	}
}

// A kernel that isn't there is skipped, and what is there is said.
func TestNoKernel(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	c := &Catalog{}
	if _, err := c.Point("kernel/9.9/fgraph-return@1"); !errors.Is(err, ErrNoKernel) ||
		!strings.Contains(err.Error(), "kernel fetch") {
		t.Errorf("%v", err)
	}
}

// Generated scenarios can be named in any order, and are the same ones each time.
func TestGenerated(t *testing.T) {
	c := &Catalog{}
	a, err := c.Point("generated/7@3")
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Point("generated/7@4")
	if err != nil {
		t.Fatal(err)
	}
	if a.Scenario != b.Scenario {
		t.Error("a scenario has been made twice")
	}
	if targets, err := c.Targets(nil); err != nil || len(targets) == 0 ||
		strings.HasPrefix(targets[len(targets)-1].Scenario.Name, "generated/") {
		t.Errorf("without patterns: %d targets, %v; want the corpus", len(targets), err)
	}
}
