// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"stacksweep/image"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// Schema is the version of the format of JSONLines. It changes when a field changes its meaning or goes; new fields and
// new types of objects may come without.
const Schema = 1

// JSONLines writes a report as JSON lines: an object of type "sweep", then, for each target, objects of type "point",
// "summary", "window" and "deviation", then "stale" and "interrupted" ones, and one of type "end". docs/formats.md
// describes them. Addresses are hexadecimal strings.
type JSONLines struct {
	All    bool // list every point that the sweep keeps, not only those that are not as expected
	Expect []verdict.Expectation
	Head   Head

	begun             bool
	walks             int
	known, unexpected int // windows
	failed            int // targets

	enc   *json.Encoder
	codes map[string]string // IDs of code that the report has, by its words
}

// NewJSONLines returns a report writer.
func NewJSONLines(w io.Writer) *JSONLines {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &JSONLines{enc: enc}
}

// A Head says what was swept, by what.
type Head struct {
	Type    string   `json:"type"` // "sweep"
	Schema  int      `json:"schema"`
	Version string   `json:"version"`
	Corpus  string   `json:"corpus"`            // SHA-256 of the corpus's ELF file
	Image   string   `json:"image,omitempty"`   // SHA-256 of the user's file
	Command string   `json:"command,omitempty"` // without what makes no difference to the report
	Walkers []string `json:"walkers"`
	Modes   []string `json:"modes"`
}

// end is the last object: without it a report is not complete.
type end struct {
	Type       string `json:"type"` // "end"
	Walks      int    `json:"walks"`
	Known      int    `json:"known"`      // unsound windows that are known
	Unexpected int    `json:"unexpected"` // windows that are not as expected
	Stale      int    `json:"stale"`      // expectations that no longer hold
	Partial    bool   `json:"partial"`
	Failed     int    `json:"failed,omitempty"` // targets of which nothing is known
}

// begin writes the head, once.
func (w *JSONLines) begin() error {
	if w.begun || w.Head.Version == "" {
		return nil
	}
	w.begun = true
	w.Head.Type, w.Head.Schema = "sweep", Schema
	return w.enc.Encode(w.Head)
}

// expected returns a function that tells whether a point is as expected.
func (w *JSONLines) expected(s *sweep.Subject) func(*sweep.Point) bool {
	lines := map[verdict.Key][]*verdict.Expectation{}
	return func(p *sweep.Point) bool {
		some, ok := lines[p.Key]
		if !ok {
			some = s.Expected(p.Key, w.Expect)
			lines[p.Key] = some
		}
		symbol, offset := s.Symbols.Locate(p.PC)
		_, unexpected := verdict.Classify(some, symbol, offset, p.Verdict)
		return !unexpected
	}
}

// key is what summaries, windows and points have in common.
type key struct {
	Type     string `json:"type"`
	Scenario string `json:"scenario"`
	Variant  string `json:"variant"`
	Walker   string `json:"walker"`
	Mode     string `json:"mode"`
	Deliver  string `json:"deliver,omitempty"`
	Partial  bool   `json:"partial,omitempty"` // the sweep was interrupted before all points were judged
}

func keyOf(kind string, k verdict.Key, partial bool) key {
	return key{Type: kind, Scenario: k.Scenario, Variant: k.Variant, Walker: k.Walker, Mode: k.Mode.String(),
		Deliver: k.Delivery(), Partial: partial}
}

type summary struct {
	key
	Points   int `json:"points"`
	Exact    int `json:"exact"`
	Refused  int `json:"refused"`
	Ghost    int `json:"ghost"`
	Omitted  int `json:"omitted"`
	Wrong    int `json:"wrong"`
	Fault    int `json:"fault"`
	Warnings int `json:"warnings,omitempty"`
}

type window struct {
	key
	Symbol  string `json:"symbol"`
	From    string `json:"from"`
	To      string `json:"to"`
	Verdict string `json:"verdict"`
	Points  int    `json:"points"`
	First   string `json:"first"`
	Missing string `json:"missing,omitempty"`
	// Expected tells a known verdict from a regression; conforming ones have neither.
	Expected string `json:"expected,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

type point struct {
	key
	Point    string   `json:"point"`
	Step     int      `json:"step"`
	Second   *int     `json:"second,omitempty"` // in mode pairs: the step of the first exception
	PC       string   `json:"pc"`
	Symbol   string   `json:"symbol"`
	Offset   string   `json:"offset"`
	Masked   bool     `json:"masked"`
	Way      string   `json:"way,omitempty"`
	Verdict  string   `json:"verdict"`
	Reliable bool     `json:"reliable"`
	Error    string   `json:"error,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	Frames   []frame  `json:"frames"`
	Truth    []place  `json:"truth"`
}

