// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"stacksweep/internal/tui"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

func runStep(ctx context.Context, c *cli, args []string) error {
	fs := c.flags()
	walkers := fs.String("walker", "v6.17,sframe", "comma-separated `names` of walkers, or all")
	mode := fs.String("mode", "irq", "the `mode` to begin with: sync, blocked, irq or nmi")
	tour := fs.Bool("tour", false, "a guided tour through the bug of a return address that is lost")
	var image imageFlags
	image.register(fs)
	rest, err := c.parse(fs, args)
	if err != nil {
		return err
	}
	if len(rest) > 1 {
		return usagef("for example: stacksweep step fgraph/return@137", "step takes one point")
	}
	own, err := image.scenarios()
	if err != nil {
		return err
	}
	o := tui.Options{Scenarios: append(scenarios.All(), own...), Tour: *tour, ASCII: !utf8Terminal(os.Getenv)}
	if o.Walkers, err = registry.Find(*walkers); err != nil {
		return usagef("'stacksweep list' lists the walkers", "%v", err)
	}
	modes, err := verdict.ParseModes(*mode)
	if err != nil {
		return usagef("", "%v", err)
	}
	if len(modes) != 1 {
		return usagef("the key i chooses another one", "step shows one mode at a time")
	}
	o.Mode = modes[0]
	point := tui.TourScenario
	switch {
	case len(rest) == 1:
		point = rest[0]
	case own != nil:
		point = own[0].Name
	}
	if o.Point, err = verdict.ParsePoint(o.Scenarios, point); err != nil {
		return usagef("'stacksweep list' lists the scenarios", "%v", err)
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
	return image.explain(err)
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
