// SPDX-License-Identifier: GPL-2.0-only

package htmlreport

import (
	"bufio"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"

	"stacksweep/internal/report"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// The script and the style as they are built from web/, by 'make report-web'.
//
//go:embed dist/main.js dist/style.css page.html.tmpl
var files embed.FS

var pageTemplate = template.Must(template.ParseFS(files, "page.html.tmpl"))

// A page is what the browser shows before any script has run.
type page struct {
	Version, Command string
	Walkers          []string
	Points           int // walks
	Regressions      int // windows
	Known            int
	Cut              string
	Stale, Failed    []string
	Totals           []total
	Groups           []*group
	Rows             []matrixRow
	Reasons          []string

	targets []string
}

// total is what a walker did in all targets.
type total struct {
	Name   string
	Points int
	Cells  []cell
}

// cell is a number of verdicts.
type cell struct {
	Verdict int
	Letter  string
	Count   int
}

// matrixRow is a target in one mode.
type matrixRow struct {
	Target, Mode string
	Points       int
	Partial      bool
	Cells        [][]cell // by walker
}

// group is the unsound windows of a target.
type group struct {
	Target      string
	Findings    []*finding
	Regressions int
	Counts      []cell // windows by verdict
}

// finding is a window that is unsound, or else unexpected, for some walkers.
type finding struct {
	Mode, Symbol, Place, Missing, Point string
	Step                                string // as in the address of the page
	Verdict                             verdict.Verdict
	Walkers                             []string
	Points                              int // of the first walker
	Regression                          bool
	Reason                              int // number, from 1; 0: none
}

func (f *finding) same(o *finding) bool {
	a, b := *f, *o
	a.Walkers, b.Walkers = nil, nil
	return a.Mode == b.Mode && a.Symbol == b.Symbol && a.Place == b.Place && a.Missing == b.Missing &&
		a.Verdict == b.Verdict &&
		a.Points == b.Points && a.Regression == b.Regression && a.Reason == b.Reason
}

// add enters what came out of a target.
func (p *page) add(r *sweep.RunResult, o *Options, generation map[string]int) {
	target := r.Scenario + ":" + r.Variant
	p.targets = append(p.targets, target)
	if r.Failed != "" {
		p.Failed = append(p.Failed, target+": "+r.Failed)
		return
	}
	for _, m := range o.Modes {
		row := matrixRow{Target: target, Mode: m.String(), Partial: r.IsPartial()}
		for i, w := range o.Walkers {
			s := find(r.Summaries, w, m)
			row.Points = max(row.Points, s.Points)
			row.Cells = append(row.Cells, cells(s.Counts))
			p.count(i, w, s)
		}
		if row.Points > 0 {
			p.Rows = append(p.Rows, row)
		}
	}
	g := &group{Target: target}
	windows := report.JoinEverywhere(r.Windows)
	for i := range windows {
		p.window(g, &windows[i], r, generation[windows[i].Walker])
	}
	for _, f := range g.Findings {
		if f.Regression {
			p.Regressions++
			g.Regressions++
		} else {
			p.Known++
		}
	}
	if len(g.Findings) == 0 {
		return
	}
	slices.SortStableFunc(g.Findings, func(a, b *finding) int { return bit(b.Regression) - bit(a.Regression) })
	var counts [verdict.NumVerdicts]int
	for _, f := range g.Findings {
		counts[f.Verdict]++
	}
	g.Counts = cells(counts)
	p.Groups = append(p.Groups, g)
}

func find(all []sweep.Summary, walker string, m verdict.Mode) sweep.Summary {
	i := slices.IndexFunc(all, func(s sweep.Summary) bool { return s.Walker == walker && s.Mode == m })
	if i < 0 {
		return sweep.Summary{}
	}
	return all[i]
}

func cells(counts [verdict.NumVerdicts]int) (list []cell) {
	for v, n := range counts {
		if n > 0 {
			list = append(list, cell{v, string(verdict.Verdict(v).Letter()), n})
		}
	}
	return list
}

// count adds up what a walker did.
func (p *page) count(i int, name string, s sweep.Summary) {
	for len(p.Totals) <= i {
		p.Totals = append(p.Totals, total{Name: name})
	}
	t := &p.Totals[i]
	t.Name = name
	t.Points += s.Points
	p.Points += s.Points
	var counts [verdict.NumVerdicts]int
	for _, c := range t.Cells {
		counts[c.Verdict] = c.Count
	}
	for v, n := range s.Counts {
		counts[v] += n
	}
	t.Cells = cells(counts)
}

// window enters a window that is unsound or unexpected, of a walker of a generation: see moment.
func (p *page) window(g *group, w *sweep.Window, r *sweep.RunResult, generation int) {
	if !w.Regression && w.Excuse == nil {
		return
	}
	f := &finding{
		Mode: w.Mode.String(), Symbol: w.Symbol, Place: w.Place(), Step: stepName(w, generation),
		Point: w.Key.PointName(w.First), Verdict: w.Verdict,
		Walkers: []string{w.Walker}, Points: w.Points, Regression: w.Regression,
	}
	if w.Missing != 0 {
		f.Missing = r.Symbols.Name(w.Missing)
	}
	if !w.Regression {
		f.Reason = p.reason(w.Excuse.Reason)
		if w.Excuse.Everywhere() {
			f.Place = "(anywhere)"
		}
	}
	if i := slices.IndexFunc(g.Findings, f.same); i >= 0 {
		g.Findings[i].Walkers = append(g.Findings[i].Walkers, w.Walker)
		return
	}
	g.Findings = append(g.Findings, f)
}

// stepName is the step of a window's first point as route.ts has it.
func stepName(w *sweep.Window, generation int) string {
	if w.Mode != verdict.Pairs {
		return strconv.Itoa(w.First.Step)
	}
	return fmt.Sprintf("%d/%d%s", w.First.Step, w.First.Second, []string{"", "~"}[generation])
}

func (p *page) reason(text string) int {
	i := slices.Index(p.Reasons, text)
	if i < 0 {
		i = len(p.Reasons)
		p.Reasons = append(p.Reasons, text)
	}
	return i + 1
}

// end enters what is known only at the end, and puts the groups with regressions first.
func (p *page) end(stale []verdict.Expectation, cut *sweep.Interrupted) {
	for _, e := range stale {
		p.Stale = append(p.Stale, fmt.Sprintf("line %d of the expectations: %s", e.Line, e.Reason))
	}
	if cut != nil {
		p.Cut = cut.Error()
	}
	slices.SortStableFunc(p.Groups, func(a, b *group) int { return bit(b.Regressions > 0) - bit(a.Regressions > 0) })
}

// view is what the template gets.
type view struct {
	*page
	Style       template.CSS
	WalkersJSON string
	TargetsJSON template.JS
	VerdictList []string
}

// write writes the page with the blocks of all targets and of the code, and the script.
func (p *page) write(to io.Writer, blocks []string, codes string) error {
	w := bufio.NewWriterSize(to, 1<<20)
	style, err := files.ReadFile("dist/style.css")
	if err != nil {
		return err
	}
	script, err := files.ReadFile("dist/main.js")
	if err != nil {
		return err
	}
	names, err := json.Marshal(p.Walkers)
	if err != nil {
		return err
	}
	targets, err := json.Marshal(p.targets)
	if err != nil {
		return err
	}
	v := view{page: p, Style: template.CSS(style), WalkersJSON: string(names), TargetsJSON: template.JS(targets)}
	for _, x := range verdict.Verdicts() {
		v.VerdictList = append(v.VerdictList, x.String())
	}
	if err := pageTemplate.Execute(w, v); err != nil {
		return err
	}
	for i, b := range blocks {
		if b != "" {
			fmt.Fprintf(w, "<script type=\"application/octet-stream\" id=\"t%d\">%s</script>\n", i, b)
		}
	}
	fmt.Fprintf(w, "<script type=\"application/octet-stream\" id=\"codes\">%s</script>\n", codes)
	fmt.Fprintf(w, "<script>%s</script>\n</body>\n</html>\n", strings.TrimSpace(string(script)))
	return w.Flush()
}

// Thousands is a number with its digits in groups.
func (*page) Thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// Number is the number of a reason in the list.
func (*page) Number(i int) int { return i + 1 }

// ReasonText is why a finding is known.
func (f *finding) ReasonText(v view) string { return v.Reasons[f.Reason-1] }
