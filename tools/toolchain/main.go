// SPDX-License-Identifier: GPL-2.0-only

// Toolchain fetches a GNU assembler and linker for arm64 that emit SFrame V3 (binutils ≥ 2.46) into a cache folder, and
// prints the folder of their wrapper scripts. With -B it makes Debian 12's cross gcc use them.
//
//	tools=$(go run ./tools/toolchain)
//	aarch64-linux-gnu-gcc -B$tools -Wa,--gsframe-3 …
//
// With -mold it fetches the linker mold instead, and prints its path. Exit status 3, with the reason on stderr, says
// that the packages can't be had here.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"stacksweep/internal/debian"
	"stacksweep/internal/toolchain"
)

func main() {
	suite := flag.String("suite", "sid", "Debian `suite` to take it from")
	mold := flag.Bool("mold", false, "the linker mold instead of binutils")
	flag.Parse()
	fetch := toolchain.Binutils
	if *mold {
		fetch = toolchain.Mold
	}
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
