// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"

	"stacksweep/image"
	"stacksweep/internal/cover"
	"stacksweep/internal/report"
	"stacksweep/internal/shard"
	"stacksweep/scenarios/generated"
	"stacksweep/scenarios/guest"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

const sweepNote = `
The exit status is 0 when everything is as expected, 1 when something is not, 2 for bad usage or input, 3 when nothing
could run, 4 when the machine is at fault: a full disk, a walker that doesn't start. Ctrl-C prints what was done until
then, marked as partial, and the exit status is 130; a second one ends at once.

With -resume FILE, a sweep that was killed goes on when the same command is given again. -shard i/n does the same with a
part of the work, so that n machines can share it: shard i keeps its part in the file that -resume names, and
'stacksweep merge FILE...' then writes the reports of the whole sweep, byte for byte.
`

type sweepCommand struct {
	runFlags
	expect                                  expectFlags
	walkers, modes, deliver, agree, against string
	reports                                 outputs
	all, coverage, verbose, quiet           bool
	wholeWalks                              bool
	shard, resume                           string
	walls                                   wallFlags
	jobs, generate                          int
	seed                                    uint64
}

func (s *sweepCommand) register(fs *flag.FlagSet) {
	walkersFlag(fs, &s.walkers, "all")
	modesFlag(fs, &s.modes, modeNames(verdict.DefaultModes()), pairsNote)
	fs.Var(&s.reports, "format",
		"`text`, jsonl, ktap, junit, html or github on stdout, or FORMAT=FILE; any number of times")
	fs.BoolVar(&s.all, "all", false, "with -format jsonl: list all points, not only those that are not as expected")
	fs.BoolVar(&s.verbose, "v", false, "with -format text: every scenario and every window")
	fs.BoolVar(&s.quiet, "q", false, "with -format text: nothing but the result")
	jobsFlag(fs, &s.jobs)
	fs.BoolVar(&s.coverage, "coverage", false, "with -format text: list which instructions no run has reached")
	fs.BoolVar(&s.wholeWalks, "whole-walks", false, "walk every stack from end to end, even where nothing has changed "+
		"since the last walk, and execute every walk of a kernel's own unwinder: slower, the same result")
	fs.StringVar(&s.agree, "agree", "", "compare two `walkers`, comma-separated, frame by frame instead of with the "+
		"truth; auto,image tries all models and names the nearest")
	fs.StringVar(&s.against, "against", "",
		"compare the verdicts with those of another `scenario` of the same code, instruction by instruction")
	fs.StringVar(&s.deliver, "deliver", "overlay", "how exceptions come about: laid over memory (`overlay`), or taken")
	fs.IntVar(&s.generate, "generate", 0,
		"sweep `n` generated programs too, or alone: generated/SEED and the ones after it")
	fs.Uint64Var(&s.seed, "seed", 1, "with -generate: the `seed` of the first program")
	fs.StringVar(&s.resume, "resume", "", "keep what is done in `FILE`, and go on from what is there")
	fs.StringVar(&s.shard, "shard", "", "do the `i/n`-th part of the work, and keep it in the file that -resume "+
		"names; 'stacksweep merge' makes the reports")
	s.walls.register(fs)
	s.expect.register(fs)
	s.runFlags.register(fs)
}

func (s *sweepCommand) run(ctx context.Context, c *cli, patterns []string) error {
	o, err := s.options(c)
	if err != nil {
		return err
	}
	if s.walled(c, patterns) {
		return s.runChild(ctx, c)
	}
	targets, err := s.targets(ctx, c, patterns)
	if errors.Is(err, errNothing) {
		return errors.Join(err, s.reports.skip(c.stdout, err))
	}
	if err == nil {
		err = s.image.withoutTable(c.stderr, s.walkers, o.Walkers)
	}
	if err != nil {
		return err
	}
	targets = s.watched(c, targets)
	if s.agree != "" {
		if s.resume != "" {
			return usagef("", "-resume and -shard don't go with -agree")
		}
		return c.sweepAgree(ctx, s.agree, targets, o, s.image.flagsFor)
	}
	if s.against != "" {
		others, err := s.targets(ctx, c, []string{s.against})
		if err != nil {
			return err
		}
		return c.sweepAgainst(ctx, targets, others, o)
	}
	if o.Expect, err = s.expect.read(); err != nil {
		return err
	}
	s.prepare(&o)
	if s.shard != "" {
		return s.runShard(ctx, c, targets, &o)
	}
	return s.sweepAndReport(ctx, c, targets, &o)
}

// prepare asks for what the reports need.
func (s *sweepCommand) prepare(o *sweep.Options) {
	o.Cover = s.coverage || s.reports.has("junit") || s.reports.has("jsonl")
	o.Keep = s.reports.wanted(s.all)
}

// sweepAndReport sweeps, from where it was if it is resumed, and writes the reports.
func (s *sweepCommand) sweepAndReport(ctx context.Context, c *cli, targets []verdict.Target, o *sweep.Options) error {
	w, err := s.open(ctx, c, targets, o)
	if err != nil {
		return err
	}
	do := c.sweeper()
	if s.resume != "" {
		file, err := s.runParts(ctx, c, targets, o)
		if file == nil {
			return errors.Join(err, s.reports.discard())
		}
		defer file.Close()
		set := shard.Partial(file)
		if err != nil {
			ctx = context.WithoutCancel(ctx)
		}
		do = set.Report
	}
	return s.report(ctx, c, w, targets, o, do)
}

