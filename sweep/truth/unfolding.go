// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"math"
	"slices"

	"stacksweep/emu"
)

// An unfolding is how a truth that an [Outline] has found enters one chunk after the other.
type unfolding struct {
	oracles Oracles
	outer   Cursor // the truth at the ends of chunks

	table     table // of nodes, for the chunks
	mostNodes int   // with more than that it is cleared

	turns      turns
	classifier classifier
	answers    []int32 // what it is told of the future

	chunks        extents
	before, after []Transfer
	fold          []Transfer
}

// mostNodes is how many nodes are remembered at most from one chunk to the next.
const mostNodes = 1 << 18

func newUnfolding(o *Outline, outer *History) *unfolding {
	u := &unfolding{oracles: o.oracles, answers: o.answers, chunks: extents{all: o.chunks.all}, table: *newTable(),
		mostNodes: mostNodes}
	u.outer = (&Truth{History: outer, facts: o.facts}).Cursor()
	facts := &u.outer.facts
	u.turns = facts.Tasks.turns()
	u.classifier = classifier{facts: facts, foresee: u.foresee}
	return u
}

// foresee tells what the outline has seen.
func (u *unfolding) foresee(*Transfer, []uint64) int {
	if len(u.answers) == 0 {
		return -1
	}
	n := u.answers[0]
	u.answers = u.answers[1:]
	return int(n)
}

// Enter makes the truth that of the steps of a chunk, which must be the one after that of the last call. Cursors must
// seek a step in it then, and stacks from before are no longer valid; what [Cursor.Identity] says still is.
//
// It does nothing if the truth is that of all steps, as [Oracles.Find] finds it. Its error is a [Conflict].
func (t *Truth) Enter(c *emu.Chunk) error {
	u := t.unfolding
	if u == nil {
		return nil
	}
	if !u.chunks.follow(c) {
		return &Conflict{c.First, "the run isn't the same when it is executed again"}
	}
	log, err := u.log(c)
	if err != nil {
		return err
	}
	chunk, err := u.oracles.compare(log, t.facts, nil)
	if err != nil {
		return err
	}
	if len(u.table.nodes) > u.mostNodes {
		u.table.clear()
	}
	u.table.enter(chunk)
	return nil
}

// log returns what happens in a chunk, classified, between the calls that are open when it begins and the returns of
// those that are when it ends.
func (u *unfolding) log(c *emu.Chunk) (Log, error) {
	u.outer.Advance(c.First)
	u.before = u.before[:0]
	for n := u.outer.top(); n != noNode; n = u.outer.node(n).parent {
		of := u.outer.node(n)
		t := Transfer{Step: uint32(c.First) - 1, Kind: emu.Call, From: of.addr - 4, SP: of.sp, FP: of.fp}
		if from, ok := u.outer.exceptions[n]; ok {
			t.Kind, t.From = emu.Exception, from
		}
		u.before = append(u.before, t)
	}
	slices.Reverse(u.before)

	if err := u.classify(c); err != nil {
		return nil, err
	}

	u.outer.Advance(c.First + c.Steps)
	u.after = u.after[:0]
	for n := u.outer.top(); n != noNode; n = u.outer.node(n).parent {
		of := u.outer.node(n)
		t := Transfer{Step: math.MaxUint32 - 1, Kind: emu.Return, To: of.addr, SP: of.sp, FP: of.fp}
		if _, ok := u.outer.exceptions[n]; ok {
			t.Kind = emu.ExceptionReturn
		}
		u.after = append(u.after, t)
	}
	return Log{u.before, u.classifier.log, u.after}, nil
}

// classify leaves what happens in a chunk in the classifier's log.
func (u *unfolding) classify(c *emu.Chunk) error {
	u.classifier.log = u.classifier.log[:0]
	var isPlain bool
	if u.fold, isPlain = u.classifier.plainly(c, u.fold[:0], &u.classifier.log); isPlain {
		return nil
	}
	u.classifier.log = u.classifier.log[:0]
	u.turns.absences = u.turns.absences[:0] // the outline has them
	for i := range c.Transfers {
		t := transferOf(c, i)
		if !u.turns.own(&t) || t.callsNext() {
			continue
		}
		if err := u.classifier.add(&t); err != nil {
			return err
		}
	}
	return nil
}
