// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"stacksweep/internal/catalog"
	"stacksweep/internal/conform"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

const conformNote = `
A KERNEL is a series of the cache or a file: its own unwinder is executed (-walker image). Without one, a model is held
against the built-in programs. The sections are those of Documentation/livepatch/reliable-stacktrace.rst. Refused is
sound; a section of which every walk was refused says nothing more. Left out are the calls of ftrace_caller at a traced
function's entry, in which no walk can start. The exit status is 1 if any section is unsound.
`

// conformCommand answers section by section what is asked of reliable stack traces.
type conformCommand struct {
	walker, format string
	jobs           int
	init           []string
}

func (f *conformCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&f.walker, "walker", "", "the `walker` to judge: image, or v6.17 without a kernel, if it isn't given")
	fs.StringVar(&f.format, "format", "text", "`text`, markdown or json")
	jobsFlag(fs, &f.jobs)
	fs.Func("init", "of a kernel in a file: run its `function` first, as booting would; any number of times",
		func(s string) error {
			f.init = append(f.init, s)
			return nil
		})
}

func (f *conformCommand) run(ctx context.Context, c *cli, args []string) error {
	write, known := map[string]func(*conform.Table, *bufio.Writer, string) error{
		"text": (*conform.Table).Text, "markdown": (*conform.Table).Markdown, "json": (*conform.Table).JSON,
	}[f.format]
	switch {
	case !known:
		return usagef("", "no format %q: there are text, markdown and json", f.format)
	case len(args) > 1:
		return usagef("for example: stacksweep conform vmlinux", "conform takes one kernel at most")
	}
	if err := checkJobs(f.jobs); err != nil {
		return err
	}
	if done, err := c.attached(ctx, strings.Join(args, " "), len(args) > 0); done {
		return err
	}
	targets, file, err := f.targets(args)
	if err != nil {
		return err
	}
	if f.walker == "" {
		f.walker = "image"
		if len(args) == 0 {
			f.walker = "v6.17"
		}
	}
	o := sweep.Options{Modes: verdict.StepModes()}
	if o.Walkers, err = c.findWalkers(f.walker); err != nil {
		return err
	}
	o.Jobs = goroutines(f.jobs, o.Walkers)
	if o.Expect, err = verdict.BuiltinExpectations(); err != nil {
		return err
	}
	if len(o.Walkers) != 1 {
		return usagef("for example: -walker sframe", "-walker %s: one walker is judged", f.walker)
	}
	table := conform.NewTable(o.Walkers[0].Name)
	err = sweep.Sweep(ctx, targets, o, func(r *sweep.RunResult) error {
		table.Add(r)
		return nil
	})
	if err != nil {
		return err
	}
	if table.Walks() == 0 {
		return fmt.Errorf("SKIP conform: no walk tells about any section: %w", errNothing)
	}
	out := bufio.NewWriter(c.stdout)
	if err := errors.Join(write(table, out, file), out.Flush()); err != nil {
		return err
	}
	if table.Unsound() {
		return errUnexpected
	}
	return nil
}

// targets finds what to sweep, and the file it comes from.
func (f *conformCommand) targets(args []string) (targets []verdict.Target, file string, err error) {
	if len(args) == 0 {
		if len(f.init) > 0 {
			return nil, "", usagef("for example: stacksweep conform -init init_sframe_table vmlinux",
				"-init is for a kernel in a file")
		}
		targets, err = (&catalog.Catalog{}).Targets(nil)
		return targets, "", err
	}
	if info, statErr := os.Stat(args[0]); statErr == nil && !info.IsDir() {
		list, isKernel, err := kernelOf(args[0], kernel.Init(f.init...))
		if err == nil && !isKernel {
			err = usagef("an Image or a vmlinux is needed", "%s is no kernel", args[0])
		}
		return verdict.Targets(list), args[0], err
	}
	targets, err = (&catalog.Catalog{}).Targets([]string{"kernel/" + args[0]})
	return targets, "", err
}
