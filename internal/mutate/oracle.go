// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"stacksweep/emu"
	"stacksweep/sweep/truth"
)

// An oracleRule takes one thing away that an oracle knows.
type oracleRule struct {
	name string
	do   func(log truth.Log, facts truth.Facts) (truth.Log, truth.Facts)
}

var oracleRules = []oracleRule{
	{"hooks are ordinary addresses", func(l truth.Log, f truth.Facts) (truth.Log, truth.Facts) {
		f.Hooks = nil
		return l, f
	}},
	{"nothing is fixed up", func(l truth.Log, f truth.Facts) (truth.Log, truth.Facts) {
		f.Fixups = nil
		return l, f
	}},
	{"the first call isn't seen", without(emu.Call, 1)},
	{"the second call isn't seen", without(emu.Call, 2)},
	{"the first return isn't seen", without(emu.Return, 1)},
	{"the second return isn't seen", without(emu.Return, 2)},
	{"the first exception isn't seen", without(emu.Exception, 1)},
	{"the first exception's return isn't seen", without(emu.ExceptionReturn, 1)},
	{"calls return to the call", changed(func(t *truth.Transfer) {
		if t.Kind == emu.Call {
			t.From -= 4
		}
	})},
	{"SP isn't compared", changed(func(t *truth.Transfer) { t.SP = 0 })},
	{"X29 isn't compared", changed(func(t *truth.Transfer) { t.FP = 0 })},
}

// without is the rule that the n-th transfer of a kind isn't seen.
func without(kind emu.TransferKind, n int) func(truth.Log, truth.Facts) (truth.Log, truth.Facts) {
	return func(l truth.Log, f truth.Facts) (truth.Log, truth.Facts) {
		var kept []truth.Transfer
		seen := 0
		for t := range l.Forwards() {
			if t.Kind == kind {
				if seen++; seen == n {
					continue
				}
			}
			kept = append(kept, *t)
		}
		return truth.Log{kept}, f
	}
}

// changed is the rule that every transfer is seen otherwise than it was.
func changed(change func(*truth.Transfer)) func(truth.Log, truth.Facts) (truth.Log, truth.Facts) {
	return func(l truth.Log, f truth.Facts) (truth.Log, truth.Facts) {
		var seen []truth.Transfer
		for t := range l.Forwards() {
			seen = append(seen, *t)
			change(&seen[len(seen)-1])
		}
		return truth.Log{seen}, f
	}
}

// oracleMutants lists each rule taken from one oracle, from the other, and from both, in which case nothing
// contradicts.
func oracleMutants() (all []*Mutant) {
	for _, r := range oracleRules {
		breaks := func(o truth.Oracle) truth.Oracle {
			return func(log truth.Log, facts truth.Facts, under *truth.Base) (*truth.History, error) {
				log, facts = r.do(log, facts)
				return o(log, facts, under)
			}
		}
		for _, m := range []struct {
			place   string
			oracles truth.Oracles
		}{
			{"past", truth.Oracles{breaks(truth.Past), truth.Future}},
			{"future", truth.Oracles{truth.Past, breaks(truth.Future)}},
			{"both oracles", truth.Oracles{breaks(truth.Past), breaks(truth.Future)}},
		} {
			all = append(all, &Mutant{Kind: Oracle, Place: m.place, Change: r.name, alter: func(s *subject) {
				s.oracles = m.oracles
			}})
		}
	}
	return all
}
