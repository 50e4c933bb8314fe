// SPDX-License-Identifier: GPL-2.0-only

// Package libunwind builds examples/libunwind, a walker that lets libunwind unwind, for arm64: linked with Debian's
// library, which is fetched into the cache folder, and run in QEMU, unless the machine is an arm64 one.
package libunwind

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"stacksweep/internal/debian"
	"stacksweep/internal/shell"
)

// ErrMissing says that a program isn't installed.
var ErrMissing = errors.New("is not installed ('make test-deps' installs it)")

// CantBeHad reports whether an error of Build says that the walker can't be had here.
func CantBeHad(err error) bool {
	return errors.Is(err, ErrMissing) || errors.Is(err, debian.ErrUnavailable)
}

// Build builds the walker into a file and returns the command that runs it, quoted for a shell. The working directory
// must be in the repository. Errors wrap [ErrMissing] or [debian.ErrUnavailable] where something can't be had here.
func Build(ctx context.Context, out string) (command string, err error) {
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
		"-ldflags", "-extldflags=-static", "-o", out, "stacksweep/examples/libunwind")
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
	return "", fmt.Errorf("%s %w", programs[0], ErrMissing)
}
