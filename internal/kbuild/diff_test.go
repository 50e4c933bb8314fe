// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The patch of each variant applies to the source that it was made of, and gives what is built.
func TestDiff(t *testing.T) {
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	source, ok := cachedSource(dir)
	if !ok {
		t.Skip("no kernel source is in the cache: 'stacksweep kernel build' fetches it")
	}
	for _, tool := range []string{"diff", "patch", "git"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("no " + tool)
		}
	}
	for _, v := range Variants() {
		if len(v.Edits) == 0 {
			if _, err := Diff(t.Context(), Request{Variant: v}); !errors.Is(err, ErrNoEdits) {
				t.Errorf("%q: error %v, want %v", v.Name, err, ErrNoEdits)
			}
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			diff, err := Diff(t.Context(), Request{Variant: v})
			if err != nil {
				t.Fatal(err)
			}
			edits, _, err := v.read(nil)
			if err != nil {
				t.Fatal(err)
			}
			wanted, err := Apply(source.tree.pristine(), edits)
			if err != nil {
				t.Fatal(err)
			}
			for _, command := range [][]string{{"patch", "-p1", "--fuzz=0", "-s"}, {"git", "apply", "-"}} {
				work := t.TempDir()
				for name := range wanted {
					text, err := fs.ReadFile(source.tree.pristine(), name)
					if err != nil {
						t.Fatal(err)
					}
					if err := os.MkdirAll(filepath.Join(work, filepath.Dir(name)), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(work, name), text, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
				cmd.Dir, cmd.Stdin = work, bytes.NewReader(diff)
				cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(work))
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
				}
				for name, want := range wanted {
					if got, err := os.ReadFile(filepath.Join(work, name)); err != nil || !bytes.Equal(got, want) {
						t.Errorf("%s leaves another %s than is built (%v)", command[0], name, err)
					}
				}
			}
		})
	}
}
