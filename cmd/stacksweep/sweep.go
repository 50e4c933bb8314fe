// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"path"
	"runtime"
	"slices"

	"stacksweep/internal/report"
	"stacksweep/scenarios"
	"stacksweep/scenarios/generated"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

const sweepNote = `
The exit status is 0 when everything is as expected, 1 when something is not, 2 for bad usage or input, 3 when nothing
could run. Ctrl-C prints what was done until then, marked as partial, and the exit status is 130; a second one ends at
once.
`

func runSweep(ctx context.Context, c *cli, args []string) error {
	fs := c.flags()
	walkers := fs.String("walker", "all", "comma-separated `names` of walkers, or all")
	modes := fs.String("mode", "sync,blocked,irq", "comma-separated `modes`: sync, blocked, irq, nmi; all of these; or pairs, a hundred times the work")
	var reports outputs
	fs.Var(&reports, "format", "`text`, jsonl, ktap or junit on stdout, or FORMAT=FILE; any number of times")
	all := fs.Bool("all", false, "with -format jsonl: list exact points too")
	jobs := fs.Int("j", runtime.GOMAXPROCS(0), "how many `goroutines` work; the output doesn't depend on it")
	coverage := fs.Bool("coverage", false, "with -format text: list which instructions no run has reached")
	agree := fs.String("agree", "", "compare two `walkers`, comma-separated, frame by frame instead of with the truth")
	shift := fs.Uint64("shift", 0, "move the stacks down by so many `bytes`, a multiple of 16")
	deliver := fs.String("deliver", "overlay", "how exceptions come about: laid over memory (`overlay`), or taken")
	generate := fs.Int("generate", 0, "sweep `n` generated programs too, or alone: generated/SEED and the ones after it")
	seed := fs.Uint64("seed", 1, "with -generate: the `seed` of the first program")
	var image imageFlags
	image.register(fs)
	patterns, err := c.parse(fs, args)
	if err != nil {
		return err
	}
	if *generate < 0 {
		return usagef("", "-generate %d: a number of programs is needed", *generate)
	}
	for i := range *generate {
		patterns = append(patterns, generated.Name(*seed+uint64(i)))
	}
	own, err := image.scenarios()
	if err != nil {
		return err
	}
	o := sweep.Options{Jobs: *jobs, Build: scenarios.Options{Shift: *shift}}
	if o.Walkers, err = registry.Find(*walkers); err != nil {
		return usagef("'stacksweep list' lists the walkers", "%v", err)
	}
	if o.Modes, err = verdict.ParseModes(*modes); err != nil {
		return usagef("", "%v", err)
	}
	if o.Deliver, err = verdict.ParseDelivery(*deliver); err != nil {
		return usagef("", "%v", err)
	}
	if *jobs < 1 {
		return usagef("", "-j %d: at least one goroutine must work", *jobs)
	}
	if err := errors.Join(checkBuild(o.Build), reports.check()); err != nil {
		return err
	}
	targets, err := selectTargets(own, patterns)
	if errors.Is(err, errNothing) {
		return errors.Join(err, reports.skip(c.stdout, err))
	}
	if err != nil {
		return err
	}
	if *agree != "" {
		return c.sweepAgree(ctx, *agree, targets, o)
	}
	if o.Expect, err = verdict.BuiltinExpectations(); err != nil {
		return err
	}
	if *coverage && !reports.textOnStdout() {
		return usagef("", "-coverage goes with -format text")
	}
	o.Cover = *coverage || reports.has("junit")
	o.Keep = reports.wanted(*all)
	w, err := reports.open(c.stdout, func(format string, w io.Writer) report.Writer {
		return newReport(format, w, &o, len(targets), image.flagsFor)
	})
	if err != nil {
		return err
	}
	if o.Keep != nil {
		o.Points = w.Points
	}
	asExpected, covered, err := sweepAll(ctx, w, c.stderr, targets, &o)
	var cut *sweep.Interrupted
	if err != nil && !errors.As(err, &cut) {
		return errors.Join(image.explain(err), reports.discard())
	}
	if *coverage {
		for _, c := range covered {
			if err := report.Coverage(reports.stdout(), c.Image(), c); err != nil {
				return errors.Join(err, reports.discard())
			}
		}
	}
	if err := cmp.Or(reports.commit(), err); err != nil {
		return err
	}
	if !asExpected {
		return errUnexpected
	}
	return nil
}

