// SPDX-License-Identifier: GPL-2.0-only

// Libunwind builds examples/libunwind, a walker that lets libunwind unwind, for arm64 and prints the command that runs
// it: in QEMU, unless the machine is an arm64 one. The library is Debian's, fetched into the cache folder.
//
//	stacksweep sweep -walker "exec:$(go run ./tools/libunwind)" chain/plain
//
// It needs the repository as its working directory, aarch64-linux-gnu-gcc and qemu-aarch64. Exit status 3, with the
// reason on stderr, says that one of these or the package can't be had here.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"stacksweep/internal/libunwind"
)

func main() {
	out := flag.String("o", filepath.Join("bin", "libunwind-walker"), "the `file` to build")
	flag.Parse()
	if flag.NArg() != 0 {
		fmt.Fprintln(os.Stderr, "usage: libunwind [-o FILE]")
		os.Exit(2)
	}
	command, err := libunwind.Build(context.Background(), *out)
	if err != nil {
		fmt.Fprintln(os.Stderr, "libunwind:", err)
		if libunwind.CantBeHad(err) {
			os.Exit(3)
		}
		os.Exit(1)
	}
	fmt.Println(command)
}
