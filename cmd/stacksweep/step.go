// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"strings"

	"stacksweep/internal/tui"
	"stacksweep/sweep/verdict"
)

type stepCommand struct {
	runFlags
	walkers, mode string
	tour          bool
}

func (s *stepCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&s.walkers, "walker", "v6.17,sframe", "comma-separated `names` of walkers, or all")
	fs.StringVar(&s.mode, "mode", "irq", "the `mode` to begin with: sync, blocked, irq or nmi")
	fs.BoolVar(&s.tour, "tour", false, "a guided tour through the bug of a return address that is lost")
	s.runFlags.register(fs)
}

func (s *stepCommand) run(ctx context.Context, c *cli, args []string) error {
	if len(args) > 1 {
		return usagef("for example: stacksweep step "+samplePoint, "step takes one point")
	}
	all, err := s.catalog(ctx, c)
	if err != nil {
		return err
	}
	o := tui.Options{Catalog: all, Build: s.build, Flags: s.image.flagsFor, Tour: s.tour, ASCII: !utf8Terminal(os.Getenv)}
	if o.Walkers, err = findWalkers(s.walkers); err != nil {
		return err
	}
	modes, err := parseModes(s.mode)
	if err != nil {
		return err
	}
	if len(modes) != 1 {
		return usagef("the key i chooses another one", "step shows one mode at a time")
	}
	o.Mode = modes[0]
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
	if o.Mode == verdict.Pairs || o.Point.Interrupt.Present {
		return usagef("'stacksweep show' prints a pair, and gdb can go through one with 'stacksweep gdb'", "step shows no pairs")
	}
	if err := needTerminal(c, os.Getenv("TERM"), o.Point); err != nil {
		return err
	}
	err = tui.Run(ctx, o, c.stdin, c.stdout)
	if errors.Is(err, tui.ErrNoPoint) {
		return usagef("", "%v", err)
	}
	return s.image.explain(err)
}

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
