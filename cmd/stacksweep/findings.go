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
	rest, err := c.parse(fs, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("", "findings takes no arguments")
	}
	write := findings.Write
	if *real {
		write = findings.WriteKernels
	}
	out := bufio.NewWriter(c.stdout)
	err = errors.Join(write(ctx, out, *jobs), out.Flush())
	if errors.Is(err, findings.ErrNoKernels) {
		return fmt.Errorf("SKIP: %w: %w", err, errNothing)
	}
	return err
}
