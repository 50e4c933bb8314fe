// SPDX-License-Identifier: GPL-2.0-only

// Package findings turns a sweep of the built-in scenarios into the project's answers to the
// questions that it was made for. Every number in them comes from the sweep.
package findings

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"path"
	"text/template"

	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

//go:embed findings.md.tmpl
var text string

// Write sweeps and writes the answers as Markdown.
func Write(ctx context.Context, w io.Writer, jobs int) error {
	expect, err := verdict.BuiltinExpectations()
	if err != nil {
		return err
	}
	d := &data{}
	o := sweep.Options{Walkers: registry.All(), Modes: verdict.StepModes(), Jobs: jobs, Expect: expect, Cover: true}
	if err := sweep.Sweep(ctx, verdict.Targets(corpus.All()), o, func(r *sweep.RunResult) error {
		d.results = append(d.results, r)
		return nil
	}); err != nil {
		return err
	}
	pairs, err := verdict.FindTarget(corpus.All(), pairsOf)
	if err != nil {
		return err
	}
	o.Modes, o.Cover = []verdict.Mode{verdict.Pairs}, false
	if err := sweep.Sweep(ctx, []verdict.Target{pairs}, o, func(r *sweep.RunResult) error {
		d.pairs = r
		return nil
	}); err != nil {
		return err
	}
	traced, err := verdict.FindTarget(corpus.All(), costOf)
	if err != nil {
		return err
	}
	if d.returns, err = tracedReturns(traced); err != nil {
		return err
	}
	t, err := template.New("findings").Parse(text)
	if err != nil {
		return err
	}
	return t.Execute(w, d)
}

// data is what the template asks.
type data struct {
	results []*sweep.RunResult
	pairs   *sweep.RunResult // of pairsOf in mode pairs
	returns int              // traced returns in a run of costOf
}

// costOf is the scenario whose variants say what a way to return costs.
const costOf = "fgraph/return"

// Walks is the number of walks of the whole sweep.
func (d *data) Walks() int {
	n := 0
	for _, r := range d.results {
		for _, s := range r.Summaries {
			n += s.Points
		}
	}
	return n
}

// Targets is the number of scenarios in their variants.
func (d *data) Targets() int { return len(d.results) }

// find returns the results of a scenario pattern and a variant pattern.
func (d *data) find(scenario, variant string) []*sweep.RunResult {
	var found []*sweep.RunResult
	for _, r := range d.results {
		s, _ := path.Match(scenario, r.Scenario)
		v, _ := path.Match(variant, r.Variant)
		if s && v {
			found = append(found, r)
		}
	}
	return found
}

// A Window is a row of a table of windows.
type Window struct {
	Mode, Walker, Place, Verdict, Missing string
	Points                                int
}

// Lost lists the unsound windows of a scenario for one walker in one mode.
func (d *data) Lost(scenario, variant, walker, mode string) []Window {
	var rows []Window
	for _, r := range d.find(scenario, variant) {
		for i := range r.Windows {
			w := &r.Windows[i]
			if w.Verdict.Conforming() || w.Walker != walker || w.Mode.String() != mode || w.TracerCall {
				continue
			}
			place := "`" + w.Place() + "`"
			rows = append(rows, Window{mode, walker, place, w.Verdict.String(), r.Symbols.Name(w.Missing), w.Points})
		}
	}
	return rows
}

// A Count is what a walker got over several runs: in synchronous and blocked walks, in those across an interrupt, and
// in all of these.
type Count struct {
	Name            string
	Calls, IRQ, All walks
	Extra           string
}

// ofAnswered says how many of the walks that called themselves reliable are unsound. Where all were refused, 0 would
// say nothing.
func ofAnswered(unsound, answered int) string {
	if answered == 0 {
		return "not answered"
	}
	return fmt.Sprintf("%d of %d", unsound, answered)
}

// count adds up a walker's verdicts over results, without the calls of ftrace_caller at traced entries.
func count(results []*sweep.RunResult, walker string) Count {
	c := Count{
		Name:  walker,
		Calls: walksOf(results, walker, verdict.Sync, verdict.Blocked),
		IRQ:   walksOf(results, walker, verdict.IRQ),
	}
	c.All = c.Calls.plus(c.IRQ)
	return c
}

// Designs compares the variants of the return trampoline for one walker, over all scenarios of the tracer.
func (d *data) Designs(walker string) []Count {
	var rows []Count
	for _, v := range []string{"mainline", "record", "slot", "two-calls", "lr"} {
		c := count(d.find("fgraph/*", v), walker)
		c.Name, c.Extra = v, d.cost(v)
		rows = append(rows, c)
	}
	return rows
}

// cost is how many instructions a traced return takes more than in mainline.
func (d *data) cost(variant string) string {
	this, that := d.find(costOf, variant), d.find(costOf, "mainline")
	if len(this) != 1 || len(that) != 1 || d.returns == 0 {
		return "?"
	}
	return fmt.Sprintf("%+d", (this[0].Steps-that[0].Steps)/d.returns)
}

// Walkers compares all walkers over scenarios that match a pattern.
func (d *data) Walkers(scenario, variant string) []Count {
	var rows []Count
	for _, w := range registry.All() {
		rows = append(rows, count(d.find(scenario, variant), w.Name))
	}
	return rows
}
