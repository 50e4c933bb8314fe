// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"errors"
	"slices"

	"stacksweep/emu"
)

// ErrUnforeseen says that an [Outline] can't tell what some transfer is, because that hangs on what happens much later.
// What to do then is to find the truth from the whole log.
var ErrUnforeseen = errors.New("what a jump is shows only much later in the run")

// An Outline finds the truth about a run of which a whole log would be too long. The run is executed twice: the first
// time the outline is shown its chunks one by one, and keeps only what is not balanced within a chunk; the second time
// the truth that it has found enters each chunk in turn.
//
//	transfers of a chunk          ( ( ) ( ( ) ) ) ) ( ( ) (       calls and returns
//	what cancels                  . . . . . . .     . . .
//	what is kept                                ) )     (         a call cancels with its return
//
// A call and its return cancel if there is nothing between them but what has cancelled, and if SP and X29 are the same
// on both sides. On what both oracles find balanced, on top of whatever stack, neither changes its mind about anything
// before it or after it: of the whole log they say at the ends of chunks what they say of the outline. So the outline
// gives the stacks at both ends of a chunk, and between these the oracles are asked again, about all that the chunk
// does.
//
// What a jump is may hang on what follows it. An outline looks ahead some thousand transfers, takes what doesn't happen
// there for never happening, and fails with [ErrUnforeseen] if it does happen later.
type Outline struct {
	oracles Oracles
	facts   Facts
	turns   turns
	next    nextCalls
	learns  bool // the code calls the next instruction

	classifier classifier
	answers    []int32      // what the classifier was told of the future
	ahead      [][]Transfer // of chunks, that are not classified yet
	at         int          // the transfer of the first of them that is being classified
	later      int          // transfers in those after the first
	spare      [][]Transfer
	window     int // how many transfers it looks ahead
	ended      bool
	denied     map[landing]bool // what was taken for never happening
	plain      bool             // so far, everything was what it said
	rival      *classifier      // not nil: that may be so to the end, and it has already been taken otherwise

	chunks extents
	kept   Log
	fold   []Transfer
}

// A landing is a place to which control may come, with its SP and X29 then.
type landing struct{ addr, sp, fp uint64 }

const (
	window    = 1 << 14
	maxDenied = 1 << 14
)

// Outline begins the outline of a run.
func (o Oracles) Outline(facts Facts) *Outline {
	made := &Outline{oracles: o, facts: facts, window: window, denied: map[landing]bool{}, plain: true}
	made.turns = made.facts.Tasks.turns()
	made.classifier = classifier{facts: &made.facts, foresee: made.foresee}
	return made
}

// Add shows it the next chunk, which must have PCs. It fails with [ErrUnforeseen], or as [Oracles.Find] does.
func (o *Outline) Add(c *emu.Chunk) error {
	if len(o.denied) > maxDenied {
		return ErrUnforeseen
	}
	o.chunks.add(c)
	if len(o.ahead)+len(o.denied)+len(o.next.open) == 0 && o.rival == nil {
		var isPlain bool
		if o.fold, isPlain = o.classifier.plainly(c, o.fold[:0], nil); isPlain {
			o.keep()
			return nil
		}
	}
	piece := o.room()
	for i := range c.Transfers {
		t := transferOf(c, i)
		if !o.turns.own(&t) {
			continue
		}
		if o.next.see(&t, 0, &o.facts) >= 0 || len(o.denied) > 0 && t.isArrival() && o.denied[t.landing()] {
			return ErrUnforeseen
		}
		if t.callsNext() {
			o.learns = true
			continue
		}
		piece = append(piece, t)
	}
	switch {
	case len(piece) == 0:
		o.spare = append(o.spare, piece)
		return nil
	case len(o.ahead) > 0:
		o.later += len(piece)
	}
	o.ahead = append(o.ahead, piece)
	for o.later > o.window {
		if err := o.classify(); err != nil {
			return err
		}
	}
	return nil
}

// room returns an empty list of transfers.
func (o *Outline) room() []Transfer {
	n := len(o.spare) - 1
	if n < 0 {
		return nil
	}
	room := o.spare[n][:0]
	o.spare = o.spare[:n]
	return room
}

