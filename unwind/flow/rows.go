// SPDX-License-Identifier: GPL-2.0-only

package flow

// writeRows writes down what is known, a row wherever it changes.
func (a *analyzer) writeRows() {
	rows := a.rows[:0]
	unreached := func(from, to int) {
		for from < to {
			how, end := a.fillerRun(from, to)
			rows = append(rows, Row{Start: uint32(from * 4), How: how})
			from = end
		}
	}
	next := 0
	a.each(func(i int, s *state) {
		unreached(next, i)
		next = i + 1
		var last *Row
		if len(rows) > 0 {
			last = &rows[len(rows)-1]
		}
		if last != nil && last.How == a.how[i] && s.shows(&last.State) {
			return
		}
		var previous *State
		if last != nil {
			previous = &last.State
		}
		rows = append(rows, Row{Start: uint32(i * 4), How: a.how[i], State: s.asState(previous)})
	})
	unreached(next, len(a.insts))
	a.rows = rows
}

// shows reports whether asState would give the same.
func (s *state) shows(t *State) bool {
	if s.regs[regSP] != t.SP || s.regs[regFP] != t.X29 || s.regs[regLR] != t.X30 || s.blurred != t.Blurred {
		return false
	}
	n := 0
	for _, slot := range s.slots[:s.nslots] {
		if s.shown(&slot) {
			if n == len(t.Saved) || t.Saved[n] != slot {
				return false
			}
			n++
		}
	}
	return n == len(t.Saved) && s.hasRecord() == t.Record
}
