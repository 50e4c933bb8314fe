// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"stacksweep/image"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// sweepAgainst sweeps two lists of targets of the same code, and compares the verdicts at each instruction that both
// have executed.
func (c *cli) sweepAgainst(ctx context.Context, targets, others []verdict.Target, o sweep.Options) error {
	one, err := verdictsAt(ctx, targets, o)
	if err != nil {
		return err
	}
	other, err := verdictsAt(ctx, others, o)
	if err != nil {
		return err
	}
	return printAgainst(c.stdout, targetNames(targets), targetNames(others), one, other)
}

// A place is an instruction, as a walker met it in a mode. What is called on the way back through a trampoline is kept
// apart from the same code called otherwise.
type place struct {
	mode   verdict.Mode
	walker string
	symbol string
	offset uint64
	inside string // the trampolines that are being executed, innermost first
}

func (p place) String() string {
	s := image.Place(p.symbol, p.offset)
	if p.inside != "" {
		s += " in " + p.inside
	}
	return s
}

// trampolines are where functions are made to return to, and the way into a tracer.
var trampolines = []string{"return_to_handler", "__kretprobe_trampoline", "kretprobe_trampoline",
	"arch_rethook_trampoline", "ftrace_caller"}

// insideOf names the trampolines among the callers of a point.
func insideOf(symbols *image.Symbols, truth []uint64) string {
	var all []string
	for _, addr := range truth {
		if s, ok := symbols.At(addr); ok && slices.Contains(trampolines, s.Name) {
			all = append(all, s.Name)
		}
	}
	return strings.Join(all, ", ")
}

// verdicts are those that a walker got at a place, by kind, with a point that has it.
type verdicts map[verdict.Verdict]string

func (v verdicts) String() string {
	var all []string
	for _, x := range slices.Sorted(maps.Keys(v)) {
		all = append(all, x.String())
	}
	return strings.Join(all, "/")
}

// verdictsAt sweeps targets.
func verdictsAt(ctx context.Context, targets []verdict.Target, o sweep.Options) (map[place]verdicts, error) {
	all := map[place]verdicts{}
	o.Keep = func(*sweep.Point) bool { return true }
	o.Points = func(s *sweep.Subject, points []sweep.Point) error {
		for i := range points {
			p := &points[i]
			symbol, ok := s.Symbols.At(p.PC)
			if !ok {
				continue
			}
			at := place{p.Mode, p.Walker, symbol.Name, p.PC - symbol.Addr, insideOf(s.Symbols, p.Truth)}
			if all[at] == nil {
				all[at] = verdicts{}
			}
			if _, have := all[at][p.Verdict]; !have {
				all[at][p.Verdict] = p.Key.PointName(p.Position)
			}
		}
		return nil
	}
	err := sweep.Sweep(ctx, targets, o, func(*sweep.RunResult) error { return nil })
	return all, err
}

func targetNames(targets []verdict.Target) string {
	var all []string
	for _, t := range targets {
		all = append(all, t.String())
	}
	return strings.Join(all, ", ")
}

// printAgainst prints what differs. It is errUnexpected if anything does, and errNothing if there is nothing to
// compare.
func printAgainst(w io.Writer, one, other string, a, b map[place]verdicts) error {
	compared, same := 0, 0
	var differ []place
	for at, v := range a {
		u, ok := b[at]
		if !ok {
			continue
		}
		compared++
		if maps.EqualFunc(v, u, func(string, string) bool { return true }) {
			same++
		} else {
			differ = append(differ, at)
		}
	}
	slices.SortFunc(differ, func(x, y place) int {
		for _, c := range []int{int(x.mode) - int(y.mode), strings.Compare(x.walker, y.walker),
			strings.Compare(x.symbol, y.symbol), int(x.offset) - int(y.offset), strings.Compare(x.inside, y.inside)} {
			if c != 0 {
				return c
			}
		}
		return 0
	})
	fmt.Fprintf(w, "%s\n  against %s\n%d places that both have executed: the same verdicts at %d\n", one, other,
		compared, same)
	if compared == 0 {
		return fmt.Errorf("nothing that both have executed: %w", errNothing)
	}
	if len(differ) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "MODE\tWALKER\tPLACE\tFIRST\tSECOND\tPOINTS")
	for _, at := range differ {
		fmt.Fprintf(t, "%v\t%s\t%v\t%v\t%v\t%s\n", at.mode, at.walker, at, a[at], b[at], examples(a[at], b[at]))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return errUnexpected
}

// examples names a point of each side, of a verdict that the other doesn't have if there is one.
func examples(a, b verdicts) string {
	pick := func(v, other verdicts) string {
		for _, x := range slices.Sorted(maps.Keys(v)) {
			if _, both := other[x]; !both {
				return v[x]
			}
		}
		return v[slices.Min(slices.Collect(maps.Keys(v)))]
	}
	return pick(a, b) + " " + pick(b, a)
}
