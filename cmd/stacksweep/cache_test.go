// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/kernels"
	"stacksweep/internal/testkit"
)

// copiedCache makes a cache that holds one kernel, and returns its folder.
func copiedCache(t *testing.T, k kernels.Entry) string {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, err := kernels.Dir()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kernels.Install(kernels.Entry{Series: k.Series, Release: k.Release, Package: k.Package,
		Version: k.Version, Built: &kernels.Built{Compiler: "gcc", Key: "1"}},
		kernels.Files{Vmlinux: k.Image, Config: k.Config}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// runHereWith runs the program in this process.
func runHereWith(args ...string) (stdout, stderr string, status int) {
	var out, errs bytes.Buffer
	status = run(context.Background(), args, strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), status
}

// Whatever becomes of a file of the cache, a sweep says the same as before, or in a line what is wrong and what helps.
func TestDamagedCache(t *testing.T) {
	k := testkit.Kernels(t)[0]
	dir := copiedCache(t, k)
	args := []string{"sweep", "-format", "jsonl", "-walker", "v6.17", "-mode", "sync",
		"kernel/" + k.Series + "/kretprobe"}
	good, stderr, status := runHereWith(args...)
	if status != exitOK {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	damages := map[string]func([]byte) []byte{
		"a bit":   func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
		"the end": func(b []byte) []byte { return b[:len(b)/2] },
		"all":     func([]byte) []byte { return nil },
		"more":    func(b []byte) []byte { return append(b, 0) },
	}
	seen, refused := 0, 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		seen++
		was, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for name, damage := range damages {
			if err := os.WriteFile(path, damage(bytes.Clone(was)), 0o644); err != nil {
				return err
			}
			got, stderr, status := runHereWith(args...)
			switch {
			case status == exitOK:
				if diff := cmp.Diff(good, got); diff != "" {
					t.Errorf("%s, %s: believed: %s", path, name, diff)
				}
			case got != "" || !strings.HasPrefix(stderr, "stacksweep: ") || strings.Count(stderr, "\n") > 2:
				t.Errorf("%s, %s: exit status %d, %q, stdout %.100q", path, name, status, stderr, got)
			default:
				refused++
			}
			if strings.Contains(path, "vmlinu") && name == "a bit" &&
				(status != exitUsage || !strings.Contains(stderr, "has changed since it was put into the cache") ||
					!strings.Contains(stderr, "\nhint: ")) {
				t.Errorf("%s, %s: exit status %d, %q", path, name, status, stderr)
			}
		}
		return os.WriteFile(path, was, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, stderr, status := runHereWith(args...); status != exitOK || got != good {
		t.Errorf("put right again: exit status %d, %s", status, stderr)
	}
	if seen < 2 || refused < len(damages) {
		t.Errorf("%d files, %d refused", seen, refused)
	}
}

// What the clock says, and said when the cache was filled, makes no difference.
func TestClock(t *testing.T) {
	k := testkit.Kernels(t)[0]
	dir := copiedCache(t, k)
	args := []string{"sweep", "-format", "jsonl", "-walker", "v6.17", "-mode", "sync",
		"kernel/" + k.Series + "/kretprobe"}
	good, stderr, status := runHereWith(args...)
	if status != exitOK {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	for _, at := range []time.Time{time.Unix(0, 0), time.Now().AddDate(20, 0, 0)} {
		if err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Chtimes(path, at, at)
		}); err != nil {
			t.Fatal(err)
		}
		if got, stderr, status := runHereWith(args...); status != exitOK || got != good {
			t.Errorf("%v: exit status %d, %s", at, status, stderr)
		}
	}
}
