// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"stacksweep/internal/mutate"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

const mutateNote = `
Breaks one thing at a time, an instruction of the code under test, a row of its tables, a rule of a model or of an
oracle, and sweeps the scenarios that reach it. A break that makes the sweep fail is caught; one that changes the walk
and the truth at no point is equivalent, or alike where not all scenarios were tried; any other has survived, which is
a hole in the harness unless a reason is known. The exit status is 1 if one has survived without a reason.
`

type mutateCommand struct {
	kinds, walkers, modes, format, share string
	all                                  bool
	jobs, tries                          int
}

func (m *mutateCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&m.kinds, "kind", "code,table,walker,oracle", "comma-separated `kinds` of mutants")
	fs.StringVar(&m.walkers, "walker", "v6.12,v6.17,sframe,sframe-detect,sframe-recover,cfi",
		"comma-separated `names` of the walkers whose walks are compared")
	modesFlag(fs, &m.modes, modeNames(verdict.DefaultModes()), "")
	fs.StringVar(&m.format, "format", "text", "`text` or jsonl")
	fs.StringVar(&m.share, "share", "1/1", "try the `i/n`-th part of the mutants only, spread evenly")
	fs.IntVar(&m.tries, "tries", 3,
		"try a mutant in `n` unlike ones of the scenarios that reach it; 0 for all, which takes some minutes")
	fs.BoolVar(&m.all, "all", false, "list every mutant, not only those that have survived")
	jobsFlag(fs, &m.jobs)
}

func (m *mutateCommand) run(ctx context.Context, c *cli, patterns []string) error {
	kinds, err := parseKinds(m.kinds)
	if err != nil {
		return err
	}
	part, err := parseShare(m.share)
	if err != nil {
		return err
	}
	if m.format != "text" && m.format != "jsonl" {
		return usagef("", "-format %s: there are text and jsonl", m.format)
	}
	if err := checkJobs(m.jobs); err != nil {
		return err
	}
	if m.tries < 0 {
		return usagef("", "-tries %d: a number of scenarios is needed", m.tries)
	}
	o := sweep.Options{}
	if o.Walkers, err = c.findWalkers(m.walkers); err != nil {
		return err
	}
	if o.Modes, err = parseModes(m.modes); err != nil {
		return err
	}
	if o.Expect, err = verdict.BuiltinExpectations(); err != nil {
		return err
	}
	if len(patterns) == 0 {
		patterns = []string{"fgraph", "kretprobe"}
	}
	all, err := (&runFlags{}).catalog(ctx, c)
	if err != nil {
		return err
	}
	targets, err := all.Targets(patterns)
	if err != nil {
		return err
	}
	h, err := mutate.New(ctx, targets, verdict.Targets(corpus.All()), o, m.tries)
	if err != nil {
		return err
	}
	mutants := part.of(h.Mutants(kinds))
	report := mutate.NewReport(c.stdout, m.format == "jsonl", m.all)
	if err := h.Run(ctx, mutants, m.jobs, report.Add); err != nil {
		return err
	}
	if err := report.Close(); err != nil {
		return err
	}
	if report.Unexplained() > 0 {
		return errUnexpected
	}
	return nil
}

func parseKinds(list string) (kinds []mutate.Kind, err error) {
names:
	for name := range strings.SplitSeq(list, ",") {
		for _, k := range mutate.Kinds() {
			if k.String() == name {
				kinds = append(kinds, k)
				continue names
			}
		}
		return nil, usagef("there are code, table, walker and oracle", "no kind %q", name)
	}
	return kinds, nil
}

// A share is every n-th of a list, from the i-th on; i counts from 1.
type share struct{ i, n int }

func parseShare(text string) (s share, err error) {
	if _, err := fmt.Sscanf(text, "%d/%d", &s.i, &s.n); err != nil || s.n < 1 || s.i < 1 || s.i > s.n {
		return s, usagef("1/10 is the first of ten", "-share %s: not a part of a whole", text)
	}
	return s, nil
}

func (s share) of(all []*mutate.Mutant) (part []*mutate.Mutant) {
	for i := s.i - 1; i < len(all); i += s.n {
		part = append(part, all[i])
	}
	return part
}
