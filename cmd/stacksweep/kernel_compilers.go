// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"stacksweep/internal/compilers"
	"stacksweep/internal/debian"
	"stacksweep/internal/kbuild"
)

// kernelCompilers compares compilers by the call frame information that they write.
type kernelCompilers struct {
	names, files   string
	cases, details bool
	jobs           int
}

func (k *kernelCompilers) register(fs *flag.FlagSet) {
	fs.StringVar(&k.names, "compiler", strings.Join(kbuild.CompilerNames(), ","),
		"`compilers` to compare, separated by commas")
	fs.BoolVar(&k.cases, "cases", false, "only the small built-in cases, and no file of a kernel")
	fs.StringVar(&k.files, "files", strings.Join(compilers.KernelFiles, ","),
		"`objects` of the kernel to compile, separated by commas")
	fs.BoolVar(&k.details, "details", false, "list each function and instruction that is described wrongly, too")
	fs.IntVar(&k.jobs, "j", runtime.GOMAXPROCS(0), "how many `jobs` make runs")
}

func (k *kernelCompilers) run(ctx context.Context, c *cli, args []string) error {
	if len(args) > 0 {
		return usagef("'stacksweep kernel compilers -h' lists the flags", "kernel compilers takes no arguments")
	}
	var columns []compilers.Column
	kernels := map[string]bool{}
	for _, name := range strings.Split(k.names, ",") {
		cc, err := kbuild.FindCompiler(name)
		if err != nil {
			return usagef("", "-compiler: %v", err)
		}
		column := compilers.Column{Name: name}
		column.Results, err = compilers.Cases(ctx, cc)
		if err == nil && !k.cases {
			var more []compilers.Result
			var of string
			of, more, err = compilers.Kernel(ctx, cc, strings.Split(k.files, ","), k.jobs, c.stderr)
			column.Results = append(column.Results, more...)
			kernels[of] = true
		}
		switch {
		case errors.Is(err, debian.ErrUnavailable):
			column.Why = err.Error()
		case err != nil:
			return buildError(err)
		}
		columns = append(columns, column)
	}
	if !slices.ContainsFunc(columns, func(c compilers.Column) bool { return c.Why == "" }) {
		return fmt.Errorf("SKIP kernel compilers: %s: %w", columns[0].Why, errNothing)
	}
	out := bufio.NewWriter(c.stdout)
	delete(kernels, "")
	for of := range kernels {
		fmt.Fprintf(out, "Files of %s, arm64, in stacksweep's own configuration.\n\n", of)
	}
	if err := compilers.Markdown(out, columns); err != nil {
		return err
	}
	if k.details {
		fmt.Fprintln(out)
		if err := compilers.Details(out, columns); err != nil {
			return err
		}
	}
	return out.Flush()
}
