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
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"stacksweep/emu"
	"stacksweep/internal/catalog"
	"stacksweep/internal/usage"
	"stacksweep/internal/walls"
	"stacksweep/scenarios"
	"stacksweep/sweep"
	"stacksweep/sweep/truth"
)

// Exit statuses.
const (
	exitOK         = 0 // all as expected
	exitUnexpected = 1 // a regression, an expectation that no longer holds, an oracle conflict
	exitUsage      = 2 // usage, or input that can't be read
	exitNothing    = 3 // nothing could run
	exitFailed     = 4 // the machine is at fault: a full disk, no home folder, a walker that doesn't start

	exitInterrupted = 130 // by Ctrl-C; what was done until then is printed
)

// cli is what a verb talks to.
type cli struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	args           []string // the whole command line, without the program

	program string       // what a child is made of; "": there are to be none
	child   *walls.Child // if this is one
}

// usagef makes an error out of what a user can put right, with a hint.
func usagef(hint, format string, args ...any) error { return usage.Errorf(hint, format, args...) }

// errUnexpected says that the report has something unexpected; the report itself is already printed.
var errUnexpected = errors.New("not all verdicts are as expected")

// errEnvironment says that the machine is at fault, such as a full disk, and not what was swept.
var errEnvironment = errors.New("not done")

// errNothing says that nothing could run.
var errNothing = catalog.ErrNoKernel

func main() { os.Exit(interruptible()) }

// interruptible runs the program. Ctrl-C cancels what it does; a second one ends it at once.
func interruptible() int {
	completeLine()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop)
	if len(os.Args) > 2 && os.Args[1] == childVerb {
		return runAsChild(ctx, os.Args[2:])
	}
	c := &cli{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, args: os.Args[1:]}
	c.program, _ = os.Executable()
	return c.run(ctx)
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&cli{stdin: stdin, stdout: stdout, stderr: stderr, args: args}).run(ctx)
}

func (c *cli) run(ctx context.Context) int {
	if len(c.args) == 0 {
		_ = printUsage(c.stderr) // there is nowhere else to complain
		return exitUsage
	}
	switch c.args[0] {
	case "help", "-h", "-help", "--help":
		return c.exit(c.helpFor(c.args[1:]))
	case "version", "-version", "--version":
		if _, err := fmt.Fprintf(c.stdout, "stacksweep %s\n%s, %s, %s/%s\n", version(), emu.Engine(), runtime.Version(),
			runtime.GOOS, runtime.GOARCH); err != nil {
			return c.exit(err)
		}
		return exitOK
	}
	return c.exit(c.dispatch(ctx, "", verbs(), c.args))
}

// found are the errors that say that something was found which is not as it must be.
var found = []error{errUnexpected, errLeaf, errClass, errTable, errDiffer, errWorse, truth.ErrConflict}

// exit reports an error and chooses the exit status.
func (c *cli) exit(err error) int {
	var u *usage.Error
	var cut *sweep.Interrupted
	var failure *scenarios.RunFailure
	var child exitStatus
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &child):
		return int(child)
	case errors.As(err, &cut):
		fmt.Fprintln(c.stderr, "stacksweep:", err)
		return exitInterrupted
	case errors.Is(err, context.Canceled):
		if err == context.Canceled {
			err = errors.New("interrupted")
		}
		fmt.Fprintln(c.stderr, "stacksweep:", err)
		return exitInterrupted
	}
	fmt.Fprintln(c.stderr, "stacksweep:", strings.ReplaceAll(err.Error(), "\n", "\nstacksweep: "))
	switch {
	case errors.As(err, &u):
		if u.Hint != "" {
			fmt.Fprintln(c.stderr, "hint:", u.Hint)
		}
		return exitUsage
	case errors.Is(err, errNothing):
		return exitNothing
	case errors.As(err, &failure), slices.ContainsFunc(found, func(f error) bool { return errors.Is(err, f) }):
		return exitUnexpected
	}
	return exitFailed
}

// release is the version of a program that was built by tools/release.sh.
var release string

// version is the module's version, or the commit that the program was built from.
func version() string {
	if release != "" {
		return release
	}
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
