// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/kernels"
)

// A folder of the user's is built from a copy, with patches and options: the folder stays as it is, the kernel is found
// when the same is asked for again, and a change of the folder costs what it changes.
func TestBuildSource(t *testing.T) {
	if err := checkHost(t.Context()); err != nil {
		t.Skip(err)
	}
	fake := newBuilder(t)
	src := filepath.Join(t.TempDir(), "my tree")
	writeTree(t, src, map[string]string{
		"Makefile": "VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\n" + kernelMakefile, "arch/arm64/Makefile": "",
		"first.c": "1\n", "second.S": "2\n",
		linkerScripts[0]: "\tRO_DATA(PAGE_SIZE)\n",
	})
	patch := filepath.Join(t.TempDir(), "fix.patch")
	if err := os.WriteFile(patch, []byte("--- a/first.c\n+++ b/first.c\n@@ -1 +1 @@\n-1\n+one\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := stats(t, src)
	var b *builder
	build := func() (k kernels.Entry) {
		t.Helper()
		option, err := OptionFragment("EXTRA=y")
		if err != nil {
			t.Fatal(err)
		}
		b = &builder{
			Request: Request{Source: src, Patches: []string{patch}, Config: Config{Fragments: []Fragment{option}},
				Jobs: 1, Log: fake.Log},
			dir: fake.dir, tools: fake.tools, started: time.Now(),
		}
		if k, err = b.build(t.Context()); err != nil {
			t.Fatal(err)
		}
		return k
	}
	k := build()
	if got, err := os.ReadFile(k.Image); err != nil || !strings.HasPrefix(string(got), "one\n2\n") {
		t.Errorf("the kernel is %q, %v", got, err)
	}
	if k.Series != "my-tree-gcc12-extra-fix" || k.Package != src || !strings.HasPrefix(k.Version, "7.3.4 ") {
		t.Errorf("it is called %+v", k)
	}
	if text, _ := os.ReadFile(filepath.Join(b.tree(), ".config")); !strings.Contains(string(text), "CONFIG_EXTRA=y") {
		t.Errorf("its configuration is %q", text)
	}
	if script, _ := os.ReadFile(filepath.Join(b.source.tree.dir, linkerScripts[0])); !strings.Contains(string(script),
		"__start_sframe") {
		t.Errorf("its linker script has no place for the tables: %q", script)
	}
	if diff := cmp.Diff([]string{"config", "first", "second_began", "second"}, trace(t, b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, info := range stats(t, src) {
		if old, ok := before[name]; !ok || !os.SameFile(old, info) || !old.ModTime().Equal(info.ModTime()) {
			t.Errorf("%s of the source was written", name)
		}
	}
	if again := build(); again.Built.Key != k.Built.Key || len(trace(t, b)) > 0 {
		t.Error("the same was built again")
	}
	writeTree(t, src, map[string]string{"second.S": "22\n"})
	k = build()
	if got, _ := os.ReadFile(k.Image); !strings.HasPrefix(string(got), "one\n22\n") {
		t.Errorf("after a change the kernel is %q", got)
	}
	if diff := cmp.Diff([]string{"second_began", "second"}, trace(t, b)); diff != "" {
		t.Errorf("after a change (-want +got):\n%s", diff)
	}
	writeTree(t, src, map[string]string{"first.c": "other\n"})
	if _, err := b.build(t.Context()); !errors.Is(err, ErrPatch) ||
		!strings.Contains(err.Error(), "fix.patch: the patch doesn't apply: first.c: hunk 1") {
		t.Errorf("a patch that doesn't fit any more: %v", err)
	}
}
