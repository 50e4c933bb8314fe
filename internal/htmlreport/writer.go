// SPDX-License-Identifier: GPL-2.0-only

package htmlreport

import (
	"errors"
	"fmt"
	"io"

	"stacksweep/internal/inspect"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// Options say what a report is about.
type Options struct {
	Version string // of the program
	Command string // that made the report
	Walkers []string
	Modes   []verdict.Mode
	// Flags are those with which a command finds a scenario, each with a blank before it; nil if it needs none.
	Flags func(scenario string) string
	// Doc is what a target is about, in a line.
	Doc func(scenario, variant string) string
	// Open opens a target's run to be looked at, with an interruption if there is one, as these walkers would see it.
	// The report closes it.
	Open func(scenario, variant string, interrupt verdict.Interruption, walkers []string) (*inspect.Inspector, error)
	// Done, when it is closed, asks for the report at once: points that aren't written down by then are left out, and
	// their targets have counts and windows only.
	Done <-chan struct{}
}

// errDone says that the report is wanted at once.
var errDone = errors.New("the report is wanted at once")

func (o *Options) isDone() bool {
	select {
	case <-o.Done: // never, if it is nil
		return true
	default:
		return false
	}
}

// A Writer writes a report. The sweep must keep all points.
type Writer struct {
	w       io.Writer
	options Options

	current *collector
	shown   int // points of all targets before

	page   page
	blocks []string // of targets
	codes  codeBook
}

// New returns a writer. It writes when it is closed.
func New(w io.Writer, o Options) *Writer {
	return &Writer{w: w, options: o, page: page{Version: o.Version, Command: o.Command, Walkers: o.Walkers}}
}

// Points takes points of a target, before its result.
func (w *Writer) Points(_ *sweep.Subject, points []sweep.Point) error {
	if w.current == nil {
		w.current = newCollector(w.options.Walkers, w.options.Modes, min(mostOfTarget, max(0, mostOfReport-w.shown)))
	}
	w.current.isDone = w.options.isDone
	w.current.add(points)
	return nil
}

// Result takes a target's result.
func (w *Writer) Result(r *sweep.RunResult) (err error) {
	c := w.current
	if w.current = nil; c == nil {
		c = newCollector(w.options.Walkers, w.options.Modes, 0)
	}
	w.page.add(r, &w.options, c.generation)
	if len(c.rows) == 0 || w.options.isDone() {
		w.blocks = append(w.blocks, "")
		return nil
	}
	in, err := w.options.Open(r.Scenario, r.Variant, verdict.Interruption{}, w.options.Walkers)
	if err != nil {
		return fmt.Errorf("%s:%s: %w", r.Scenario, r.Variant, err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	interrupted := func(m moment) (*inspect.Inspector, error) {
		return w.options.Open(r.Scenario, r.Variant, verdict.Interruption{Present: true, Step: m.step},
			c.of(m.generation))
	}
	d, err := c.target(in, interrupted, &w.codes)
	if errors.Is(err, errDone) {
		w.blocks = append(w.blocks, "")
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s:%s: %w", r.Scenario, r.Variant, err)
	}
	d.Target = r.Scenario + ":" + r.Variant
	d.Doc = w.options.Doc(r.Scenario, r.Variant)
	if w.options.Flags != nil {
		d.Flags = w.options.Flags(r.Scenario)
	}
	w.shown += len(c.rows)
	b, err := block(d)
	w.blocks = append(w.blocks, b)
	return err
}

// Close writes the report.
func (w *Writer) Close(stale []verdict.Expectation, cut *sweep.Interrupted) error {
	codes, err := block(w.codes.list)
	if err != nil {
		return err
	}
	w.page.end(stale, cut)
	return w.page.write(w.w, w.blocks, codes)
}
