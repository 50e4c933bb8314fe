// SPDX-License-Identifier: GPL-2.0-only

package conform

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"text/tabwriter"

	"stacksweep/internal/report"
	"stacksweep/internal/shell"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// shownWindows is how many places a section lists in text.
const shownWindows = 4

// percent is n of all, in percent.
func percent(n, all int) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(all))
}

// places merges the windows of a section by place: the most walks first.
func (r *Row) places() []sweep.Window {
	var all []sweep.Window
	for _, w := range r.Windows {
		i := slices.IndexFunc(all, func(o sweep.Window) bool {
			return o.Symbol == w.Symbol && o.From == w.From && o.To == w.To && o.Verdict == w.Verdict
		})
		if i < 0 {
			all = append(all, w)
		} else {
			all[i].Points += w.Points
		}
	}
	slices.SortStableFunc(all, func(a, b sweep.Window) int { return cmp.Compare(b.Points, a.Points) })
	return all
}

// command opens the first point of a window.
func command(w *sweep.Window, image string) string {
	var flags func(string) string
	if image != "" {
		flags = func(string) string { return " -image " + shell.Quote(image) }
	}
	return report.ShowCommand(&w.Key, w.First, w.Walker, flags)
}

// Text writes the table for a terminal. image is the -image of the commands that it shows; "" is none.
func (t *Table) Text(out *bufio.Writer, image string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SECTION\t\tANSWER\tWALKS\tANSWERED\tREFUSED\tUNSOUND\tGHOSTS")
	for i := range t.Rows {
		r := &t.Rows[i]
		if r.Section.NotCovered != "" {
			fmt.Fprintf(w, "%s\t%s\t%s\t\t\t\t\t\n", r.Section.Number, r.Section.Title, r.Verdict())
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\t%d\t%d\n", r.Section.Number, r.Section.Title, r.Verdict(), r.Walks,
			r.Answered(), percent(r.Counts[verdict.Refused], r.Walks), r.Unsound(), r.Counts[verdict.Ghost])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		places := r.places()
		if len(places) == 0 && r.Section.NotCovered == "" {
			continue
		}
		fmt.Fprintf(out, "\n%s %s\n", r.Section.Number, r.Section.Title)
		if r.Section.NotCovered != "" {
			fmt.Fprintf(out, "  %s\n", r.Section.NotCovered)
		}
		for n, p := range places {
			if n == shownWindows {
				fmt.Fprintf(out, "  and %d places more\n", len(places)-n)
				break
			}
			fmt.Fprintf(out, "  %v at %s, %d walks: %s\n", p.Verdict, p.Place(), p.Points, command(&p, image))
		}
	}
	return nil
}

// Markdown writes the table for a page.
func (t *Table) Markdown(out *bufio.Writer, _ string) error {
	fmt.Fprintf(out, "| section | | answer | walks | answered | refused | unsound | ghosts | unsound "+
		"at |\n|---|---|---|---:|---:|---:|---:|---:|---|\n")
	for i := range t.Rows {
		r := &t.Rows[i]
		if r.Section.NotCovered != "" {
			fmt.Fprintf(out, "| %s | %s | %s | | | | | | %s |\n", r.Section.Number, r.Section.Title, r.Verdict(),
				r.Section.NotCovered)
			continue
		}
		where := ""
		for n, p := range r.places() {
			if n == shownWindows {
				where += ", …"
				break
			}
			if n > 0 {
				where += ", "
			}
			where += "`" + p.Place() + "`"
		}
		fmt.Fprintf(out, "| %s | %s | %s | %d | %d | %s | %d | %d | %s |\n", r.Section.Number, r.Section.Title,
			r.Verdict(), r.Walks, r.Answered(),
			percent(r.Counts[verdict.Refused], r.Walks), r.Unsound(), r.Counts[verdict.Ghost], where)
	}
	return nil
}

// jsonRow is a section as JSON.
type jsonRow struct {
	Section    string       `json:"section"`
	Title      string       `json:"title"`
	Asks       string       `json:"asks"`
	Answer     string       `json:"answer"`
	NotCovered string       `json:"not_covered,omitempty"`
	Walks      int          `json:"walks"`
	Answered   int          `json:"answered"`
	Exact      int          `json:"exact"`
	Refused    int          `json:"refused"`
	Ghost      int          `json:"ghost"`
	Omitted    int          `json:"omitted"`
	Wrong      int          `json:"wrong"`
	Fault      int          `json:"fault"`
	Unsound    []jsonWindow `json:"unsound"`
}

type jsonWindow struct {
	Place   string `json:"place"`
	Verdict string `json:"verdict"`
	Walks   int    `json:"walks"`
	Show    string `json:"show"`
}

// JSON writes the table as an object: the walker, and its sections.
func (t *Table) JSON(out *bufio.Writer, image string) error {
	all := struct {
		Walker   string    `json:"walker"`
		Sections []jsonRow `json:"sections"`
	}{Walker: t.Walker}
	for i := range t.Rows {
		r := &t.Rows[i]
		j := jsonRow{
			Section: r.Section.Number, Title: r.Section.Title, Asks: r.Section.Asks, Answer: r.Verdict(),
			NotCovered: r.Section.NotCovered,
			Walks:      r.Walks, Answered: r.Answered(), Exact: r.Counts[verdict.Exact],
			Refused: r.Counts[verdict.Refused],
			Ghost:   r.Counts[verdict.Ghost],
			Omitted: r.Counts[verdict.Omitted], Wrong: r.Counts[verdict.Wrong], Fault: r.Counts[verdict.Fault],
			Unsound: []jsonWindow{},
		}
		for _, p := range r.places() {
			j.Unsound = append(j.Unsound, jsonWindow{p.Place(), p.Verdict.String(), p.Points, command(&p, image)})
		}
		all.Sections = append(all.Sections, j)
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "\t")
	return enc.Encode(all)
}
