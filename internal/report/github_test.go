// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"stacksweep/image"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// regressions is a result with so many windows that are not expected.
func regressions(n int) *sweep.RunResult {
	k := verdict.Key{Scenario: "a/b", Variant: "c", Walker: "exec:./my,walker%", Mode: verdict.IRQ}
	r := &sweep.RunResult{Subject: &sweep.Subject{Scenario: "a/b", Variant: "c", Symbols: image.NewSymbols(nil, nil)}}
	r.Summaries = []sweep.Summary{{Key: k, Points: n, Counts: [verdict.NumVerdicts]int{verdict.Omitted: n}}}
	for i := range n {
		r.Windows = append(r.Windows, sweep.Window{Key: k, Symbol: "f_g", From: uint64(8 * i), To: uint64(8 * i),
			Verdict: verdict.Omitted, Points: 1, Regression: true})
	}
	return r
}

func github(t *testing.T, r *sweep.RunResult, stale []verdict.Expectation) (lines []string, summary string) {
	t.Helper()
	var b bytes.Buffer
	g := NewGitHub(&b)
	g.Summary = func(text string) error {
		summary = text
		return nil
	}
	if err := g.Result(r); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(stale, nil); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n"), summary
}

// What a walker is called, or a reason says, can't end a command or add a property to it.
func TestGitHubEscapes(t *testing.T) {
	lines, summary := github(t, regressions(1),
		[]verdict.Expectation{{Line: 7, Verdict: verdict.Ghost, Reason: "100 %\n::error::no | <b>"}})
	want := []string{
		"::error title=a/b%3Ac%3A irq exec%3A./my%2Cwalker%25::omitted at f_g+0x0, 1 points: ",
		"::error title=XPASS::line 7 of the expectations is no longer met by any point: ghost 100 " +
			"%25%0A::error::no | <b>",
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines: %q", len(lines), lines)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("line %d is\n%s\nwant\n%s", i, lines[i], want[i])
		}
	}
	if !strings.Contains(summary, `ghost 100 % ::error::no \| &lt;b&gt; |`) {
		t.Errorf("the summary is\n%s", summary)
	}
}

// GitHub shows ten errors of a step: the last one counts the rest. The summary has them all.
func TestGitHubIsCapped(t *testing.T) {
	for n, annotations := range map[int]int{9: 9, 10: 10, 25: 10} {
		lines, summary := github(t, regressions(n), nil)
		if len(lines) != annotations {
			t.Errorf("%d regressions make %d annotations", n, len(lines))
		}
		last := lines[len(lines)-1]
		if more := fmt.Sprintf("::error title=and more::%d more are in the summary of the step", n-9); n > 9 &&
			last != more {
			t.Errorf("%d regressions: the last annotation is %q", n, last)
		}
		if got := strings.Count(summary, "| **omitted** |"); got != n {
			t.Errorf("the summary of %d regressions has %d", n, got)
		}
	}
	_, summary := github(t, regressions(20000), nil)
	rows := strings.Count(summary, "| **omitted** |")
	if len(summary) > mostSummary || rows < 5000 ||
		!strings.Contains(summary, fmt.Sprintf("… and %d more.\n", 20000-rows)) {
		t.Errorf("the summary of 20,000 regressions has %d bytes and %d rows", len(summary), rows)
	}
	if !strings.HasSuffix(summary, "| exec:./my,walker% | 0 | 0 | 0 | 20000 | 0 | 0 |\n") {
		t.Errorf("the summary ends in %q", summary[len(summary)-100:])
	}
}
