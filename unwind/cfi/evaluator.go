// SPDX-License-Identifier: GPL-2.0-only

package cfi

// An Evaluator evaluates the tables of many functions, one after the other, and uses its memory again. The zero
// Evaluator is ready for use, by one goroutine.
type Evaluator struct {
	machine machine
	rules   ruleArena
}

// Rows returns what [FDE.Rows] does, but valid only up to the next call. The FDE doesn't keep its table for later
// look-ups.
func (e *Evaluator) Rows(f *FDE) ([]Row, error) {
	if t := f.table.Load(); t != nil {
		return t.rows, t.err
	}
	e.rules.reset()
	e.machine = machine{fde: f, loc: f.Start, rows: e.machine.rows[:0], arena: &e.rules}
	if err := e.machine.evaluate(); err != nil {
		return nil, err
	}
	return e.machine.rows, nil
}

// A ruleArena is memory for the rules of rows, which are copied wherever one of them changes.
type ruleArena struct{ free []RegisterRule }

// spare is how many rules may be added to a copy without another one being made.
const spare = 4

// clone copies rules.
func (a *ruleArena) clone(rules []RegisterRule) []RegisterRule {
	n := len(rules) + spare
	if cap(a.free)-len(a.free) < n {
		a.free = make([]RegisterRule, 0, max(n, 64, 2*cap(a.free)))
	}
	at := len(a.free)
	a.free = a.free[:at+n]
	return append(a.free[at:at:at+n], rules...)
}

// reset makes what was cloned invalid, but for what is in memory that was used up.
func (a *ruleArena) reset() { a.free = a.free[:0] }
