// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"stacksweep/internal/kbuild"
	"stacksweep/internal/kernels"
)

// printLeftovers lists what builds have left besides kernels.
func (c *cli) printLeftovers() error {
	left, err := kbuild.Leftovers()
	if err != nil || len(left) == 0 {
		return err
	}
	fmt.Fprintln(c.stdout)
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "LEFT BY BUILDS\tSIZE\tWHAT\tPATH")
	for _, k := range left {
		fmt.Fprintf(w, "%s\t%.1f GB\t%s\t%s\n", k.Name, float64(k.Size)/(1<<30), k.What, k.Path)
	}
	return w.Flush()
}

// kernelRemove takes kernels out of the cache, or what builds have left.
func kernelRemove(_ context.Context, c *cli, names []string) error {
	const hint = "'stacksweep kernel list' shows the names; 'builds' is all that builds have left"
	if len(names) == 0 {
		return usagef(hint, "kernel remove takes names")
	}
	say := func(format string, args ...any) { fmt.Fprintf(c.stderr, format+"\n", args...) }
	for _, name := range names {
		if name == "builds" {
			name = "all"
		}
		err := kbuild.Remove(name, say)
		if errors.Is(err, kbuild.ErrNothingLeft) {
			err = kernels.Remove(name)
		}
		if errors.Is(err, kernels.ErrNotFetched) {
			return usagef(hint, "kernel remove: nothing is called %s", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
