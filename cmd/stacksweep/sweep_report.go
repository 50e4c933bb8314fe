// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"

	"stacksweep/internal/htmlreport"
	"stacksweep/internal/report"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// report sweeps and completes the reports.
func (s *sweepCommand) report(ctx context.Context, c *cli, w report.Several, targets []verdict.Target, o *sweep.Options,
	do sweeper) error {
	failed := calls{cli: c, flags: &s.image}
	if len(s.image.calls) > 1 {
		o.Failed = func(t verdict.Target, err error) error { return failed.note(w, t, err) }
	}
	asExpected, covered, err := sweepAll(ctx, w, c.stderr, targets, o, do, s.image.counted)
	var cut *sweep.Interrupted
	if err != nil && !errors.As(err, &cut) {
		return errors.Join(s.image.explain(err), s.reports.discard())
	}
	if s.coverage {
		for _, c := range covered {
			if err := report.Coverage(s.reports.stdout(), c.Image(), c); err != nil {
				return errors.Join(err, s.reports.discard())
			}
		}
	}
	if failed.all(len(targets)) {
		return errors.Join(failed.last, s.reports.discard())
	}
	if err := cmp.Or(s.reports.commit(), err); err != nil {
		return err
	}
	if failed.last != nil {
		return failed.last
	}
	if settled, err := s.expect.finish(c); err != nil || settled {
		return err
	}
	if !asExpected {
		return errUnexpected
	}
	return nil
}

// newReport makes a report writer.
func (s *sweepCommand) newReport(ctx context.Context, c *cli, out *output, o *sweep.Options,
	targets []verdict.Target) report.Writer {
	switch out.format {
	case "html":
		return newHTML(out.w, o, targets, htmlreport.Options{Command: sweptBy(c.args), Flags: s.image.flagsFor,
			Done: ctx.Done()})
	case "jsonl":
		j := report.NewJSONLines(out.w)
		j.All, j.Expect = s.all, o.Expect
		j.Head = s.head(c, o)
		return j
	case "ktap":
		k := report.NewKTAP(out.w, len(targets))
		k.Flags = s.image.flagsFor
		return k
	case "github":
		g := report.NewGitHub(out.w)
		g.Flags = s.image.flagsFor
		g.Summary = stepSummary
		return g
	case "junit":
		j := report.NewJUnit(out.w)
		j.Flags = s.image.flagsFor
		head := s.head(c, o)
		j.Properties = [][2]string{{"version", head.Version}, {"corpus", head.Corpus},
			{"walkers", strings.Join(head.Walkers, ",")}, {"modes", strings.Join(head.Modes, ",")}}
		if os.Getenv("SOURCE_DATE_EPOCH") == "" { // reproducible-builds.org: who sets it wants the same bytes again
			j.Clock = time.Now
		}
		j.Begin()
		return j
	}
	text := report.NewText(out.w, o.Walkers, o.Modes)
	text.Flags = s.image.flagsFor
	text.Color = out.file == "" && c.colored()
	switch {
	case s.verbose:
		text.Detail = report.Full
	case s.quiet:
		text.Detail = report.Quiet
	}
	return text
}

// sweptBy is the command without what makes no difference to what it finds: how many goroutines or machines share the
// work, and where the reports go.
func sweptBy(args []string) string {
	return commandLine(without(args, "j", "format", "shard", "resume"))
}

// head says what is swept, by what: nothing in it depends on how many machines share the work.
func (s *sweepCommand) head(c *cli, o *sweep.Options) report.Head {
	h := report.Head{
		Version: version(), Corpus: fmt.Sprintf("%x", sha256.Sum256(corpus.ELF())), Walkers: registry.Names(o.Walkers),
		Command: sweptBy(c.args),
	}
	for _, m := range o.Modes {
		h.Modes = append(h.Modes, m.String())
	}
	if s.image.path != "" {
		if data, err := os.ReadFile(s.image.path); err == nil {
			h.Image = fmt.Sprintf("%x", sha256.Sum256(data))
		}
	}
	return h
}

// colorTerminal reports whether a stream is a terminal that shows colours, and nothing says that none are wanted
// (no-color.org).
func colorTerminal(stream any, getenv func(string) string) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(f.Fd()) && getenv("NO_COLOR") == "" && getenv("TERM") != "" && getenv("TERM") != "dumb"
}

// colored reports whether what goes to stdout may have colours.
func (c *cli) colored() bool {
	if c.child != nil {
		return c.child.Color()
	}
	return colorTerminal(c.stdout, os.Getenv)
}
