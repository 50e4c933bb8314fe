// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stacksweep/internal/testkit"
)

// TestDiffOfLinkers compares the tables of the same objects, one linked by GNU ld and one by mold: they place functions
// elsewhere and mean the same. With another object in place of one they don't.
func TestDiffOfLinkers(t *testing.T) {
	testkit.Tool(t, "aarch64-linux-gnu-gcc")
	binutils, mold := testkit.Binutils(t, "sid"), testkit.Mold(t, "sid")
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	for name, source := range map[string]string{
		"one": "int g(int a) { return a + 1; } int k(int a) { return g(a) * g(3); }",
		"two": "int g(int); int f(int a) { return g(a) * 2; } int h(int a) { volatile char b[100]; b[0] = a; return " +
			"f(b[0]) + g(a); }",
		"other": "int g(int); int f(int a) { return g(a) * 2; } int h(int a) { volatile char b[200]; b[0] " +
			"= a; return " +
			"f(b[0]) + g(a); }",
	} {
		if err := os.WriteFile(file(name+".c"), []byte(source), 0o666); err != nil {
			t.Fatal(err)
		}
		mustRun(t, "aarch64-linux-gnu-gcc", "-B"+binutils, "-Wa,--gsframe-3", "-O1", "-fPIC", "-ffunction-sections",
			"-c", "-o", file(name+".o"), file(name+".c"))
	}
	mustRun(t, filepath.Join(binutils, "aarch64-linux-gnu-ld"), "-shared", "-o", file("gnu.so"), file("one.o"),
		file("two.o"))
	mustRun(t, filepath.Join(binutils, "aarch64-linux-gnu-ld"), "-e", "k", "-o", file("linked"), file("one.o"),
		file("two.o"))
	mustRun(t, mold, "-shared", "-o", file("mold.so"), file("one.o"), file("two.o"))
	mustRun(t, mold, "-shared", "-o", file("changed.so"), file("one.o"), file("other.o"))

	mustRun(t, filepath.Join(binutils, "aarch64-linux-gnu-strip"), "-o", file("stripped"), file("linked"))

	diff := func(a, b string) (string, int) {
		var out bytes.Buffer
		status := run(context.Background(), []string{"sframe", "diff", file(a), file(b)}, strings.NewReader(""), &out,
			io.Discard)
		return out.String(), status
	}
	for _, pair := range [][2]string{{"gnu.so", "mold.so"}, {"linked", "stripped"}, {"stripped", "linked"}} {
		if out, status := diff(pair[0], pair[1]); status != exitOK || strings.HasPrefix(out, "0") ||
			!strings.HasSuffix(out,
				" instructions alike, 0 different, 0 described by the first table only, 0 by the second only\n") {
			t.Errorf("%v: status %d: %s", pair, status, out)
		}
	}
	if out, status := diff("gnu.so", "changed.so"); status != exitUnexpected || !strings.Contains(out, "\nh+0x4..") &&
		!strings.HasPrefix(out, "h+0x4..") {
		t.Errorf("status %d: %s", status, out)
	}
}

// mustRun runs a program that must succeed.
func mustRun(t *testing.T, name string, args ...string) {
	t.Helper()
	if text, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, text)
	}
}
