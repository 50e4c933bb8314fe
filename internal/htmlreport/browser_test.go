// SPDX-License-Identifier: GPL-2.0-only

package htmlreport_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stacksweep/internal/inspect"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// node returns the folder with the packages of the script, installed, and the browser; it skips the test where there
// are none.
func node(t *testing.T) (web, chromium string) {
	t.Helper()
	web, err := filepath.Abs("web")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"node", "npm"} {
		if _, err := exec.LookPath(command); err != nil {
			t.Skipf("SKIP: %s is not installed; tools/deps.sh tests installs it", command)
		}
	}
	if !installed(t, web) {
		c := exec.Command("npm", "ci", "--silent")
		c.Dir = web
		if out, err := c.CombinedOutput(); err != nil {
			t.Skipf("SKIP: npm can't get the packages that the script is built with: %v\n%s", err, out)
		}
	}
	if chromium, err = exec.LookPath("chromium"); err != nil {
		chromium = ""
	}
	return web, chromium
}

// The script and the style are what their sources give.
func TestCommittedScriptIsWhatItsSourcesGive(t *testing.T) {
	web, _ := node(t)
	out := t.TempDir()
	c := exec.Command("npm", "run", "--silent", "build")
	c.Dir = web
	c.Env = append(os.Environ(), "OUT="+out)
	if text, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, name := range []string{"main.js", "style.css"} {
		built, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		committed, err := os.ReadFile(filepath.Join("dist", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(built, committed) {
			t.Errorf("dist/%s is not what web/src gives; run 'make report-web'", name)
		}
	}
}

// wanted is what the browser must find.
type wanted struct {
	Points      []wantedPoint `json:"points"`
	Clicks      []wantedClick `json:"clicks"`
	Walkers     []string      `json:"walkers"`
	Findings    int           `json:"findings"`
	Columns     int           `json:"columns"`
	LineBefore  string        `json:"lineBefore"`
	Next        int           `json:"next"`
	NextFailing int           `json:"nextFailing"`
}

type wantedPoint struct {
	Target string         `json:"target"`
	Hash   string         `json:"hash"`
	Shows  map[string]any `json:"shows"`
}

type wantedClick struct {
	Column int    `json:"column"`
	Row    int    `json:"row"`
	Point  string `json:"point"`
}

// A report in a real browser shows at each point what an inspector finds there, and is fit for everybody.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	web, chromium := node(t)
	if chromium == "" {
		t.Skip("SKIP: chromium is not installed; tools/deps.sh tests installs it")
	}
	modes := verdict.StepModes()
	targets := corpustest.Targets(t, "fgraph/return:mainline", "kretprobe/plain:mainline", "chain/plain:mainline",
		"fgraph/resched:mainline")
	report := sweepHTML(t, targets, modes)
	if out := os.Getenv("STACKSWEEP_REPORT"); out != "" { // to be looked at
		if err := os.WriteFile(out, report, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := &wanted{Findings: bytes.Count(report, []byte("\n<tr data-symbol="))}
	for _, w := range registry.All() {
		want.Walkers = append(want.Walkers, w.Name)
	}
	in := open(t, targets[0])
	for _, step := range []int{10, 137, 300, 591, 700} {
		want.Points = append(want.Points, wantedAt(t, in, targets[0], verdict.IRQ, step))
	}
	want.Points = slices.Insert(want.Points, 0, want.Points[3]) // first the one where something is wrong
	for _, other := range targets[1:] {
		in := open(t, other)
		want.Points = append(want.Points, wantedAt(t, in, other, verdict.NMI, in.Len()/2))
	}
	strip(t, in, want)
	dir := t.TempDir()
	reportFile, wantFile := filepath.Join(dir, "report.html"), filepath.Join(dir, "want.json")
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{reportFile: report, wantFile: text} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("node", filepath.Join(web, "test", "browser.mjs"), reportFile, wantFile, chromium)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func open(t testing.TB, target verdict.Target) *inspect.Inspector {
	t.Helper()
	s, err := session.Open(target, registry.All(), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return inspect.New(s)
}

// wantedAt is what the report must show of a point, by an inspector.
func wantedAt(t *testing.T, in *inspect.Inspector, target verdict.Target, m verdict.Mode, step int) wantedPoint {
	t.Helper()
	if err := in.Seek(step); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("%s@%d", target, step)
	return wantedNamed(t, in, target, m, name, fmt.Sprintf("#/%s?mode=%s", name, m),
		fmt.Sprintf("stacksweep show -mode %s %s", m, name))
}

// wantedNamed is the same where the inspector is, for a point of that name, address in the report and command.
func wantedNamed(t *testing.T, in *inspect.Inspector, target verdict.Target, m verdict.Mode, name, hash,
	command string) wantedPoint {
	t.Helper()
	named := func(addr uint64) string {
		if n := in.Name(addr); n != "" {
			return n
		}
		if n := in.Describe(addr); n != "" {
			return n
		}
		return fmt.Sprintf("%#x", addr)
	}
	verdicts, truth := map[string]string{}, []string{}
	for i, w := range in.Walks(m) {
		verdicts[w.Walker] = w.Verdict.String()
		if i == 0 {
			for _, a := range w.Truth {
				truth = append(truth, named(a))
			}
		}
	}
	if len(verdicts) == 0 {
		t.Fatalf("%s is no point in mode %v", name, m)
	}
	registers := map[string]string{}
	for _, r := range in.Registers() {
		if r.Name != "pc" && r.Name != "daif" {
			registers[r.Name] = strconv.FormatUint(r.Value, 16)
		}
	}
	stack := []string{}
	for _, w := range in.Stack(24) {
		stack = append(stack, strconv.FormatUint(w.Value, 16))
	}
	shadow, kretprobes := [][]string{}, [][]string{}
	for _, e := range in.ShadowStack() {
		shadow = append(shadow, []string{named(e.Func), named(e.Ret), named(e.Retp)})
	}
	for _, e := range in.Kretprobes() {
		kretprobes = append(kretprobes, []string{named(e.Addr), named(e.RetAddr), named(e.FP)})
	}
	return wantedPoint{target.String(), hash, map[string]any{
		"point": name, "place": in.Name(in.At().PC()), "command": command,
		"truth": truth, "verdicts": verdicts, "registers": registers, "stack": stack, "shadow": shadow,
		"kretprobes": kretprobes,
	}}
}

// strip finds out which points cells of the strip in mode irq belong to, and what lies around the first wanted point.
func strip(t *testing.T, in *inspect.Inspector, want *wanted) {
	t.Helper()
	type cell struct {
		worst session.Mark
		first int
	}
	var order []string // functions, as they are first executed
	columns := map[string]map[uint64][]cell{}
	marks := make([][]session.Mark, len(in.Walkers))
	for w := range in.Walkers {
		marks[w] = in.Marks(verdict.IRQ, w)
	}
	for step := range in.Len() {
		pc := in.Recording.PC(step)
		s, _ := in.Run.Image.Symbols.At(pc)
		if !slices.Contains(order, s.Name) {
			order = append(order, s.Name)
			columns[s.Name] = map[uint64][]cell{}
		}
		for w := range marks {
			if marks[w][step] == session.NoPoint {
				continue
			}
			if columns[s.Name][pc] == nil {
				columns[s.Name][pc] = slices.Repeat([]cell{{worst: session.NoPoint}}, len(marks))
			}
			if c := &columns[s.Name][pc][w]; marks[w][step] > c.worst {
				*c = cell{marks[w][step], step}
			}
		}
	}
	column := 0
	for _, name := range order {
		var pcs []uint64
		for pc := range columns[name] {
			pcs = append(pcs, pc)
		}
		slices.Sort(pcs)
		for i, pc := range pcs {
			if name == "return_to_handler" && (i == 1 || i == 6) {
				for _, row := range []int{0, 3, len(marks) - 1} {
					want.Clicks = append(want.Clicks,
						wantedClick{column, row, fmt.Sprintf("%s@%d", in.Target, columns[name][pc][row].first)})
				}
			}
			column++
		}
		if name == "return_to_handler" {
			want.LineBefore = in.Name(pcs[5])
		}
	}
	want.Columns = column
	failing := func(step int) bool {
		return slices.ContainsFunc(marks, func(m []session.Mark) bool {
			v, ok := m[step].Verdict()
			return ok && !v.Conforming()
		})
	}
	at, _ := strconv.Atoi(strings.TrimPrefix(want.Points[0].Shows["point"].(string), in.Target.String()+"@"))
	for step := at + 1; step < in.Len() && want.NextFailing == 0; step++ {
		if marks[0][step] != session.NoPoint && want.Next == 0 {
			want.Next = step
		}
		if failing(step) {
			want.NextFailing = step
		}
	}
}
