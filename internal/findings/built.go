// SPDX-License-Identifier: GPL-2.0-only

package findings

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"stacksweep/internal/kernels"
	"stacksweep/scenarios"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

//go:embed built.md.tmpl
var builtText string

// ErrNoBuilds says that no kernel was built here.
var ErrNoBuilds = errors.New("no kernel that was built here is in the cache: 'stacksweep kernel build -all' " +
	"builds some")

// madeByAll matches the names of kernels of Debian's source as it comes, without their variant: other sources and
// configurations are not what the page is about.
var madeByAll = regexp.MustCompile(`^\d+\.\d+-sframe-gcc\d+$`)

// WriteBuilt sweeps the kernels that 'stacksweep kernel build' has built of Debian's source in its own configuration,
// and writes as Markdown what SFrame changes, what the fixes close and cost, and which annotations are right.
func WriteBuilt(ctx context.Context, w io.Writer, jobs int) error {
	cached, err := kernels.BuiltHere()
	if err != nil {
		return err
	}
	var compilers []*compilerData
	for _, k := range cached {
		if !madeByAll.MatchString(strings.TrimSuffix(k.Series, "-"+k.Built.Variant)) {
			continue
		}
		b, err := sweepBuilt(ctx, k, jobs)
		if err != nil {
			return fmt.Errorf("kernel %s: %w", k.Series, err)
		}
		name := strings.TrimSuffix(strings.TrimSuffix(k.Series, k.Built.Variant), "-")
		i := slices.IndexFunc(compilers, func(c *compilerData) bool { return c.Name == name })
		if i < 0 {
			i = len(compilers)
			compilers = append(compilers, &compilerData{Name: name, Version: k.Built.Compiler})
		}
		compilers[i].builds = append(compilers[i].builds, b)
	}
	// nothing to compare with
	compilers = slices.DeleteFunc(compilers, func(c *compilerData) bool { return c.find("") == nil })
	if len(compilers) == 0 {
		return ErrNoBuilds
	}
	t, err := template.New("built").Parse(builtText)
	if err != nil {
		return err
	}
	return t.Execute(w, compilers)
}

// compilerData is the kernels of one source that a compiler has built.
type compilerData struct {
	Name    string // of the plain kernel: "7.3-sframe-gcc12"
	Version string // of the compiler
	builds  []*builtData
}

// find returns the kernel of a variant, nil if it wasn't built.
func (c *compilerData) find(variant string) *builtData {
	for _, b := range c.builds {
		if b.Built.Variant == variant {
			return b
		}
	}
	return nil
}

// Unedited is the kernel without edits.
func (c *compilerData) Unedited() *builtData { return c.find("") }

// builtData is what the template asks about one kernel.
type builtData struct {
	kernelData
	arrivals map[string][][]string // at tracers' callbacks, by scenario and variant
	taken    takenData
	returns  int // traced returns in a run of fgraph-return:nested
}

// takenData is what taking every interrupt for real has shown.
type takenData struct{ Points, Untaken, Deviations int }

// builtWalkers are the unwinders that are of interest.
const builtWalkers = "v6.17,sframe-v6,sframe,sframe-detect,cfi,image"

// sweptOf says which scenarios tell something about a variant.
func sweptOf(variant string) []string {
	switch {
	case variant == "":
		return []string{"*"}
	case strings.HasPrefix(variant, "annotate-"):
		return []string{"strings", "assembly"}
	}
	return []string{"fgraph-*"}
}

func sweepBuilt(ctx context.Context, k kernels.Entry, jobs int) (*builtData, error) {
	loaded, err := kernel.Load(k.Series, k.Image)
	if err != nil {
		return nil, err
	}
	b := &builtData{kernelData: kernelData{Entry: k}, arrivals: map[string][][]string{}}
	walkers, err := registry.Find(builtWalkers)
	if err != nil {
		return nil, err
	}
	targets := slices.DeleteFunc(verdict.Targets(loaded.Scenarios()), func(t verdict.Target) bool {
		return !slices.ContainsFunc(sweptOf(k.Built.Variant), func(p string) bool {
			ok, _ := path.Match(p, path.Base(t.Scenario.Name))
			return ok
		})
	})
	o := sweep.Options{Walkers: walkers, Modes: verdict.StepModes(), Jobs: jobs}
	if err := sweep.Sweep(ctx, targets, o, func(r *sweep.RunResult) error {
		b.results = append(b.results, r)
		return nil
	}); err != nil {
		return nil, err
	}
	traced := slices.DeleteFunc(slices.Clone(targets), func(t verdict.Target) bool {
		return !strings.Contains(t.Scenario.Name, "/fgraph-")
	})
	o.Modes, o.Deliver = []verdict.Mode{verdict.IRQ}, verdict.Taken
	if err := sweep.Sweep(ctx, traced, o, func(r *sweep.RunResult) error {
		b.taken.Points += r.Summaries[0].Points
		b.taken.Untaken += r.Untaken
		b.taken.Deviations += len(r.Deviations)
		return nil
	}); err != nil {
		return nil, err
	}
	for _, t := range traced {
		run, err := t.Scenario.Build(t.Variant, scenarios.Options{})
		if err != nil {
			return nil, err
		}
		if b.arrivals[path.Base(t.String())], err = loaded.Arrivals(run); err != nil {
			return nil, fmt.Errorf("%s: %w", t, err)
		}
		if path.Base(t.String()) == "fgraph-return:nested" {
			if b.returns, err = tracedReturns(t); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// A Tally is what a walker got in scenarios of a kernel. What is unsound doesn't count the calls of ftrace_caller at
// the entry of traced functions, in which no walk can start.
type Tally struct {
	Scenarios, Walker string
	Calls, Exceptions walks // sync and blocked; irq and nmi
}

func (b *builtData) tally(scenario, walker string) Tally {
	results := b.find("kernel/"+b.Series+"/"+scenario, "*")
	return Tally{
		Scenarios: scenario, Walker: walker,
		Calls:      walksOf(results, walker, verdict.Sync, verdict.Blocked),
		Exceptions: walksOf(results, walker, verdict.IRQ, verdict.NMI),
	}
}

// Tallies lists all walkers in all scenarios of the kernel.
func (b *builtData) Tallies() (rows []Tally) {
	var families []string
	for _, r := range b.results {
		family := path.Base(r.Scenario)
		if strings.HasPrefix(family, "fgraph-") {
			family = "fgraph-*"
		}
		if !slices.Contains(families, family) {
			families = append(families, family)
		}
	}
	for _, family := range families {
		for _, w := range strings.Split(builtWalkers, ",") {
			rows = append(rows, b.tally(family, w))
		}
	}
	return rows
}
