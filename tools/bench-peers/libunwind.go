// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// libunwind sweeps by examples/libunwind, which tools/libunwind builds.
func libunwind(ctx context.Context, b *bench, long time.Duration) (points int, took time.Duration, err error) {
	tool := filepath.Join(b.dir, "libunwind-tool") // 'go run' wouldn't tell its exit status
	build := exec.CommandContext(ctx, "go", "build", "-o", tool, "./tools/libunwind")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("go build: %w: %s", err, out)
	}
	command, err := exec.CommandContext(ctx, tool, "-o", filepath.Join(b.dir, "libunwind-walker")).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if exit.ExitCode() == 3 {
			err = errMissing
		}
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		return 0, 0, err
	}
	return sweeping("exec:"+strings.TrimSpace(string(command)))(ctx, b, long)
}
