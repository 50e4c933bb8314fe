// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"stacksweep/internal/report"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// counts are of points that were compared, and of differences found.
type counts struct {
	sweep.Compared
	differences int
}

// answered says how many of the points that were compared say something.
func answered(n sweep.Compared) string {
	if n.Answered == 0 {
		return "none answered"
	}
	return fmt.Sprintf("%d answered", n.Answered)
}

// sweepAgree compares two walkers frame by frame at every point of the targets. Differences are printed with their
// point, those of a target before the line that counts them, and are an error. flags are those that find a scenario
// again.
func (c *cli) sweepAgree(ctx context.Context, pair string, targets []verdict.Target, o sweep.Options,
	flags func(scenario string) string) error {
	a, b, ok := strings.Cut(pair, ",")
	if !ok || a == b {
		return usagef("for example: -agree v6.17,image", "-agree %s: two walkers must be compared", pair)
	}
	if a == autoWalker {
		return c.sweepAgreeAuto(ctx, b, targets, o, flags)
	}
	var err error
	if o.Walkers, err = c.findWalkers(pair); err != nil {
		return err
	}
	if len(o.Walkers) != 2 {
		return usagef("for example: -agree v6.17,image", "-agree %s: two walkers must be compared", pair)
	}
	o.Keep = func(*sweep.Point) bool { return true }
	o.Expect = nil
	out := bufio.NewWriter(c.stdout)
	all, here := counts{}, counts{}
	o.Points = func(s *sweep.Subject, points []sweep.Point) error {
		n, differences := sweep.Agree(s, points, a, b)
		here.Add(n)
		here.differences += len(differences)
		for _, d := range differences {
			p := &d.A
			name, offset := s.Symbols.Locate(p.PC)
			fmt.Fprintf(out, "  %-8s %s+%#x  %s  %s\n", p.Mode, name, offset, d.What,
				report.ShowCommand(&p.Key, p.Position, pair, flags))
		}
		return nil
	}
	err = sweep.Sweep(ctx, targets, o, func(r *sweep.RunResult) error {
		claims := "frames and claims"
		if r.Claimless[a] || r.Claimless[b] {
			claims = "frames"
		}
		for _, d := range r.Deviations {
			fmt.Fprintf(out, "  %-8s %s  %s  %s\n", d.Mode, r.PointName(&d), d.Walker, d.What)
		}
		here.differences += len(r.Deviations)
		fmt.Fprintf(out, "%s:%s: %d points, %s compared, %d differences\n", r.Scenario, r.Variant, here.Points, claims,
			here.differences)
		all.Add(here.Compared)
		all.differences += here.differences
		here = counts{}
		return nil
	})
	fmt.Fprintf(out, "%s and %s differ at %d of %d points (%s)\n", a, b, all.differences, all.Points,
		answered(all.Compared))
	if flushErr := out.Flush(); err == nil {
		err = flushErr
	}
	if err == nil && all.differences > 0 {
		err = errUnexpected
	}
	return err
}
