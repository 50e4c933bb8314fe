// SPDX-License-Identifier: GPL-2.0-only

// Libc fetches the arm64 C library of a Debian release into the cache folder and prints where it is.
//
// Every function of glibc has call frame information, its hand-written string routines included: with some 3,300
// FDEs it is the largest body of real arm64 unwind information that can be had in one small package. Tests that
// read it skip when it was never fetched; none of them fetches it.
//
//	libc=$(go run ./tools/libc)
//
// Exit status 3, with the reason on stderr, says that the package can't be had here.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"stacksweep/internal/debian"
)

func main() {
	suite := flag.String("suite", "bookworm", "Debian `suite` to take libc6 from")
	flag.Parse()
	path, err := fetch(context.Background(), *suite)
	if err != nil {
		fmt.Fprintln(os.Stderr, "libc:", err)
		if errors.Is(err, debian.ErrUnavailable) {
			os.Exit(3)
		}
		os.Exit(1)
	}
	fmt.Println(path)
}

// fetch returns the path of libc.so.6, from the cache when it is there.
func fetch(ctx context.Context, suite string) (string, error) {
	name := "libc-arm64"
	if suite != "bookworm" { // the release that the tests look for has the plain name
		name += "-" + suite
	}
	root, err := debian.UnpackOnce(ctx, name, suite, "libc6")
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, "lib", "aarch64-linux-gnu", "libc.so.6")
	if _, err := os.Stat(path); err != nil { // releases with a merged /usr
		moved := filepath.Join(root, "usr", "lib", "aarch64-linux-gnu", "libc.so.6")
		if _, err := os.Stat(moved); err != nil {
			return "", fmt.Errorf("libc6 of %s has no libc.so.6 in /lib nor /usr/lib", suite)
		}
		path = moved
	}
	return path, nil
}
