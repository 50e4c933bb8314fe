// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"stacksweep/internal/diff"
)

const diffNote = `
OLD and NEW are reports of sweeps in the format jsonl. An instruction is worse off if its worst verdict is further down
the list exact, refused, ghost, omitted, wrong, fault. The exit status is 1 if that is so anywhere, or if new instructions
of a target that both runs have are unsound.
`

type diffCommand struct {
	format   string
	cautious bool
}

func (d *diffCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&d.format, "format", "text", "`text`, jsonl or markdown")
	fs.BoolVar(&d.cautious, "cautious", false, "a walk that was exact and is now refused is no worse")
}

func (d *diffCommand) run(_ context.Context, c *cli, args []string) error {
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
		if runs[i], err = readRun(name); err != nil {
			return err
		}
	}
	report := diff.Compare(runs[0], runs[1], diff.Options{Cautious: d.cautious})
	out := bufio.NewWriter(c.stdout)
	if err := errors.Join(write(report, out), out.Flush()); err != nil {
		return err
	}
	if report.Failed() {
		return errWorse
	}
	return nil
}

// errWorse says that a comparison found something worse; the report itself is already printed.
var errWorse = errors.New("something got worse")

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
