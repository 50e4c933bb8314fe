// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"stacksweep/internal/inspect"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// monitorTruth prints the true call stack as a debugger prints a backtrace.
func (s *Stub) monitorTruth([]string) (string, error) {
	// Every step is a point of mode nmi. Its innermost frame is the exception entry code, which isn't there.
	p, ok := s.Run.Walk(verdict.NMI, s.Walker)
	if !ok {
		return "", fmt.Errorf("the run is over, there is no stack")
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for i, addr := range p.Truth[1:] {
		source := s.source(addr)
		if i > 0 { // a return address: the call is the instruction before
			source = s.source(addr - 4)
		}
		fmt.Fprintf(w, "#%d\t%#x\t%s\t%s\n", i, addr, s.Run.Name(addr), source)
	}
	w.Flush()
	return b.String(), nil
}

// monitorWalk prints a walk next to the truth.
func (s *Stub) monitorWalk(args []string) (string, error) {
	walker, mode := s.Walker, s.Mode
	var err error
	if len(args) > 0 {
		if walker, err = s.findWalker(args[0]); err != nil {
			return "", err
		}
	}
	if len(args) > 1 {
		modes, err := verdict.ParseModes(args[1])
		if err != nil {
			return "", err
		}
		mode = modes[0]
	}
	views := s.Run.Walks(mode)
	if views == nil {
		return "", fmt.Errorf("%s is no point of mode %s", s.Point, mode)
	}
	return s.walkText(views[walker]), nil
}

func (s *Stub) walkText(v inspect.WalkView) string {
	var b strings.Builder
	claim := "calls the trace reliable"
	if !v.Trace.Reliable {
		claim = "calls the trace unreliable"
	}
	if v.Trace.Failure.Failed() {
		claim += ": " + v.Trace.Failure.Error()
	}
	fmt.Fprintf(&b, "%s at %s, mode %s: %s; it %s\n", v.Walker, s.Point, v.Mode,
		strings.ToUpper(v.Verdict.String()), claim)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\taddress\t\tin truth\tin walk\n")
	for _, r := range v.Rows {
		mark, addr, truth, walk := " ", r.Truth, "yes", r.Source.String()
		switch {
		case r.Frame == 0 && !v.Trace.Reliable: // it claims nothing about this frame
			walk = "-"
		case r.Frame == 0:
			mark, walk = "!", "MISSING"
		case r.Truth == 0:
			mark, addr, truth = "!", r.Frame, "NO"
		}
		fmt.Fprintf(w, "%s\t%#x\t%s\t%s\t%s\n", mark, addr, s.Run.Name(addr), truth, walk)
	}
	w.Flush()
	return b.String()
}

func (s *Stub) walkerName() string { return s.Run.Walkers[s.Walker].Name }

func (s *Stub) walkerNames() string {
	var names []string
	for _, w := range s.Run.Walkers {
		names = append(names, w.Name)
	}
	return strings.Join(names, ", ")
}

func (s *Stub) findWalker(name string) (int, error) {
	i := slices.IndexFunc(s.Run.Walkers, func(w registry.Spec) bool { return w.Name == name })
	if i < 0 {
		return 0, fmt.Errorf("no walker %q: there are %s", name, s.walkerNames())
	}
	return i, nil
}

func modeNames() string {
	var names []string
	for _, m := range verdict.StepModes() {
		names = append(names, m.String())
	}
	return strings.Join(names, ", ")
}
