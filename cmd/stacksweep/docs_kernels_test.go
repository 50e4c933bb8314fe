// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stacksweep/internal/kernels"
	"stacksweep/internal/testkit"
)

// TestDocumentedComparisons runs what docs/reports.md compares, kernels and compilers that not every machine has: each
// line that it shows must come out, in this order, but for blanks and for what "..." stands for.
func TestDocumentedComparisons(t *testing.T) {
	if testing.Short() {
		t.Skip("sweeps kernels")
	}
	text, err := os.ReadFile("../../docs/reports.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok1 := strings.Cut(string(text), "\n### Two kernels, two fixes, two compilers\n")
	section, _, ok2 := strings.Cut(section, "\n## ")
	blocks := strings.Split(section, "\n```")
	if !ok1 || !ok2 || len(blocks) != 7 {
		t.Fatalf("the section has %d blocks, want 3", len(blocks)/2)
	}
	bin, dir := t.TempDir(), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Abs("../../unwind")
	if err != nil {
		t.Fatal(err)
	}
	for to, name := range map[string]string{filepath.Join(bin, "stacksweep"): self,
		filepath.Join(dir, "unwind"): sources} {
		if err := os.Symlink(name, to); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(runHere, "1")
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	for i, name := range []string{"kernels", "fixes", "compilers"} {
		t.Run(name, func(t *testing.T) {
			switch name {
			case "kernels":
				needKernel(t, "6.12", "6.12.117+")
				needKernel(t, "7.3", "7.3.4+")
			case "fixes":
				for _, variant := range []string{"", "-record", "-slot"} {
					needKernel(t, "7.3-sframe-gcc12"+variant, "7.3.4-")
				}
			case "compilers":
				gcc := testkit.Tool(t, "aarch64-linux-gnu-gcc")
				version, err := exec.CommandContext(t.Context(), gcc, "-dumpfullversion").Output()
				if err != nil || !strings.HasPrefix(string(version), "12.2") {
					t.Skipf("SKIP: the compiler here is %s, not 12.2", version)
				}
			}
			for part := range strings.SplitSeq(blocks[2*i+1], "\n$ ") {
				if part = strings.TrimSpace(part); part != "" {
					command, output, _ := strings.Cut(part, "\n")
					checkShown(t, dir, command, output)
				}
			}
		})
	}
}

// needKernel skips a test if a kernel isn't in the cache, or is of another release than the document has.
func needKernel(t *testing.T, series, release string) {
	t.Helper()
	if k, err := kernels.Info(series); err != nil || !strings.HasPrefix(k.Release, release) {
		t.Skipf("SKIP: no kernel is in the cache as %s that is %s: %s %v", series, release, k.Release, err)
	}
}

// checkShown runs a command, and looks for the lines that a document shows of what it prints.
func checkShown(t *testing.T, dir, command, shown string) {
	t.Helper()
	words := func(text string) (lines []string) {
		for line := range strings.Lines(text) {
			line = strings.Join(strings.Fields(line), " ")
			if line != "" && !strings.HasPrefix(line, "stacksweep: ") { // why the exit status is 1
				lines = append(lines, line)
			}
		}
		return lines
	}
	c := exec.CommandContext(t.Context(), "sh", "-c", command)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if _, isExit := err.(*exec.ExitError); err != nil && !isExit {
		t.Fatal(err)
	}
	got, want := words(string(out)), words(shown)
	if !slices.Contains(want, "...") && len(got) != len(want) {
		t.Errorf("%s: %d lines, the document shows %d:\n%s", command, len(got), len(want), out)
	}
	for _, line := range want {
		if line == "..." {
			continue
		}
		i := slices.Index(got, line)
		if i < 0 {
			t.Fatalf("%s: there is no line %q, or not there, in\n%s", command, line, out)
		}
		got = got[i+1:]
	}
}