func (t *Transfer) landing() landing { return landing{t.To, t.SP, t.FP} }

// classify classifies what the first of the chunks ahead does, and keeps what doesn't cancel.
func (o *Outline) classify() error {
	piece := o.ahead[0]
	o.classifier.log = o.classifier.log[:0]
	for o.at = range piece {
		t := &piece[o.at]
		o.plain = o.plain && o.classifier.saysIt(t)
		if o.rival != nil && o.rival.saysIt(t) {
			o.rival.follow(t)
		} else {
			o.rival = nil
		}
		if err := o.classifier.add(t); err != nil {
			if o.isUnsure() {
				return ErrUnforeseen
			}
			return err
		}
	}
	o.fold = o.facts.fold(o.fold[:0], o.classifier.log)
	o.keep()
	o.spare = append(o.spare, piece)
	o.ahead = o.ahead[1:]
	if len(o.ahead) > 0 {
		o.later -= len(o.ahead[0])
	}
	return nil
}

// keep keeps what has not been cancelled.
func (o *Outline) keep() {
	if len(o.fold) > 0 {
		o.kept = append(o.kept, slices.Clone(o.fold))
	}
}

// Kept is how many transfers have not been cancelled so far. It is what an outline takes memory for.
func (o *Outline) Kept() int { return o.kept.len() }

// isUnsure reports whether the rest of the run may show that transfers are something else than they were taken for.
func (o *Outline) isUnsure() bool {
	if o.ended {
		return o.rival != nil || o.turns.away && o.asksForEnd()
	}
	return o.learns || len(o.denied) > 0 || len(o.facts.Tasks.Others) > 0 && o.asksForEnd()
}

// asksForEnd reports whether it makes a difference that the task is away at the end, if it is: the run then breaks off
// as far as the task is concerned.
func (o *Outline) asksForEnd() bool { return o.classifier.asksForEnd && !o.facts.Unfinished }

// foresee is the classifier's [foresight].
func (o *Outline) foresee(t *Transfer, addrs []uint64) int {
	n := o.arrival(t, addrs)
	mayBreakOff := o.facts.Unfinished || len(o.facts.Tasks.Others) > 0
	if o.plain && (n > 0 || n < 0 && mayBreakOff) { // it isn't asked of a log in which everything is what it says
		o.rival = &classifier{facts: &o.facts, open: slices.Clone(o.classifier.open)}
		o.plain = false
	}
	o.answers = append(o.answers, int32(n))
	return n
}

// arrival looks ahead.
func (o *Outline) arrival(t *Transfer, addrs []uint64) int {
	denied := 0
	for _, addr := range addrs {
		if o.denied[landing{addr, t.SP, t.FP}] {
			denied++
		}
	}
	if denied == len(addrs) {
		return -1 // nor has it happened since
	}
	for i, piece := range o.ahead {
		if i == 0 {
			piece = piece[o.at+1:]
		}
		for k := range piece {
			if a := &piece[k]; a.isArrival() && a.SP == t.SP && a.FP == t.FP {
				if n := slices.Index(addrs, a.To); n >= 0 {
					return n
				}
			}
		}
	}
	if !o.ended {
		for _, addr := range addrs {
			o.denied[landing{addr, t.SP, t.FP}] = true
		}
	}
	return -1
}

// Find ends the outline, and compares what both oracles say of it. The truth must enter each chunk before it knows the
// chunk's steps: see [Truth.Enter].
func (o *Outline) Find() (*Truth, error) {
	o.ended = true
	for len(o.ahead) > 0 {
		if err := o.classify(); err != nil {
			return nil, err
		}
	}
	if o.isUnsure() {
		return nil, ErrUnforeseen
	}
	if o.facts.Unfinished || o.turns.away {
		o.kept = o.kept.finished(&o.facts, nil)
	}
	outer, err := o.oracles.compare(o.kept, o.facts, nil)
	if err != nil {
		return nil, err
	}
	found := &Truth{History: &History{}, facts: o.facts, absences: o.turns.end(), begins: o.turns.begins}
	found.unfolding = newUnfolding(o, outer.interned())
	found.History = &found.unfolding.table.History
	return found, nil
}
