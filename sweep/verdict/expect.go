// SPDX-License-Identifier: GPL-2.0-only

package verdict

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// An Expectation is a line of an expectation file: a verdict that is known, where, and why.
//
// Exact demands that no other verdict occurs in its range. Any other verdict is excused in its range; a line that
// excuses something that no longer happens must go, so that the list stays true.
type Expectation struct {
	File      string // a file of the user's that the line is in; "" for the built-in ones
	Line      int
	Scenarios []Subjects
	Variants  []string // patterns
	Modes     []string // patterns
	Walkers   []string // patterns
	Places    []Place
	Verdict   Verdict
	Reason    string
}

// Subjects are scenarios whose name matches a pattern, as in path.Match, and whose kernel has a trait, if one is named.
type Subjects struct{ Name, Trait string }

// parseSubjects reads pattern[(trait)].
func parseSubjects(text string) (s Subjects, err error) {
	s.Name = text
	if rest, ok := strings.CutSuffix(text, ")"); ok {
		if s.Name, s.Trait, ok = strings.Cut(rest, "("); !ok || s.Trait == "" {
			return s, fmt.Errorf("scenario %q: no trait in parentheses", text)
		}
	}
	if _, err := path.Match(s.Name, ""); err != nil {
		return s, fmt.Errorf("pattern %q: %w", s.Name, err)
	}
	return s, nil
}

func (s Subjects) include(scenario string, traits []string) bool {
	return match(s.Name, scenario) && (s.Trait == "" || slices.Contains(traits, s.Trait))
}

// A Place is a range of instructions in a function.
type Place struct {
	Symbol   string // pattern
	From, To uint64 // offsets of the first and last instruction; all of the function if Whole
	Whole    bool
}

// Covers reports whether an instruction, at an offset in a function, lies in the place.
func (p Place) Covers(symbol string, offset uint64) bool {
	return match(p.Symbol, symbol) && (p.Whole || offset >= p.From && offset <= p.To)
}

// Everywhere reports whether the line speaks of all functions, whichever they are.
func (e *Expectation) Everywhere() bool { return e.Places[0].Symbol == "*" }

// ParseExpectations reads an expectation file. A line has seven columns, separated by blanks:
//
//	scenario[(trait)],… variant,… mode,… walker,… symbol[+from[..to]],… verdict reason…
//
// The first five columns may be patterns. A trait is one of the Traits of a scenarios.Run. Empty lines and lines that
// begin with # are ignored. Offsets are hexadecimal bytes.
func ParseExpectations(name string, r io.Reader) ([]Expectation, error) {
	var all []Expectation
	scanner := bufio.NewScanner(r)
	for n := 1; scanner.Scan(); n++ {
		text := strings.TrimSpace(scanner.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		e, err := parseExpectation(text)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		e.Line = n
		all = append(all, e)
	}
	return all, scanner.Err()
}

func parseExpectation(text string) (e Expectation, err error) {
	f := strings.Fields(text)
	if len(f) < 7 {
		return e,
			fmt.Errorf("%d columns where scenario, variant, mode, walker, place, verdict and reason were expected",
				len(f))
	}
	e = Expectation{
		Variants: strings.Split(f[1], ","), Modes: strings.Split(f[2], ","), Walkers: strings.Split(f[3], ","),
		Reason: strings.Join(f[6:], " "),
	}
	for text := range strings.SplitSeq(f[0], ",") {
		s, err := parseSubjects(text)
		if err != nil {
			return e, err
		}
		e.Scenarios = append(e.Scenarios, s)
	}
	for _, pattern := range slices.Concat(e.Variants, e.Modes, e.Walkers) {
		if _, err := path.Match(pattern, ""); err != nil {
			return e, fmt.Errorf("pattern %q: %w", pattern, err)
		}
	}
	for text := range strings.SplitSeq(f[4], ",") {
		p, err := ParsePlace(text)
		if err != nil {
			return e, err
		}
		e.Places = append(e.Places, p)
	}
	e.Verdict, err = ParseVerdict(f[5])
	return e, err
}

// ParsePlace reads symbol[+from[..to]].
func ParsePlace(text string) (p Place, err error) {
	symbol, offsets, partial := strings.Cut(text, "+")
	p.Symbol, p.Whole = symbol, !partial
	if _, err := path.Match(symbol, ""); err != nil {
		return p, fmt.Errorf("pattern %q: %w", symbol, err)
	}
	if !partial {
		return p, nil
	}
	from, to, isRange := strings.Cut(offsets, "..")
	if !isRange {
		to = from
	}
	if p.From, err = strconv.ParseUint(from, 0, 64); err != nil {
		return p, fmt.Errorf("offset %q: %w", from, err)
	}
	if p.To, err = strconv.ParseUint(to, 0, 64); err != nil {
		return p, fmt.Errorf("offset %q: %w", to, err)
	}
	return p, nil
}

// Applies reports whether the line speaks of the walker in that mode and scenario, whose kernel has those traits, at
// all.
func (e *Expectation) Applies(k Key, traits []string) bool {
	return slices.ContainsFunc(e.Scenarios, func(s Subjects) bool {
		return s.include(k.Scenario, traits)
	}) && anyMatch(e.Variants, k.Variant) &&
		anyMatch(e.Modes, k.Mode.String()) && anyMatch(e.Walkers, k.Walker)
}

func anyMatch(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, s) })
}

// covers reports whether the line, which applies, speaks of an instruction.
func (e *Expectation) covers(symbol string, offset uint64) bool {
	return slices.ContainsFunc(e.Places, func(p Place) bool { return p.Covers(symbol, offset) })
}

// match is path.Match with a pattern that is known to be good, where * matches / too.
func match(pattern, s string) bool {
	if pattern == "*" {
		return true
	}
	for i := 0; ; i++ { // most patterns differ in what comes before any asterisk
		switch {
		case i == len(pattern):
			return i == len(s)
		case strings.IndexByte(`*?[\`, pattern[i]) >= 0:
			ok, _ := path.Match(pattern[i:], s[i:])
			return ok
		case i == len(s) || pattern[i] != s[i]:
			return false
		}
	}
}

// Classify says what is expected of a verdict at an instruction: the line that excuses it, and whether it is a
// regression. lines are those that apply.
func Classify(lines []*Expectation, symbol string, offset uint64, v Verdict) (excuse *Expectation, regression bool) {
	regression = !v.Conforming()
	for _, e := range lines {
		if !e.covers(symbol, offset) {
			continue
		}
		switch {
		case e.Verdict == v:
			return e, false
		case e.Verdict == Exact:
			return nil, true
		}
	}
	return nil, regression
}
