// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"stacksweep/image"
	"stacksweep/internal/catalog"
	"stacksweep/internal/debian"
	"stacksweep/internal/kbuild"
	"stacksweep/internal/kernels"
	"stacksweep/internal/near"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/kernel"
	"stacksweep/scenarios/kernel/boot"
	"stacksweep/sweep/verdict"
)

func kernelVerb() *verb {
	return &verb{name: "kernel", doc: "real kernels to sweep", verbs: []*verb{
		{name: "fetch", args: "[SERIES...|all]",
			doc: "get Debian's kernels into the cache: the default series, those " +
				"named, or all", new: func() command {
				return simple(kernelFetch)
			}},
		{name: "build", doc: "build kernels into the cache, of any source", new: func() command {
			return &kernelBuild{}
		}},
		{name: "patch", args: "VARIANT", doc: "print a variant of the kernel as a patch, made of the fetched source",
			new: func() command {
				return &kernelPatch{}
			}},
		{name: "compilers", doc: "which compilers describe frames wrongly, in small cases and in the kernel's files",
			new: func() command {
				return &kernelCompilers{}
			}},
		{name: "boot", args: "KERNEL|FILE", doc: "boot a kernel under QEMU, to be recorded", note: kernelBootNote,
			new: func() command {
				return &kernelBoot{}
			}},
		{name: "livepatch", args: "KERNEL|FILE", doc: "boot a kernel that live-patches itself, and watch",
			note: kernelLivepatchNote, new: func() command {
				return &kernelLivepatch{}
			}},
		{name: "list", doc: "what is in the cache", new: func() command { return simple(kernelList) }},
		{name: "info", args: "KERNEL|FILE...", doc: "what a kernel of the cache, an Image or a vmlinux says of itself",
			new: func() command {
				return simple(kernelInfo)
			}},
		{name: "functions", args: "KERNEL|FILE", doc: "the functions that the scenario kernel/.../functions calls",
			new: func() command {
				return simple(kernelFunctions)
			}},
		{name: "remove", args: "KERNEL...|builds", doc: "take kernels out of the cache, or what builds have left",
			new: func() command {
				return simple(kernelRemove)
			}},
	}}
}

// kernelFetch gets kernels into the cache; "all" is every series that the mirror has.
func kernelFetch(ctx context.Context, c *cli, names []string) error {
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

// fetchError says SKIP where the archive can't be reached, as on a machine without a network.
func fetchError(err error) error {
	if errors.Is(err, debian.ErrUnavailable) {
		return fmt.Errorf("SKIP kernel fetch: %w: %w", err, errNothing)
	}
	return err
}

func kernelList(_ context.Context, c *cli, args []string) error {
	if len(args) > 0 {
		return usagef("'stacksweep kernel info NAME' tells about one", "kernel list takes no arguments")
	}
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

func (c *cli) printKernels(list []kernels.Entry) error {
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
	"CC_VERSION_TEXT", "PREEMPT", "PREEMPT_LAZY", "PREEMPT_VOLUNTARY", "PREEMPT_DYNAMIC", "VMAP_STACK",
	"ARM64_PTR_AUTH_KERNEL", "SHADOW_CALL_STACK", "CFI",
	"FUNCTION_GRAPH_TRACER", "DYNAMIC_FTRACE_WITH_CALL_OPS", "KRETPROBES", "HAVE_RELIABLE_STACKTRACE", "LIVEPATCH",
}

func kernelInfo(_ context.Context, c *cli, names []string) error {
	if len(names) == 0 {
		return usagef("for example: stacksweep kernel info 6.12", "kernel info takes names of kernels, or files")
	}
	out := bufio.NewWriter(c.stdout)
	for _, name := range names {
		facts, err := factsOf(name)
		if err != nil {
			return err
		}
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

// hintForKernel says which kernel of the cache may have been meant, by its series or its release.
func hintForKernel(name string) string {
	var names []string
	if cached, err := kernels.List(); err == nil {
		for _, k := range cached {
			names = append(names, k.Series, k.Release)
		}
	}
	return near.Hint(strings.TrimPrefix(name, "v"), names,
		fmt.Sprintf("'stacksweep kernel fetch %s' gets it, 'stacksweep kernel list' shows what is there; a file is "+
			"named by its path", name))
}

// factsOf tells about a kernel of the cache, or one in a file.
func factsOf(name string) ([]kernel.Fact, error) {
	if info, err := os.Stat(name); err == nil && !info.IsDir() {
		return factsOfFile(name)
	}
	k, err := kernels.Info(name)
	if err != nil {
		return nil, usagef(hintForKernel(name), "%v", err)
	}
	loaded, err := kernel.Load(k.Series, k.Image)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]kernel.Fact{
		{What: "release", Is: k.Release}, {What: "package", Is: k.Package + " " + k.Version},
		{What: "image", Is: k.Image}, {What: "SHA-256", Is: k.SHA256},
	}, builtFacts(k.Built), loaded.Facts(), configFacts(k.Config)), nil
}

// factsOfFile tells about an Image or a vmlinux. The configuration is that of the folder it was built in.
func factsOfFile(path string) ([]kernel.Fact, error) {
	im, err := image.Load(path)
	if err != nil {
		return nil, unusable(err)
	}
	k, err := kernel.New(catalog.UserKernel, im)
	if err != nil {
		return nil, usagef("an arm64 kernel from 6.1 on is needed, with BTF and the function graph tracer", "%v", err)
	}
	facts := append([]kernel.Fact{{What: "image", Is: path}, {What: "kind", Is: im.Kind.String()}}, k.Facts()...)
	// an Image lies three folders below
	for dir, n := filepath.Dir(path), 0; n < 4; dir, n = filepath.Join(dir, ".."), n+1 {
		for _, name := range []string{".config", "config"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				return append(facts, configFacts(filepath.Join(dir, name))...), nil
			}
		}
	}
	return facts, nil
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

// kernelOf returns the scenarios of a kernel's Image or vmlinux; isKernel is false if the file is something else.
func kernelOf(file string, opts ...kernel.Option) (list []*scenarios.Scenario, isKernel bool, err error) {
	im, err := image.Load(file)
	if err != nil || !kernel.Is(im) {
		return nil, false, nil // whoever reads it as something else says what is wrong with it
	}
	k, err := kernel.New(catalog.UserKernel, im, opts...)
	if errors.Is(err, boot.ErrInit) {
		return nil, true, usagef("a walk by the kernel's own unwinder would say nothing", "%v", err)
	}
	if errors.Is(err, kernel.ErrModule) {
		return nil, true, usagef("a module of this very kernel is needed, and before it those that it uses", "%v", err)
	}
	if bad := (*image.Error)(nil); errors.As(err, &bad) {
		return nil, true, unusable(err)
	}
	if err != nil {
		return nil, true,
			usagef("an arm64 kernel from 6.1 on is needed, with BTF and the function graph tracer", "%v", err)
	}
	return k.Scenarios(), true, nil
}

// sweptScenarios lists the built-in scenarios and those of the targets.
func sweptScenarios(targets []verdict.Target) []*scenarios.Scenario {
	all := corpus.All()
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
