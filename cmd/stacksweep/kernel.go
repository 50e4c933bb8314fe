// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"stacksweep/image"
	"stacksweep/internal/debian"
	"stacksweep/internal/kbuild"
	"stacksweep/internal/kernels"
	"stacksweep/scenarios"
	"stacksweep/scenarios/generated"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep/verdict"
)

func runKernel(ctx context.Context, c *cli, args []string) error {
	if len(args) > 0 && args[0] == "build" { // the only one with flags of its own
		return c.kernelBuild(ctx, args[1:])
	}
	rest, err := c.parse(c.flags(), args)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usagef("'stacksweep kernel list' shows what is in the cache", "kernel takes fetch, build, list, info, functions or remove")
	}
	switch names := rest[1:]; rest[0] {
	case "fetch":
		return c.kernelFetch(ctx, names)
	case "list":
		if len(names) > 0 {
			return usagef("'stacksweep kernel info NAME' tells about one", "kernel list takes no arguments")
		}
		return c.kernelList()
	case "remove":
		return c.kernelRemove(names)
	case "info":
		if len(names) == 0 {
			return usagef("for example: stacksweep kernel info 6.12", "kernel info takes names of kernels")
		}
		return c.kernelInfo(names)
	case "functions":
		if len(names) != 1 {
			return usagef("for example: stacksweep kernel functions 7.3", "kernel functions takes a kernel or a file")
		}
		return c.kernelFunctions(names[0])
	}
	return usagef("", "kernel %s: there are fetch, build, list, info, functions and remove", rest[0])
}

// kernelFetch gets kernels into the cache; "all" is every series that the mirror has.
func (c *cli) kernelFetch(ctx context.Context, names []string) error {
	if slices.Contains(names, "all") {
		available, err := kernels.Available(ctx)
		if err != nil {
			return fetchError(err)
		}
		names = nil
		for _, k := range available {
			names = append(names, k.Series)
		}
	}
	fetched, err := kernels.Fetch(ctx, names...)
	if err != nil {
		return fetchError(err)
	}
	return c.printKernels(fetched)
}

// fetchError makes an archive that can't be reached, as it is on a machine without a network, a run of nothing.
func fetchError(err error) error {
	if errors.Is(err, debian.ErrUnavailable) {
		return fmt.Errorf("SKIP kernel fetch: %w: %w", err, errNothing)
	}
	return err
}

func (c *cli) kernelList() error {
	cached, err := kernels.List()
	if err != nil {
		return err
	}
	if len(cached) == 0 {
		fmt.Fprintln(c.stderr, "no kernel is in the cache: 'stacksweep kernel fetch' gets some")
	} else if err := c.printKernels(cached); err != nil {
		return err
	}
	return c.printLeftovers()
}

func (c *cli) printKernels(list []kernels.Kernel) error {
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SERIES\tRELEASE\tPACKAGE\tIMAGE")
	for _, k := range list {
		origin := k.Package + " " + k.Version
		if k.Built != nil {
			origin = "built of " + origin
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Series, k.Release, origin, k.Image)
	}
	return w.Flush()
}

// configShown are the options that decide how a kernel is unwound and traced.
var configShown = []string{
	"CC_VERSION_TEXT", "PREEMPT_LAZY", "PREEMPT_VOLUNTARY", "VMAP_STACK", "ARM64_PTR_AUTH_KERNEL", "SHADOW_CALL_STACK",
	"FUNCTION_GRAPH_TRACER", "DYNAMIC_FTRACE_WITH_CALL_OPS", "KRETPROBES", "HAVE_RELIABLE_STACKTRACE", "LIVEPATCH",
}

