// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/internal/testkit"
	"stacksweep/scenarios"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// example is a result with a window of every kind, in a function that expectations know and one that they don't.
func example(t *testing.T) *sweep.RunResult {
	t.Helper()
	key := verdict.Key{Scenario: "a/b", Variant: "c", Walker: "w", Mode: verdict.IRQ, Deliver: verdict.Taken}
	sync := key
	sync.Mode, sync.Deliver = verdict.Sync, verdict.Overlay
	blocked := sync
	blocked.Mode = verdict.Blocked
	known := &verdict.Expectation{Line: 7, Verdict: verdict.Omitted, Reason: "It is known # since long."}
	segments := []image.Segment{{Addr: 0x1000, Data: make([]byte, 0x300), Size: 0x300, Perm: image.Read | image.Exec}}
	symbols := image.NewSymbols([]image.Symbol{
		{Name: "bad", Addr: 0x1000, Size: 0x100, Kind: image.Func},
		{Name: "good", Addr: 0x1100, Size: 0x100, Kind: image.Func},
		{Name: "old", Addr: 0x1200, Size: 0x100, Kind: image.Func},
	}, segments)
	var visited emu.Visited
	visited.Add([]uint64{0x1000, 0x1100, 0x1200})
	return &sweep.RunResult{
		Subject: &sweep.Subject{Scenario: "a/b", Variant: "c",
			Image: &image.Image{Symbols: symbols, Segments: segments}, Symbols: symbols},
		Summaries: []sweep.Summary{
			{Key: sync, Points: 5, Counts: [6]int{verdict.Exact: 3, verdict.Omitted: 2}},
			{Key: blocked},
			{Key: key, Points: 9, Counts: [6]int{verdict.Exact: 4, verdict.Refused: 3, verdict.Wrong: 2}},
		},
		Windows: []sweep.Window{
			{Key: sync, Symbol: "old", From: 4, To: 8, Verdict: verdict.Omitted, Points: 2,
				First: verdict.Position{Step: 17}, Missing: 0x1104, Excuse: known},
			{Key: key, Symbol: "good", From: 0, To: 8, Verdict: verdict.Refused, Points: 3,
				First: verdict.Position{Step: 40}},
			{Key: key, Symbol: "bad", From: 12, To: 12, Verdict: verdict.Wrong, Points: 2,
				First: verdict.Position{Step: 60}, Regression: true},
		},
		Deviations: []sweep.Deviation{{Position: verdict.Position{Step: 60}, PC: 0x100c, Mode: verdict.IRQ,
			What: "not transparent: X3"}},
		Visited: &visited,
	}
}

// TestKTAP compares a report with what the format's document demands.
func TestKTAP(t *testing.T) {
	var b strings.Builder
	k := NewKTAP(&b, 1)
	k.Flags = func(string) string { return " -image x.o" }
	if err := k.Result(example(t)); err != nil {
		t.Fatal(err)
	}
	if err := k.Close([]verdict.Expectation{{Line: 9, Verdict: verdict.Ghost, Reason: "Gone."}}, nil); err != nil {
		t.Fatal(err)
	}
	want := `KTAP version 1
1..2
  KTAP version 1
  # Subtest: a/b:c
  1..4
  # omitted at old+0x4..0x8, 2 points, missing good+0x4: stacksweep show -image x.o -mode sync -walker w a/b:c@17
  ok 1 sync w # XFAIL It is known  since long.
  ok 2 blocked w # SKIP the scenario has no such moment
  # wrong at bad+0xc, 2 points: stacksweep show -image x.o -mode irq -walker w a/b:c@60
  not ok 3 irq w
  # a/b:c@60  irq  bad+0xc  not transparent: X3
  not ok 4 exceptions that are taken change nothing
not ok 1 a/b:c
# XPASS line 9 of the expectations is no longer met by any point: ghost Gone.
not ok 2 every expectation is met
# Totals: pass:0 fail:2 xfail:1 xpass:1 skip:1 error:0
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("report differs (-want +got)\n%s", diff)
	}
}

// TestJUnit reads a report back.
func TestJUnit(t *testing.T) {
	var b strings.Builder
	j := NewJUnit(&b)
	if err := j.Result(example(t)); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(nil, nil); err != nil {
		t.Fatal(err)
	}
	var got junitSuites
	if err := xml.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	got.XMLName = xml.Name{}
	want := junitSuites{
		Name: "stacksweep", Tests: 5, Failures: 2, Time: "0",
		Suites: []junitSuite{
			{Name: "a/b:c", Tests: 4, Failures: 2, Time: "0", Cases: []junitCase{
				{Class: "a/b:c", Name: "bad", Time: "0", Failure: &junitText{
					"2 walks are not as expected", "wrong",
					"irq w: wrong at bad+0xc, 2 points: stacksweep show -mode irq -walker w a/b:c@60"}},
				{Class: "a/b:c", Name: "good", Time: "0"},
				{Class: "a/b:c", Name: "old", Time: "0", Output: &junitChars{
					"known: It is known # since long.\nsync w: omitted at old+0x4..0x8, 2 points, missing good+0x4: " +
						"stacksweep show -mode sync -walker w a/b:c@17"}},
				{Class: "a/b:c", Name: "exceptions that are taken change nothing", Time: "0", Failure: &junitText{
					"1 exceptions that were taken did not go as they must", "taken",
					"a/b:c@60  irq  bad+0xc  not transparent: X3"}},
			}},
			{Name: "sweep", Tests: 1, Time: "0",
				Cases: []junitCase{{Class: "sweep", Name: "every expectation is met", Time: "0"}}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report differs (-want +got)\n%s", diff)
	}
}

// Of a sweep that was interrupted, nothing passes that was not swept to its end: KTAP has fewer tests than planned,
// JUnit a failure.
func TestPartialReports(t *testing.T) {
	cut := &sweep.Interrupted{Targets: 3, Complete: 0, Partial: 1}
	r := example(t)
	r.Partial, r.Windows, r.Deviations = true, nil, nil

	var ktap strings.Builder
	k := NewKTAP(&ktap, 3)
	if err := k.Result(r); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(nil, cut); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"KTAP version 1\n1..4\n", "\nok 1 a/b:c # SKIP the sweep was interrupted",
		"\n# PARTIAL the sweep was interrupted",
	} {
		if !strings.Contains(ktap.String(), want) {
			t.Errorf("no %q in\n%s", want, &ktap)
		}
	}
	if strings.Contains(ktap.String(), "every expectation is met") {
		t.Errorf("a sweep that was interrupted can't tell whether every expectation is met:\n%s", &ktap)
	}
	if strings.Contains(ktap.String(), "\nok 2") {
		t.Errorf("there is a result of a target that was not swept:\n%s", &ktap)
	}

	var junit strings.Builder
	j := NewJUnit(&junit)
	if err := j.Result(r); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(nil, cut); err != nil {
		t.Fatal(err)
	}
	if want := `<failure message="it was interrupted`; !strings.Contains(junit.String(), want) {
		t.Errorf("no %q in\n%s", want, &junit)
	}
}

