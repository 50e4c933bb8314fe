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

// newHTML makes a report for a browser, with the options that a sweep and its targets don't give. It opens the targets
// once more, to show what each point looked like.
func newHTML(w io.Writer, o *sweep.Options, targets []verdict.Target, options htmlreport.Options) report.Writer {
	find := func(scenario, variant string) verdict.Target {
		return targets[slices.IndexFunc(targets, func(t verdict.Target) bool {
			return t.Scenario.Name == scenario && t.Variant == variant
		})]
	}
	options.Version, options.Modes = version(), o.Modes
	for _, s := range o.Walkers {
		options.Walkers = append(options.Walkers, s.Name)
	}
	options.Doc = func(scenario, variant string) string {
		t := find(scenario, variant)
		doc := t.Scenario.Doc
		for _, v := range t.Scenario.Variants {
			if v.Name == variant && v.Doc != "" {
				doc += "; " + v.Doc
			}
		}
		return doc
	}
	options.Open = func(scenario, variant string, interrupt verdict.Interruption, walkers []string) (
		*inspect.Inspector, error) {
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
	}
	return htmlreport.New(w, options)
}

// commandLine is a command as typed in a shell.
func commandLine(args []string) string {
	words := []string{"stacksweep"}
	for _, a := range args {
		words = append(words, shell.Quote(a))
	}
	return strings.Join(words, " ")
}
