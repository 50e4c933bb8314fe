// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeTree writes files into a folder.
func writeTree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// readTree reads all files of a folder.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for path := range stats(t, dir) {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // a link to nothing
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		rel, _ := filepath.Rel(dir, path)
		files[rel] = string(text)
	}
	return files
}

// A tree goes from any state to any other, and a file whose contents are right is not touched.
func TestTree(t *testing.T) {
	dir := t.TempDir()
	tr := &tree{dir: filepath.Join(dir, "tree"), original: filepath.Join(dir, "original")}
	plain := map[string]string{"a/f": "1\n", "g": "x\n", "h": "never changed\n"}
	writeTree(t, tr.dir, plain)
	if err := os.Chmod(filepath.Join(tr.dir, "g"), 0o755); err != nil {
		t.Fatal(err)
	}
	states := []struct {
		changes map[string]content
		want    map[string]string
	}{
		{nil, plain},
		{map[string]content{"a/f": {text: []byte("2\n")}},
			map[string]string{"a/f": "2\n", "g": "x\n", "h": "never changed\n"}},
		{map[string]content{"g": {text: []byte("y\n")}, "new/n": {text: []byte("n\n"), mode: 0o755}},
			map[string]string{"a/f": "1\n", "g": "y\n", "h": "never changed\n", "new/n": "n\n"}},
		{map[string]content{"a/f": {gone: true}, "new/n": {text: []byte("m\n")}},
			map[string]string{"g": "x\n", "h": "never changed\n", "new/n": "m\n"}},
		{map[string]content{"g": {gone: true}, "new/n": {gone: true}},
			map[string]string{"a/f": "1\n", "h": "never changed\n"}},
	}
	for from := range states {
		for to := range states {
			for _, i := range []int{from, to} {
				if err := tr.set(states[i].changes); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(states[to].want, readTree(t, tr.dir)); diff != "" {
				t.Fatalf("from %d to %d (-want +got):\n%s", from, to, diff)
			}
			before := stats(t, tr.dir)
			if err := tr.set(states[to].changes); err != nil {
				t.Fatal(err)
			}
			for name, info := range stats(t, tr.dir) {
				if !os.SameFile(before[name], info) {
					t.Errorf("%s was written though it was right", name)
				}
			}
			for name, want := range plain { // whatever the state, the source as it was can be read
				if got, err := fs.ReadFile(tr.pristine(), name); err != nil || string(got) != want {
					t.Errorf("in state %d the original %s is %q, %v", to, name, got, err)
				}
			}
			if _, err := fs.ReadFile(tr.pristine(), "new/n"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("in state %d the original has a file of a patch: %v", to, err)
			}
		}
	}
	if err := tr.set(states[2].changes); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{"g": 0o755, "new/n": 0o755, "h": 0o644} {
		if info, err := os.Stat(filepath.Join(tr.dir, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, %v, want %v", name, info.Mode(), err, mode)
		}
	}
}

func stats(t *testing.T, dir string) map[string]os.FileInfo {
	t.Helper()
	all := map[string]os.FileInfo{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		all[path] = info
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The copy of a folder follows it, whatever patches have changed in the copy, and the folder is not written to.
func TestLocalSource(t *testing.T) {
	src, home := t.TempDir(), t.TempDir()
	writeTree(t, src, map[string]string{
		"Makefile": "VERSION = 7\nPATCHLEVEL = 1\nSUBLEVEL = 0\nEXTRAVERSION = -rc2\n", "arch/arm64/Makefile": "\n",
		"f": "1\n", "g": "g\n",
	})
	if err := os.Symlink("f", filepath.Join(src, "link")); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	say := func(format string, args ...any) { said.WriteString(format) }
	follow := func() source {
		t.Helper()
		s, err := localSource(t.Context(), src, home, say)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := follow()
	if first.Series != "7.1" || !strings.HasPrefix(first.Version, "7.1.0-rc2 ") || !first.local {
		t.Errorf("it is %+v", first)
	}
	copied := func(want map[string]string) {
		t.Helper()
		got := readTree(t, first.tree.dir)
		for name, text := range want {
			if got[name] != text {
				t.Errorf("%s is %q, want %q", name, got[name], text)
			}
			if _, ok := got[name]; ok && text == "" {
				t.Errorf("%s is still there", name)
			}
		}
	}
	copied(map[string]string{"f": "1\n", "g": "g\n", "link": "1\n"})
	before := stats(t, first.tree.dir)
	if again := follow(); again.content != first.content {
		t.Error("the same source has another sum")
	}
	for name, info := range stats(t, first.tree.dir) {
		if !os.SameFile(before[name], info) {
			t.Errorf("%s was copied again", name)
		}
	}
	// A patch changes f and adds new; meanwhile the source changes f, adds new, and deletes g.
	if err := first.tree.set(map[string]content{"f": {text: []byte("patched\n")},
		"new": {text: []byte("patched\n")}}); err != nil {
		t.Fatal(err)
	}
	writeTree(t, src, map[string]string{"f": "2\n", "new": "2\n"})
	if err := os.Remove(filepath.Join(src, "g")); err != nil {
		t.Fatal(err)
	}
	second := follow()
	if second.content == first.content {
		t.Error("another source has the same sum")
	}
	copied(map[string]string{"f": "patched\n", "new": "patched\n", "g": ""})
	if err := second.tree.set(nil); err != nil {
		t.Fatal(err)
	}
	copied(map[string]string{"f": "2\n", "new": "2\n"})
	// A file of the source that a patch changes is deleted, and comes back.
	if err := second.tree.set(map[string]content{"f": {text: []byte("patched\n")}}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(src, "f")); err != nil {
		t.Fatal(err)
	}
	follow()
	if err := second.tree.set(nil); err != nil {
		t.Fatal(err)
	}
	copied(map[string]string{"f": ""})
	writeTree(t, src, map[string]string{"f": "3\n"})
	follow()
	if err := second.tree.set(nil); err != nil {
		t.Fatal(err)
	}
	copied(map[string]string{"f": "3\n"})
	if _, err := os.Stat(filepath.Join(src, "link.new")); err == nil {
		t.Error("something was written to the source")
	}
}

// A git work tree may have been built in: only what git knows, or would add, is copied.
func TestLocalSourceGit(t *testing.T) {
	src, home := t.TempDir(), t.TempDir()
	writeTree(t, src, map[string]string{
		"Makefile": "VERSION = 7\nPATCHLEVEL = 1\n", "arch/arm64/Makefile": "\n", ".gitignore": "*.o\n.config\n",
		".config": "x", "a.o": "x", "a.c": "x", "added.c": "x",
	})
	for _, args := range [][]string{{"init", "-q"}, {"add", "a.c", "Makefile", "arch", ".gitignore"}} {
		if out, err := git(t.Context(), src, nil, args...); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	index, err := os.ReadFile(filepath.Join(src, ".git/index"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := localSource(t.Context(), src, home, func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range readTree(t, s.tree.dir) {
		names = append(names, name)
	}
	sortStrings := cmp.Transformer("set", func(s []string) map[string]bool {
		m := map[string]bool{}
		for _, v := range s {
			m[v] = true
		}
		return m
	})
	if diff := cmp.Diff([]string{"Makefile", "arch/arm64/Makefile", ".gitignore", "a.c", "added.c"}, names,
		sortStrings); diff != "" {
		t.Errorf("copied (-want +got):\n%s", diff)
	}
	if after, err := os.ReadFile(filepath.Join(src, ".git/index")); err != nil || string(after) != string(index) {
		t.Errorf("git's index was written, %v", err)
	}
}

// A folder that is not a source to build is refused.
func TestLocalSourceErrors(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"empty", nil, "no Makefile"},
		{"something else", map[string]string{"Makefile": "all:\n"}, "no arch/arm64/Makefile"},
		{"no version", map[string]string{"Makefile": "all:\n", "arch/arm64/Makefile": ""}, "no VERSION"},
		{"built in", map[string]string{"Makefile": "VERSION = 7\nPATCHLEVEL = 1\n", "arch/arm64/Makefile": "",
			".config": ""}, "mrproper"},
	} {
		src := t.TempDir()
		writeTree(t, src, tt.files)
		_, err := localSource(t.Context(), src, t.TempDir(), func(string, ...any) {})
		if !errors.Is(err, ErrSource) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one that says %q", tt.name, err, tt.want)
		}
	}
	if _, err := localSource(t.Context(), "/nowhere", t.TempDir(), func(string, ...any) {}); !errors.Is(err,
		ErrSource) {
		t.Errorf("a folder that isn't there: %v", err)
	}
}
