// Toolchain fetches a GNU assembler and linker for arm64 that emit SFrame V3 (binutils ≥ 2.46) into a cache folder.
//
// Debian 12's own assembler emits SFrame V1, which the kernel doesn't read. The packages of Debian sid are unpacked,
// not installed, and run with the loader and libraries that belong to them, through wrapper scripts. The folder of
// the wrappers is printed; with -B it makes Debian 12's cross gcc use them.
//
//	tools=$(go run ./tools/toolchain)
//	aarch64-linux-gnu-gcc -B$tools -Wa,--gsframe-3 …
//
// Exit status 3, with the reason on stderr, says that the packages can't be had here.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"stacksweep/internal/debian"
)

func main() {
	suite := flag.String("suite", "sid", "Debian `suite` to take binutils from")
	flag.Parse()
	dir, err := fetch(context.Background(), *suite)
	if err != nil {
		fmt.Fprintln(os.Stderr, "toolchain:", err)
		if errors.Is(err, debian.ErrUnavailable) {
			os.Exit(3)
		}
		os.Exit(1)
	}
	fmt.Println(dir)
}

// fetch returns the folder of the wrappers, from the cache when it is complete there.
func fetch(ctx context.Context, suite string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	top := filepath.Join(cache, "stacksweep", "binutils-"+suite)
	bin := filepath.Join(top, "bin")
	done := filepath.Join(top, "complete")
	if _, err := os.Stat(done); err == nil {
		return bin, nil
	}
	host, err := exec.CommandContext(ctx, "dpkg", "--print-architecture").Output()
	if err != nil {
		return "", fmt.Errorf("%w: dpkg: %v", debian.ErrUnavailable, err)
	}
	src, err := debian.Open(ctx, filepath.Join(top, "apt"), strings.TrimSpace(string(host)), suite)
	if err != nil {
		return "", err
	}
	packages := []string{"binutils-aarch64-linux-gnu", "libbinutils", "libc6", "zlib1g", "libzstd1", "libjansson4"}
	for _, prefix := range []string{"libsframe", "libctf"} { // the number is the library's ABI, and grows
		names, err := src.Names(ctx, prefix)
		if err != nil {
			return "", err
		}
		for _, n := range names {
			if strings.TrimLeft(strings.TrimPrefix(n, prefix), "0123456789") == "" {
				packages = append(packages, n)
			}
		}
	}
	root := filepath.Join(top, "root")
	if err := src.Unpack(ctx, root, packages...); err != nil {
		return "", err
	}
	if err := wrap(root, bin); err != nil {
		return "", err
	}
	return bin, os.WriteFile(done, nil, 0o644)
}

// wrap writes a script for every tool that starts it with its own loader and libraries, both under its plain name
// (for gcc -B) and with the target's prefix.
func wrap(root, bin string) error {
	loader, err := one(filepath.Join(root, "usr/lib*/ld-linux-*.so*"), filepath.Join(root, "usr/lib/*/ld-linux-*.so*"))
	if err != nil {
		return err
	}
	libc, err := one(filepath.Join(root, "usr/lib/*/libc.so.6"))
	if err != nil {
		return err
	}
	tools, err := filepath.Glob(filepath.Join(root, "usr/bin/aarch64-linux-gnu-*"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	for _, tool := range tools {
		script := fmt.Sprintf("#!/bin/sh\nexec %q --library-path %q --argv0 %q %q \"$@\"\n", loader, filepath.Dir(libc), filepath.Base(tool), tool)
		plain := strings.TrimPrefix(filepath.Base(tool), "aarch64-linux-gnu-")
		for _, name := range []string{plain, filepath.Base(tool)} {
			if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
				return err
			}
		}
	}
	return nil
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
