// SPDX-License-Identifier: GPL-2.0-only

package userfile_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/userfile"
)

// build compiles a source in testdata into a file of its own.
func build(t *testing.T, source string, flags ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	args := slices.Concat([]string{"-O2", "-fno-common", "-o", out}, flags, []string{filepath.Join("testdata", source)})
	if _, err := exec.LookPath("aarch64-linux-gnu-gcc"); err != nil {
		t.Skip("no cross compiler: ", err)
	}
	if text, err := exec.Command("aarch64-linux-gnu-gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc %v: %v\n%s", flags, err, text)
	}
	return out
}

// returns runs a call and gives what it returns.
func returns(t *testing.T, f *userfile.File, call string) uint32 {
	t.Helper()
	s, err := f.Scenario(call)
	if err != nil {
		t.Fatal(err)
	}
	run := runtest.Build(t, s, "", scenarios.Options{})
	m := runtest.Machine(t, run)
	if err := m.Run(run.Until, run.Limit); err != nil {
		t.Fatalf("%s: %v", call, err)
	}
	regs, err := m.Regs()
	if err != nil {
		t.Fatal(err)
	}
	return uint32(regs.X[0])
}

// TestLinkerMade runs code that needs what a linker makes, in every way in which compilers refer to it. What the calls
// return is what the C source says.
func TestLinkerMade(t *testing.T) {
	for name, flags := range map[string][]string{
		"default":  {"-c"},
		"common":   {"-c", "-fcommon"},
		"pic":      {"-c", "-fpic"},
		"PIC":      {"-c", "-fPIC"},
		"trad":     {"-c", "-fPIC", "-mtls-dialect=trad"},
		"no pie":   {"-c", "-fno-pie"},
		"large":    {"-c", "-fno-pie", "-mcmodel=large"},
		"tiny":     {"-c", "-mcmodel=tiny"},
		"tiny pic": {"-c", "-mcmodel=tiny", "-fpic"},
		"O0":       {"-c", "-O0"},
		"shared":   {"-shared", "-nostdlib", "-fPIC", "-ftls-model=initial-exec"},
		"executable": {"-static", "-nostdlib", "-Wl,-e,go", "-Wl,-Ttext-segment=0xffff800090000000", "-mcmodel=large",
			"-fno-pie"},
	} {
		t.Run(name, func(t *testing.T) {
			path := build(t, "linker.c", flags...)
			for call, want := range map[string]uint32{"go(1)": 222, "four(21)": 84, "twice(21)": 42, "through(4)": 8} {
				f, err := userfile.Load(path, userfile.Options{Limit: 10_000})
				if err != nil {
					t.Fatal(err)
				}
				if got := returns(t, f, call); got != want {
					t.Errorf("%s = %d, want %d", call, got, want)
				}
			}
		})
	}
}

// TestTinyModel runs an object of the tiny code model, which reaches 1 MiB, with an undefined symbol and the stack
// protector's word: both are that near.
func TestTinyModel(t *testing.T) {
	path := build(t, "undefined.c", "-c", "-mcmodel=tiny", "-fno-pie", "-fstack-protector-all")
	f, err := userfile.Load(path, userfile.Options{Limit: 1000, Stub: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := returns(t, f, "call_helper(1)"); got != 1 {
		t.Errorf("call_helper(1) = %d, want 1", got)
	}
}

// TestLargeModel finds a thread-local variable by its offset from the global offset table.
func TestLargeModel(t *testing.T) {
	f, err := userfile.Load(build(t, "large.S", "-c"), userfile.Options{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range []string{"descriptor()", "initial()", "global()"} {
		if got := returns(t, f, call); got != 42 {
			t.Errorf("%s = %d, want 42", call, got)
		}
	}
}

// TestLibc runs functions of a real C library: an IFUNC, and one that needs its thread-local storage.
func TestLibc(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	var path string
	for _, p := range []string{"libc-arm64", "realfiles-arm64"} {
		p = filepath.Join(cache, "stacksweep", p, "root", "lib", "aarch64-linux-gnu", "libc.so.6")
		if _, err := os.Stat(p); err == nil {
			path = p
		}
	}
	if path == "" {
		t.Skip("no arm64 libc.so.6 in the cache folder: go run ./tools/libc fetches it")
	}
	for call, want := range map[string]uint32{`strlen("hello")`: 5, `strtol("42",0,10)`: 42,
		`memcmp("a","b",1)`: 0xffffffff, `atoi("-7")`: 0xfffffff9} {
		f, err := userfile.Load(path, userfile.Options{Limit: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		if got := returns(t, f, call); got != want {
			t.Errorf("%s = %#x, want %#x", call, got, want)
		}
	}
}
