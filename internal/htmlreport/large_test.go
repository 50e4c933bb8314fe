// SPDX-License-Identifier: GPL-2.0-only

package htmlreport_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// TestLargeReport makes a report that shows 200,000 points: it is a file of less than 15 MB, that a browser shows in
// less than two seconds.
func TestLargeReport(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	web, chromium := node(t)
	if chromium == "" {
		t.Skip("SKIP: chromium is not installed; tools/deps.sh tests installs it")
	}
	const enough, most = 200_000, 15 << 20
	var list []*scenarios.Scenario
	for _, s := range corpus.All() {
		if strings.HasPrefix(s.Name, "fgraph/") {
			list = append(list, s)
		}
	}
	targets := verdict.Targets(list)
	report := htmlOf(t, targets, sweep.Options{Jobs: 2, Modes: []verdict.Mode{verdict.IRQ, verdict.NMI}})
	shown, largest, permalink := 0, 0, ""
	for i, target := range targets {
		var d struct {
			Total  int `json:"total"`
			Points struct {
				Step []int `json:"step"`
			} `json:"points"`
		}
		if err := json.Unmarshal([]byte(unpack(t, string(report), fmt.Sprintf("t%d", i))), &d); err != nil {
			t.Fatal(err)
		}
		n := len(d.Points.Step)
		shown += n
		if n > largest {
			step := 0
			for _, delta := range d.Points.Step[:n/2] {
				step += delta
			}
			largest, permalink = n, fmt.Sprintf("#/%s@%d?mode=nmi", target, step)
		}
	}
	if shown < enough || len(report) > most {
		t.Fatalf("%d points in %d bytes, want at least %d in at most %d", shown, len(report), enough, most)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, report, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("node", filepath.Join(web, "test", "large.mjs"), file, permalink,
		chromium).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%d points in %.1f MB: %s", shown, float64(len(report))/1e6, out)
}
