// SPDX-License-Identifier: GPL-2.0-only

// Stacksweep tells, for every single instruction of arm64 kernel code, whether an interrupt landing there leaves a
// stack unwinder telling the truth.
//
// Results go to stdout; everything else, errors and progress included, to stderr. Errors read
// "stacksweep: what went wrong", often with a line "hint: what to do".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"stacksweep/sweep"
)

// Exit statuses.
const (
	exitOK         = 0 // all as expected
	exitUnexpected = 1 // a regression, an expectation that no longer holds, an oracle conflict
	exitUsage      = 2 // usage, or input that can't be read
	exitNothing    = 3 // nothing could run

	exitInterrupted = 130 // by Ctrl-C; what was done until then is printed
)

// A verb is a subcommand.
type verb struct {
	name, args, doc string
	note            string // below the flags in its help
	run             func(ctx context.Context, c *cli, args []string) error
}

// cli is what a verb talks to.
type cli struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	verb           *verb
}

func verbs() []verb {
	return []verb{
		{name: "list", args: "", doc: "scenarios, variants and walkers", run: runList},
		{name: "sweep", args: "[SCENARIO...]", doc: "walk the stack at every instruction and judge each walk", note: sweepNote, run: runSweep},
		{name: "diff", args: "OLD NEW", doc: "two sweeps: what got better, worse, appeared, vanished", note: diffNote, run: runDiff},
		{name: "show", args: "POINT", doc: "one point as text: code, registers, stacks, truth beside each walk", run: runShow},
		{name: "step", args: "[POINT]", doc: "the same, live in the terminal: step forwards and backwards", run: runStep},
		{name: "gdb", args: "[POINT]", doc: "a GDB remote stub: your own gdb, with reverse-stepi", run: runGDB},
		{name: "kernel", args: "fetch|build|list|info|functions|remove", doc: "real kernels to sweep", run: runKernel},
		{name: "findings", args: "", doc: "write the answers to the four questions, from a run", run: runFindings},
		{name: "sframe", args: "dump|check|convert FILE", doc: "look into, verify and make SFrame tables", run: runSFrame},
		{name: "check", args: "FILE", doc: "hold the tables that a file has, .sframe, .eh_frame and .debug_frame, against its code", run: runCheck},
		{name: "leaf", args: "FILE", doc: "which assembly functions are leaf, so can be annotated; which are not, and why", run: runLeaf},
	}
}

// usageError is a mistake in the command line, or input that can't be used.
type usageError struct {
	err  error
	hint string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// usagef makes a usageError with a hint.
func usagef(hint, format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...), hint}
}

// errUnexpected says that the report has something that nobody expected; the report itself is already printed.
var errUnexpected = errors.New("not all verdicts are as expected")

// errNothing says that nothing could run.
var errNothing = errors.New("nothing could run")

func main() { os.Exit(interruptible()) }

// interruptible runs the program. Ctrl-C cancels what it does; a second one ends it at once.
func interruptible() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := &cli{stdin: stdin, stdout: stdout, stderr: stderr}
	if len(args) == 0 {
		usage(stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(stdout)
		return exitOK
	case "version", "-version", "--version":
		fmt.Fprintln(stdout, "stacksweep", version())
		return exitOK
	}
	for _, v := range verbs() {
		if v.name == args[0] {
			c.verb = &v
			return c.exit(v.run(ctx, c, args[1:]))
		}
	}
	return c.exit(usagef("'stacksweep help' lists the commands", "no command %q", args[0]))
}

// exit reports an error and chooses the exit status.
func (c *cli) exit(err error) int {
	var u *usageError
	var cut *sweep.Interrupted
	switch {
	case errors.As(err, &cut):
		fmt.Fprintln(c.stderr, "stacksweep:", err)
		return exitInterrupted
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &u):
		fmt.Fprintln(c.stderr, "stacksweep:", err)
		if u.hint != "" {
			fmt.Fprintln(c.stderr, "hint:", u.hint)
		}
		return exitUsage
	case errors.Is(err, errNothing):
		fmt.Fprintln(c.stderr, "stacksweep:", err)
		return exitNothing
	}
	fmt.Fprintln(c.stderr, "stacksweep:", err)
	return exitUnexpected
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Stacksweep tells, for every instruction of arm64 kernel code, whether an interrupt\nlanding there leaves a stack unwinder telling the truth.\n\nUsage:\n")
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range verbs() {
		fmt.Fprintf(tw, "  stacksweep %s\t%s\n", strings.TrimSpace(v.name+" "+v.args), v.doc)
	}
	tw.Flush()
	fmt.Fprint(w, "\n'stacksweep COMMAND -h' lists a command's flags. A POINT is scenario[:variant]@step,\nas in fgraph/return@137; @137/42 is 42 steps into an interrupt taken there.\n")
}

// version is the module's version, or the commit that the program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v += " " + s.Value
		}
	}
	return v
}

// flags makes a flag set for a verb. Its errors and its help are ours to print.
func (c *cli) flags() *flag.FlagSet {
	fs := flag.NewFlagSet(c.verb.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	return fs
}

// parse parses a verb's flags, which may stand before and after its arguments.
func (c *cli) parse(fs *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(c.stdout, "Usage: stacksweep %s\n  %s\n", strings.TrimSpace(c.verb.name+" [flags] "+c.verb.args), c.verb.doc)
			fs.SetOutput(c.stdout)
			fs.PrintDefaults()
			fmt.Fprint(c.stdout, c.verb.note)
			return nil, flag.ErrHelp
		} else if err != nil {
			return nil, usagef(fmt.Sprintf("'stacksweep %s -h' lists the flags", c.verb.name), "%s: %v", c.verb.name, err)
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}
