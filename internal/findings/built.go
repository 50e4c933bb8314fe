// SPDX-License-Identifier: GPL-2.0-only

package findings

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"path"
	"reflect"
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

// WriteBuilt sweeps the kernels that were built here, and writes as Markdown what SFrame changes, what the fixes close
// and cost, and which annotations are right.
func WriteBuilt(ctx context.Context, w io.Writer, jobs int) error {
	cached, err := kernels.BuiltHere()
	if err != nil {
		return err
	}
	var compilers []*compilerData
	for _, k := range cached {
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

// Plain is the kernel without edits.
func (c *compilerData) Plain() *builtData { return c.find("") }

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

func sweepBuilt(ctx context.Context, k kernels.Kernel, jobs int) (*builtData, error) {
	loaded, err := kernel.Load(k.Series, k.Image)
	if err != nil {
		return nil, err
	}
	b := &builtData{kernelData: kernelData{Kernel: k}, arrivals: map[string][][]string{}}
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
	Scenarios, Walker                                          string
	SyncExact, SyncRefused, SyncUnsound                        int // and blocked
	ExceptionPoints, ExceptionExact, ExceptionRefused, Unsound int // irq and nmi
	ghosts                                                     int // sync and blocked
}

// Sync is what is unsound of the synchronous and blocked walks that were answered, Exceptions of those across one.
func (t Tally) Sync() string {
	return ofAnswered(t.SyncUnsound, t.SyncExact+t.ghosts+t.SyncUnsound)
}

func (t Tally) Exceptions() string {
	return ofAnswered(t.Unsound, t.ExceptionPoints-t.ExceptionRefused)
}

func (b *builtData) tally(scenario, walker string) Tally {
	t := Tally{Scenarios: scenario, Walker: walker}
	for _, r := range b.find("kernel/"+b.Series+"/"+scenario, "*") {
		for _, s := range r.Summaries {
			switch {
			case s.Walker != walker:
			case s.Mode == verdict.IRQ || s.Mode == verdict.NMI:
				t.ExceptionPoints += s.Points
				t.ExceptionExact += s.Counts[verdict.Exact]
				t.ExceptionRefused += s.Counts[verdict.Refused]
			default:
				t.SyncExact += s.Counts[verdict.Exact]
				t.SyncRefused += s.Counts[verdict.Refused]
				t.ghosts += s.Counts[verdict.Ghost]
			}
		}
		for i := range r.Windows {
			switch w := &r.Windows[i]; {
			case w.Walker != walker || w.Verdict.Conforming():
			case w.Mode == verdict.IRQ || w.Mode == verdict.NMI:
				t.Unsound += w.Points
			case !tracedEntry(w):
				t.SyncUnsound += w.Points
			}
		}
	}
	return t
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

// A Fix is a variant of the trampoline or of the unwinder, compared with the plain kernel.
type Fix struct {
	Name                 string
	Image, Today, SFrame Tally
	Cost                 string
	Callbacks, Differing int
	Taken                takenData
}

// Fixes compares the plain kernel and the variants that change the way back of a traced function, or the unwinder.
func (c *compilerData) Fixes() (rows []Fix) {
	plain := c.Plain()
	for _, b := range c.builds {
		if strings.HasPrefix(b.Built.Variant, "annotate-") {
			continue
		}
		f := Fix{
			Name:  b.Built.Variant,
			Image: b.tally("fgraph-*", "image"), Today: b.tally("fgraph-*", "v6.17"),
			SFrame: b.tally("fgraph-*", "sframe"),
			Cost:   b.cost(plain), Taken: b.taken,
		}
		if b == plain {
			f.Name = "as it is"
		}
		for target, want := range plain.arrivals {
			got := b.arrivals[target]
			for i := range max(len(got), len(want)) {
				f.Callbacks++
				if i >= len(got) || i >= len(want) || !reflect.DeepEqual(got[i], want[i]) {
					f.Differing++
				}
			}
		}
		rows = append(rows, f)
	}
	return rows
}

// cost is how many instructions a traced return takes more than in another kernel.
func (b *builtData) cost(than *builtData) string {
	const variant = "nested"
	this, that := b.find("kernel/"+b.Series+"/fgraph-return", variant),
		than.find("kernel/"+than.Series+"/fgraph-return", variant)
	if len(this) != 1 || len(that) != 1 || than.returns == 0 {
		return "?"
	}
	return fmt.Sprintf("%+d", (this[0].Steps-that[0].Steps)/than.returns)
}

// An Annotated is a way to annotate assembly, and what came of it.
type Annotated struct {
	Name, Scenario  string
	SFrame, V6, CFI Tally
}

// Annotations compares the plain kernel and those whose assembly is annotated.
func (c *compilerData) Annotations() (rows []Annotated) {
	for _, b := range c.builds {
		name := b.Built.Variant
		if name == "" {
			name = "as it is"
		} else if !strings.HasPrefix(name, "annotate-") {
			continue
		}
		for _, s := range []string{"strings", "assembly"} {
			rows = append(rows, Annotated{name, s, b.tally(s, "sframe"), b.tally(s, "sframe-v6"), b.tally(s, "cfi")})
		}
	}
	return rows
}

// WrongRows lists where the blanket annotation makes walks across an interrupt wrong.
func (c *compilerData) WrongRows() []Loss {
	b := c.find("annotate-all")
	if b == nil {
		return nil
	}
	return b.Losses("*", "sframe", "irq").Losses
}

// Refusal is a function in which walks across an interrupt are refused, at which of its instructions.
type Refusal struct {
	Place  string
	Points int
}

// Refused lists the instructions of the kernel's functions at which an SFrame walk across an interrupt is refused, but
// for functions without any table, in which all of them are.
func (b *builtData) Refused() (rows []Refusal) {
	for _, r := range b.find("kernel/"+b.Series+"/fgraph-*", "*") {
		for i := range r.Windows {
			w := &r.Windows[i]
			if w.Walker != "sframe" || w.Mode != verdict.IRQ || w.Verdict != verdict.Refused ||
				strings.HasPrefix(w.Symbol, "stub_") || w.Symbol == "" {
				continue
			}
			place := "`" + w.Place() + "`"
			at := slices.IndexFunc(rows, func(r Refusal) bool { return r.Place == place })
			if at < 0 {
				at = len(rows)
				rows = append(rows, Refusal{Place: place})
			}
			rows[at].Points += w.Points
		}
	}
	return rows
}
