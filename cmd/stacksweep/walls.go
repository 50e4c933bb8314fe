// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"stacksweep/internal/catalog"
	"stacksweep/internal/shard"
	"stacksweep/internal/walls"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"
)

// childVerb is what the command line of a child begins with; then come the folder that it shares with its parent, and
// the command.
const childVerb = "-child"

// memoryLimit is how many MiB of address space an engine and what goes with it may take.
const memoryLimit = 8192

// wallFlags say what a child process may use up, which sweeps code that isn't built in.
type wallFlags struct {
	cpu    time.Duration
	memory uint64 // MiB
}

func (w *wallFlags) register(fs *flag.FlagSet) {
	fs.DurationVar(&w.cpu, "cpu-limit", 0,
		"CPU `time`, times -j, after which a scenario that isn't built in has failed; 0: none")
	fs.Uint64Var(&w.memory, "memory-limit", memoryLimit,
		"`MiB` of address space, times -j, that a scenario that isn't built in may take; 0: no limit")
}

// limits are those of a child with so many goroutines: several scenarios may be under way, or several parts of one,
// each with engines of its own, which reserve a gigabyte of address space and more.
func (w *wallFlags) limits(jobs int) walls.Limits {
	return walls.Limits{CPU: w.cpu * time.Duration(jobs), Memory: w.memory << 20 * uint64(jobs)}
}

// foreign reports whether names or patterns may mean code that isn't built in.
func foreign(patterns []string) bool {
	builtIn := &catalog.Catalog{}
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		pattern, _, _ = strings.Cut(pattern, "@")
		scenario, _, _ := strings.Cut(pattern, ":")
		family, _, _ := strings.Cut(scenario, "/")
		if family == "kernel" || family == "live" {
			return true
		}
		targets, err := builtIn.Targets([]string{pattern})
		return err != nil || slices.ContainsFunc(targets, func(t verdict.Target) bool {
			_, ok := corpus.All().Find(t.Scenario.Name)
			return !ok
		})
	})
}

// walled reports whether a sweep is to be done by a child.
func (s *sweepCommand) walled(c *cli, patterns []string) bool {
	return c.program != "" && c.child == nil && (s.generate > 0 && !s.inside || s.outside(patterns))
}

// outside reports whether what names or patterns mean comes from outside, and isn't to be executed in this process.
func (f *runFlags) outside(patterns []string) bool {
	return !f.inside && (f.image.path != "" || foreign(patterns))
}

// childOptions are those of a child that runs this command.
func (c *cli) childOptions(stderr *os.File, limits walls.Limits) walls.Options {
	return walls.Options{
		Command: []string{c.program, childVerb}, Name: os.Args[0], Args: c.args, Stdout: c.stdout, Stderr: stderr,
		Color: colorTerminal(c.stdout, os.Getenv), Limits: limits,
	}
}

// ended is the outcome of a child that has told its own errors.
func ended(status int, err error) error {
	if err == nil && status != exitOK {
		return exitStatus(status)
	}
	return err
}

// exitStatus is the exit status of a child, which has said why.
type exitStatus int

func (exitStatus) Error() string { return "a child has ended" }

// runChild lets a child run the command.
func (s *sweepCommand) runChild(ctx context.Context, c *cli) error {
	stderr, ok := c.stderr.(*os.File)
	if !ok {
		return errors.New("a child needs a file for its errors")
	}
	o := c.childOptions(stderr, s.walls.limits(s.jobs))
	o.Whole = s.agree != "" || s.against != ""
	return ended(walls.Run(ctx, o))
}

// attached lets a child run a command that executes what points or patterns name, unless all of it is built in, and
// reports whether it did.
func (f *runFlags) attached(ctx context.Context, c *cli, names []string) (done bool, err error) {
	return c.attached(ctx, cmp.Or(strings.Join(names, " "), f.image.path), f.outside(names))
}

