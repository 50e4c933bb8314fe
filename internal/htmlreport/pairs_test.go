// SPDX-License-Identifier: GPL-2.0-only

package htmlreport_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stacksweep/internal/inspect"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// TestPairsInBrowser shows points of mode pairs, of both generations of kernels: each is what an inspector finds in a
// run that is interrupted there.
func TestPairsInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	web, chromium := node(t)
	if chromium == "" {
		t.Skip("SKIP: chromium is not installed; tools/deps.sh tests installs it")
	}
	targets := corpustest.Targets(t, "termination/outermost:mainline")
	report := sweepHTML(t, targets, []verdict.Mode{verdict.IRQ, verdict.Pairs})
	plain := open(t, targets[0])
	want := &wanted{}
	const step = 9 // the first one at which an interrupt arrives, so that points in it are shown
	for generation := range 2 {
		var walkers []registry.Spec
		for _, w := range registry.All() {
			if unwind.PreMetadata(w.New(plain.Run)) == (generation == 1) {
				walkers = append(walkers, w)
			}
		}
		target := targets[0]
		target.Interrupt = verdict.Interruption{Present: true, Step: step}
		s, err := session.Open(target, walkers, scenarios.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		inside := inspect.New(s)
		var names []string
		for _, w := range walkers {
			names = append(names, w.Name)
		}
		for _, second := range []int{0, 7, 30} {
			if err := inside.Seek(step + second); err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%s@%d/%d", targets[0], step, second)
			hash := fmt.Sprintf("#/%s%s?mode=pairs", name, []string{"", "~"}[generation])
			command := fmt.Sprintf("stacksweep show -mode pairs -walker %s %s", strings.Join(names, ","), name)
			want.Points = append(want.Points, wantedNamed(t, inside, targets[0], verdict.Pairs, name, hash, command))
		}
	}
	if slices.Equal(want.Points[0].Shows["truth"].([]string), want.Points[3].Shows["truth"].([]string)) {
		t.Error("the two generations have the same vectors, so that nothing tells them apart here")
	}
	dir := t.TempDir()
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	reportFile, wantFile := filepath.Join(dir, "report.html"), filepath.Join(dir, "want.json")
	for name, content := range map[string][]byte{reportFile: report, wantFile: text} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("node", filepath.Join(web, "test", "points.mjs"), reportFile, wantFile,
		chromium).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%d bytes: %s", len(report), out)
}
