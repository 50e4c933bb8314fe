// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"stacksweep/internal/debian"
	"stacksweep/internal/kbuild"
	"stacksweep/internal/kernels"
	"stacksweep/internal/leaf"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/tablecheck"
)

// kernelBuild builds kernels into the cache.
type kernelBuild struct {
	request             kbuild.Request
	compilers, variants string
	all                 bool
}

func (b *kernelBuild) register(fs *flag.FlagSet) {
	r := &b.request
	fs.StringVar(&b.compilers, "compiler", "gcc-12,gcc-current",
		"`compilers` to build with, separated by commas: "+strings.Join(kbuild.CompilerNames(), ", "))
	fs.StringVar(&b.variants, "variant", "", "`variants` to build, separated by commas: "+variantNames()+
		"; without it the unedited kernel")
	fs.BoolVar(&b.all, "all", false, "build the unedited kernel, and all variants")
	fs.StringVar(&r.Source, "source", "", "build a copy of this `folder` with a kernel's source, which is not written "+
		"to; without it Debian's newest source")
	fs.Func("patches", "apply patches to the copy, as git am does: an `mbox`, a diff, or a folder of them (may be "+
		"given again)", func(path string) error {
		r.Patches = append(r.Patches, path)
		return nil
	})
	fs.Func("config", "`options` on top of the configuration, separated by commas: LIVEPATCH=y,PREEMPT_LAZY=n (may be "+
		"given again)", func(options string) error {
		f, err := kbuild.OptionFragment(options)
		r.Config.Fragments = append(r.Config.Fragments, f)
		return err
	})
	fs.Func("config-fragment", "options of a `file`, or a built-in fragment: "+fragmentNames()+" (may be given again)",
		func(name string) error {
			f, err := kbuild.FindFragment(name)
			r.Config.Fragments = append(r.Config.Fragments, f)
			return err
		})
	fs.StringVar(&r.Config.Base, "config-base", "", "put the options on this `file`, a complete configuration, or on "+
		"what a target of the kernel's make gives (defconfig), not on tinyconfig")
	fs.StringVar(&r.Name, "name", "", "what the kernel is called in the cache and in the `name`s of its scenarios")
	fs.BoolVar(&r.Newest, "newest", false,
		"ask the mirror for a newer source than the one in the cache, and build that")
	fs.IntVar(&r.Jobs, "j", runtime.GOMAXPROCS(0), "how many `jobs` make runs")
}

func (b *kernelBuild) run(ctx context.Context, c *cli, rest []string) error {
	r := b.request
	if len(rest) > 0 {
		return usagef("'stacksweep kernel build -h' lists the flags", "kernel build takes no arguments")
	}
	if r.Jobs < 1 {
		return usagef("", "-j %d: at least one job is needed", r.Jobs)
	}
	if r.Source != "" && r.Newest {
		return usagef("", "-newest is about Debian's source, -source about another")
	}
	requests, err := kernelRequests(r, b.compilers, b.variants, b.all)
	if err != nil {
		return err
	}
	var built []kernels.Entry
	for i, r := range requests {
		r.Newest = r.Newest && i == 0 // all of one source
		r.Leaves, r.Log = assemblyLeaves, c.stderr
		k, err := kbuild.Build(ctx, r)
		if err != nil {
			return buildError(err)
		}
		built = append(built, k)
	}
	return c.printKernels(built)
}

// kernelRequests lists what is to be built: r with each compiler in each variant.
func kernelRequests(r kbuild.Request, compilers, variants string, all bool) (requests []kbuild.Request, err error) {
	chosen := kbuild.Variants()
	if !all {
		chosen = nil
		for _, name := range strings.Split(variants, ",") {
			v, err := kbuild.FindVariant(name)
			if err != nil {
				return nil, usagef("", "-variant: %v", err)
			}
			chosen = append(chosen, v)
		}
	}
	for _, name := range strings.Split(compilers, ",") {
		if r.Compiler, err = kbuild.FindCompiler(name); err != nil {
			return nil, usagef("", "-compiler: %v", err)
		}
		for _, r.Variant = range chosen {
			requests = append(requests, r)
		}
	}
	if r.Name != "" && len(requests) > 1 {
		return nil, usagef("-compiler and -variant choose one", "-name names one kernel, and %d are to be built",
			len(requests))
	}
	return requests, nil
}

func fragmentNames() string {
	var names []string
	for _, f := range kbuild.Fragments() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
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
		return usagef("tools/deps.sh kernel installs what is missing, and so does make kernel-sframe",
			"kernel build: %v", err)
	case errors.Is(err, kbuild.ErrSource):
		return usagef("-source takes the top folder of a kernel's source", "kernel build: %v", err)
	case errors.Is(err, kbuild.ErrPatch):
		return usagef("the source and the patches were left as they are", "kernel build: %v", err)
	}
	return fmt.Errorf("kernel build: %w", err)
}

// assemblyLeaves names the assembly functions of a vmlinux that leave SP, X29 and X30 alone.
func assemblyLeaves(vmlinux string) ([]string, error) {
	im, err := loadCode(vmlinux)
	if err != nil {
		return nil, err
	}
	l, err := leaf.Classify(im, runtime.GOMAXPROCS(0))
	if err != nil {
		return nil, err
	}
	data, err := readFile(vmlinux)
	if err != nil {
		return nil, err
	}
	origin, err := tablecheck.Origins(im, data)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range l.Functions {
		if f.Flow.Class.Class == flow.Leaf && origin(f.Symbol.Addr) == tablecheck.FromAssembly {
			names = append(append(names, f.Symbol.Name), f.Aliases...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
