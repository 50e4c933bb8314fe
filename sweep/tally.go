// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"cmp"
	"maps"
	"slices"

	"stacksweep/image"
	"stacksweep/sweep/verdict"
)

// A Summary counts the verdicts of one walker in one mode over one scenario.
type Summary struct {
	verdict.Key
	Points int
	Counts [verdict.NumVerdicts]int
	// Warnings counts walks during which the kernel would have printed a WARN.
	Warnings int
}

// A Window is a run of neighbouring instructions in one function at which a walker gets the same verdict, and the same
// is expected of it.
type Window struct {
	verdict.Key
	Symbol   string
	From, To uint64 // first and last instruction, as offsets in bytes from the symbol
	Verdict  verdict.Verdict
	Points   int
	First    verdict.Position // the first moment that fell into the window
	Missing  uint64           // then: the innermost true frame that the walk lacks, or 0
	Inside   uint64           // then: the true frame inside the missing one, which the walk has, or 0
	// Regression: the verdict is not expected. Excuse, if not nil, is the expectation that it meets.
	Regression bool
	Excuse     *verdict.Expectation
	// TracerCall: in mode sync, the instruction is one of the run's TracerCalls, in which no walk can start.
	TracerCall bool
}

// Place names the window's instructions: symbol+from, or symbol+from..to.
func (w *Window) Place() string {
	return image.Places(w.Symbol, w.From, w.To)
}

// A tally collects verdicts of one walker in one mode, and where each but exact occurred.
type tally struct {
	counts   [verdict.NumVerdicts]int
	warnings int
	where    map[finding]*occurrences
	recent   []recentFinding // some of where, by PC, direct-mapped: a map for each point would be slow
}

// A namedTally is a tally of the walker and mode that its key names.
type namedTally struct {
	tally
	key verdict.Key
}

// A finding is an instruction and a verdict that a walk there got.
type finding struct {
	pc      uint64
	verdict verdict.Verdict
}

// A recentFinding is a finding with its occurrences, nil if there are none.
type recentFinding struct {
	finding
	*occurrences
}

// recentFindings is a power of two.
const recentFindings = 64

// occurrences are the points with one finding.
type occurrences struct {
	points  int
	first   verdict.Position
	missing uint64 // Window.Missing
	inside  uint64 // Window.Inside
}

// add counts a verdict. It returns the occurrences of a new finding, so that more can be said about it.
func (t *tally) add(pc uint64, at verdict.Position, v verdict.Verdict) *occurrences {
	t.counts[v]++
	if v == verdict.Exact {
		return nil
	}
	if t.where == nil {
		t.where = map[finding]*occurrences{}
		t.recent = make([]recentFinding, recentFindings)
	}
	s, recent := finding{pc, v}, &t.recent[pc/4%recentFindings]
	if recent.occurrences != nil && recent.finding == s {
		recent.occurrences.points++
		return nil
	}
	h := t.where[s]
	isNew := h == nil
	if isNew {
		h = &occurrences{first: at}
		t.where[s] = h
	}
	h.points++
	*recent = recentFinding{s, h}
	if !isNew {
		return nil
	}
	return h
}

// merge adds what another tally of the same walker and mode has counted at later steps of the same chunks.
func (t *tally) merge(o *tally) {
	for v, n := range o.counts {
		t.counts[v] += n
	}
	t.warnings += o.warnings
	if t.where == nil {
		t.where = map[finding]*occurrences{}
		t.recent = make([]recentFinding, recentFindings)
	}
	for s, theirs := range o.where {
		mine := t.where[s]
		if mine == nil {
			t.where[s] = theirs
			continue
		}
		mine.points += theirs.points
		if theirs.first.Compare(mine.first) < 0 {
			mine.first, mine.missing, mine.inside = theirs.first, theirs.missing, theirs.inside
		}
	}
}

func (t *tally) summary(k verdict.Key) Summary {
	s := Summary{Key: k, Counts: t.counts, Warnings: t.warnings}
	for _, n := range t.counts {
		s.Points += n
	}
	return s
}

// windows joins neighbouring instructions of a function that got the same verdict, sorted by verdict and address. lines
// are the expectations that speak of it, tracerCalls as in [scenarios.Run].
func (t *tally) windows(k verdict.Key, symbols *image.Symbols, lines []*verdict.Expectation,
	tracerCalls []uint64) []Window {
	spots := slices.SortedFunc(maps.Keys(t.where), func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.verdict, b.verdict), cmp.Compare(a.pc, b.pc))
	})
	var all []Window
	for _, s := range spots {
		h := t.where[s]
		name, offset := symbols.Locate(s.pc)
		excuse, regression := verdict.Classify(lines, name, offset, s.verdict)
		tracerCall := k.Mode == verdict.Sync && slices.Contains(tracerCalls, s.pc)
		if n := len(all); n > 0 {
			w := &all[n-1]
			if w.Verdict == s.verdict && w.Symbol == name && w.To+4 == offset && w.Excuse == excuse &&
				w.Regression == regression && w.TracerCall == tracerCall {
				w.To = offset
				w.Points += h.points
				if h.first.Compare(w.First) < 0 {
					w.First, w.Missing, w.Inside = h.first, h.missing, h.inside
				}
				continue
			}
		}
		all = append(all, Window{
			Key: k, Symbol: name, From: offset, To: offset, Verdict: s.verdict,
			Points: h.points, First: h.first, Missing: h.missing, Inside: h.inside, Regression: regression,
			Excuse: excuse, TracerCall: tracerCall,
		})
	}
	return all
}