// TestJUnitIsValid holds a report against the schemas of those who read such reports: Jenkins', which has suites of
// suites, and Maven's, which has them one by one. The files are transcriptions: no package that can be installed has
// the real ones. Debian's libsurefire-java, python3-pytest and junitparser were looked into, and the lists of npm and
// PyPI; the source packages of Surefire and pytest have them, but few machines have sources configured.
func TestJUnitIsValid(t *testing.T) {
	program := testkit.Tool(t, "xmllint")
	validate := func(schema, document string) error {
		cmd := exec.CommandContext(t.Context(), program, "--noout", "--schema", "testdata/"+schema, "-")
		cmd.Stdin = strings.NewReader(document)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s\n%s", schema, err, out, document)
		}
		return nil
	}
	var b strings.Builder
	j := NewJUnit(&b)
	now := time.Unix(0, 0)
	j.Clock = func() time.Time { now = now.Add(1234567 * time.Microsecond); return now }
	j.Properties = [][2]string{{"version", "1"}}
	j.Begin()
	failed := j.Failed(verdict.Target{Scenario: &scenarios.Scenario{Name: "a/x"}, Variant: "y"},
		errors.New("it\nis so"))
	if err := errors.Join(j.Result(example(t)), failed, j.Close(nil, &sweep.Interrupted{Targets: 2})); err != nil {
		t.Fatal(err)
	}
	if err := validate("jenkins.xsd", b.String()); err != nil {
		t.Error(err)
	}
	for _, want := range []string{`" time="3.704">`, `<property name="timestamp" value="1970-01-01T00:00:01Z">`,
		` time="1.235">`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, &b)
		}
	}
	suites := regexp.MustCompile(`(?s)<testsuite .*?</testsuite>`).FindAllString(b.String(), -1)
	for _, suite := range suites {
		if err := validate("maven.xsd", suite); err != nil {
			t.Error(err)
		}
	}
	// What was wrong once is found.
	for schema, wrong := range map[string]string{
		"jenkins.xsd": strings.Replace(b.String(), ` errors="`, ` eggs="`, 1),
		"maven.xsd":   strings.Replace(suites[0], ` skipped="`, ` timestamp="`, 1),
	} {
		if validate(schema, wrong) == nil {
			t.Errorf("%s accepts\n%s", schema, wrong)
		}
	}
}

// TestJSONLines has the head, only what is not as expected of the points, and the end.
func TestJSONLines(t *testing.T) {
	r := example(t)
	points := []sweep.Point{
		{Key: r.Windows[2].Key, PC: 0x100c, Verdict: verdict.Wrong},
		{Key: r.Windows[1].Key, PC: 0x1100, Verdict: verdict.Refused},
	}
	for _, all := range []bool{false, true} {
		var b strings.Builder
		j := NewJSONLines(&b)
		j.All, j.Head = all, Head{Version: "1.2", Corpus: "abc", Command: "stacksweep sweep", Walkers: []string{"w"},
			Modes: []string{"irq"}}
		if err := errors.Join(j.Points(r.Subject, points), j.Result(r), j.Close(nil, nil)); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		if want := `{"type":"sweep","schema":1,"version":"1.2","corpus":"abc","command":"stacksweep sweep",` +
			`"walkers":["w"],"modes":["irq"]}`; lines[0] != want {
			t.Errorf("the first line is %s", lines[0])
		}
		if want := `{"type":"end","walks":14,"known":1,"unexpected":1,"stale":0,"partial":false}`; lines[len(lines)-
			1] != want {
			t.Errorf("the last line is %s", lines[len(lines)-1])
		}
		want := 1
		if all {
			want = 2
		}
		if got := strings.Count(b.String(), `{"type":"point",`); got != want {
			t.Errorf("%d points, want %d (all: %v)", got, want, all)
		}
	}
}
