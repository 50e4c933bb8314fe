// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// unexplained is the reason of a line that was recorded; whoever knows better writes it there.
const unexplained = "(recorded, not explained)"

// A Recorder turns what was not as expected into lines of an expectation file.
type Recorder struct {
	lines   []recorded
	skipped int // windows that lie in no function, which a line can't name
}

// recorded is a line, but for the walkers that share it.
type recorded struct {
	scenario, variant, mode, place string
	verdict                        verdict.Verdict
	walkers                        []string
}

// Result implements [Writer].
func (c *Recorder) Result(r *sweep.RunResult) error {
	for i := range r.Windows {
		w := &r.Windows[i]
		if !w.Regression {
			continue
		}
		if w.Symbol == "" {
			c.skipped++
			continue
		}
		line := recorded{scenario: w.Scenario, variant: w.Variant, mode: w.Mode.String(),
			place: fmt.Sprintf("%s+%#x..%#x", word(w.Symbol), w.From, w.To), verdict: w.Verdict}
		at := slices.IndexFunc(c.lines, func(l recorded) bool {
			l.walkers = nil
			return l.scenario == line.scenario && l.variant == line.variant && l.mode == line.mode &&
				l.place == line.place && l.verdict == line.verdict
		})
		if at < 0 {
			at = len(c.lines)
			c.lines = append(c.lines, line)
		}
		c.lines[at].walkers = append(c.lines[at].walkers, word(w.Walker))
	}
	return nil
}

// Close implements [Writer].
func (c *Recorder) Close([]verdict.Expectation, *sweep.Interrupted) error { return nil }

// word makes a name fit for a column of an expectation file: what would mean something else there becomes a pattern for
// one character.
func word(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t,*[]\\()", r) {
			return '?'
		}
		return r
	}, name)
}

// Update writes an expectation file again: its lines and comments as they were, but for those that no longer hold, and
// then what was recorded.
func (c *Recorder) Update(w io.Writer, old string, stale []verdict.Expectation) (kept, added, removed int, err error) {
	var b strings.Builder
	n := 0
	for line := range strings.Lines(old) {
		n++
		if slices.ContainsFunc(stale, func(e verdict.Expectation) bool { return e.Line == n }) {
			removed++
			continue
		}
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "#") {
			kept++
		}
		b.WriteString(line)
	}
	if old == "" {
		b.WriteString("# What 'stacksweep sweep -expect' knows of: scenario variant mode walker place " +
			"verdict reason.\n")
	} else if !strings.HasSuffix(old, "\n") {
		b.WriteByte('\n')
	}
	for _, l := range c.lines {
		added++
		fmt.Fprintf(&b, "%s %s %s %s %s %s %s\n", l.scenario, l.variant, l.mode, strings.Join(l.walkers, ","), l.place,
			l.verdict, unexplained)
	}
	_, err = io.WriteString(w, b.String())
	return kept, added, removed, err
}

// Skipped is how many windows could not be recorded.
func (c *Recorder) Skipped() int { return c.skipped }
