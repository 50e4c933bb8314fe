// SPDX-License-Identifier: GPL-2.0-only

// Realfiles fetches arm64 files that are not ours into the cache folder and prints where they are: static
// archives, shared objects and a debug file of a Debian release.
//
// They are the yardstick for everything that reads a user's file. Tests that read them skip when they were never
// fetched; none of them fetches them.
//
//	files=$(go run ./tools/realfiles)
//
// Exit status 3, with the reason on stderr, says that the packages can't be had here.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"stacksweep/internal/debian"
)

const suite = "bookworm"

// packages have the archives libc.a, libcrypto.a, libgmp.a, libgomp.a, libsodium.a, libx264.a and libgcc.a, and shared
// objects of all kinds: with IFUNCs, hand-written assembly, just-in-time compilers and interpreters.
var packages = []string{
	"libc6-dev", "libssl-dev", "libgmp-dev", "libgcc-12-dev", "libsodium-dev", "libx264-dev",
	"libc6", "libssl3", "libgmp10", "libsodium23", "libavcodec59", "libluajit-5.1-2", "libdav1d6", "libgcrypt20",
	"libgcc-s1",
	"libc6-dbg", "busybox-static",
}

func main() {
	root, err := debian.UnpackOnce(context.Background(), "realfiles-arm64", suite, packages...)
	if err != nil {
		fmt.Fprintln(os.Stderr, "realfiles:", err)
		if errors.Is(err, debian.ErrUnavailable) {
			os.Exit(3)
		}
		os.Exit(1)
	}
	fmt.Println(root)
}
