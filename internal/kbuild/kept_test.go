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
)

// What builds leave is listed, and gone once it is removed; nothing else is.
func TestLeftovers(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	quiet := func(string, ...any) {}
	if left, err := Leftovers(); err != nil || len(left) > 0 {
		t.Errorf("before the first build: %v, %v", left, err)
	}
	writeTree(t, dir, map[string]string{
		"source/linux-source-7.3/tree/f": "x", "copies/linux-12345678/of": "/home/me/linux\n",
		"build/gcc12/vmlinux": "x", "build/gcc12-bin/as": "x",
		"build/gcc12.log": "x", "build/gcc12.lines": "1", "build/x-bin/vmlinux": "x", "build/lines": "1",
		"apt/lists": "x",
	})
	names := func() (names []string) {
		t.Helper()
		left, err := Leftovers()
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range left {
			names = append(names, k.Name+": "+k.What)
			if k.Size == 0 {
				t.Errorf("%s takes no room", k.Name)
			}
		}
		return names
	}
	all := []string{"source/linux-source-7.3: Debian's source", "copies/linux-12345678: copy of /home/me/linux",
		"build/gcc12: build tree", "build/x-bin: build tree", "apt: package lists"}
	if diff := cmp.Diff(all, names()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := Remove("build/gcc12", quiet); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{all[0], all[1], all[3], all[4]}, names()); diff != "" {
		t.Errorf("without a build tree (-want +got):\n%s", diff)
	}
	for _, path := range []string{"build/gcc12-bin", "build/gcc12.log", "build/gcc12.lines"} {
		if _, err := os.Stat(filepath.Join(dir, path)); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
	if err := Remove("build/gcc12", quiet); !errors.Is(err, ErrNothingLeft) {
		t.Errorf("removed again: %v", err)
	}
	if err := Remove("all", quiet); err != nil {
		t.Fatal(err)
	}
	if got := names(); len(got) > 0 {
		t.Errorf("after all was removed: %v", got)
	}
}

// Files are counted, however what make says is cut into pieces, and warnings are not.
func TestFileCounter(t *testing.T) {
	said := "  CC      kernel/fork.o\n/tmp/cc.s: Assembler messages:\n/tmp/cc.s: Warning: no\n   12 | int i;\n" +
		"  ^~~\n  AS      a.o\nmake[1]: done\n  LD      vmlinux\n"
	for size := 1; size <= len(said); size++ {
		var out strings.Builder
		c := &fileCounter{to: &out}
		for rest := said; rest != ""; {
			n, err := c.Write([]byte(rest[:min(size, len(rest))]))
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if got := c.n.Load(); got != 3 || out.String() != said {
			t.Fatalf("in pieces of %d: %d files, and what was said is\n%s", size, got, out.String())
		}
	}
}

// What is left of a build is said by what was done so far.
func TestRemaining(t *testing.T) {
	for _, tt := range []struct {
		n, total int
		took     time.Duration
		want     string
	}{
		{0, 1000, time.Minute, "0 files"},
		{100, 1000, time.Minute, "100 of about 1000 files, 9m0s left"},
		{999, 1000, 10 * time.Minute, "999 of about 1000 files, 0s left"},
		{1200, 1000, 10 * time.Minute, "1200 files"},
		{5, 0, time.Second, "5 files"},
	} {
		if got := remaining(tt.n, tt.total, tt.took); got != tt.want {
			t.Errorf("%d of %d after %v: %q, want %q", tt.n, tt.total, tt.took, got, tt.want)
		}
	}
	if err := room(t.TempDir(), 1e18); err == nil {
		t.Error("there is room for everything")
	}
	if err := room(filepath.Join(t.TempDir(), "not/there"), 1); err != nil {
		t.Error(err)
	}
}
