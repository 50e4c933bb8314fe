package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"stacksweep/internal/inspect"
	"stacksweep/sweep"
)

// Text writes a report for a person: a matrix of scenarios and walkers, then every unsound window.
type Text struct {
	w       io.Writer
	walkers []sweep.WalkerSpec
	modes   []sweep.Mode

	// Flags are those that a command needs to find a scenario, each with a blank before it; nil if it needs none.
	Flags func(scenario string) string

	rows    []string // of the matrix
	taken   []string // what there is to say about exceptions that were taken
	windows []namedWindow
	points  int
}

// namedWindow is an unsound window, with its missing frame named.
type namedWindow struct {
	sweep.Window
	missing string
}

// NewText returns a report writer for a sweep with these walkers and modes.
func NewText(w io.Writer, walkers []sweep.WalkerSpec, modes []sweep.Mode) *Text {
	return &Text{w: w, walkers: walkers, modes: modes}
}

// Result implements [Writer].
func (t *Text) Result(r *sweep.RunResult) error {
	for _, m := range t.modes {
		row := fmt.Sprintf("%s:%s\t%s", r.Scenario, r.Variant, m)
		points := 0
		var cells strings.Builder
		for _, w := range t.walkers {
			s, _ := find(r.Summaries, w.Name, m)
			points = s.Points
			t.points += s.Points
			fmt.Fprintf(&cells, "\t%s", cell(s))
		}
		if points > 0 {
			t.rows = append(t.rows, fmt.Sprintf("%s\t%d%s", row, points, &cells))
		}
	}
	t.deviations(r)
	for _, win := range joinEverywhere(r.Windows) {
		if !win.Regression && win.Excuse == nil {
			continue
		}
		o := namedWindow{Window: win}
		if win.Missing != 0 {
			o.missing = inspect.Name(r.Symbols, win.Missing)
		}
		t.windows = append(t.windows, o)
	}
	return nil
}

// joinEverywhere makes one window of all that meet an expectation which speaks of every function: naming them tells
// nobody anything.
func joinEverywhere(windows []sweep.Window) []sweep.Window {
	var all []sweep.Window
	for _, w := range windows {
		if w.Excuse != nil && w.Excuse.Everywhere() {
			w.Symbol, w.Missing = "", 0
			if n := len(all); n > 0 && all[n-1].Key == w.Key && all[n-1].Excuse == w.Excuse && all[n-1].Verdict == w.Verdict {
				all[n-1].Points += w.Points
				all[n-1].First = min(all[n-1].First, w.First)
				continue
			}
		}
		all = append(all, w)
	}
	return all
}

// cell is one walker's verdicts: how many exact, then the others, each with its letter.
func cell(s sweep.Summary) string {
	if s.Points == 0 {
		return "-"
	}
	var parts []string
	for _, v := range sweep.Verdicts() {
		n := s.Counts[v]
		switch {
		case n == 0:
		case v == sweep.Exact:
			parts = append(parts, fmt.Sprint(n))
		default:
			parts = append(parts, fmt.Sprintf("%d%c", n, inspect.Letter(sweep.Mark(v))))
		}
	}
	if s.Warnings > 0 {
		parts = append(parts, fmt.Sprintf("(%d WARN)", s.Warnings))
	}
	return strings.Join(parts, " ")
}

// Close implements [Writer].
func (t *Text) Close(stale []sweep.Expectation) error {
	tw := tabwriter.NewWriter(t.w, 0, 0, 2, ' ', 0)
	fmt.Fprint(tw, "scenario\tmode\tpoints")
	for _, w := range t.walkers {
		fmt.Fprintf(tw, "\t%s", w.Name)
	}
	fmt.Fprintln(tw)
	for _, row := range t.rows {
		fmt.Fprintln(tw, row)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(t.w, "\nA plain number counts exact walks; a letter marks others: %s.\n(n WARN): during n walks the kernel would have printed a warning.\n", strings.TrimPrefix(inspect.Legend, ". exact  "))
	known, regressions := t.unsound()
	for _, line := range t.taken {
		fmt.Fprintln(t.w, line)
	}
	for _, e := range stale {
		fmt.Fprintf(t.w, "XPASS  line %d of the expectations is no longer met by any point: %s %s\n", e.Line, e.Verdict, e.Reason)
	}
	_, err := fmt.Fprintf(t.w, "\n%d walks; unsound windows: %d known, %d regressions; %d expectations no longer hold.\n",
		t.points, known, regressions, len(stale))
	return err
}

// unsound lists the windows in which a walk claims to be reliable and isn't, or is otherwise not as expected, each with
// the command that opens one of its points. Why the known ones are known is said once, below.
func (t *Text) unsound() (known, regressions int) {
	var reasons []string
	var last sweep.Key
	for i := range t.windows {
		w := &t.windows[i]
		if w.Key != last {
			fmt.Fprintf(t.w, "\n%s:%s  %s  %s\n", w.Scenario, w.Variant, w.Mode, w.Walker)
			last = w.Key
		}
		status := "REGRESSION"
		if w.Regression {
			regressions++
		} else {
			known++
			n := slices.Index(reasons, w.Excuse.Reason)
			if n < 0 {
				n = len(reasons)
				reasons = append(reasons, w.Excuse.Reason)
			}
			status = fmt.Sprintf("known (%d)", n+1)
		}
		missing := ""
		if w.missing != "" {
			missing = "missing " + w.missing
		}
		flags := ""
		if t.Flags != nil {
			flags = t.Flags(w.Scenario)
		}
		fmt.Fprintf(t.w, "  %-8s %-36s %6d points  %-32s %-10s  stacksweep show%s -mode %s -walker %s %s\n",
			w.Verdict, rangeOf(&w.Window), w.Points, missing, status, flags, w.Mode, w.Walker, pointName(w.Key, w.First))
	}
	for i, r := range reasons {
		if i == 0 {
			fmt.Fprintln(t.w)
		}
		fmt.Fprintf(t.w, "(%d) %s\n", i+1, r)
	}
	return known, regressions
}

// rangeOf names the instructions of a window.
func rangeOf(w *sweep.Window) string {
	if w.Symbol == "" {
		return "(anywhere)"
	}
	if w.From == w.To {
		return fmt.Sprintf("%s+%#x", w.Symbol, w.From)
	}
	return fmt.Sprintf("%s+%#x..%#x", w.Symbol, w.From, w.To)
}
