// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"stacksweep/internal/report"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/kunwind"
)

// autoWalker stands for every model in -agree.
const autoWalker = "auto"

// A comparison is how a profile compares with an unwinder that was executed.
type comparison struct {
	profile string
	counts
	classes map[string]*differenceClass
}

// differenceClass is differences of a kind in a function.
type differenceClass struct {
	mode   verdict.Mode
	symbol string
	what   string // of the first
	points int
	show   string // the command that shows the first
}

// sweepAgreeAuto tells which model an unwinder is: it compares every profile with it at every point, and names the one
// that differs at the fewest, with its differences by kind. Any difference of that one is an error.
func (c *cli) sweepAgreeAuto(ctx context.Context, walker string, targets []verdict.Target, o sweep.Options,
	flags func(scenario string) string) error {
	var all []*comparison
	var names []string
	for _, p := range kunwind.Profiles() {
		all = append(all, &comparison{profile: p.Name, classes: map[string]*differenceClass{}})
		names = append(names, p.Name)
	}
	var err error
	if o.Walkers, err = registry.Find(strings.Join(append(names, walker), ",")); err != nil {
		return usagef("'stacksweep list' lists the walkers", "%v", err)
	}
	if slices.Contains(names, walker) || len(o.Walkers) != len(names)+1 {
		return usagef("for example: -agree auto,image",
			"-agree auto,%s: all models are compared with a walker that is none of them", walker)
	}
	o.Keep = func(*sweep.Point) bool { return true }
	o.Expect = nil
	o.Points = func(s *sweep.Subject, found []sweep.Point) error {
		for _, one := range all {
			n, differences := sweep.Agree(s, found, one.profile, walker)
			one.Add(n)
			one.note(s, walker, differences, flags)
		}
		return nil
	}
	out := bufio.NewWriter(c.stdout)
	deviations := 0
	err = sweep.Sweep(ctx, targets, o, func(r *sweep.RunResult) error {
		for _, d := range r.Deviations {
			fmt.Fprintf(out, "  %-8s %s  %s  %s\n", d.Mode, r.PointName(&d), d.Walker, d.What)
		}
		deviations += len(r.Deviations)
		return nil
	})
	// In pairs a kernel has one kind of entry code, and is compared with the models of such kernels alone.
	all = slices.DeleteFunc(all, func(one *comparison) bool { return one.Points == 0 })
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("SKIP -agree auto,%s: no point was walked: %w", walker, errNothing)
	}
	if err == nil {
		err = printComparisons(out, all, walker)
	}
	if flushErr := out.Flush(); err == nil {
		err = flushErr
	}
	if err == nil && deviations > 0 {
		err = errUnexpected
	}
	return err
}

// number matches what tells differences of a kind apart.
var number = regexp.MustCompile(`0x[0-9a-f]+|\d+`)

// note counts differences.
func (one *comparison) note(s *sweep.Subject, walker string, differences []sweep.Disagreement,
	flags func(scenario string) string) {
	one.differences += len(differences)
	for _, d := range differences {
		name, _ := s.Symbols.Locate(d.A.PC)
		key := fmt.Sprint(d.A.Mode, name, number.ReplaceAllString(d.What, "N"))
		class := one.classes[key]
		if class == nil {
			class = &differenceClass{
				mode: d.A.Mode, symbol: name, what: d.What,
				show: report.ShowCommand(&d.A.Key, d.A.Position, one.profile+","+walker, flags),
			}
			one.classes[key] = class
		}
		class.points++
	}
}

// printComparisons prints the profiles, the nearest first, and the differences of that one.
func printComparisons(out *bufio.Writer, all []*comparison, walker string) error {
	slices.SortStableFunc(all, func(a, b *comparison) int { return cmp.Compare(a.differences, b.differences) })
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "PROFILE\tDIFFERS FROM %s AT\tOF\tANSWERED\n", strings.ToUpper(walker))
	for _, one := range all {
		fmt.Fprintf(w, "%s\t%d\t%d points\t%d\n", one.profile, one.differences, one.Points, one.Answered)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	nearest := all[0]
	var same []string
	for _, one := range all[1:] {
		if one.differences == nearest.differences {
			same = append(same, one.profile)
		}
	}
	fmt.Fprintf(out, "\n%s is nearest to %s", nearest.profile, walker)
	if len(same) > 0 {
		fmt.Fprintf(out, " (and as near: %s)", strings.Join(same, ", "))
	}
	fmt.Fprintf(out, ": it differs at %d of %d points (%s)\n", nearest.differences, nearest.Points,
		answered(nearest.Compared))
	if nearest.differences == 0 {
		return nil
	}
	classes := slices.SortedFunc(maps.Values(nearest.classes), func(a, b *differenceClass) int {
		return cmp.Or(cmp.Compare(b.points, a.points), cmp.Compare(a.show, b.show))
	})
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "POINTS\tMODE\tIN\tTHE FIRST\t")
	for _, d := range classes {
		fmt.Fprintf(w, "%d\t%v\t%s\t%s\t%s\n", d.points, d.mode, d.symbol, d.what, d.show)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return errUnexpected
}
