// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"stacksweep/internal/toolchain"
)

// A Compiler is one to build with. gcc 12 and current ones place the start of a function's unwind information
// differently where ftrace patches it.
type Compiler struct {
	Name            string // as in the command
	suite, package_ string
}

// Compilers lists them.
func Compilers() []Compiler {
	return []Compiler{
		{"gcc-12", "bookworm", "gcc-12-aarch64-linux-gnu"},
		{"gcc-current", "sid", "gcc-aarch64-linux-gnu"},
	}
}

// FindCompiler returns the compiler of a name.
func FindCompiler(name string) (Compiler, error) {
	all := Compilers()
	if i := slices.IndexFunc(all, func(c Compiler) bool { return c.Name == name }); i >= 0 {
		return all[i], nil
	}
	return Compiler{}, fmt.Errorf("no compiler %q: there are gcc-12 and gcc-current", name)
}

// tools are the programs that build a kernel.
type tools struct {
	gcc      string // path
	binutils string // folder
	pahole   string // path
	short    string // "gcc12"
	versions string // of all of them, a line each: what a build depends on
}

// version is the first line of what a program says of itself.
func version(ctx context.Context, path string) (string, error) {
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", path, err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line, nil
}

var major = regexp.MustCompile(`(\d+)(\.\d+)+$`)

// fetch gets the compiler with all that belongs to it.
func (c Compiler) fetch(ctx context.Context) (t tools, err error) {
	if t.binutils, err = toolchain.Binutils(ctx, "sid"); err != nil {
		return t, err
	}
	if t.pahole, err = toolchain.Pahole(ctx); err != nil {
		return t, err
	}
	if t.gcc, err = toolchain.GCC(ctx, c.suite, c.package_); err != nil {
		return t, err
	}
	for _, program := range []string{t.gcc, t.binutils + "/as", t.pahole} {
		v, err := version(ctx, program)
		if err != nil {
			return t, err
		}
		t.versions += v + "\n"
	}
	gcc, _, _ := strings.Cut(t.versions, "\n")
	m := major.FindStringSubmatch(gcc)
	if m == nil {
		return t, fmt.Errorf("%s: no version in %q", t.gcc, gcc)
	}
	t.short = "gcc" + m[1]
	return t, nil
}