func (c *cli) kernelInfo(names []string) error {
	out := bufio.NewWriter(c.stdout)
	for _, name := range names {
		k, err := kernels.Info(name)
		if err != nil {
			return usagef(fmt.Sprintf("'stacksweep kernel fetch %s' gets it, 'stacksweep kernel list' shows what is there", name), "%v", err)
		}
		loaded, err := kernel.Load(k.Series, k.Image)
		if err != nil {
			return err
		}
		facts := slices.Concat([]kernel.Fact{
			{What: "release", Is: k.Release}, {What: "package", Is: k.Package + " " + k.Version},
			{What: "image", Is: k.Image}, {What: "SHA-256", Is: k.SHA256},
		}, builtFacts(k.Built), loaded.Facts(), configFacts(k.Config))
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, f := range facts {
			fmt.Fprintf(w, "%s\t%s\n", f.What, f.Is)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return out.Flush()
}

// builtFacts says how a kernel was built, if it was built here.
func builtFacts(b *kernels.Built) []kernel.Fact {
	if b == nil {
		return nil
	}
	is := b.Variant
	if v, err := kbuild.FindVariant(b.Variant); err == nil {
		is = strings.TrimPrefix(v.Name+": "+v.Doc, ": ")
	}
	return []kernel.Fact{{What: "built by", Is: b.Compiler}, {What: "variant", Is: is}}
}

// configFacts reads the shown options out of a kernel's configuration, if there is one: the archive drops the package
// that has it before the one that has the Image.
func configFacts(file string) (facts []kernel.Fact) {
	text, err := os.ReadFile(file)
	if err != nil {
		return []kernel.Fact{{What: "configuration", Is: "not in the archive any more"}}
	}
	set := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			set[strings.TrimPrefix(name, "CONFIG_")] = value
		}
	}
	for _, name := range configShown {
		value, ok := set[name]
		if !ok {
			value = "not set"
		}
		facts = append(facts, kernel.Fact{What: name, Is: strings.Trim(value, `"`)})
	}
	return facts
}

// knownScenarios lists the scenarios that the program brings along, generated ones that a name speaks of and, of the
// kernels in the cache, those of the ones that a name or pattern speaks of: reading a kernel takes a third of a second.
func knownScenarios(names ...string) ([]*scenarios.Scenario, error) {
	all := scenarios.All()
	var cached []kernels.Kernel
	asked := map[string]bool{}
	for _, name := range names {
		if s, ok, err := generated.Named(name); err != nil {
			return nil, usagef("", "%v", err)
		} else if ok {
			all = append(all, s)
			continue
		}
		parts := strings.SplitN(name, "/", 3)
		if parts[0] != "kernel" || len(parts) > 1 && parts[1] == ownKernel {
			continue
		}
		if cached == nil {
			var err error
			if cached, err = kernels.List(); err != nil {
				return nil, err
			}
		}
		series := "*"
		if len(parts) > 1 {
			series = parts[1]
		}
		if _, err := path.Match(series, ""); err != nil {
			return nil, usagef("", "pattern %q: %v", name, err)
		}
		found := false
		for _, k := range cached {
			ok, _ := path.Match(series, k.Series)
			asked[k.Series] = asked[k.Series] || ok
			found = found || ok
		}
		if !found {
			return nil, fmt.Errorf("SKIP %s: no such kernel is in the cache ('stacksweep kernel fetch' gets some): %w", name, errNothing)
		}
	}
	for _, k := range cached {
		if !asked[k.Series] {
			continue
		}
		loaded, err := loadKernel(k)
		if err != nil {
			return nil, err
		}
		all = append(all, loaded.Scenarios()...)
	}
	return all, nil
}

// ownKernel stands in the names of scenarios for the series of a kernel that the user has brought.
const ownKernel = "own"

// kernelOf returns the scenarios of a kernel's Image or vmlinux; isKernel is false if the file is something else.
func kernelOf(file string) (own []*scenarios.Scenario, isKernel bool, err error) {
	im, err := image.Load(file)
	if err != nil || !kernel.Is(im) {
		return nil, false, nil // whoever reads it as something else says what is wrong with it
	}
	k, err := kernel.New(ownKernel, im)
	if bad := (*image.Error)(nil); errors.As(err, &bad) {
		return nil, true, unusable(err)
	}
	if err != nil {
		return nil, true, usagef("an arm64 kernel from 6.1 on is needed, with BTF and the function graph tracer", "%v", err)
	}
	return k.Scenarios(), true, nil
}

// loadKernel reads a kernel of the cache.
func loadKernel(k kernels.Kernel) (*kernel.Kernel, error) {
	loaded, err := kernel.Load(k.Series, k.Image)
	var bad *image.Error
	if errors.As(err, &bad) || errors.Is(err, kernel.ErrUnsuitable) {
		return nil, usagef("'stacksweep kernel fetch' gets it again if it is damaged", "kernel %s: %v", k.Series, err)
	}
	return loaded, err
}

// sweptScenarios lists the scenarios that the program brings along and those of the targets.
func sweptScenarios(targets []verdict.Target) []*scenarios.Scenario {
	all := scenarios.All()
	names := map[string]bool{}
	for _, s := range all {
		names[s.Name] = true
	}
	for _, t := range targets {
		if !names[t.Scenario.Name] {
			names[t.Scenario.Name] = true
			all = append(all, t.Scenario)
		}
	}
	return all
}
