// SPDX-License-Identifier: GPL-2.0-only

package flow

// A rowWriter writes down what is known, a row wherever it changes.
type rowWriter struct {
	a    *analyzer
	next int // instruction
}

// newRows begins to write down rows, into the analyzer.
func (a *analyzer) newRows() rowWriter {
	a.rows = a.rows[:0]
	return rowWriter{a: a}
}

// add writes down what is known of instruction i, which is reached, and of those before it.
func (w *rowWriter) add(i int, s *state) {
	a := w.a
	w.unreached(i)
	w.next = i + 1
	var previous *State
	if n := len(a.rows); n > 0 {
		last := &a.rows[n-1]
		if last.How == a.how[i] && s.shows(&last.State) {
			return
		}
		previous = &last.State
	}
	a.rows = append(a.rows, Row{Start: uint32(i * 4), How: a.how[i], State: s.asState(previous)})
}

// unreached writes down that what is up to instruction to isn't reached.
func (w *rowWriter) unreached(to int) {
	for w.next < to {
		how, end := w.a.fillerRun(w.next, to)
		w.a.rows = append(w.a.rows, Row{Start: uint32(w.next * 4), How: how})
		w.next = end
	}
}

// end writes down the rest.
func (w *rowWriter) end() { w.unreached(len(w.a.insts)) }

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
