// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"

	"stacksweep/internal/findings"
)

type findingsCommand struct {
	jobs           int
	kernels, built bool
}

func (f *findingsCommand) register(fs *flag.FlagSet) {
	jobsFlag(fs, &f.jobs)
	fs.BoolVar(&f.kernels, "kernels", false, "sweep the real kernels in the cache instead, with their own unwinders")
	fs.BoolVar(&f.built, "built", false, "sweep the kernels that 'stacksweep kernel build' has built instead")
}

func (f *findingsCommand) run(ctx context.Context, c *cli, args []string) error {
	if len(args) > 0 {
		return usagef("", "findings takes no arguments")
	}
	write := findings.Write
	switch {
	case f.kernels && f.built:
		return usagef("each writes a page of its own", "-kernels and -built: one at a time")
	case f.kernels:
		write = findings.WriteKernels
	case f.built:
		write = findings.WriteBuilt
	}
	if done, err := c.attached(ctx, "the findings", f.kernels || f.built); done {
		return err
	}
	out := bufio.NewWriter(c.stdout)
	err := errors.Join(write(ctx, out, f.jobs), out.Flush())
	if errors.Is(err, findings.ErrNoKernels) || errors.Is(err, findings.ErrNoBuilds) {
		return fmt.Errorf("SKIP: %w: %w", err, errNothing)
	}
	return err
}
