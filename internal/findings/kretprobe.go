// SPDX-License-Identifier: GPL-2.0-only

package findings

import (
	"fmt"
	"slices"
	"strings"

	"stacksweep/image"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// A Probe is a row of the table of kretprobe trampolines: a form of the trampoline under an unwinder of its time.
type Probe struct {
	Count
	Form, Walker string
	Places       []string // where the walk is unsound
}

// probeForms pairs each form with the unwinders that kernels have with it, or could have.
var probeForms = []struct{ form, walker string }{
	{"mainline", "v6.17"},
	{"mainline", "sframe"},
	{"rethook", "v6.17"},
	{"rethook", "sframe"},
	{"plain", "v6.12"},
	{"frame", "v6.1"},
	{"frame", "v6.12"},
}

// Probes compares the forms of the kretprobe trampoline over the scenarios without a function graph tracer.
func (d *data) Probes() []Probe {
	var rows []Probe
	for _, f := range probeForms {
		results := slices.DeleteFunc(d.find("kretprobe/*", f.form), func(r *sweep.RunResult) bool {
			return strings.HasPrefix(r.Scenario, "kretprobe/fgraph") || r.Scenario == "kretprobe/in-fgraph" ||
				r.Scenario == "kretprobe/livepatch"
		})
		p := Probe{Count: count(results, f.walker), Form: f.form, Walker: f.walker}
		for _, r := range results {
			p.add(r)
		}
		rows = append(rows, p)
	}
	return rows
}

// add notes the places of a result at which the walk is unsound. Those of unwinders that follow X29 across an
// exception, which are unsound in every function, are left out.
func (p *Probe) add(r *sweep.RunResult) {
	for i := range r.Windows {
		w := &r.Windows[i]
		if w.Walker != p.Walker || w.Verdict.Conforming() || w.TracerCall || w.Mode == verdict.NMI ||
			w.Mode == verdict.IRQ && strings.HasPrefix(p.Walker, "v6.1") {
			continue
		}
		place := fmt.Sprintf("`%s` (%s, missing `%s`)", image.Place(w.Symbol, w.From), w.Mode,
			r.Symbols.Name(w.Missing))
		if !slices.ContainsFunc(p.Places, func(s string) bool { return strings.HasPrefix(s, "`"+w.Symbol+"+") }) {
			p.Places = append(p.Places, place)
		}
	}
}

// Where lists the places in a table cell.
func (p Probe) Where() string {
	if len(p.Places) == 0 {
		return "nowhere"
	}
	return strings.Join(p.Places, ", ")
}
