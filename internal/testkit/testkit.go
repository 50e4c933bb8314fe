// SPDX-License-Identifier: GPL-2.0-only

// Package testkit is what tests of several packages share. What a machine may lack, such as a cross compiler or a
// kernel in the cache, is looked for here: a test without it is skipped for the same reason everywhere, so that 'make
// test' can count reasons.
package testkit

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"stacksweep/internal/debian"
	"stacksweep/internal/kernels"
	"stacksweep/internal/toolchain"
)

// Words is memory of 64-bit words by address. It implements unwind.Memory.
type Words map[uint64]uint64

// Word returns the word at an address.
func (w Words) Word(addr uint64) (uint64, bool) {
	v, ok := w[addr]
	return v, ok
}

// Tool returns the path of a program, or skips the test.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed ('make test-deps' installs it)", name)
	}
	return path
}

// Tools skips the test unless all these programs are installed.
func Tools(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		Tool(t, name)
	}
}

// Cached returns the path of a file in the project's part of the user's cache, or skips the test; command is what gets
// it.
func Cached(t testing.TB, command string, path ...string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	file := filepath.Join(append([]string{cache, "stacksweep"}, path...)...)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("%s is not in the cache ('%s' gets it)", filepath.Base(file), command)
	}
	return file
}

// Binutils returns a folder with the GNU assembler, linker and readelf for arm64 of a Debian suite ("sid" emits SFrame
// V3, "trixie" V2), which it fetches if they aren't in the cache, or skips the test.
func Binutils(t testing.TB, suite string) string {
	t.Helper()
	return fetched(t, "binutils", suite, toolchain.Binutils)
}

// Mold returns the path of the linker mold of a Debian suite, which it fetches if it isn't in the cache, or skips the
// test.
func Mold(t testing.TB, suite string) string {
	t.Helper()
	return fetched(t, "mold", suite, toolchain.Mold)
}

func fetched(t testing.TB, what, suite string, fetch func(ctx context.Context, suite string) (string, error)) string {
	t.Helper()
	path, err := fetch(t.Context(), suite)
	if errors.Is(err, debian.ErrUnavailable) {
		t.Skipf("no %s of Debian %s: %v", what, suite, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Libc returns the path of an arm64 C library, or skips the test.
func Libc(t testing.TB) string {
	t.Helper()
	return Cached(t, "go run ./tools/libc", "libc-arm64", "root", "lib", "aarch64-linux-gnu", "libc.so.6")
}

// Kernels returns Debian's kernels in the cache, by version, or skips the test.
func Kernels(t testing.TB) []kernels.Entry {
	t.Helper()
	cached, err := kernels.Fetched()
	if err != nil {
		t.Fatal(err)
	}
	if len(cached) == 0 {
		t.Skip("no kernel is in the cache ('stacksweep kernel fetch' gets some)")
	}
	return cached
}

// BuiltKernels returns the kernels in the cache that were built here, or skips the test.
func BuiltKernels(t testing.TB) []kernels.Entry {
	t.Helper()
	cached, err := kernels.BuiltHere()
	if err != nil {
		t.Fatal(err)
	}
	if len(cached) == 0 {
		t.Skip("no kernel that was built here is in the cache ('stacksweep kernel build -all' builds some)")
	}
	return cached
}
