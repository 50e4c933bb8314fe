// SPDX-License-Identifier: GPL-2.0-only

package htmlreport_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stacksweep/internal/htmlreport"
	"stacksweep/internal/inspect"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// sweepHTML sweeps targets with all walkers and returns the report.
func sweepHTML(t testing.TB, targets []verdict.Target, modes []verdict.Mode) []byte {
	t.Helper()
	expect, err := verdict.BuiltinExpectations()
	if err != nil {
		t.Fatal(err)
	}
	return htmlOf(t, targets, sweep.Options{Jobs: 2, Modes: modes, Expect: expect})
}

func htmlOf(t testing.TB, targets []verdict.Target, o sweep.Options) []byte {
	t.Helper()
	return htmlUntil(t, nil, targets, o)
}

// htmlUntil is htmlOf of a report that is wanted at once when done is closed.
func htmlUntil(t testing.TB, done <-chan struct{}, targets []verdict.Target, o sweep.Options) []byte {
	t.Helper()
	o.Walkers = registry.All()
	o.Keep = func(*sweep.Point) bool { return true }
	var b bytes.Buffer
	var walkers []string
	for _, w := range o.Walkers {
		walkers = append(walkers, w.Name)
	}
	w := htmlreport.New(&b, htmlreport.Options{
		Version: "(test)", Command: "stacksweep sweep", Walkers: walkers, Modes: o.Modes, Done: done,
		Doc: func(string, string) string { return "a <test> & more" },
		Open: func(scenario, variant string, interrupt verdict.Interruption, walkers []string) (
			*inspect.Inspector, error) {
			target, err := verdict.FindTarget(corpus.All(), scenario+":"+variant)
			if err != nil {
				return nil, err
			}
			target.Interrupt = interrupt
			specs, err := registry.Find(strings.Join(walkers, ","))
			if err != nil {
				return nil, err
			}
			s, err := session.Open(target, specs, scenarios.Options{})
			if err != nil {
				return nil, err
			}
			return inspect.New(s), nil
		},
	})
	o.Points = w.Points
	if err := sweep.Sweep(context.Background(), targets, o, w.Result); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(nil, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The same sweep gives the same bytes, whoever does the work, and the page asks the network for nothing.
func TestReportIsReproducibleAndSelfContained(t *testing.T) {
	targets := corpustest.Targets(t, "chain/plain:mainline", "fgraph/resched:mainline")
	one := htmlOf(t, targets, sweep.Options{Jobs: 1, Modes: verdict.DefaultModes()})
	many := htmlOf(t, targets, sweep.Options{Jobs: 8, Modes: verdict.DefaultModes()})
	if !bytes.Equal(one, many) {
		t.Error("another number of goroutines gives another report")
	}
	if found := regexp.MustCompile(
		`(?i)\b(src|href)\s*=\s*["']?(https?:)?//|url\(|@import|\bfetch\(|XMLHttpRequest`).Find(one); found != nil {
		t.Errorf("the report refers to something outside: %q", found)
	}
	if !bytes.Contains(one, []byte(`<strong class="bad">regression</strong>`)) {
		t.Error("without expectations, unsound windows are no regressions")
	}
}

// Blocks hold the points of their targets, all of them.
func TestBlocksHoldEveryPoint(t *testing.T) {
	targets := corpustest.Targets(t, "chain/plain:mainline")
	report := string(htmlOf(t, targets, sweep.Options{Jobs: 1, Modes: []verdict.Mode{verdict.NMI}}))
	text := unpack(t, report, "t0")
	in := open(t, targets[0])
	if want := `"total":` + strconv.Itoa(in.Len()) + `,"steps":` + strconv.Itoa(in.Len()); !strings.Contains(text,
		want) {
		t.Errorf("%s is missing", want)
	}
	if !strings.Contains(text, `"doc":"a \u003ctest\u003e \u0026 more"`) {
		t.Error("the doc is missing")
	}
}

func unpack(t *testing.T, report, id string) string {
	t.Helper()
	_, rest, ok := strings.Cut(report, ` id="`+id+`">`)
	if !ok {
		t.Fatalf("no block %s", id)
	}
	packed, _, _ := strings.Cut(rest, "<")
	b, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func BenchmarkReport(b *testing.B) {
	targets := corpustest.Targets(b, "fgraph/return:mainline")
	for b.Loop() {
		b.SetBytes(int64(len(sweepHTML(b, targets, verdict.DefaultModes()))))
	}
}

// A report that is wanted at once has no points, but the counts of all that was swept.
func TestDone(t *testing.T) {
	done := make(chan struct{})
	close(done)
	targets := corpustest.Targets(t, "chain/plain:mainline")
	o := sweep.Options{Jobs: 1, Modes: []verdict.Mode{verdict.NMI}}
	whole, atOnce := string(htmlOf(t, targets, o)), string(htmlUntil(t, done, targets, o))
	if len(atOnce) >= len(whole) || strings.Contains(atOnce, `id="t0"`) || !strings.Contains(whole, `id="t0"`) {
		t.Errorf("%d bytes at once and %d in whole: want fewer, and no block of points", len(atOnce), len(whole))
	}
	matrix := regexp.MustCompile(`(?s)<tbody>.*?</tbody>`)
	if want := matrix.FindAllString(whole, -1); len(want) == 0 ||
		!slices.Equal(want, matrix.FindAllString(atOnce, -1)) {
		t.Error("the tables differ from those of the whole report")
	}
}
