// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"fmt"
	"io"
	"strings"

	"stacksweep/internal/markdown"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// Limits of what GitHub shows: annotations of one kind in a step, and bytes of a step's summary ("Workflow commands for
// GitHub Actions", "Adding a job summary").
const (
	mostAnnotations = 10
	mostSummary     = 1 << 20
	summaryReserve  = 1 << 12 // for what stands after the rows
)

// GitHub writes a report as workflow commands of GitHub Actions: an error for every window that is not expected, every
// exception that did not go as it must, and every expectation that nothing meets any more, as far as GitHub shows them.
// All of them, and the counts of each walker, are in the summary of the step.
type GitHub struct {
	Flags flagsFunc // see Text
	// Summary takes the step's summary, in Markdown, at the end. It may be nil.
	Summary func(text string) error

	w           io.Writer
	errors      int
	walks       int
	known       int
	rows        strings.Builder // of the summary
	left        int             // rows for which there was no room
	walkers     []string
	totals      map[string]*[verdict.NumVerdicts]int
	writeFailed error
}

// NewGitHub returns a report writer.
func NewGitHub(w io.Writer) *GitHub {
	return &GitHub{w: w, totals: map[string]*[verdict.NumVerdicts]int{}}
}

// Failed adds a target that couldn't be swept.
func (g *GitHub) Failed(t verdict.Target, why error) error {
	g.fail(t.String(), why.Error())
	return g.writeFailed
}

func (g *GitHub) fail(target, why string) {
	g.error(target+": not swept", why)
	g.row(fmt.Sprintf("| **failed** | %s | | | | %s |\n", markdown.Text(target), markdown.Text(why)))
}

// Result implements [Writer].
func (g *GitHub) Result(r *sweep.RunResult) error {
	target := r.Scenario + ":" + r.Variant
	if r.Failed != "" {
		g.fail(target, r.Failed)
	}
	for _, s := range r.Summaries {
		t := g.totals[s.Walker]
		if t == nil {
			t = new([verdict.NumVerdicts]int)
			g.totals[s.Walker] = t
			g.walkers = append(g.walkers, s.Walker)
		}
		for v, n := range s.Counts {
			t[v] += n
		}
		g.walks += s.Points
	}
	for i := range r.Windows {
		w := &r.Windows[i]
		switch {
		case w.Regression:
			what := tell(w, r, g.Flags)
			g.error(fmt.Sprintf("%s: %s %s", target, w.Mode, w.Walker), what)
			g.row(fmt.Sprintf("| **%s** | %s | %s | %s | %s | %s |\n", w.Verdict, markdown.Text(target), w.Mode,
				markdown.Text(w.Walker), markdown.Code(rangeOf(w)),
				markdown.Code(showCommand(w, w.Walker, g.Flags))))
		case w.Excuse != nil:
			g.known++
		}
	}
	for i := range r.Deviations {
		what := tellDeviation(&r.Deviations[i], r)
		g.error(target+": an exception that was taken", what)
		g.row(fmt.Sprintf("| **taken** | %s | %s | | | %s |\n", markdown.Text(target), r.Deviations[i].Mode,
			markdown.Text(what)))
	}
	return g.writeFailed
}

// error writes an annotation, as long as GitHub shows them.
func (g *GitHub) error(title, message string) {
	g.errors++
	if g.errors > mostAnnotations-1 { // the last one tells how many more there are
		return
	}
	g.command("error", title, message)
}

func (g *GitHub) command(kind, title, message string) {
	if _, err := fmt.Fprintf(g.w, "::%s title=%s::%s\n", kind, escapeProperty(title),
		escapeData(message)); err != nil && g.writeFailed == nil {
		g.writeFailed = err
	}
}

func (g *GitHub) row(text string) {
	if g.rows.Len()+len(text) > mostSummary-summaryReserve-256*len(g.walkers) {
		g.left++
		return
	}
	g.rows.WriteString(text)
}

// Close implements [Writer].
func (g *GitHub) Close(stale []verdict.Expectation, cut *sweep.Interrupted) error {
	for i := range stale {
		what := tellStale(&stale[i])
		g.error("XPASS", what)
		g.row(fmt.Sprintf("| **XPASS** | | | | | %s |\n", markdown.Text(what)))
	}
	if more := g.errors - (mostAnnotations - 1); more > 0 {
		g.command("error", "and more", fmt.Sprintf("%d more are in the summary of the step", more))
	}
	if cut != nil {
		g.command("warning", "partial", "the sweep was "+cut.Error())
	}
	if g.errors == 0 {
		g.command("notice", "stacksweep", fmt.Sprintf("%d walks, %d unsound windows, all known", g.walks, g.known))
	}
	if g.writeFailed != nil || g.Summary == nil {
		return g.writeFailed
	}
	return g.Summary(g.summary(cut))
}

// summary is the step's summary.
func (g *GitHub) summary(cut *sweep.Interrupted) string {
	var b strings.Builder
	b.WriteString("## stacksweep\n\n")
	if cut != nil {
		fmt.Fprintf(&b, "**The sweep was %s: this is a part of it.**\n\n", markdown.Text(cut.Error()))
	}
	fmt.Fprintf(&b, "%d walks; %d not as expected, %d unsound windows known.\n\n", g.walks, g.errors, g.known)
	if g.rows.Len() > 0 {
		b.WriteString("| | scenario | mode | walker | where | |\n|---|---|---|---|---|---|\n" + g.rows.String())
		if g.left > 0 {
			fmt.Fprintf(&b, "\n… and %d more.\n", g.left)
		}
		b.WriteString("\n")
	}
	b.WriteString("| walker |")
	for _, v := range verdict.Verdicts() {
		fmt.Fprintf(&b, " %s |", v)
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", int(verdict.NumVerdicts)) + "\n")
	for _, name := range g.walkers {
		fmt.Fprintf(&b, "| %s |", markdown.Text(name))
		for _, n := range g.totals[name] {
			fmt.Fprintf(&b, " %d |", n)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// escapeData escapes the message of a workflow command, escapeProperty the value of a property. @actions/core,
// command.ts.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
