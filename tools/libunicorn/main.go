// SPDX-License-Identifier: GPL-2.0-only

// Libunicorn fetches the static arm64 libunicorn of a Debian release into the cache folder, for the release that is
// built for arm64 on another machine, and prints the folder that it is installed in.
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

	"stacksweep/internal/debian"
)

func main() {
	root, err := debian.UnpackOnce(context.Background(), "libunicorn-arm64", "bookworm", "libunicorn-dev")
	if err != nil {
		fmt.Fprintln(os.Stderr, "libunicorn:", err)
		if errors.Is(err, debian.ErrUnavailable) {
			os.Exit(3)
		}
		os.Exit(1)
	}
	fmt.Println(root)
}