// open opens the reports.
func (s *sweepCommand) open(ctx context.Context, c *cli, targets []verdict.Target,
	o *sweep.Options) (report.Several, error) {
	w, err := s.reports.open(c.stdout, func(out *output) report.Writer { return s.newReport(ctx, c, out, o, targets) })
	for _, out := range s.reports.list {
		if c.child != nil && out.whole != nil && out.whole.Temporary() != "" {
			c.child.Temporary(out.whole.Temporary())
		}
	}
	if err == nil && !s.reports.onStdout() {
		result := report.NewText(c.stderr, o.Walkers, o.Modes)
		result.Detail = report.Quiet
		w = append(w, result)
	}
	if s.expect.update {
		w = append(w, &s.expect)
	}
	if err == nil && o.Keep != nil {
		o.Points = w.Points
	}
	return w, err
}

// options checks the flags and turns them into what a sweep is to do.
func (s *sweepCommand) options(c *cli) (o sweep.Options, err error) {
	o = sweep.Options{Build: s.build, WholeWalks: s.wholeWalks}
	if s.generate < 0 {
		return o, usagef("", "-generate %d: a number of programs is needed", s.generate)
	}
	if o.Walkers, err = c.findWalkers(s.walkers); err != nil {
		return o, err
	}
	if o.Modes, err = parseModes(s.modes); err != nil {
		return o, err
	}
	if o.Deliver, err = verdict.ParseDelivery(s.deliver); err != nil {
		return o, usagef("", "%v", err)
	}
	if s.image.stack > guest.StackSize && (o.Deliver == verdict.Taken || slices.Contains(o.Modes, verdict.Pairs)) {
		return o,
			usagef("", "-stack-size %dK: an exception can't be taken there: the vectors tell by bit 14 of SP that "+
				"a stack of 16K has overflowed", s.image.stack>>10)
	}
	if s.verbose && s.quiet {
		return o, usagef("", "-v and -q: one of them")
	}
	if err := checkJobs(s.jobs); err != nil {
		return o, err
	}
	o.Jobs = goroutines(s.jobs, o.Walkers)
	if err := s.reports.check(); err != nil {
		return o, err
	}
	if s.shard != "" && s.resume == "" {
		return o, usagef("-resume FILE", "-shard %s: in which file is the part to be kept?", s.shard)
	}
	if s.coverage && !s.reports.textOnStdout() {
		return o, usagef("", "-coverage goes with -format text")
	}
	return o, nil
}

// targets finds what is to be swept.
func (s *sweepCommand) targets(ctx context.Context, c *cli, patterns []string) ([]verdict.Target, error) {
	all, err := s.catalog(ctx, c)
	if err != nil {
		return nil, err
	}
	for i := range s.generate {
		patterns = append(patterns, generated.Name(s.seed+uint64(i)))
	}
	return all.Targets(patterns)
}

// A sweeper sweeps targets, or knows already what came out.
type sweeper func(ctx context.Context, targets []verdict.Target, o sweep.Options,
	done func(*sweep.RunResult) error) error

// sweepAll sweeps and reports. It says whether everything was as expected, and which instructions of each image were
// executed, if that was asked for, in the order in which the images were met; counted says which image to count for
// another.
func sweepAll(ctx context.Context, w report.Writer, stderr io.Writer, targets []verdict.Target, o *sweep.Options,
	do sweeper, counted func(*image.Image) *image.Image) (asExpected bool, covered []*cover.Coverage, err error) {
	ledger := verdict.NewLedger(o.Expect)
	regression := false
	line := showProgress(stderr)
	o.Progress = line.of()
	walks, absent := 0, ""
	err = do(ctx, targets, *o, func(r *sweep.RunResult) error {
		regression = r.Note(ledger) || regression
		for _, s := range r.Summaries {
			walks += s.Points
		}
		for _, name := range slices.Sorted(maps.Keys(r.Absent)) {
			absent = cmp.Or(absent, fmt.Sprintf("SKIP %s: %s", name, r.Absent[name]))
		}
		if r.Visited != nil {
			im := counted(r.Image)
			i := slices.IndexFunc(covered, func(have *cover.Coverage) bool { return have.Image() == im })
			if i < 0 {
				i = len(covered)
				covered = append(covered, cover.New(im))
			}
			covered[i].Merge(r.Visited)
		}
		return w.Result(r)
	})
	line.end()
	var cut *sweep.Interrupted
	if err != nil && !errors.As(err, &cut) {
		return false, nil, err
	}
	stale := ledger.Stale(sweptScenarios(targets),
		registry.Names(slices.Concat(registry.All(), registry.Tables(), o.Walkers)))
	err = cmp.Or(w.Close(stale, cut), err)
	if err == nil && walks == 0 && absent != "" {
		err = fmt.Errorf("%s: %w", absent, errNothing)
	}
	return !regression && len(stale) == 0, covered, err
}
