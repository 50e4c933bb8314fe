// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// Every variant has edits that can be read, and a name of its own.
func TestVariants(t *testing.T) {
	for i, v := range Variants() {
		edits, _, err := v.edits(fstest.MapFS{}, true)
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

// A source that has a place for the tables keeps it, and an assembler that makes none needs none; the call frame
// information is always kept.
func TestOwnSection(t *testing.T) {
	plain, own := "\tRO_DATA(PAGE_SIZE)\n", "\tRO_DATA(PAGE_SIZE)\n\t.sframe : AT(ADDR(.sframe)) {\n\t}\n"
	discards := "\tRO_DATA(PAGE_SIZE)\n\t/DISCARD/ : {\n\t\t*(.sframe)\n\t}\n"
	for _, tt := range []struct {
		name, script, header string
		sframe               bool
		want                 int
	}{
		{"none", plain, "", true, 2},
		{"one of its own", own, "", true, 1},
		{"one in the shared script", plain, "#define SFRAME \\\n\t.sframe : { }\n", true, 1},
		{"discarded", discards, "", true, 2},
		{"an assembler without", plain, "", false, 1},
	} {
		source := fstest.MapFS{linkerScripts[0]: {Data: []byte(tt.script)}, linkerScripts[1]: {Data: []byte(tt.header)}}
		unedited := Variants()[0]
		edits, _, err := unedited.edits(source, tt.sframe)
		if err != nil {
			t.Fatal(err)
		}
		if len(edits) != tt.want {
			t.Errorf("%s: %d edits, want %d", tt.name, len(edits), tt.want)
		}
		if _, err := Apply(source, edits); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
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
		edits, _, err := v.edits(tree, true)
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
