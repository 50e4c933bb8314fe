// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"io"
	"slices"
	"strings"

	"stacksweep/internal/htmlreport"
	"stacksweep/internal/inspect"
	"stacksweep/internal/report"
	"stacksweep/internal/shell"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// newHTML makes a report for a browser. It opens the targets once more, to show what each point looked like.
func newHTML(w io.Writer, o *sweep.Options, targets []verdict.Target, args []string, flags func(string) string) report.Writer {
	find := func(scenario, variant string) verdict.Target {
		return targets[slices.IndexFunc(targets, func(t verdict.Target) bool {
			return t.Scenario.Name == scenario && t.Variant == variant
		})]
	}
	var walkers []string
	for _, s := range o.Walkers {
		walkers = append(walkers, s.Name)
	}
	return htmlreport.New(w, htmlreport.Options{
		Version: version(), Command: commandLine(args), Walkers: walkers, Modes: o.Modes, Flags: flags,
		Doc: func(scenario, variant string) string {
			t := find(scenario, variant)
			doc := t.Scenario.Doc
			for _, v := range t.Scenario.Variants {
				if v.Name == variant && v.Doc != "" {
					doc += "; " + v.Doc
				}
			}
			return doc
		},
		Open: func(scenario, variant string, interrupt verdict.Interruption, walkers []string) (*inspect.Inspector, error) {
			t := find(scenario, variant)
			t.Interrupt = interrupt
			var specs []registry.Spec
			for _, w := range o.Walkers {
				if interrupt.Present && slices.Contains(walkers, w.Name) {
					specs = append(specs, w)
				}
			}
			s, err := session.Open(t, specs, o.Build)
			if err != nil {
				return nil, err
			}
			return inspect.New(s), nil
		},
	})
}

// commandLine is a command as typed in a shell.
func commandLine(args []string) string {
	words := []string{"stacksweep"}
	for _, a := range args {
		words = append(words, shell.Quote(a))
	}
	return strings.Join(words, " ")
}
