// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"

	"stacksweep/internal/show"
	"stacksweep/sweep/verdict"
)

// samplePoint is a point at which something is wrong, for hints.
const samplePoint = "fgraph/return@591"

type showCommand struct {
	runFlags
	walkers, modes string
	context, stack int
}

func (s *showCommand) register(fs *flag.FlagSet) {
	walkersFlag(fs, &s.walkers, "all")
	modesFlag(fs, &s.modes, "", "; or pairs (default pairs for a point of a pair, else irq)")
	fs.IntVar(&s.context, "context", 20, "how many `lines` of code before and after the point")
	fs.IntVar(&s.stack, "stack", 32, "how many `words` of the stack")
	s.runFlags.register(fs)
}

func (s *showCommand) run(ctx context.Context, c *cli, args []string) error {
	if done, err := s.attached(ctx, c, args); done {
		return err
	}
	o := show.Options{Before: s.context, After: s.context, Stack: s.stack}
	walkers, err := c.findWalkers(s.walkers)
	if err != nil {
		return err
	}
	if s.modes != "" {
		if o.Modes, err = parseModes(s.modes); err != nil {
			return err
		}
	}
	all, err := s.catalog(ctx, c)
	if err != nil {
		return err
	}
	point := s.image.firstCall()
	switch {
	case len(args) == 1:
		point = args[0]
	case len(args) > 1 || point == "":
		return usagef("for example: stacksweep show "+samplePoint, "show takes one point")
	}
	in, name, err := s.open(all, point, walkers)
	if err != nil {
		return err
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
