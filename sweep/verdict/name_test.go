// SPDX-License-Identifier: GPL-2.0-only

package verdict

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/scenarios"
)

// testScenarios are what names are of.
func testScenarios() []*scenarios.Scenario {
	build := func(string, scenarios.Options) (*scenarios.Run, error) { return nil, nil }
	return []*scenarios.Scenario{
		scenarios.New("family/one", "", []scenarios.Variant{{Name: "plain"}, {Name: "other"}}, build),
		scenarios.New("kernel/6.12/two", "", []scenarios.Variant{{Name: "plain"}}, build),
	}
}

// A name says all that there is to a point, and is read as what it was written of.
func TestPointNames(t *testing.T) {
	for text, want := range map[string]string{
		"family/one":          "family/one:plain@0",
		"family/one:other@12": "family/one:other@12",
		"family/one@f+0x4#2":  "family/one:plain@f+0x4#2",
		"family/one@12/0":     "family/one:plain@12/0",
		"family/one@12/30":    "family/one:plain@12/30",
		"family/one@0/1":      "family/one:plain@0/1",
		"family/one@f/3":      "family/one:plain@f/3",
		"family/one@12/g+0x8": "family/one:plain@12/g+0x8",
		"family/one@f#3/g":    "family/one:plain@f#3/g",
		"family/one@":         "",
		"family/one@-1":       "",
		"family/one@1/":       "",
		"family/one@/1":       "",
		"family/one@1/-1":     "",
		"family/three@1":      "",
		"family/one:none@1":   "",
	} {
		n, err := ParsePoint(testScenarios(), text)
		switch {
		case want == "" && err == nil:
			t.Errorf("%s is %v", text, n)
		case want == "":
		case err != nil:
			t.Errorf("%s: %v", text, err)
		case n.String() != want:
			t.Errorf("%s is %s, not %s", text, n, want)
		default:
			if again, err := ParsePoint(testScenarios(), n.String()); err != nil ||
				cmp.Diff(n.String(), again.String()) != "" || again.Step != n.Step || again.Interrupt != n.Interrupt {
				t.Errorf("%s is read as %+v, %v", n, again, err)
			}
		}
	}
	// A step before the interrupt is one of the run.
	n, err := ParsePoint(testScenarios(), "family/one@12/3")
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range map[int]string{11: "family/one:plain@11", 12: "family/one:plain@12/0",
		13: "family/one:plain@12/1"} {
		if n.Step = step; n.String() != want {
			t.Errorf("step %d is %s, not %s", step, n, want)
		}
	}
}

func TestDeliveries(t *testing.T) {
	for name, d := range map[string]Delivery{"overlay": Overlay, "taken": Taken} {
		if got, err := ParseDelivery(name); got != d || err != nil || d.String() != name {
			t.Errorf("%s is read as %v, %v", name, got, err)
		}
	}
	if _, err := ParseDelivery("never"); err == nil {
		t.Error("never is a delivery")
	}
}

func TestModesWithExceptions(t *testing.T) {
	for m, want := range map[Mode]bool{Sync: false, Blocked: false, IRQ: true, NMI: true, Pairs: true} {
		if m.HasException() != want {
			t.Errorf("%v: %v", m, m.HasException())
		}
		if want != (Key{Mode: m}.Delivery() != "") {
			t.Errorf("%v has the delivery %q", m, Key{Mode: m}.Delivery())
		}
	}
}

// A place is from its first to its last instruction, both included.
func TestPlaceCovers(t *testing.T) {
	p := Place{Symbol: "f*", From: 0x8, To: 0x10}
	for offset, want := range map[uint64]bool{0x4: false, 0x8: true, 0xc: true, 0x10: true, 0x14: false} {
		if p.Covers("fn", offset) != want || p.Covers("g", offset) {
			t.Errorf("+%#x: %v", offset, !want)
		}
	}
	for symbol, want := range map[string]bool{"*": true, "f": false, "f*": false} {
		if e := (Expectation{Places: []Place{{Symbol: symbol, Whole: true}}}); e.Everywhere() != want {
			t.Errorf("%s: everywhere %v", symbol, !want)
		}
	}
	p.Whole = true
	if !p.Covers("f", 0x100) || p.Covers("g", 0x8) {
		t.Error("all of a function")
	}
}

// A line is out of date if all that it speaks of was swept, and none of it met; that of kernels never is, nor one that
// speaks of what wasn't swept, of nothing, or of what is exact.
func TestStale(t *testing.T) {
	for _, tt := range []struct {
		line  string
		swept []Key
		met   bool
		want  bool
	}{
		{"family/one plain sync w f omitted why", []Key{{Scenario: "family/one", Variant: "plain", Walker: "w"}},
			false, true},
		{"family/one plain sync w f omitted why",
			[]Key{{Scenario: "family/one", Variant: "plain", Walker: "w", Deliver: Taken}}, false, true},
		{"family/one plain sync w f omitted why", []Key{{Scenario: "family/one", Variant: "plain", Walker: "w"}},
			true, false},
		{"family/one plain sync w f omitted why", nil, false, false},
		{"family/one * sync w f omitted why", []Key{{Scenario: "family/one", Variant: "plain", Walker: "w"}},
			false, false},
		{"family/one plain sync,pairs w f omitted why", []Key{{Scenario: "family/one", Variant: "plain", Walker: "w"}},
			false, false},
		{"family/one plain * w f omitted why", []Key{
			{Scenario: "family/one", Variant: "plain", Walker: "w"},
			{Scenario: "family/one", Variant: "plain", Walker: "w", Mode: Blocked},
			{Scenario: "family/one", Variant: "plain", Walker: "w", Mode: IRQ},
			{Scenario: "family/one", Variant: "plain", Walker: "w", Mode: NMI},
		}, false, true},
		{"family/one plain sync v f omitted why", []Key{{Scenario: "family/one", Variant: "plain", Walker: "w"}},
			false, false},
		{"family/one plain sync w f exact why", []Key{{Scenario: "family/one", Variant: "plain", Walker: "w"}},
			false, false},
		{"kernel/6.12/two plain sync w f omitted why",
			[]Key{{Scenario: "kernel/6.12/two", Variant: "plain", Walker: "w"}}, false, false},
	} {
		expect, err := ParseExpectations("test", strings.NewReader(tt.line))
		if err != nil {
			t.Fatal(err)
		}
		l := NewLedger(expect)
		for _, k := range tt.swept {
			l.Swept(k)
		}
		if tt.met {
			l.Met(&expect[0])
		}
		if got := l.Stale(testScenarios(), []string{"w"}); (len(got) == 1) != tt.want {
			t.Errorf("%s, of which %v was swept, met %v: %v", tt.line, tt.swept, tt.met, got)
		}
	}
}
