// SPDX-License-Identifier: GPL-2.0-only

// Package toolchain keeps build tools for arm64 in the cache folder that are newer, or older, than the machine's own.
//
// Packages of any Debian suite are unpacked, not installed, and run with the loader and libraries that belong to them,
// through wrapper scripts. What is in the cache already is not asked for again: only a missing tool needs the machine's
// Debian mirror, and its error is debian.ErrUnavailable where that can't be reached.
package toolchain

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"stacksweep/internal/debian"
)

// A bundle is a set of packages that is unpacked together, with scripts that start what is in it.
type bundle struct {
	name     string // of its folder below the cache
	suite    string
	packages []string              // to be unpacked
	families []string              // beginnings of names that end in a growing number: a library's ABI
	closure  []string              // to be unpacked with all that they depend on, but what skip names
	skip     func(pkg string) bool // of a closure
	wrap     func(root, bin string) error
}

// fetch returns the folder of the bundle's scripts, from the cache when it is complete there.
func (b *bundle) fetch(ctx context.Context) (bin string, err error) {
	top, err := debian.Once(ctx, b.name, "", []string{b.suite}, func(src *debian.Source, top string) error {
		return b.fill(ctx, src, top)
	})
	if err != nil {
		return "", err
	}
	return filepath.Join(top, "bin"), nil
}

// fill unpacks the bundle, and writes its scripts.
func (b *bundle) fill(ctx context.Context, src *debian.Source, top string) error {
	packages, err := b.choose(ctx, src)
	if err != nil {
		return err
	}
	root, bin := filepath.Join(top, "root"), filepath.Join(top, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	if err := src.Unpack(ctx, root, packages...); err != nil {
		return err
	}
	if err := b.wrap(root, bin); err != nil {
		return fmt.Errorf("%s of %s: %w", b.name, b.suite, err)
	}
	return os.RemoveAll(filepath.Join(top, "apt")) // the suite's package lists, which are larger than the tools
}

// choose names the packages to unpack.
func (b *bundle) choose(ctx context.Context, src *debian.Source) ([]string, error) {
	packages := slices.Clone(b.packages)
	for _, prefix := range b.families {
		names, err := src.Names(ctx, prefix)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			if strings.TrimLeft(strings.TrimPrefix(n, prefix), "0123456789") == "" {
				packages = append(packages, n)
			}
		}
	}
	if len(b.closure) > 0 {
		names, err := src.Closure(ctx, b.closure...)
		if err != nil {
			return nil, err
		}
		packages = append(packages, slices.DeleteFunc(names, b.skip)...)
	}
	return packages, nil
}

// script writes a program that starts tool with the loader and libraries of root. The tool is told that it was started
// as argv0.
func script(root, tool, argv0, path string, args ...string) error {
	loader, err := one(filepath.Join(root, "usr/lib*/ld-linux-*.so*"), filepath.Join(root, "usr/lib/*/ld-linux-*.so*"),
		filepath.Join(root, "lib*/ld-linux-*.so*"))
	if err != nil {
		return err
	}
	libc, err := one(filepath.Join(root, "usr/lib/*/libc.so.6"), filepath.Join(root, "lib/*/libc.so.6"))
	if err != nil {
		return err
	}
	// Before releases with a merged /usr libraries lie in two places.
	arch := filepath.Base(filepath.Dir(libc))
	libraries := filepath.Join(root, "usr/lib", arch) + ":" + filepath.Join(root, "lib", arch)
	text := fmt.Sprintf("#!/bin/sh\nexec %q --library-path %q --argv0 %q %q", loader, libraries, argv0, tool)
	for _, a := range args {
		text += fmt.Sprintf(" %q", a)
	}
	return os.WriteFile(path, []byte(text+" \"$@\"\n"), 0o755)
}

// one returns the first file that any of the patterns matches.
func one(patterns ...string) (string, error) {
	for _, p := range patterns {
		if m, err := filepath.Glob(p); err == nil && len(m) > 0 {
			return m[0], nil
		}
	}
	return "", fmt.Errorf("nothing matches %s", strings.Join(patterns, " or "))
}
