// SPDX-License-Identifier: GPL-2.0-only

// Libunicorn fetches the static arm64 libunicorn of a Debian release into the cache folder, for the release that is built
// for arm64 on another machine, and prints the folder that it is installed in.
//
//	sysroot=$(go run ./tools/libunicorn)
//
// Exit status 3, with the reason on stderr, says that the package can't be had here.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"stacksweep/internal/debian"
)

func main() {
	root, err := fetch(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "libunicorn:", err)
		if errors.Is(err, debian.ErrUnavailable) {
			os.Exit(3)
		}
		os.Exit(1)
	}
	fmt.Println(root)
}

func fetch(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	top := filepath.Join(cache, "stacksweep", "libunicorn-arm64")
	root := filepath.Join(top, "root")
	done := filepath.Join(top, "complete")
	if _, err := os.Stat(done); err == nil {
		return root, nil
	}
	src, err := debian.Open(ctx, filepath.Join(top, "apt"), "arm64", "bookworm")
	if err != nil {
		return "", err
	}
	if err := src.Unpack(ctx, root, "libunicorn-dev"); err != nil {
		return "", err
	}
	return root, os.WriteFile(done, nil, 0o644)
}
