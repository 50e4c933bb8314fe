// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"runtime"

	"stacksweep/internal/findings"
)

func runFindings(ctx context.Context, c *cli, args []string) error {
	fs := c.flags()
	jobs := fs.Int("j", runtime.GOMAXPROCS(0), "how many `goroutines` work; the output doesn't depend on it")
	real := fs.Bool("kernels", false, "sweep the real kernels in the cache instead, with their own unwinders")
	built := fs.Bool("built", false, "sweep the kernels that 'stacksweep kernel build' has built instead")
	rest, err := c.parse(fs, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("", "findings takes no arguments")
	}
	write := findings.Write
	switch {
	case *real && *built:
		return usagef("each writes a page of its own", "-kernels and -built: one at a time")
	case *real:
		write = findings.WriteKernels
	case *built:
		write = findings.WriteBuilt
	}
	out := bufio.NewWriter(c.stdout)
	err = errors.Join(write(ctx, out, *jobs), out.Flush())
	if errors.Is(err, findings.ErrNoKernels) || errors.Is(err, findings.ErrNoBuilds) {
		return fmt.Errorf("SKIP: %w: %w", err, errNothing)
	}
	return err
}
