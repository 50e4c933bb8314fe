// SPDX-License-Identifier: GPL-2.0-only

package toolchain

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// GCC returns a cross compiler for arm64 with the assembler and linker of sid: the path of a script. suite and package
// say which one, as in "bookworm", "gcc-12-aarch64-linux-gnu"; the package without a number depends on the suite's
// newest.
func GCC(ctx context.Context, suite, pkg string) (path string, err error) {
	binutils, err := Binutils(ctx, "sid")
	if err != nil {
		return "", err
	}
	b := bundle{
		name:    pkg + "-" + suite,
		suite:   suite,
		closure: []string{pkg},
		// Nothing is linked with the target's libraries, and the assembler and linker are there.
		skip: func(name string) bool { return notNeeded.MatchString(name) },
		wrap: func(root, bin string) error { return wrapGCC(root, bin, binutils) },
	}
	bin, err := b.fetch(ctx)
	return filepath.Join(bin, target+"gcc"), err
}

// notNeeded are packages that a compiler depends on and a kernel is built without.
var notNeeded = regexp.MustCompile(
	`^(binutils-.*|lib(asan|atomic|c6|gomp|hwasan|itm|lsan|stdc\+\+|tsan|ubsan)[\w+-]*-cross|debconf.*|perl.*)$`)

// wrapGCC writes a script for the compiler's driver, and for the programs that it starts, which it is told to look for
// among the scripts.
func wrapGCC(root, bin, binutils string) error {
	drivers, err := filepath.Glob(filepath.Join(root, "usr/bin", target+"gcc-[0-9]*"))
	if err != nil {
		return err
	}
	if len(drivers) != 1 {
		return fmt.Errorf("%d compilers where one was expected", len(drivers))
	}
	driver := drivers[0]
	version := strings.TrimPrefix(filepath.Base(driver), target+"gcc-")
	programs, err := one(filepath.Join(root, "usr/lib*/gcc-cross/aarch64-linux-gnu", version, "cc1"))
	if err != nil {
		return err
	}
	parts := filepath.Join(bin, "parts")
	if err := os.MkdirAll(parts, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"cc1", "collect2"} {
		if err := script(root, filepath.Join(filepath.Dir(programs), name), name,
			filepath.Join(parts, name)); err != nil {
			return err
		}
	}
	// The driver finds its own headers from the path that it was started by.
	return script(root, driver, driver, filepath.Join(bin, target+"gcc"), "-B"+parts+"/", "-B"+binutils+"/")
}
