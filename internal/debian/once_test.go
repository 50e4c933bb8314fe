// SPDX-License-Identifier: GPL-2.0-only

package debian

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// What is complete is not filled again, and asks neither apt nor the network; what an attempt has left that failed is
// not complete.
func TestOnce(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("PATH", "") // no apt-get
	fill := func(*Source, string) error { t.Error("filled without packages"); return nil }
	if _, err := Once(context.Background(), "tools", "arm64", []string{"sid"}, fill); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("without apt: %v, want ErrUnavailable", err)
	}
	top := filepath.Join(cache, "stacksweep", "tools")
	if _, err := os.Stat(filepath.Join(top, "complete")); err == nil {
		t.Fatal("what could not be filled is complete")
	}
	if err := os.WriteFile(filepath.Join(top, "tool"), []byte("a tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeSeal(top); err != nil {
		t.Fatal(err)
	}
	if got, err := Once(context.Background(), "tools", "arm64", []string{"sid"}, fill); err != nil || got != top {
		t.Errorf("%q, %v, want %q", got, err, top)
	}
	if err := os.WriteFile(filepath.Join(top, "tool"), []byte("a fool"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Once(context.Background(), "tools", "arm64", []string{"sid"}, fill); !errors.Is(err, ErrUnavailable) {
		t.Errorf("changed: %v, want ErrUnavailable", err)
	}
}

// Whatever becomes of a file of a folder, its seal tells; and only of what the folder holds.
func TestSeal(t *testing.T) {
	top := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(target, name string) {
		t.Helper()
		if err := errors.Join(os.RemoveAll(filepath.Join(top, name)),
			os.Symlink(target, filepath.Join(top, name))); err != nil {
			t.Fatal(err)
		}
	}
	fill := func() {
		t.Helper()
		if err := empty(top); err != nil {
			t.Fatal(err)
		}
		write("bin/ld", "#!/bin/sh")
		write("root/usr/lib/libbfd.so.2", "library")
		write("apt/lists/x", "packages")
		link("libbfd.so.2", "root/usr/lib/libbfd.so")
		if err := writeSeal(top); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		change func()
		broken bool
	}{
		"nothing":        {func() {}, false},
		"a byte":         {func() { write("bin/ld", "#!/bin/sx") }, true},
		"the end":        {func() { write("bin/ld", "#!/bin") }, true},
		"all of it":      {func() { write("bin/ld", "") }, true},
		"gone":           {func() { _ = os.Remove(filepath.Join(top, "bin/ld")) }, true},
		"more":           {func() { write("bin/as", "") }, true},
		"another link":   {func() { link("libc.so.6", "root/usr/lib/libbfd.so") }, true},
		"a link is gone": {func() { _ = os.Remove(filepath.Join(top, "root/usr/lib/libbfd.so")) }, true},
		"a file now": {func() {
			_ = os.Remove(filepath.Join(top, "root/usr/lib/libbfd.so"))
			write("root/usr/lib/libbfd.so", "")
		}, true},
		"a link now":      {func() { link("/bin/true", "bin/ld") }, true},
		"the same again":  {func() { write("bin/ld", "#!/bin/sh") }, false},
		"apt's own state": {func() { write("apt/lists/x", "other packages") }, false},
		"no seal":         {func() { _ = os.Remove(filepath.Join(top, sealName)) }, true},
		"an empty seal":   {func() { write(sealName, "") }, true},
		"half a seal":     {func() { write(sealName, `{"files":{"bin/ld":`) }, true},
		"another seal":    {func() { write(sealName, `{"kernels":{}}`) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			fill()
			tt.change()
			if err := checkSeal(top); (err != nil) != tt.broken {
				t.Errorf("got %v, broken is %v", err, tt.broken)
			}
			if err := checkSeal(top); (err != nil) != tt.broken {
				t.Errorf("looked at again: got %v, broken is %v", err, tt.broken)
			}
		})
	}
}
