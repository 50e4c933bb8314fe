// SPDX-License-Identifier: GPL-2.0-only

package findings

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"

	"stacksweep/internal/kernels"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

//go:embed kernels.md.tmpl
var kernelsText string

// ErrNoKernels says that the cache has no kernel to make findings of.
var ErrNoKernels = errors.New("no kernel is in the cache: 'stacksweep kernel fetch' gets some")

// WriteKernels sweeps the kernels in the cache with their own unwinders, and writes what those lose as Markdown.
func WriteKernels(ctx context.Context, w io.Writer, jobs int) error {
	return writeKernels(ctx, w, sweep.Options{Modes: verdict.StepModes(), Jobs: jobs})
}

func writeKernels(ctx context.Context, w io.Writer, o sweep.Options) error {
	cached, err := kernels.Fetched()
	if err != nil {
		return err
	}
	if len(cached) == 0 {
		return ErrNoKernels
	}
	var all []*kernelData
	for _, k := range cached {
		d, err := sweepKernel(ctx, k, o)
		if err != nil {
			return fmt.Errorf("kernel %s: %w", k.Series, err)
		}
		all = append(all, d)
	}
	t, err := template.New("kernels").Parse(kernelsText)
	if err != nil {
		return err
	}
	return t.Execute(w, all)
}

// kernelData is what the template asks about one kernel.
type kernelData struct {
	kernels.Entry
	data
	Reliable    bool   // the kernel has a reliable unwinder
	Model       string // our model of it
	Agreed      int    // points at which model and kernel were compared
	Differences int    // points at which they differ
}

func sweepKernel(ctx context.Context, k kernels.Entry, o sweep.Options) (*kernelData, error) {
	loaded, err := kernel.Load(k.Series, k.Image)
	if err != nil {
		return nil, err
	}
	d := &kernelData{Entry: k, Reliable: loaded.Reliable()}
	d.Model = loaded.Model()
	all := verdict.Targets(loaded.Scenarios())
	err = d.sweep(ctx, o, all, d.Model+",image", func(s *sweep.Subject, points []sweep.Point) error {
		agreed, differences := sweep.Agree(s, points, d.Model, "image")
		d.Agreed += agreed.Points
		d.Differences += len(differences)
		return nil
	})
	if err != nil {
		return nil, err
	}
	tracers := slices.DeleteFunc(all, func(t verdict.Target) bool {
		return strings.HasSuffix(t.Scenario.Name, "/strings")
	})
	return d, d.sweep(ctx, o, tracers, "image-walk", nil)
}

// sweep sweeps targets and keeps the results. Points are handed to a function, if there is one.
func (d *kernelData) sweep(ctx context.Context, o sweep.Options, targets []verdict.Target, walkers string,
	points func(*sweep.Subject, []sweep.Point) error) error {
	specs, err := registry.Find(walkers)
	if err != nil {
		return err
	}
	o.Walkers, o.Points = specs, points
	if points != nil {
		o.Keep = func(*sweep.Point) bool { return true }
	}
	return sweep.Sweep(ctx, targets, o, func(r *sweep.RunResult) error {
		d.results = append(d.results, r)
		return nil
	})
}

// A Loss is a place at which a kernel's own unwinder loses a caller.
type Loss struct {
	Place, Verdict, Missing string
	Scenarios               []string // in which ones, with their variant
	Points                  int
}

// In lists the scenarios in a table cell.
func (l Loss) In() string { return strings.Join(l.Scenarios, ", ") }

// A Table lists losses, and the command that finds them.
type Table struct {
	Command string
	Losses  []Loss
}

// Losses lists the places at which a walker is unsound in one of some modes, in scenarios that match a pattern. Calls
// of ftrace_caller at the entry of the traced functions, in which no walk can start, are left out.
func (d *kernelData) Losses(scenario, walker, modes string) Table {
	return d.Within("", scenario, walker, modes)
}

// Within lists the losses in functions whose names contain a text.
func (d *kernelData) Within(text, scenario, walker, modes string) Table {
	t := Table{Command: fmt.Sprintf("stacksweep sweep -mode %s -walker %s '%s'", modes, walker, d.pattern(scenario))}
	for _, r := range d.find(d.pattern(scenario), "*") {
		for i := range r.Windows {
			if w := &r.Windows[i]; w.Walker == walker && isOneOf(w.Mode, modes) && strings.Contains(w.Symbol, text) &&
				!w.Verdict.Conforming() && !w.TracerCall {
				t.add(r, w, strings.TrimPrefix(r.Scenario, d.pattern(""))+":"+r.Variant)
			}
		}
	}
	return t
}

// pattern is that of scenarios of this kernel.
func (d *kernelData) pattern(scenario string) string { return "kernel/" + d.Series + "/" + scenario }

func isOneOf(m verdict.Mode, modes string) bool {
	return slices.Contains(strings.Split(modes, ","), m.String())
}

// add enters a window into the row of its place.
func (t *Table) add(r *sweep.RunResult, w *sweep.Window, scenario string) {
	place, judged := "`"+w.Place()+"`", w.Verdict.String()
	i := slices.IndexFunc(t.Losses, func(l Loss) bool { return l.Place == place && l.Verdict == judged })
	if i < 0 {
		i = len(t.Losses)
		t.Losses = append(t.Losses, Loss{Place: place, Verdict: judged, Missing: r.Symbols.Name(w.Missing)})
	}
	row := &t.Losses[i]
	row.Points += w.Points
	if !slices.Contains(row.Scenarios, scenario) {
		row.Scenarios = append(row.Scenarios, scenario)
	}
}

// A Share is how many of the walks that were answered lost a caller without saying so.
type Share struct{ walks }

func (s Share) String() string {
	switch {
	case s.Points == 0:
		return "never happens"
	case s.unsound() == 0 && s.Refused == s.Points:
		return fmt.Sprintf("refuses all %d", s.Points)
	}
	return ofAnswered(s.unsound(), s.answered())
}

// Share adds up what the kernel's own unwinder got in one of some modes, in scenarios that match a pattern.
func (d *kernelData) Share(scenario, modes string) Share {
	var named []verdict.Mode
	for _, m := range verdict.AllModes() {
		if isOneOf(m, modes) {
			named = append(named, m)
		}
	}
	all := slices.DeleteFunc(d.find(d.pattern(scenario), "*"), func(r *sweep.RunResult) bool {
		return r.Variant == sdeiVariant
	})
	return Share{walksOf(all, "image", named...)}
}

// sdeiVariant is the variant in which SDEI events arrive. To an unwinder they are no exceptions.
const sdeiVariant = "sdei"

// Events is Share of walks that begin in SDEI events.
func (d *kernelData) Events() Share {
	return Share{walksOf(d.find(d.pattern("masked"), sdeiVariant), "image", verdict.NMI)}
}
