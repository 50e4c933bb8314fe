// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"stacksweep/internal/testkit"
)

// poisoned makes an object in which every name of a file that a tool might follow has "poison" in it, and is there: the
// source, the folder it was compiled in, and a file with its debug information.
func poisoned(t *testing.T) (object string) {
	t.Helper()
	testkit.Tools(t, "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-objcopy", "strace")
	dir := filepath.Join(t.TempDir(), "poison")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	source := "__attribute__((noinline)) int inner(int x) { return x * 3; }\nint outer(int x) { return " +
		"inner(x) + 1; }\n"
	if err := os.WriteFile(filepath.Join(dir, "poison.c"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"aarch64-linux-gnu-gcc", "-g", "-O1", "-c", "poison.c", "-o", "poison.o"},
		{"aarch64-linux-gnu-objcopy", "--only-keep-debug", "poison.o", "poison.debug"},
		{"aarch64-linux-gnu-objcopy", "--add-gnu-debuglink=poison.debug", "poison.o"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return filepath.Join(dir, "poison.o")
}

// writes finds the calls that change files, with the name; opens for writing among them.
var writes = regexp.MustCompile(
	` (?:openat\(AT_FDCWD, "([^"]*)", [A-Z_|]*O_(?:WRONLY|RDWR|CREAT)|` +
		`(?:unlink|unlinkat|rename|renameat|renameat2|mkdir|mkdirat|link|linkat|symlink|symlinkat|` +
		`truncate|chmod|fchmodat)\((?:AT_FDCWD, )?"([^"]*)")`)

// Of all that the system is asked for, nothing is a file that the input names, nothing is written but the output and
// temporary files, and no network is used.
func TestNoPathOfInputIsFollowed(t *testing.T) {
	data, err := os.ReadFile(poisoned(t))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte("/poison")) || !bytes.Contains(data, []byte("poison.debug")) {
		t.Fatal("the object names no files")
	}
	here, temp := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(here, "input.o"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	for _, args := range [][]string{
		{"sweep", "-image", "input.o", "-call", "outer(2)", "-walker", "fp,cfi,dwarf", "-format", "html=out.html",
			"-format", "text"},
		{"show", "-image", "input.o", "-call", "outer(2)", "image/outer@3"},
		{"check", "-v", "input.o"},
		{"leaf", "input.o"},
		{"sframe", "convert", "-from-cfi", "-o", "out.o", "input.o"},
	} {
		run := program(t, args...)
		cmd := exec.Command("strace",
			append([]string{"-f", "-qq", "-s", "4096", "-o", log, "-e", "trace=%file,%network", run.Path}, args...)...)
		cmd.Dir = here
		cmd.Env = append(run.Env, "TMPDIR="+temp)
		out, err := cmd.CombinedOutput()
		if err != nil && bytes.Contains(out, []byte("ptrace")) {
			t.Skipf("strace can't trace here: %s", out)
		}
		if status := cmd.ProcessState.ExitCode(); status > exitUsage {
			t.Errorf("%v: exit status %d: %s", args, status, out)
		}
		calls, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		opened := false
		for call := range strings.Lines(string(calls)) {
			opened = opened || strings.Contains(call, `"input.o"`)
			if strings.Contains(call, "poison") && !strings.Contains(call, "execve(") {
				t.Errorf("%v: a path of the input is followed: %s", args, call)
			}
			if strings.Contains(call, "AF_INET") || strings.Contains(call, "bind(") {
				t.Errorf("%v: the network: %s", args, call)
			}
			m := writes.FindStringSubmatch(call)
			if m == nil {
				continue
			}
			name := m[1] + m[2]
			if !strings.HasPrefix(name, temp+"/") && !strings.HasPrefix(filepath.Base(name), "out.") &&
				!strings.HasPrefix(filepath.Base(name), ".out.") && name != "/dev/null" {
				t.Errorf("%v: %s", args, call)
			}
		}
		if !opened {
			t.Errorf("%v: the log lacks the input:\n%.500s", args, calls)
		}
	}
}

// Every sentence of docs/security.md that claims something names a test that there is.
func TestSecurityDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	sources, err := exec.Command("git", "-C", "../..", "grep", "--untracked", "-hoE", "^func (Test|Fuzz)[A-Za-z0-9_]+",
		"--", "*_test.go").Output()
	if err != nil {
		t.Skipf("git is not at hand, or this is no work tree: %v", err)
	}
	there := map[string]bool{}
	for line := range strings.Lines(string(sources)) {
		there[strings.TrimSpace(strings.TrimPrefix(line, "func "))] = true
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| claim") {
			continue
		}
		rows++
		names := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`").FindAllStringSubmatch(line, -1)
		if len(names) == 0 {
			t.Errorf("no test: %s", line)
		}
		for _, n := range names {
			if !there[n[1]] {
				t.Errorf("there is no %s: %s", n[1], line)
			}
		}
	}
	if rows < 10 {
		t.Errorf("%d claims", rows)
	}
}
