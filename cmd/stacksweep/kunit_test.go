// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/testkit"
)

// fromKernelSource finds a file of a kernel, in one of the sources in the cache.
func fromKernelSource(t *testing.T, name string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	found, err := filepath.Glob(filepath.Join(cache, "stacksweep", "kernel-build", "source", "*", "tree", name))
	if err != nil || len(found) == 0 {
		t.Skip("no kernel source is in the cache ('stacksweep kernel build' unpacks it)")
	}
	return found[0]
}

// TestKunit hands KTAP to the kernel's own parser, tools/testing/kunit/kunit.py, and compares what it counts, and
// writes for KernelCI, with what the report says itself: known failures pass, unexpected ones and calls that can't be
// swept fail.
func TestKunit(t *testing.T) {
	parser := fromKernelSource(t, "tools/testing/kunit/kunit.py")
	testkit.Tool(t, "python3")
	object := filepath.Join(t.TempDir(), "calls.o")
	gcc := exec.Command(testkit.Tool(t, "aarch64-linux-gnu-gcc"), "-O2", "-fomit-frame-pointer",
		"-fno-optimize-sibling-calls", "-c", "-x", "c", "-o", object, "-")
	gcc.Stdin = strings.NewReader(`
		__attribute__((noinline)) int inner(int a, int *p) { *p = a; return a * 3; }
		__attribute__((noinline)) int middle(int a) { int x; int r = inner(a, &x); return r + x; }
		int outer(int a) { return middle(a) + middle(a + 1); }
		int null(void) { return *(volatile int *)0; }`)
	if text, err := gcc.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for name, args := range map[string][]string{
		"known": {"-walker", "v6.17,sframe", "fgraph/resched:mainline", "stale/register"},
		"failing": {"-image", object, "-call", "inner(1,buf:8)", "-call", "null()", "-call", "outer(1)", "-walker",
			"cfi,dwarf"},
	} {
		t.Run(name, func(t *testing.T) {
			var ktap bytes.Buffer
			run(context.Background(), append([]string{"sweep", "-format", "ktap"}, args...), strings.NewReader(""),
				&ktap, io.Discard)
			file := filepath.Join(t.TempDir(), "report.json")
			parse := exec.Command("python3", "-B", parser, "parse", "--json="+file)
			parse.Stdin = bytes.NewReader(ktap.Bytes())
			text, err := parse.CombinedOutput()
			ours := totals(t, ktap.String(),
				`# Totals: pass:(\d+) fail:(\d+) xfail:(\d+) xpass:(\d+) skip:(\d+) error:(\d+)`)
			fails := ours[1] + ours[3] + ours[5]
			if failed := err != nil; failed != (fails > 0) || failed != (name == "failing") {
				t.Errorf("kunit.py: %v\n%s", err, text)
			}
			if strings.Contains(string(text), "ERROR") {
				t.Errorf("kunit.py complains:\n%s", text)
			}
			want := map[string]int{"PASS": ours[0] + ours[2], "FAIL": fails, "SKIP": ours[4]}
			if diff := cmp.Diff(want, kernelCI(t, file)); diff != "" {
				t.Errorf("tests by status, -in the report +for KernelCI:\n%s\n%s", diff, &ktap)
			}
		})
	}
}

// totals finds numbers in a text.
func totals(t *testing.T, text, pattern string) (all []int) {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in\n%s", pattern, text)
	}
	for _, number := range m[1:] {
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// kernelCI counts the tests in a report for KernelCI by their status.
func kernelCI(t *testing.T, file string) map[string]int {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	type group struct {
		Groups []json.RawMessage `json:"sub_groups"`
		Cases  []struct {
			Name, Status string
		} `json:"test_cases"`
	}
	counts := map[string]int{"PASS": 0, "FAIL": 0, "SKIP": 0}
	var count func(data []byte)
	count = func(data []byte) {
		var g group
		if err := json.Unmarshal(data, &g); err != nil {
			t.Fatal(err)
		}
		for _, c := range g.Cases {
			counts[c.Status]++
		}
		for _, sub := range g.Groups {
			count(sub)
		}
	}
	count(data)
	return counts
}
