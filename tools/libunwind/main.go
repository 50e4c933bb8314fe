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
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"stacksweep/internal/debian"
	"stacksweep/internal/shell"
)

// errMissing says that a program isn't installed.
var errMissing = errors.New("is not installed ('make test-deps' installs it)")

func main() {
	out := flag.String("o", filepath.Join("bin", "libunwind-walker"), "the `file` to build")
	flag.Parse()
	if flag.NArg() != 0 {
		fmt.Fprintln(os.Stderr, "usage: libunwind [-o FILE]")
		os.Exit(2)
	}
	command, err := build(context.Background(), *out)
	if err != nil {
		fmt.Fprintln(os.Stderr, "libunwind:", err)
		if errors.Is(err, errMissing) || errors.Is(err, debian.ErrUnavailable) {
			os.Exit(3)
		}
		os.Exit(1)
	}
	fmt.Println(command)
}

// build builds the walker into a file and returns the command that runs it, quoted for a shell.
func build(ctx context.Context, out string) (command string, err error) {
	compiler, emulator := "cc", ""
	if runtime.GOARCH != "arm64" {
		compiler = "aarch64-linux-gnu-gcc"
		if emulator, err = firstOf("qemu-aarch64", "qemu-aarch64-static"); err != nil {
			return "", err
		}
	}
	if compiler, err = firstOf(compiler); err != nil {
		return "", err
	}
	root, err := debian.UnpackOnce(ctx, "libunwind-arm64", "bookworm", "libunwind-dev", "liblzma-dev")
	if err != nil {
		return "", err
	}
	if out, err = filepath.Abs(out); err != nil {
		return "", err
	}
	// Static, so that neither this machine nor QEMU needs libraries for arm64.
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-tags", "libunwind",
		"-ldflags", "-extldflags=-static", "-o", out, "./examples/libunwind")
	const triplet = "aarch64-linux-gnu"
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=1", "CC="+compiler,
		fmt.Sprintf("CGO_CFLAGS=-O2 '-I%[1]s/usr/include/%[2]s' '-I%[1]s/usr/include'", root, triplet),
		fmt.Sprintf("CGO_LDFLAGS='-L%s/usr/lib/%s'", root, triplet))
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, bytes.TrimSpace(text))
	}
	if command = shell.Quote(out); emulator != "" {
		command = shell.Quote(emulator) + " " + command
	}
	return command, nil
}

// firstOf returns the path of the first of some programs that is installed.
func firstOf(programs ...string) (path string, err error) {
	for _, p := range programs {
		if path, err = exec.LookPath(p); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s %w", programs[0], errMissing)
}
