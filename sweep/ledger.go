package sweep

import (
	_ "embed"
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

// Note enters a result. It reports whether the result has a regression.
func (l *Ledger) Note(r *RunResult) (regression bool) {
	for _, s := range r.Summaries {
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
// combination of scenario, variant, mode and walker was swept.
func (l *Ledger) Stale(all []*scenarios.Scenario, walkers []WalkerSpec) []Expectation {
	var stale []Expectation
	for i := range l.expect {
		e := &l.expect[i]
		if e.Verdict != Exact && !l.met[e.Line] && l.covered(e, all, walkers) {
			stale = append(stale, *e)
		}
	}
	return stale
}

// covered reports whether everything that a line speaks of was swept.
func (l *Ledger) covered(e *Expectation, all []*scenarios.Scenario, walkers []WalkerSpec) bool {
	for _, s := range all {
		for _, v := range s.Variants {
			for _, w := range walkers {
				for _, m := range Modes() {
					if k := (Key{s.Name, v.Name, w.Name, m}); e.Applies(k) && !l.swept[k] {
						return false
					}
				}
			}
		}
	}
	return true
}
