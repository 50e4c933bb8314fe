// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"io/fs"
	"strings"
	"testing"
)

// Every variant has edits that can be read, and a name of its own.
func TestVariants(t *testing.T) {
	for i, v := range Variants() {
		edits, _, err := v.edits()
		if err != nil {
			t.Fatal(err)
		}
		if len(edits) == 0 || (v.Name == "") != (i == 0) || v.Doc == "" {
			t.Errorf("variant %d, %q, has %d edits and is described as %q", i, v.Name, len(edits), v.Doc)
		}
		if found, err := FindVariant(v.Name); err != nil || found.Doc != v.Doc {
			t.Errorf("variant %q is found as %v, %v", v.Name, found, err)
		}
	}
	if _, err := FindVariant("nonsense"); err == nil {
		t.Error("a variant that doesn't exist is found")
	}
}

// The edits fit the source in the cache, whichever version it is, and repeat nothing of it.
func TestEditsFit(t *testing.T) {
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	source, ok := cachedSource(dir)
	if !ok {
		t.Skip("no kernel source is in the cache: 'stacksweep kernel build' fetches it")
	}
	tree := source.tree.pristine()
	for _, v := range Variants() {
		edits, _, err := v.edits()
		if err != nil {
			t.Fatal(err)
		}
		changed, err := Apply(tree, edits)
		if err != nil {
			t.Errorf("%s %s, variant %q: %v", source.Package, source.Version, v.Name, err)
		}
		for _, e := range edits {
			if len(changed[e.File]) == 0 {
				t.Errorf("%s is not changed", e.File)
			}
			text, err := fs.ReadFile(tree, e.File)
			if err != nil {
				t.Fatal(err)
			}
			for i := range max(0, len(e.Text)-2) { // an instruction or two are anybody's
				ours := strings.Join(e.Text[i:i+3], "\n")
				if len(strings.Fields(ours)) > 3 && strings.Contains(string(text), ours) {
					t.Errorf("%s: these lines are the kernel's:\n%s", e.Source, ours)
				}
			}
		}
	}
}
