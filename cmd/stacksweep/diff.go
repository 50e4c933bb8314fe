// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"stacksweep/internal/diff"
	"stacksweep/internal/report"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

const diffNote = `
OLD and NEW are reports of sweeps in the format jsonl, or recordings (FILE.rec), which are swept for it. An
instruction is worse off if its worst verdict is further down the list exact, refused, ghost, omitted, wrong, fault.
The exit status is 1 if that is so anywhere, if new instructions of a target that both runs have are unsound, or if the
new run couldn't sweep a target that the old one has.
`

type diffCommand struct {
	format, walkers, modes string
	cautious               bool
}

func (d *diffCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&d.format, "format", "text", "`text`, jsonl or markdown")
	walkersFlag(fs, &d.walkers, "all")
	modesFlag(fs, &d.modes, modeNames(verdict.DefaultModes()), "; a recording is swept in them")
	fs.BoolVar(&d.cautious, "cautious", false, "a walk that was exact and is now refused is no worse")
}

func (d *diffCommand) run(ctx context.Context, c *cli, args []string) error {
	write, known := map[string]func(*diff.Report, *bufio.Writer) error{
		"text":     func(r *diff.Report, w *bufio.Writer) error { return r.Text(w) },
		"jsonl":    func(r *diff.Report, w *bufio.Writer) error { return r.JSONLines(w) },
		"markdown": func(r *diff.Report, w *bufio.Writer) error { return r.Markdown(w) },
	}[d.format]
	switch {
	case !known:
		return usagef("", "no format %q: there are text, jsonl and markdown", d.format)
	case len(args) != 2:
		return usagef("for example: stacksweep diff old.jsonl new.jsonl", "diff takes two reports")
	}
	var runs [2]*diff.Run
	for i, name := range args {
		var err error
		if strings.HasSuffix(name, ".rec") {
			runs[i], err = d.sweepRecording(ctx, c, name)
		} else {
			runs[i], err = readRun(name)
		}
		if err != nil {
			return err
		}
	}
	compared := diff.Compare(runs[0], runs[1], diff.Options{Cautious: d.cautious})
	out := bufio.NewWriter(c.stdout)
	if err := errors.Join(write(compared, out), out.Flush()); err != nil {
		return err
	}
	if compared.Failed() {
		return errWorse
	}
	return nil
}

// errWorse says that a comparison found something worse; the report itself is already printed.
var errWorse = errors.New("something got worse")

// sweepRecording sweeps a recording as 'stacksweep sweep' does. It is compared under the name of the scenario that it
// is of, so that it can be held against another recording or a sweep of that.
func (d *diffCommand) sweepRecording(ctx context.Context, c *cli, name string) (*diff.Run, error) {
	s := &sweepCommand{}
	flagSet(s)
	s.walkers, s.modes = d.walkers, d.modes
	o, err := s.options(c)
	if err != nil {
		return nil, err
	}
	targets, err := s.targets(ctx, c, []string{name})
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	lines := report.NewJSONLines(&text)
	o.Cover = true
	origin := ""
	err = sweep.Sweep(ctx, targets, o, func(r *sweep.RunResult) error {
		origin = r.Origin
		return lines.Result(r)
	})
	if err = errors.Join(err, lines.Close(nil, nil)); err != nil {
		return nil, err
	}
	run, err := diff.Read(&text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, t := range run.Targets {
		t.Scenario = cmp.Or(origin, "recording")
	}
	return run, nil
}

func readRun(name string) (*diff.Run, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usagef("", "%v", err)
	}
	defer f.Close()
	run, err := diff.Read(f)
	if err != nil {
		return nil, usagef("'stacksweep sweep -format jsonl=FILE' writes one", "%v", fmt.Errorf("%s: %w", name, err))
	}
	return run, nil
}
