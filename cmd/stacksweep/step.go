// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"stacksweep/internal/tui"
	"stacksweep/internal/usage"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

type stepCommand struct {
	runFlags
	walkers, mode, source string
	tour                  bool
}

func (s *stepCommand) register(fs *flag.FlagSet) {
	walkersFlag(fs, &s.walkers, "v6.17,sframe")
	fs.StringVar(&s.mode, "mode", "",
		"the `mode` to begin with: sync, blocked, irq, nmi or pairs (default pairs for a point of a pair, else irq)")
	fs.StringVar(&s.source, "source", "",
		"a `folder` with the source of the code, if that is neither here nor next to the file; the key v shows it")
	fs.BoolVar(&s.tour, "tour", false, "a guided tour through the bug of a return address that is lost")
	s.runFlags.register(fs)
}

func (s *stepCommand) run(ctx context.Context, c *cli, args []string) error {
	if done, err := s.attached(ctx, c, args); done {
		return err
	}
	if len(args) > 1 {
		return usagef("for example: stacksweep step "+samplePoint, "step takes one point")
	}
	all, err := s.catalog(ctx, c)
	if err != nil {
		return err
	}
	o := tui.Options{Catalog: all, Build: s.build, Flags: s.image.flagsFor, Tour: s.tour,
		ASCII: !utf8Terminal(os.Getenv)}
	if o.Walkers, err = c.findWalkers(s.walkers); err != nil {
		return err
	}
	var draws atomic.Bool
	o.Draws = func() { draws.Store(true) }
	registry.Announce(o.Walkers, func(line string) {
		if !draws.Load() {
			fmt.Fprintln(c.stderr, "stacksweep:", line)
		}
	})
	point := tui.TourScenario
	switch {
	case len(args) == 1:
		point = args[0]
	case len(all.User) > 0:
		point = all.User[0].Name
	}
	if o.Point, err = all.Point(point); err != nil {
		return err
	}
	if o.Mode, err = s.chooseMode(o.Point); err != nil {
		return err
	}
	o.Source = newSourceFinder(s.source, s.image.path, o.Point.Target.Scenario.Name).read
	if err := needTerminal(c, os.Getenv("TERM"), o.Point); err != nil {
		return err
	}
	err = tui.Run(ctx, o, c.stdin, c.stdout)
	if errors.Is(err, tui.ErrNoPoint) {
		hint := ""
		if known := (*usage.Error)(nil); errors.As(err, &known) {
			hint = known.Hint
		}
		return usagef(hint, "%v", err)
	}
	return s.image.explain(err)
}

// chooseMode returns the mode that is asked for, or the one that a point is for.
func (s *stepCommand) chooseMode(point verdict.PointName) (verdict.Mode, error) {
	interrupted := point.Interrupt.Present
	switch {
	case s.mode == "" && interrupted:
		return verdict.Pairs, nil
	case s.mode == "":
		return verdict.IRQ, nil
	}
	modes, err := parseModes(s.mode)
	switch {
	case err != nil:
		return 0, err
	case len(modes) != 1:
		return 0, usagef("the key i chooses another one", "step shows one mode at a time")
	case modes[0] == verdict.Pairs && !interrupted:
		return 0, usagef("a pair is a point like "+samplePair+"; the key I takes an interrupt where you are",
			"-mode pairs is for a point of a pair")
	}
	return modes[0], nil
}

// samplePair is a point 42 steps into an interrupt.
const samplePair = "fgraph/return@591/42"

// needTerminal says what to do instead where nothing can be drawn.
func needTerminal(c *cli, term string, point verdict.PointName) error {
	hint := "'stacksweep show " + point.String() + "' prints the same as text"
	switch {
	case !characterDevice(c.stdin) || !characterDevice(c.stdout):
		return usagef(hint, "step needs a terminal for its input and output")
	case term == "" || term == "dumb":
		return usagef(hint, "step can't draw on this terminal (TERM=%s)", term)
	}
	return nil
}

// characterDevice reports whether a stream is a file that may be a terminal.
func characterDevice(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// utf8Terminal reports whether the locale says that the terminal shows UTF-8.
func utf8Terminal(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}
