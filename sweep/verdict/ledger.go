// SPDX-License-Identifier: GPL-2.0-only

package verdict

import (
	_ "embed"
	"slices"
	"strings"

	"stacksweep/scenarios"
)

//go:embed expect.txt
var builtin string

// BuiltinExpectations are the expectations for the built-in scenarios and for real kernels.
func BuiltinExpectations() ([]Expectation, error) {
	return ParseExpectations("expect.txt", strings.NewReader(builtin))
}

// A Ledger notes, over a whole sweep, which expectations were met, so that those that are out of date can be told.
type Ledger struct {
	expect []Expectation
	met    map[line]bool
	swept  map[Key]bool
}

// line identifies an expectation.
type line struct {
	file   string
	number int
}

// NewLedger returns an empty ledger.
func NewLedger(expect []Expectation) *Ledger {
	return &Ledger{expect: expect, met: map[line]bool{}, swept: map[Key]bool{}}
}

// Met notes that an expectation was met.
func (l *Ledger) Met(e *Expectation) { l.met[line{e.File, e.Line}] = true }

// Swept notes that a scenario was swept from its first to its last point by one walker in one mode.
func (l *Ledger) Swept(k Key) {
	k.Deliver = Overlay // no expectation depends on the delivery
	l.swept[k] = true
}

// Stale returns the expectations that excuse something that no longer happens. Only those count whose every
// combination of scenario, variant, mode and walker was swept. Lines about real kernels are never among them: what
// they speak of depends on which kernels there are.
func (l *Ledger) Stale(all []*scenarios.Scenario, walkers []string) []Expectation {
	var stale []Expectation
	for i := range l.expect {
		e := &l.expect[i]
		if e.Verdict != Exact && !l.met[line{e.File, e.Line}] && !e.ofKernels() && l.covered(e, all, walkers) {
			stale = append(stale, *e)
		}
	}
	return stale
}

// ofKernels reports whether a line speaks of real kernels only.
func (e *Expectation) ofKernels() bool {
	return !slices.ContainsFunc(e.Scenarios, func(s Subjects) bool {
		return !strings.HasPrefix(s.Name, "kernel/") && !strings.HasPrefix(s.Name, "live/")
	})
}

// covered reports whether everything that a line speaks of was swept, and that there is something.
func (l *Ledger) covered(e *Expectation, all []*scenarios.Scenario, walkers []string) bool {
	some := false
	for _, s := range all {
		for _, v := range s.Variants {
			for _, w := range walkers {
				for _, m := range AllModes() {
					if m == Pairs && !slices.Contains(e.Modes, Pairs.String()) {
						continue // it is for the other modes to meet a line that doesn't name this one
					}
					k := Key{Scenario: s.Name, Variant: v.Name, Walker: w, Mode: m}
					switch {
					case !e.Applies(k, nil):
					case !l.swept[k]:
						return false
					default:
						some = true
					}
				}
			}
		}
	}
	return some
}
