// SPDX-License-Identifier: GPL-2.0-only

package htmlreport

import (
	"encoding/binary"
	"slices"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// Limits of how many points a report shows. Past them, and in mode pairs always, of the points at an instruction in a
// mode that gave all walkers the same verdicts, the first few are shown. All are counted.
const (
	mostOfTarget = 60_000
	mostOfReport = 400_000
	fewOfSame    = 2
)

// A collector gathers the points of one target.
type collector struct {
	walkers []string
	modes   []verdict.Mode
	room    int // how many points may be shown before only the first few of the same are

	values *table[uint64]
	texts  *table[string]
	truth  tree
	frames tree

	outcomes table[outcome]
	rows     []row
	total    int
	same     map[string]int
	pcs      map[moment]uint64 // of the moments that have a row

	// What is known of the pairs of the current step, and of walkers: see moment.
	last       moment
	generation map[string]int

	isDone func() bool // whether the report is wanted at once
}

// A moment is where a point is. In mode pairs it is in an exception that is taken at the step, and which one depends on
// the kernel: walkers of kernels without metadata records, of which there are points after those of the others, see
// another.
type moment struct {
	step       int
	second     int // the step of the exception, and 1; 0: in none
	generation int // 0 or 1
}

// pair is the number of what comes after the step, 0 if nothing does.
func (m moment) pair() int {
	if m.second == 0 {
		return 0
	}
	return m.second<<1 | m.generation
}

// of lists the walkers of a generation that have points in mode pairs.
func (c *collector) of(generation int) (walkers []string) {
	for _, w := range c.walkers {
		if g, ok := c.generation[w]; ok && g == generation {
			walkers = append(walkers, w)
		}
	}
	return walkers
}

// momentOf says where a point is; the points of a step and mode are asked for in their order.
func (c *collector) momentOf(p *sweep.Point) moment {
	m := moment{step: p.Step}
	if p.Mode != verdict.Pairs {
		return m
	}
	m.second = p.Second + 1
	if c.last.step == m.step {
		m.generation = c.last.generation
		if m.second <= c.last.second {
			m.generation = 1
		}
	}
	c.last = m
	return m
}

// A row is a point with the results of all walkers.
type row struct {
	at               moment
	mode, way, truth int
	masked           bool
	walks            []int // outcome + 1, by walker; 0: none
}

type outcome struct {
	verdict  verdict.Verdict
	frames   int
	reliable bool
	err      int
	warnings string // texts, as bytes
}

// A tree has stacks of frames that share their callers.
type tree struct {
	index map[entry]int
	list  []entry
}

type entry struct {
	parent int
	pc     uint64
	source unwind.Source
	flags  unwind.Flags
}

func (t *tree) add(e entry) int {
	if t.index == nil {
		t.index, t.list = map[entry]int{}, make([]entry, 1)
	}
	if i, ok := t.index[e]; ok {
		return i
	}
	i := len(t.list)
	t.index[e] = i
	t.list = append(t.list, e)
	return i
}

func newCollector(walkers []string, modes []verdict.Mode, room int) *collector {
	return &collector{
		walkers: walkers, modes: modes, room: room,
		values: newTable[uint64](), texts: newTable(""), outcomes: *newTable[outcome](), same: map[string]int{},
		pcs:  map[moment]uint64{},
		last: moment{step: -1}, generation: map[string]int{},
	}
}

// add takes points in the order of the sweep: all of a moment and mode come together.
func (c *collector) add(points []sweep.Point) {
	for len(points) > 0 {
		first := &points[0]
		n := 1
		for n < len(points) && points[n].Step == first.Step && points[n].Second == first.Second &&
			points[n].Mode == first.Mode && points[n].PC == first.PC {
			n++
		}
		c.total++
		at := c.momentOf(first)
		if first.Mode == verdict.Pairs {
			for i := range points[:n] {
				c.generation[points[i].Walker] = at.generation
			}
		}
		if c.wanted(points[:n]) {
			c.row(at, points[:n])
		}
		points = points[n:]
	}
}

// wanted reports whether a point is to be shown.
func (c *collector) wanted(points []sweep.Point) bool {
	if len(c.rows) < c.room && points[0].Mode != verdict.Pairs {
		return true
	}
	key := binary.LittleEndian.AppendUint64(nil, points[0].PC)
	key = append(key, byte(points[0].Mode))
	for i := range points {
		key = append(key, byte(points[i].Verdict))
	}
	c.same[string(key)]++
	return c.same[string(key)] <= fewOfSame
}

func (c *collector) row(at moment, points []sweep.Point) {
	first := &points[0]
	c.pcs[at] = first.PC
	r := row{
		at: at, mode: slices.Index(c.modes, first.Mode), way: c.texts.of(first.Exception),
		masked: first.Masked, walks: make([]int, len(c.walkers)),
	}
	for _, pc := range slices.Backward(first.Truth) {
		r.truth = c.truth.add(entry{parent: r.truth, pc: pc})
	}
	for i := range points {
		p := &points[i]
		o := outcome{verdict: p.Verdict, reliable: p.Trace.Reliable}
		for _, f := range slices.Backward(p.Trace.Frames) {
			o.frames = c.frames.add(entry{o.frames, f.PC, f.Source, f.Flags})
		}
		if p.Trace.Failure.Failed() {
			o.err = c.texts.of(p.Trace.Failure.Error())
		}
		for _, w := range p.Trace.Warnings {
			o.warnings += string(rune(c.texts.of(w.Error())))
		}
		r.walks[slices.Index(c.walkers, p.Walker)] = c.outcomes.of(o) + 1
	}
	c.rows = append(c.rows, r)
}

// tables fills in what the points are.
func (c *collector) tables(d *targetData) {
	value := func(v uint64) int { return c.values.of(v) }
	for i, t := range []*tree{&c.truth, &c.frames} {
		to := []*treeData{&d.Truth, &d.Frames}[i]
		for k, e := range t.list {
			to.PC = append(to.PC, value(e.pc))
			to.Parent = append(to.Parent, back(k, e.parent))
			if i == 1 {
				to.Source = append(to.Source, int(e.source))
				to.Flags = append(to.Flags, int(e.flags))
			}
		}
	}
	for _, o := range c.outcomes.list {
		t := &d.Outcomes
		t.Verdict = append(t.Verdict, int(o.verdict))
		t.Frames = append(t.Frames, o.frames)
		t.Reliable = append(t.Reliable, bit(o.reliable))
		t.Error = append(t.Error, o.err)
		var warnings []int
		for _, w := range o.warnings {
			warnings = append(warnings, int(w))
		}
		t.Warnings = append(t.Warnings, warnings)
	}
	t := &d.Points
	t.Walks = make([][]int, len(c.walkers))
	for _, r := range c.rows {
		t.Step = append(t.Step, r.at.step)
		t.Pair = append(t.Pair, r.at.pair())
		t.Mode = append(t.Mode, r.mode)
		t.Masked = append(t.Masked, bit(r.masked))
		t.Way = append(t.Way, r.way)
		t.Truth = append(t.Truth, r.truth)
		for w, o := range r.walks {
			t.Walks[w] = append(t.Walks[w], o)
		}
	}
	delta(t.Step)
	delta(t.Truth)
	for w := range t.Walks {
		delta(t.Walks[w])
	}
}

// back says how far back an entry's parent is.
func back(i, parent int) int {
	if parent == 0 {
		return 0
	}
	return i - parent
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
