// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	_ "embed"
	"slices"
	"strings"

	"stacksweep/scenarios"
)

//go:embed expect.txt
var knownVerdicts string

// KnownVerdicts are the expectations for the scenarios that the program brings along.
func KnownVerdicts() ([]Expectation, error) {
	return ParseExpectations("expect.txt", strings.NewReader(knownVerdicts))
}

// A Ledger notes which expectations were met, over a whole sweep.
type Ledger struct {
	expect []Expectation
	met    map[int]bool // by line
	swept  map[Key]bool
}

// NewLedger returns an empty ledger.
func NewLedger(expect []Expectation) *Ledger {
	return &Ledger{expect: expect, met: map[int]bool{}, swept: map[Key]bool{}}
}

// Note enters a result. It reports whether the result has a regression: a verdict that isn't expected, or an exception
// that was taken and did not go as it must.
func (l *Ledger) Note(r *RunResult) (regression bool) {
	regression = len(r.Deviations) > 0
	for _, s := range r.Summaries {
		if r.Partial {
			break
		}
		s.Deliver = Overlay // no expectation depends on it
		l.swept[s.Key] = true
	}
	for i := range r.Windows {
		if w := &r.Windows[i]; w.Regression {
			regression = true
		} else if w.Excuse != nil {
			l.met[w.Excuse.Line] = true
		}
	}
	return regression
}

// Stale returns the expectations that excuse something that no longer happens. Only those count whose every
// combination of scenario, variant, mode and walker was swept. Lines about real kernels are never among them: what
// they speak of depends on which kernels there are.
func (l *Ledger) Stale(all []*scenarios.Scenario, walkers []WalkerSpec) []Expectation {
	var stale []Expectation
	for i := range l.expect {
		e := &l.expect[i]
		if e.Verdict != Exact && !l.met[e.Line] && !e.ofKernels() && l.covered(e, all, walkers) {
			stale = append(stale, *e)
		}
	}
	return stale
}

// ofKernels reports whether a line speaks of real kernels only.
func (e *Expectation) ofKernels() bool {
	return !slices.ContainsFunc(e.Scenarios, func(s Subjects) bool { return !strings.HasPrefix(s.Name, "kernel/") })
}

// covered reports whether everything that a line speaks of was swept.
func (l *Ledger) covered(e *Expectation, all []*scenarios.Scenario, walkers []WalkerSpec) bool {
	for _, s := range all {
		for _, v := range s.Variants {
			for _, w := range walkers {
				for _, m := range AllModes() {
					if m == Pairs && !slices.Contains(e.Modes, Pairs.String()) {
						continue // it is for the other modes to meet a line that doesn't name this one
					}
					if k := (Key{Scenario: s.Name, Variant: v.Name, Walker: w.Name, Mode: m}); e.Applies(k, nil) && !l.swept[k] {
						return false
					}
				}
			}
		}
	}
	return true
}
