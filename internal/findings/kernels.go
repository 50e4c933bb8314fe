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

	"stacksweep/internal/inspect"
	"stacksweep/internal/kernels"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
)

//go:embed kernels.md.tmpl
var kernelsText string

// ErrNoKernels says that there is no kernel to make findings of.
var ErrNoKernels = errors.New("no kernel is in the cache: 'stacksweep kernel fetch' gets some")

// WriteKernels sweeps the kernels in the cache with their own unwinders, and writes what those lose as Markdown.
func WriteKernels(ctx context.Context, w io.Writer, jobs int) error {
	cached, err := kernels.Fetched()
	if err != nil {
		return err
	}
	if len(cached) == 0 {
		return ErrNoKernels
	}
	var all []*kernelData
	for _, k := range cached {
		d, err := sweepKernel(ctx, k, jobs)
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

// modelOf names the model of a kernel's unwinder, by what the kernel's own unwinder claims and the kernel's age.
func modelOf(series string, reliable bool) string {
	switch {
	case reliable:
		return "v6.17"
	case series == "6.1":
		return "v6.1"
	}
	return "v6.12"
}

// kernelData is what the template asks about one kernel.
type kernelData struct {
	kernels.Kernel
	data
	Reliable    bool   // the kernel has a reliable unwinder
	Model       string // our model of it
	Agreed      int    // points at which model and kernel were compared
	Differences int    // points at which they differ
}

func sweepKernel(ctx context.Context, k kernels.Kernel, jobs int) (*kernelData, error) {
	loaded, err := kernel.Load(k.Series, k.Image)
	if err != nil {
		return nil, err
	}
	d := &kernelData{Kernel: k, Reliable: loaded.Reliable()}
	d.Model = modelOf(k.Series, d.Reliable)
	walkers, err := sweep.FindWalkers(d.Model + ",sframe,image,image-walk")
	if err != nil {
		return nil, err
	}
	o := sweep.Options{
		Walkers: walkers, Modes: []sweep.Mode{sweep.Sync, sweep.Blocked, sweep.IRQ}, Jobs: jobs,
		Keep: func(p *sweep.Point) bool { return p.Walker == d.Model || p.Walker == "image" },
	}
	err = sweep.Sweep(ctx, sweep.Targets(loaded.Scenarios()), o, func(r *sweep.RunResult) error {
		agreed, differences := sweep.Agree(r, d.Model, "image")
		d.Agreed += agreed
		d.Differences += len(differences)
		r.Points = nil
		d.results = append(d.results, r)
		return nil
	})
	return d, err
}

// A Loss is a place at which a kernel's own unwinder loses a caller.
type Loss struct {
	Place, Verdict, Missing string
	Scenarios               []string // in which ones, with their variant
	Points                  int
}

// In lists the scenarios in a table cell.
func (l Loss) In() string { return strings.Join(l.Scenarios, ", ") }

// Trampoline lists the losses of a walker in a mode within return_to_handler and the handler that it calls.
func (d *kernelData) Trampoline(walker, mode string) []Loss {
	return slices.DeleteFunc(d.Losses("fgraph-return", walker, mode), func(l Loss) bool {
		return !strings.Contains(l.Place, "return_to_handler")
	})
}

// tracedEntry reports whether a function is one that the scenarios trace.
func tracedEntry(symbol string) bool {
	return slices.Contains([]string{"int_sqrt", "lcm", "gcd"}, symbol)
}

// Losses lists the places at which a walker is unsound in a mode, in scenarios that match a pattern. Calls of
// ftrace_caller at the entry of the traced functions, in which no walk can start, are left out.
func (d *kernelData) Losses(scenario, walker, mode string) []Loss {
	var rows []Loss
	for _, r := range d.find("kernel/"+d.Series+"/"+scenario, "*") {
		for i := range r.Windows {
			w := &r.Windows[i]
			if w.Walker != walker || w.Mode.String() != mode || w.Verdict.Conforming() || tracedEntry(w.Symbol) {
				continue
			}
			place := "`" + w.Place() + "`"
			name := strings.TrimPrefix(r.Scenario, "kernel/"+d.Series+"/") + ":" + r.Variant
			same := func(l Loss) bool { return l.Place == place && l.Verdict == w.Verdict.String() }
			at := slices.IndexFunc(rows, same)
			if at < 0 {
				at = len(rows)
				rows = append(rows, Loss{Place: place, Verdict: w.Verdict.String(), Missing: inspect.Name(r.Symbols, w.Missing)})
			}
			rows[at].Points += w.Points
			rows[at].Scenarios = append(rows[at].Scenarios, name)
		}
	}
	return rows
}
