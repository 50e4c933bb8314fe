// SPDX-License-Identifier: GPL-2.0-only

package conform

import (
	"bufio"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// result is what a walker got in one mode over a scenario.
func result(scenario, variant string, mode verdict.Mode, exact, refused, omitted int) *sweep.RunResult {
	key := verdict.Key{Scenario: scenario, Variant: variant, Walker: "w", Mode: mode}
	s := sweep.Summary{Key: key, Points: exact + refused + omitted}
	s.Counts[verdict.Exact], s.Counts[verdict.Refused], s.Counts[verdict.Omitted] = exact, refused, omitted
	r := &sweep.RunResult{Summaries: []sweep.Summary{s}}
	if omitted > 0 {
		r.Windows = append(r.Windows, sweep.Window{Key: key, Symbol: "f", From: 4, To: 8, Verdict: verdict.Omitted,
			Points: omitted})
	}
	if refused > 0 {
		r.Windows = append(r.Windows, sweep.Window{Key: key, Symbol: "g", Verdict: verdict.Refused, Points: refused})
	}
	return r
}

func answers(t *Table) map[string]string {
	m := map[string]string{}
	for i := range t.Rows {
		m[t.Rows[i].Section.Number] = t.Rows[i].Verdict()
	}
	return m
}

// The command that opens a point is one for a shell.
func TestCommand(t *testing.T) {
	w := &sweep.Window{Key: verdict.Key{Scenario: "s", Variant: "v", Walker: "exec:gdb -x u.py", Mode: verdict.IRQ}}
	want := "stacksweep show -image 'my vmlinux' -mode irq -walker 'exec:gdb -x u.py' s:v@0"
	if got := command(w, "my vmlinux"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Each section is answered by its own walks, and by those of the walker that is judged.
func TestTable(t *testing.T) {
	table := NewTable("w")
	want := map[string]string{"3": "not covered", "4.1": "nothing ran", "4.2": "nothing ran", "4.3": "nothing ran",
		"4.4": "nothing ran", "4.5": "nothing ran", "4.6": "nothing ran"}
	if diff := cmp.Diff(want, answers(table)); diff != "" {
		t.Errorf("at first (-want +got):\n%s", diff)
	}
	table.Add(result("kernel/7.3/fgraph-return", "nested", verdict.Blocked, 5, 1, 0))
	table.Add(result("kernel/7.3/fgraph-return", "pac", verdict.Sync, 0, 3, 0))
	table.Add(result("kernel/7.3/strings", "plain", verdict.IRQ, 3, 0, 2))
	table.Add(result("kernel/7.3/strings", "plain", verdict.Sync, 1, 0, 0))
	table.Add(result("kernel/7.3/functions", "plain", verdict.Blocked, 7, 0, 0))
	other := result("kernel/7.3/functions", "plain", verdict.Sync, 0, 0, 9)
	other.Summaries[0].Walker, other.Windows[0].Walker = "other", "other"
	table.Add(other)
	want = map[string]string{"3": "not covered", "4.1": "sound", "4.2": "unsound", "4.3": "unsound", "4.4": "sound",
		"4.5": "refuses all", "4.6": "unsound"}
	if diff := cmp.Diff(want, answers(table)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !table.Unsound() {
		t.Error("it is called sound")
	}
	i := slices.IndexFunc(table.Rows, func(r Row) bool { return r.Section.Number == "4.2" })
	if r := &table.Rows[i]; r.Walks != 6 || r.Answered() != 6 || r.Unsound() != 2 || len(r.Windows) != 1 {
		t.Errorf("4.2 has %d walks, %d answered, %d unsound, %d places", r.Walks, r.Answered(), r.Unsound(),
			len(r.Windows))
	}
	var text, markdown, object strings.Builder
	for _, o := range []struct {
		to    *strings.Builder
		write func(*bufio.Writer, string) error
	}{{&text, table.Text}, {&markdown, table.Markdown}, {&object, table.JSON}} {
		w := bufio.NewWriter(o.to)
		if err := o.write(w, "vmlinux"); err != nil {
			t.Fatal(err)
		}
		w.Flush()
	}
	for _, s := range []string{"4.2", "unsound", "omitted at f+0x4..0x8, 2 walks: stacksweep show -image vmlinux " +
		"-mode irq -walker w kernel/7.3/strings:plain@0", "asked of the build"} {
		if !strings.Contains(text.String(), s) {
			t.Errorf("the text has no %q:\n%s", s, &text)
		}
	}
	if !strings.Contains(markdown.String(),
		"| 4.4 | Rewriting of return addresses | sound | 9 | 5 | 44.4 % | 0 | 0 |  |") {
		t.Errorf("Markdown:\n%s", &markdown)
	}
	var read struct {
		Walker   string
		Sections []jsonRow
	}
	if err := json.Unmarshal([]byte(object.String()), &read); err != nil {
		t.Fatal(err)
	}
	if read.Walker != "w" || len(read.Sections) != len(table.Rows) || read.Sections[2].Omitted != 2 ||
		read.Sections[2].Unsound[0].Place != "f+0x4..0x8" {
		t.Errorf("JSON: %+v", read)
	}
}

// A walk that could not be run is not sound, and no answer.
func TestFault(t *testing.T) {
	table := NewTable("w")
	r := result("kernel/7.3/kretprobe", "plain", verdict.Sync, 0, 0, 0)
	r.Summaries[0].Points, r.Summaries[0].Counts[verdict.Fault] = 4, 4
	table.Add(r)
	if got := answers(table)["4.4"]; got != "unsound" || table.Rows[4].Answered() != 0 {
		t.Errorf("it is %s, with %d answered", got, table.Rows[4].Answered())
	}
}

// Every section that can be covered is, by the programs that come along, and every pattern of theirs is of some
// program.
func TestSectionsAreCovered(t *testing.T) {
	for _, s := range Sections() {
		if s.NotCovered != "" {
			continue
		}
		found := false
		for _, target := range verdict.Targets(corpus.All()) {
			for _, m := range verdict.StepModes() {
				found = found ||
					s.covers(&verdict.Key{Scenario: target.Scenario.Name, Variant: target.Variant, Mode: m})
			}
		}
		if !found || s.Asks == "" {
			t.Errorf("%s %s is covered by nothing, or asks nothing", s.Number, s.Title)
		}
	}
}
