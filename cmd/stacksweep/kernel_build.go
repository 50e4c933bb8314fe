// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"stacksweep/internal/debian"
	"stacksweep/internal/kbuild"
	"stacksweep/internal/kernels"
	"stacksweep/internal/tablecheck"
	"stacksweep/unwind/flow"
)

// kernelBuild builds kernels with SFrame tables into the cache.
func (c *cli) kernelBuild(ctx context.Context, args []string) error {
	fs := c.flags()
	compilers := fs.String("compiler", "gcc-12,gcc-current", "`compilers` to build with, separated by commas")
	variants := fs.String("variant", "", "`variants` to build, separated by commas: "+variantNames()+"; the kernel as it is if there is none")
	all := fs.Bool("all", false, "build the kernel as it is, and all variants")
	newest := fs.Bool("newest", false, "ask the mirror for a newer source than the one in the cache, and build that")
	jobs := fs.Int("j", runtime.GOMAXPROCS(0), "how many `jobs` make runs")
	rest, err := c.parse(fs, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("'stacksweep kernel build -h' lists the flags", "kernel build takes no arguments")
	}
	if *jobs < 1 {
		return usagef("", "-j %d: at least one job is needed", *jobs)
	}
	var built []kernels.Kernel
	for _, name := range strings.Split(*compilers, ",") {
		compiler, err := kbuild.FindCompiler(name)
		if err != nil {
			return usagef("", "-compiler: %v", err)
		}
		chosen := kbuild.Variants()
		if !*all {
			chosen = nil
			for _, name := range strings.Split(*variants, ",") {
				v, err := kbuild.FindVariant(name)
				if err != nil {
					return usagef("", "-variant: %v", err)
				}
				chosen = append(chosen, v)
			}
		}
		for _, v := range chosen {
			k, err := kbuild.Build(ctx, kbuild.Request{Compiler: compiler, Variant: v, Jobs: *jobs, Newest: *newest, Leaves: assemblyLeaves, Log: c.stderr})
			if err != nil {
				return buildError(err)
			}
			*newest = false // all of one source
			built = append(built, k)
		}
	}
	return c.printKernels(built)
}

func variantNames() string {
	var names []string
	for _, v := range kbuild.Variants() {
		if v.Name != "" {
			names = append(names, v.Name)
		}
	}
	return strings.Join(names, ", ")
}

// buildError adds to an error what can be done about it.
func buildError(err error) error {
	switch {
	case errors.Is(err, debian.ErrUnavailable):
		return fmt.Errorf("SKIP kernel build: %w: %w", err, errNothing)
	case errors.Is(err, kbuild.ErrHostTools):
		return usagef("tools/deps.sh kernel installs what is missing, and so does make kernel-sframe", "kernel build: %v", err)
	}
	return fmt.Errorf("kernel build: %w", err)
}

// assemblyLeaves names the assembly functions of a vmlinux that leave SP, X29 and X30 alone.
func assemblyLeaves(vmlinux string) ([]string, error) {
	im, err := loadCode(vmlinux)
	if err != nil {
		return nil, err
	}
	l := &leafReport{im: im}
	if err := l.classify(); err != nil {
		return nil, err
	}
	data, err := readFile(vmlinux)
	if err != nil {
		return nil, err
	}
	fromAssembly, err := tablecheck.Assembly(vmlinux, data)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range l.functions {
		if f.flow.Class.Class == flow.Leaf && fromAssembly(f.symbol.Addr) {
			names = append(append(names, f.symbol.Name), f.aliases...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
