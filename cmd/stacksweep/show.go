// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"context"
	"errors"
	"slices"

	"stacksweep/internal/inspect"
	"stacksweep/internal/show"
	"stacksweep/scenarios"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

func runShow(_ context.Context, c *cli, args []string) error {
	fs := c.flags()
	walkers := fs.String("walker", "all", "comma-separated `names` of walkers, or all")
	modes := fs.String("mode", "", "comma-separated `modes`: sync, blocked, irq, nmi, all of these, or pairs; by default pairs for a point of a pair, else irq")
	context := fs.Int("context", 20, "how many `lines` of code before and after the point")
	stack := fs.Int("stack", 32, "how many `words` of the stack")
	shift := fs.Uint64("shift", 0, "move the stacks down by so many `bytes`, a multiple of 16")
	var image imageFlags
	image.register(fs)
	rest, err := c.parse(fs, args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usagef("for example: stacksweep show fgraph/return@137", "show takes one point")
	}
	o := show.Options{Before: *context, After: *context, Stack: *stack}
	if *modes != "" {
		if o.Modes, err = verdict.ParseModes(*modes); err != nil {
			return usagef("", "%v", err)
		}
	}
	specs, err := registry.Find(*walkers)
	if err != nil {
		return usagef("'stacksweep list' lists the walkers", "%v", err)
	}
	own, err := image.scenarios()
	if err != nil {
		return err
	}
	in, name, err := openPoint(own, rest[0], specs, scenarios.Options{Shift: *shift})
	if err != nil {
		return image.explain(err)
	}
	if o.Modes == nil {
		o.Modes = []verdict.Mode{verdict.IRQ}
		if name.Interrupt.Present {
			o.Modes = []verdict.Mode{verdict.Pairs}
		}
	}
	out := bufio.NewWriter(c.stdout)
	return errors.Join(show.Point(out, in, name, o), out.Flush(), in.Close())
}

// openPoint records the scenario of a named point and goes there.
func openPoint(own []*scenarios.Scenario, text string, walkers []registry.Spec, o scenarios.Options) (*inspect.Inspector, verdict.PointName, error) {
	known, err := knownScenarios(text)
	if err != nil {
		return nil, verdict.PointName{}, err
	}
	if err := checkBuild(o); err != nil {
		return nil, verdict.PointName{}, err
	}
	name, err := verdict.ParsePoint(slices.Concat(known, own), text)
	if err != nil {
		return nil, name, usagef("'stacksweep list' lists the scenarios", "%v", err)
	}
	session, err := sweep.Open(name.Target, walkers, o)
	if errors.Is(err, sweep.ErrInterruption) {
		return nil, name, usagef("", "%v", err)
	}
	if err != nil {
		return nil, name, err
	}
	if name, err = session.Resolve(name); err != nil {
		return nil, name, usagef("", "%v", err)
	}
	return inspect.New(session), name, session.Seek(name.Step)
}