// attached lets a child run the command if it executes what comes from outside. The child talks to the user itself;
// what names the work that it does, if it dies.
func (c *cli) attached(ctx context.Context, what string, outside bool) (done bool, err error) {
	if c.child != nil {
		c.child.Begin(what)
		return false, nil
	}
	stdout, file := c.stdout.(*os.File)
	stderr, also := c.stderr.(*os.File)
	if c.program == "" || !outside || !file || !also {
		return false, nil
	}
	stdin, _ := c.stdin.(*os.File)
	restore := keepTerminal(stdin, stdout)
	o := c.childOptions(stderr, walls.Limits{Memory: memoryLimit << 20 * uint64(runtime.GOMAXPROCS(0))})
	o.Stdin = stdin
	status, err := walls.Attached(ctx, o)
	if err != nil {
		restore()
	}
	return true, ended(status, err)
}

// keepTerminal returns what makes a terminal as it was before a child that has died changed it.
func keepTerminal(stdin, stdout *os.File) (restore func()) {
	if stdin == nil || !term.IsTerminal(stdin.Fd()) {
		return func() {}
	}
	state, err := term.GetState(stdin.Fd())
	return func() {
		if err == nil {
			_ = term.Restore(stdin.Fd(), state)
		}
		if term.IsTerminal(stdout.Fd()) {
			// Colours, the alternate screen, the mouse, pasting in brackets, and the cursor.
			fmt.Fprint(
				stdout,
				ansi.ResetStyle,
				ansi.ResetModeAltScreenSaveCursor,
				ansi.ResetModeMouseButtonEvent,
				ansi.ResetModeMouseAnyEvent,
				ansi.ResetModeMouseExtSgr,
				ansi.ResetModeBracketedPaste,
				ansi.SetModeTextCursorEnable,
			)
		}
	}
}

// onBegin is what tests do to a child when a target has begun.
var onBegin func(target string)

// runAsChild runs a command as the child of a process that waits for it.
func runAsChild(ctx context.Context, args []string) int {
	child, err := walls.Join(args[0])
	if err != nil {
		return (&cli{stderr: os.Stderr}).exit(err)
	}
	child.OnBegin = onBegin
	c := &cli{stdin: os.Stdin, stdout: os.Stdout, stderr: child.Stderr(), args: args[1:], child: child}
	return child.Exit(c.exit(c.dispatch(ctx, "", verbs(), c.args)))
}

// watched tells the parent how a sweep goes on. If one has died before, its results are kept.
func (s *sweepCommand) watched(c *cli, targets []verdict.Target) []verdict.Target {
	if c.child == nil {
		return targets
	}
	if c.child.Resumed() && s.resume == "" {
		s.resume = c.child.Parts()
	}
	if s.resume != "" {
		return targets // shard.Run says what is under way
	}
	return c.child.Watched(targets)
}

// sweeper is what sweeps in this process.
func (c *cli) sweeper() sweeper {
	if c.child == nil {
		return sweep.Sweep
	}
	return func(ctx context.Context, targets []verdict.Target, o sweep.Options,
		done func(*sweep.RunResult) error) error {
		if failed := o.Failed; failed != nil {
			o.Failed = func(t verdict.Target, err error) error {
				c.child.End(t.String())
				return failed(t, err)
			}
		}
		return sweep.Sweep(ctx, targets, o, func(r *sweep.RunResult) error {
			c.child.End(r.Scenario + ":" + r.Variant)
			return done(r)
		})
	}
}

// watch is how shard.Run tells a parent what is under way.
func (c *cli) watch(targets []verdict.Target, done func(have, all int)) shard.Watch {
	w := shard.Watch{Done: done}
	if c.child != nil {
		w.Begin = func(u shard.Unit) { c.child.Begin(targets[u.Target].String()) }
		w.End = func(u shard.Unit) { c.child.End(targets[u.Target].String()) }
	}
	return w
}

// suspects are the units that children may have died of. Those that they have died of get a part that says so.
func (c *cli) suspects(file *shard.File, targets []verdict.Target) (first []shard.Unit, err error) {
	if c.child == nil {
		return nil, nil
	}
	for _, u := range file.Missing() {
		name := targets[u.Target].String()
		if death := c.child.Dead(name); death != nil {
			if err := file.Add(u, &sweep.Part{Failed: death.Error()}); err != nil {
				return nil, err
			}
		} else if c.child.First(name) {
			first = append(first, u)
		}
	}
	return first, nil
}