// newReport makes a report writer. Flags are those with which a command finds a scenario of the user's file.
func newReport(format string, w io.Writer, o *sweep.Options, targets int, flags func(string) string) report.Writer {
	switch format {
	case "jsonl":
		return report.NewJSONLines(w)
	case "ktap":
		k := report.NewKTAP(w, targets)
		k.Flags = flags
		return k
	case "junit":
		j := report.NewJUnit(w)
		j.Flags = flags
		return j
	}
	text := report.NewText(w, o.Walkers, o.Modes)
	text.Flags = flags
	return text
}

// checkBuild complains about a -shift that no scenario can be built with.
func checkBuild(o scenarios.Options) error {
	if o.Check() != nil {
		return usagef("", "-shift %d is not a multiple of 16 below 4096", o.Shift)
	}
	return nil
}

// sweepAll sweeps and reports. It says whether everything was as expected, and which instructions of each image were
// executed, if that was asked for, in the order in which the images were met.
func sweepAll(ctx context.Context, w report.Writer, stderr io.Writer, targets []verdict.Target, o *sweep.Options) (asExpected bool, covered []*sweep.Coverage, err error) {
	ledger := verdict.NewLedger(o.Expect)
	regression := false
	line := showProgress(stderr)
	o.Progress = line.of()
	err = sweep.Sweep(ctx, targets, *o, func(r *sweep.RunResult) error {
		regression = r.Note(ledger) || regression
		if c := r.Coverage; c != nil {
			i := slices.IndexFunc(covered, func(have *sweep.Coverage) bool { return have.Image() == c.Image() })
			if i < 0 {
				i = len(covered)
				covered = append(covered, sweep.NewCoverage(c.Image()))
			}
			covered[i].Merge(c)
		}
		return w.Result(r)
	})
	line.end()
	var cut *sweep.Interrupted
	if err != nil && !errors.As(err, &cut) {
		return false, nil, err
	}
	stale := ledger.Stale(sweptScenarios(targets), registry.Names(registry.All()))
	return !regression && len(stale) == 0, covered, cmp.Or(w.Close(stale, cut), err)
}

// selectTargets finds the scenarios that patterns name: a name, a family ("fgraph"), a pattern ("fgraph/r*"), or a name
// with its variant ("fgraph/return:mainline"). Without patterns it is all of them, or
// those of a file of one's own.
func selectTargets(own []*scenarios.Scenario, patterns []string) ([]verdict.Target, error) {
	known, err := knownScenarios(patterns...)
	if err != nil {
		return nil, err
	}
	if len(patterns) == 0 && own != nil {
		return verdict.Targets(own), nil
	}
	all := verdict.Targets(slices.Concat(known, own))
	if len(patterns) == 0 {
		return all, nil
	}
	chosen := make([]bool, len(all))
	for _, p := range patterns {
		found := false
		for i, t := range all {
			ok, err := matchTarget(p, t)
			if err != nil {
				return nil, usagef("", "pattern %q: %v", p, err)
			}
			chosen[i] = chosen[i] || ok
			found = found || ok
		}
		if !found {
			return nil, usagef("'stacksweep list' lists the scenarios", "no scenario %q", p)
		}
	}
	var targets []verdict.Target
	for i, t := range all {
		if chosen[i] {
			targets = append(targets, t)
		}
	}
	return targets, nil
}

func matchTarget(pattern string, t verdict.Target) (bool, error) {
	names := []string{t.String()}
	for name := t.Scenario.Name; name != "."; name = path.Dir(name) {
		names = append(names, name)
	}
	for _, name := range names {
		if ok, err := path.Match(pattern, name); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