type place struct {
	PC     string `json:"pc"`
	Symbol string `json:"symbol,omitempty"`
}

type frame struct {
	place
	Source string `json:"source"`
}

type interrupted struct {
	Type     string `json:"type"`
	Targets  int    `json:"targets"`
	Complete int    `json:"complete"`
	Partial  int    `json:"partial"`
}

type stale struct {
	Type   string `json:"type"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// Points writes points of a target, which come before its result.
func (w *JSONLines) Points(s *sweep.Subject, points []sweep.Point) error {
	if err := w.begin(); err != nil {
		return err
	}
	name := func(addr uint64) string { return s.Symbols.Name(addr) }
	expected := w.expected(s)
	for i := range points {
		if !w.All && expected(&points[i]) {
			continue
		}
		if err := w.enc.Encode(pointOf(&points[i], s.Symbols, name)); err != nil {
			return err
		}
	}
	return nil
}

// Result implements [Writer].
func (w *JSONLines) Result(r *sweep.RunResult) error {
	if err := w.begin(); err != nil {
		return err
	}
	if r.Failed != "" {
		return w.fail(r.Scenario, r.Variant, r.Failed)
	}
	name := func(addr uint64) string { return r.Symbols.Name(addr) }
	for _, s := range r.Summaries {
		c := s.Counts
		w.walks += s.Points
		if err := w.enc.Encode(summary{
			key: keyOf("summary", s.Key, r.IsPartial()), Points: s.Points, Warnings: s.Warnings,
			Exact: c[verdict.Exact], Refused: c[verdict.Refused], Ghost: c[verdict.Ghost],
			Omitted: c[verdict.Omitted], Wrong: c[verdict.Wrong], Fault: c[verdict.Fault],
		}); err != nil {
			return err
		}
	}
	for _, win := range r.Windows {
		o := window{
			key: keyOf("window", win.Key, r.IsPartial()), Symbol: win.Symbol, From: hex(win.From), To: hex(win.To),
			Verdict: win.Verdict.String(), Points: win.Points, First: win.Key.PointName(win.First),
		}
		if win.Missing != 0 {
			o.Missing = name(win.Missing)
		}
		switch {
		case win.Regression:
			o.Expected = "no"
			w.unexpected++
		case win.Excuse != nil:
			o.Expected, o.Reason = "yes", win.Excuse.Reason
			w.known++
		}
		if err := w.enc.Encode(o); err != nil {
			return err
		}
	}
	if err := w.functions(r); err != nil {
		return err
	}
	return w.deviations(r)
}

func pointOf(p *sweep.Point, symbols *image.Symbols, name func(uint64) string) point {
	symbol, offset := symbols.Locate(p.PC)
	o := point{
		key: keyOf("point", p.Key, false), Point: p.Key.PointName(p.Position), Step: p.Step, PC: hex(p.PC),
		Symbol: symbol, Offset: hex(offset),
		Masked: p.Masked, Way: p.Exception, Verdict: p.Verdict.String(), Reliable: p.Trace.Reliable,
		Frames: []frame{}, Truth: []place{},
	}
	if p.Mode == verdict.Pairs {
		o.Second = &p.Second
	}
	if p.Trace.Failure.Failed() {
		o.Error = p.Trace.Failure.Error()
	}
	for _, f := range p.Trace.Warnings {
		o.Warnings = append(o.Warnings, f.Error())
	}
	for _, f := range p.Trace.Frames {
		o.Frames = append(o.Frames, frame{place{hex(f.PC), name(f.PC)}, f.Source.String()})
	}
	for _, a := range p.Truth {
		o.Truth = append(o.Truth, place{hex(a), name(a)})
	}
	return o
}

// Close implements [Writer].
func (w *JSONLines) Close(unmet []verdict.Expectation, cut *sweep.Interrupted) error {
	for _, e := range unmet {
		if err := w.enc.Encode(stale{"stale", e.Line, e.Reason}); err != nil {
			return err
		}
	}
	if cut != nil {
		if err := w.enc.Encode(interrupted{"interrupted", cut.Targets, cut.Complete, cut.Partial}); err != nil {
			return err
		}
	}
	if w.Head.Version == "" {
		return nil
	}
	return errors.Join(w.begin(),
		w.enc.Encode(end{"end", w.walks, w.known, w.unexpected, len(unmet), cut != nil, w.failed}))
}

func hex(n uint64) string { return fmt.Sprintf("%#x", n) }
