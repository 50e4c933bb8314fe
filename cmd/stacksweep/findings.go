package main

import (
	"bufio"
	"context"
	"errors"
	"runtime"

	"stacksweep/internal/findings"
)

func runFindings(ctx context.Context, c *cli, args []string) error {
	fs := c.flags()
	jobs := fs.Int("j", runtime.GOMAXPROCS(0), "how many `goroutines` work; the output doesn't depend on it")
	rest, err := c.parse(fs, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("", "findings takes no arguments")
	}
	out := bufio.NewWriter(c.stdout)
	return errors.Join(findings.Write(ctx, out, *jobs), out.Flush())
}
