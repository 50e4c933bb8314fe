// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"stacksweep/internal/toolchain"
)

// A Compiler is one to build with. They place the start of a function's unwind information differently where ftrace
// patches it, describe epilogues differently, and clang makes no SFrame at all.
type Compiler struct {
	Name  string // as in the command
	suite string // of Debian
	pkg   string // that has it
	llvm  string // version of LLVM, "19"; "": gcc
}

// Compilers lists them.
func Compilers() []Compiler {
	return []Compiler{
		{Name: "gcc-12", suite: "bookworm", pkg: "gcc-12-aarch64-linux-gnu"},
		{Name: "gcc-13", suite: "trixie", pkg: "gcc-13-aarch64-linux-gnu"},
		{Name: "gcc-14", suite: "trixie", pkg: "gcc-14-aarch64-linux-gnu"},
		{Name: "gcc-15", suite: "sid", pkg: "gcc-15-aarch64-linux-gnu"},
		{Name: "gcc-current", suite: "sid", pkg: "gcc-aarch64-linux-gnu"},
		{Name: "clang", suite: "trixie", pkg: "clang-19", llvm: "19"},
	}
}

// CompilerNames lists what the compilers are called.
func CompilerNames() (names []string) {
	for _, c := range Compilers() {
		names = append(names, c.Name)
	}
	return names
}

// FindCompiler returns the compiler of a name.
func FindCompiler(name string) (Compiler, error) {
	all := Compilers()
	if i := slices.IndexFunc(all, func(c Compiler) bool { return c.Name == name }); i >= 0 {
		return all[i], nil
	}
	return Compiler{}, fmt.Errorf("no compiler %q: there are %s", name, strings.Join(CompilerNames(), ", "))
}

// tools are the programs that build a kernel.
type tools struct {
	compiler string // path
	binutils string // folder: of the GNU tools
	llvm     string // folder: of LLVM's; "" with gcc
	pahole   string // path
	short    string // "gcc12"
	versions string // of all of them, a line each: what a build depends on
}

// sframe reports whether the assembler makes SFrame.
func (t *tools) sframe() bool { return t.llvm == "" }

// version is the first line of what a program says of itself.
func version(ctx context.Context, path string) (string, error) {
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", path, err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line, nil
}

// major matches the version in "aarch64-linux-gnu-gcc (Debian 12.2.0-14) 12.2.0" and "Debian clang version 19.1.7 (3)".
var major = regexp.MustCompile(`(?:\) |version )(\d+)(?:\.\d+)+`)

// fetch gets the compiler with all that belongs to it.
func (c Compiler) fetch(ctx context.Context) (t tools, err error) {
	if t.binutils, err = toolchain.Binutils(ctx, "sid"); err != nil {
		return t, err
	}
	if t.pahole, err = toolchain.Pahole(ctx); err != nil {
		return t, err
	}
	name := "gcc"
	programs := []string{filepath.Join(t.binutils, "as")}
	if c.llvm != "" {
		name = "clang"
		if t.llvm, err = toolchain.LLVM(ctx, c.suite, c.llvm); err == nil {
			t.compiler = filepath.Join(t.llvm, "clang")
			programs = []string{filepath.Join(t.llvm, "ld.lld")}
		}
	} else {
		t.compiler, err = toolchain.GCC(ctx, c.suite, c.pkg)
	}
	if err != nil {
		return t, err
	}
	for _, program := range append(append([]string{t.compiler}, programs...), t.pahole) {
		v, err := version(ctx, program)
		if err != nil {
			return t, err
		}
		t.versions += v + "\n"
	}
	first, _, _ := strings.Cut(t.versions, "\n")
	m := major.FindStringSubmatch(first)
	if m == nil {
		return t, fmt.Errorf("%s: no version in %q", t.compiler, first)
	}
	t.short = name + m[1]
	return t, nil
}

// Command returns the compiler as a command, for code of arm64 and one file at a time. What is not in the cache is
// fetched: its error is debian.ErrUnavailable where that can't be.
func (c Compiler) Command(ctx context.Context) ([]string, error) {
	if c.llvm != "" {
		bin, err := toolchain.LLVM(ctx, c.suite, c.llvm)
		return []string{filepath.Join(bin, "clang"), "--target=aarch64-linux-gnu"}, err
	}
	gcc, err := toolchain.GCC(ctx, c.suite, c.pkg)
	return []string{gcc}, err
}

// Cached reports whether the compiler is in the cache, so that nothing has to be fetched for Command.
func (c Compiler) Cached() bool {
	cache, err := os.UserCacheDir()
	if err != nil {
		return false
	}
	name := c.pkg + "-" + c.suite
	if c.llvm != "" {
		name = "llvm-" + c.llvm + "-" + c.suite
	}
	for _, bundle := range []string{name, "binutils-sid"} {
		if _, err := os.Stat(filepath.Join(cache, "stacksweep", bundle, "complete")); err != nil {
			return false
		}
	}
	return true
}

// GCC reports whether the compiler is one.
func (c Compiler) GCC() bool { return c.llvm == "" }
