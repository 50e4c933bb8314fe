// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"stacksweep/image"
	"stacksweep/internal/catalog"
	"stacksweep/internal/kernels"
	"stacksweep/scenarios/kernel"
)

// kernelFunctions lists the functions that the scenario functions of a kernel calls: of a series in the cache, or of a
// file.
func kernelFunctions(_ context.Context, c *cli, args []string) error {
	if len(args) != 1 {
		return usagef("for example: stacksweep kernel functions 7.3", "kernel functions takes a kernel or a file")
	}
	k, err := anyKernel(args[0])
	if err != nil {
		return err
	}
	picked, err := k.Functions()
	if err != nil {
		return usagef("", "%v", err)
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "VARIANT\tFUNCTION\tREACHED\tCALLED WITH")
	for _, p := range picked {
		var calls []string
		for _, call := range p.Calls {
			calls = append(calls, fmt.Sprintf("%s (%d steps)", call.Arguments, call.Steps))
		}
		fmt.Fprintf(w, "%s\t%s\t%d of %d\t%s\n", p.Shape, p.Symbol.Name, p.Reached, p.Symbol.Size/4,
			strings.Join(calls, ", "))
	}
	return w.Flush()
}

// anyKernel reads a kernel: of a series in the cache, or a file.
func anyKernel(name string) (*kernel.Kernel, error) {
	if _, err := os.Stat(name); err == nil {
		im, err := image.Load(name)
		if err != nil {
			return nil, unusable(err)
		}
		k, err := kernel.New(catalog.UserKernel, im)
		if err != nil {
			return nil,
				usagef("an arm64 kernel from 6.1 on is needed, with BTF and the function graph tracer", "%v", err)
		}
		return k, nil
	}
	entry, err := kernels.Info(name)
	if err != nil {
		return nil, usagef("'stacksweep kernel list' shows what is there", "%v", err)
	}
	return catalog.LoadKernel(entry)
}
