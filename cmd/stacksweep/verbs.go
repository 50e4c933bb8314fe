// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"stacksweep/internal/near"
)

// A verb is a subcommand, or one of a subcommand's own.
type verb struct {
	name, args, doc string
	note            string         // printed after the flags in its help
	new             func() command // nil if it has verbs of its own
	verbs           []*verb
}

// A command is what a verb does, with its flags.
type command interface {
	register(*flag.FlagSet)
	run(ctx context.Context, c *cli, args []string) error
}

// simple is a command without flags.
type simple func(ctx context.Context, c *cli, args []string) error

func (simple) register(*flag.FlagSet) {}

func (do simple) run(ctx context.Context, c *cli, args []string) error { return do(ctx, c, args) }

// verbs lists the subcommands, in the order of the help.
func verbs() []*verb {
	return []*verb{
		{name: "list", args: "[PATTERN...]", doc: "scenarios, variants, walkers and modes", note: listNote,
			new: func() command {
				return &listCommand{}
			}},
		{name: "sweep", args: "[SCENARIO...]", doc: "walk the stack at every instruction and judge each walk",
			note: sweepNote, new: func() command {
				return &sweepCommand{}
			}},
		{name: "merge", args: "FILE...", doc: "one report out of the shards of a sweep", note: mergeNote,
			new: func() command {
				return &mergeCommand{}
			}},
		{name: "diff", args: "OLD NEW", doc: "two sweeps: what got better, worse, appeared, vanished", note: diffNote,
			new: func() command {
				return &diffCommand{}
			}},
		{name: "show", args: "POINT", doc: "one point as text: code, registers, stacks, the truth next to each walk",
			new: func() command {
				return &showCommand{}
			}},
		{name: "step", args: "[POINT]", doc: "the same, live in the terminal: step forwards and backwards",
			new: func() command {
				return &stepCommand{}
			}},
		{name: "gdb", args: "[POINT]", doc: "a GDB remote stub: your own gdb, with reverse-stepi", new: func() command {
			return &gdbCommand{}
		}},
		{name: "record", args: "[SCENARIO]", doc: "keep a run as a file: of a scenario, or of a kernel, " +
			"through a GDB stub", note: recordNote, new: func() command {
			return &recordCommand{}
		}},
		{name: "export", args: "SCENARIO...", doc: "write test vectors for unwinders elsewhere, or with -core FILE " +
			"POINT an ELF core", note: exportNote, new: func() command {
			return &exportCommand{}
		}},
		kernelVerb(),
		{name: "mutate", args: "[SCENARIO...]", doc: "break code, tables, models and oracles on purpose; how many " +
			"breaks does the sweep catch?", note: mutateNote, new: func() command {
			return &mutateCommand{}
		}},
		{name: "conform", args: "[KERNEL]", doc: "what the kernel asks of reliable stack traces, section by section: " +
			"sound, refused, unsound where", note: conformNote, new: func() command {
			return &conformCommand{}
		}},
		{name: "findings", doc: "write docs/findings.md, from a run", new: func() command {
			return &findingsCommand{}
		}},
		sframeVerb(),
		{name: "check", args: "FILE", doc: "hold the tables that a file has, .sframe, .eh_frame and .debug_frame, " +
			"against its code", new: func() command {
			return &checkCommand{}
		}},
		{name: "leaf", args: "FILE [PATTERN...]", doc: "which assembly functions are leaves and can be annotated; " +
			"which can't, and why", new: func() command {
			return &leafCommand{}
		}},
		{name: "completion", args: "bash|zsh|fish [PROGRAM]",
			doc: "print what makes a shell complete commands, flags " +
				"and scenarios", note: completionNote, new: func() command {
				return simple(runCompletion)
			}},
		{name: "man", doc: "print the manual page: stacksweep man | man -l -", new: func() command {
			return simple(runMan)
		}},
	}
}

// dispatch runs the verb that the first argument names. Path is what stands before it on the command line.
func (c *cli) dispatch(ctx context.Context, path string, list []*verb, args []string) error {
	full := strings.TrimSpace(path + " " + args[0])
	v := findVerb(list, args[0])
	switch {
	case v == nil:
		return usagef(near.Hint(args[0], strings.Split(names(list, " "), " "), "there are "+names(list, ", ")),
			"no command %q", full)
	case v.verbs == nil:
		return c.runCommand(ctx, full, v, args[1:])
	case len(args) == 1:
		return usagef("there are "+names(v.verbs, ", "), "%s needs to know what to do", full)
	case isHelp(args[1]):
		return c.help(full, v)
	}
	return c.dispatch(ctx, full, v.verbs, args[1:])
}

func findVerb(list []*verb, name string) *verb {
	for _, v := range list {
		if v.name == name {
			return v
		}
	}
	return nil
}

// runCommand parses the flags, which may stand before and after the arguments, and runs the command.
func (c *cli) runCommand(ctx context.Context, full string, v *verb, args []string) error {
	do := v.new()
	fs := flagSet(do)
	var rest []string
	for {
		if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
			return c.help(full, v)
		} else if err != nil {
			return usagef(hintForFlag(err, fs, full), "%s: %v", full, err)
		}
		if fs.NArg() == 0 {
			return c.perform(ctx, do, rest)
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

// hintForFlag says which flag an unknown one may have meant.
func hintForFlag(err error, fs *flag.FlagSet, full string) string {
	otherwise := fmt.Sprintf("'stacksweep help %s' lists the flags", full)
	_, name, unknown := strings.Cut(err.Error(), "flag provided but not defined: ")
	if !unknown {
		return otherwise
	}
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, "-"+f.Name) })
	return near.Hint("-"+strings.TrimLeft(name, "-"), names, otherwise)
}

// cleansUp marks commands that take care of an interruption: they end in good time, with what was done until then or
// with the terminal as it was.
type cleansUp interface{ cleansUp() }

// keeps is a command that may have something to keep after an interruption, such as what was recorded of a kernel: it
// is waited for then, as if it cleaned up.
type keeps interface{ keeps() bool }

// patience is how long a command without anything to clean up may go on after Ctrl-C.
const patience = 300 * time.Millisecond

// perform runs a command until its end, or until Ctrl-C.
func (c *cli) perform(ctx context.Context, do command, args []string) error {
	if _, ok := do.(cleansUp); ok {
		return do.run(ctx, c, args)
	}
	done := make(chan error, 1)
	go func() { done <- do.run(ctx, c, args) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	if k, ok := do.(keeps); ok && k.keeps() {
		return <-done
	}
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		return ctx.Err()
	}
}

// flagSet returns a command's flags. Their errors and their help are ours to print.
func flagSet(do command) *flag.FlagSet {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	do.register(fs)
	return fs
}

func (*sweepCommand) cleansUp()    {}
func (*findingsCommand) cleansUp() {}
func (*stepCommand) cleansUp()     {}
func (*gdbCommand) cleansUp()      {}
func (*kernelBuild) cleansUp()     {}
