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

// LLVM returns a folder with clang, lld and LLVM's tools of a version ("19") of a Debian suite, under their names
// without a version.
func LLVM(ctx context.Context, suite, version string) (bin string, err error) {
	b := bundle{
		name:    "llvm-" + version + "-" + suite,
		suite:   suite,
		closure: []string{"clang-" + version, "lld-" + version, "llvm-" + version},
		skip:    func(name string) bool { return notOfLLVM.MatchString(name) },
		wrap: func(root, bin string) error {
			programs, err := filepath.Glob(filepath.Join(root, "usr/lib/llvm-"+version, "bin", "*"))
			if err != nil {
				return err
			}
			for _, program := range programs {
				name := filepath.Base(program)
				if name != "clang" && name != "ld.lld" && name != "lld" && !strings.HasPrefix(name, "llvm-") {
					continue
				}
				if _, err := os.Stat(program); err != nil { // a link to a program of another package
					continue
				}
				// Some are told by their name what to do.
				if err := script(root, program, program, filepath.Join(bin, name)); err != nil {
					return err
				}
			}
			if _, err := os.Stat(filepath.Join(bin, "clang")); err != nil {
				return fmt.Errorf("no clang among %d programs", len(programs))
			}
			return wrapClang(root, bin, version)
		},
	}
	return b.fetch(ctx)
}

// wrapClang writes the script for clang, which is two programs: the driver, which would look for its headers around the
// loader, and would start the loader, where it takes more than one step, with -cc1 or -cc1as as the first argument. It
// is told to take itself for the script.
func wrapClang(root, bin, version string) error {
	self := filepath.Join(bin, "clang")
	program := filepath.Join(root, "usr/lib/llvm-"+version, "bin/clang")
	resources := filepath.Join(root, "usr/lib/llvm-"+version, "lib/clang", version)
	if err := script(root, program, self, self, "-no-canonical-prefixes", "-resource-dir", resources); err != nil {
		return err
	}
	driver, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	if err := script(root, program, self, self); err != nil {
		return err
	}
	step, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	const start = "#!/bin/sh\n"
	text := start + "case $1 in -cc1*) " + strings.TrimSpace(strings.TrimPrefix(string(step), start)) + " ;; esac\n" +
		strings.TrimPrefix(string(driver), start)
	return os.WriteFile(self, []byte(text), 0o755)
}

// notOfLLVM are packages that clang depends on and a kernel is built without: the machine's own gcc and its libraries.
var notOfLLVM = regexp.MustCompile(
	`^(binutils.*|cpp.*|g\+\+.*|gcc-\d.*|lib(gcc|stdc\+\+|objc)-\d+-dev|libc6-dev|libc-dev.*|linux-libc-dev|` +
		`debconf.*|perl.*|python.*|libpython.*|media-types|rpcsvc-proto|` +
		`lib(asan|atomic|gomp|hwasan|itm|lsan|tsan|ubsan|quadmath|cc1)[\w+-]*)$`)
