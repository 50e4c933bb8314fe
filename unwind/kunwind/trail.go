// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import "stacksweep/unwind"

// A trail is what a walker remembers of a walk: the state at each frame, outermost first, and what was read from there
// to the next one. It is a stack: a walk that shares the outer frames replaces the inner ones.
//
//	entries   [0]        [1]        [2]        [3]
//	          outermost  <── step ── <── step ── innermost that is remembered
//	read by   last step  [1]→[0]    [2]→[1]    [3]→[2]
//
// When a word is written that the step from [n] has read, [n] and all entries further in are forgotten: what those
// further out lead to hasn't changed.
type trail struct {
	suffixes
	entries []*suffix
	words   []readWord // off the stacks, by entry
	bounds  extent     // of words
	end     outcome
	current bool // whether the walks are of the task that runs

	// While a walk is under way:
	mem       unwind.Witness
	low, high uint64  // what is shown to this walk only
	kept      int     // by finish
	candidate int     // the innermost entry that may be the next frame
	pending   []entry // frames that were walked, innermost first
	read      []uint64
}

// An entry is a frame, as the walk has come to it.
type entry struct {
	state state
	own   extent // of the stacks, what the step from here has read
	all   extent // and that of all further out
	read  int    // pending: where in trail.read its words off the stacks begin
	shown bool   // pending: something was read that is shown to this walk only
}

// An extent is a range of addresses [low, high) that holds some others. The empty one is emptyExtent.
type extent struct{ low, high uint64 }

var emptyExtent = extent{low: ^uint64(0)}

func (x *extent) meets(low, high uint64) bool { return low < x.high && high > x.low }

func (x *extent) add(low, high uint64) { x.low, x.high = min(x.low, low), max(x.high, high) }

type readWord struct {
	addr  uint64
	entry int
}

// An outcome is how a walk ended.
type outcome struct {
	err        unwind.Failure
	objected   bool
	unreliable unwind.Failure
	stopped    bool // for lack of room
}

// begin prepares for a walk.
func (tr *trail) begin(task *unwind.Task, mem unwind.Witness) {
	if tr.isFull() {
		tr.forget()
		tr.empty()
	}
	if current := task.Start.Current(); current != tr.current {
		tr.forget() // a warning is printed for the current task only
		tr.current = current
	}
	tr.mem = mem
	tr.low, tr.high = mem.Shown()
	tr.candidate = len(tr.entries) - 1
	tr.pending, tr.read = tr.pending[:0], tr.read[:0]
	mem.Seen()
}

// find returns how many frames, the one that the walk has come to included, are as in an earlier walk; 0 if none is. If
// room is positive, the consumer takes so many frames more, and no others.
//
// X29 grows from frame to frame on one stack, which tells where to look. Where it doesn't, nothing is found.
func (tr *trail) find(st *state, room int) (known int) {
	i := tr.candidate
	for i >= 0 && tr.entries[i].state.fp < st.fp {
		i--
	}
	tr.candidate = i
	for ; i >= 0 && tr.entries[i].state.fp == st.fp; i-- {
		e := tr.entries[i]
		if e.state.pc != st.pc || e.state.source != st.source || e.state != *st {
			continue
		}
		if e.all.meets(tr.low, tr.high) || tr.end.stopped && (room <= 0 || i+1 < room) {
			return 0 // it would read what is shown to this walk only, or what is further out isn't known
		}
		return i + 1
	}
	return 0
}

// outcome is how a walk ends that has found so many frames.
func (tr *trail) outcome(known, room int) outcome {
	if room <= 0 || known < room {
		return tr.end
	}
	last := &tr.entries[known-room].state // the walk stops here, before it comes to the end
	return outcome{err: unwind.Failure{Reason: unwind.NoRoom, Addr: last.pc}, unreliable: last.unreliable}
}

// arrive notes the frame that the walk has come to. The innermost ones, of an exception that is shown to this walk
// only, can't be of use to another.
func (tr *trail) arrive(st *state) {
	if len(tr.pending) == 0 && (tr.shows(st.fp) || tr.shows(st.regs)) {
		return
	}
	tr.settle(st.task)
	tr.pending = append(tr.pending, entry{state: *st, own: emptyExtent, read: len(tr.read)})
}

// shows reports whether an address is in what is shown to this walk only.
func (tr *trail) shows(addr uint64) bool { return addr-tr.low < tr.high-tr.low }

// settle enters what was read since the last frame.
func (tr *trail) settle(task *unwind.Task) {
	addrs, shown := tr.mem.Seen()
	if len(tr.pending) == 0 {
		return // to come to the innermost frame
	}
	e := &tr.pending[len(tr.pending)-1]
	e.shown = shown
	for _, addr := range addrs {
		if onStack(task, addr) {
			e.own.add(addr, addr+8)
		} else {
			tr.read = append(tr.read, addr)
		}
	}
}

func onStack(task *unwind.Task, addr uint64) bool {
	for i := range task.Stacks {
		if s := &task.Stacks[i]; addr >= s.Low && addr < s.High {
			return true
		}
	}
	return false
}

// finish remembers a walk of which the outermost frames are known.
func (tr *trail) finish(task *unwind.Task, t *unwind.Trace, known int, end outcome) {
	tr.settle(task)
	if known == 0 && !t.Reliable && len(tr.pending) <= len(tr.entries) {
		tr.kept = len(tr.entries) // what is remembered is worth more than a walk that ended early
		return
	}
	tr.cut(known)
	tr.kept = known
	if len(t.Warnings) > 0 {
		return // they are about the frames that were walked, and would not be repeated
	}
	if known == 0 {
		tr.end = end
		tr.end.stopped = end.err.Reason == unwind.NoRoom
	}
	last := len(tr.read)
	for i := len(tr.pending) - 1; i >= 0; i-- {
		e := &tr.pending[i]
		if e.shown {
			return
		}
		tr.push(e, tr.read[e.read:last])
		last = e.read
	}
}

// push remembers a frame that leads to the innermost one that is remembered. words are those off the stacks that the
// step has read.
func (tr *trail) push(e *entry, words []uint64) {
	e.all = e.own
	outer := &tr.running
	if n := len(tr.entries); n > 0 {
		outer = tr.entries[n-1]
		e.all.add(outer.all.low, outer.all.high)
	} else if !tr.current {
		outer = &tr.switchedOut
	}
	for _, addr := range words {
		if len(tr.words) == 0 {
			tr.bounds = emptyExtent
		}
		tr.bounds.add(addr, addr+8)
		tr.words = append(tr.words, readWord{addr, len(tr.entries)})
	}
	tr.entries = append(tr.entries, tr.suffix(outer, e, words, &tr.end))
}

// cut forgets all but the n outermost entries.
func (tr *trail) cut(n int) {
	tr.entries = tr.entries[:n]
	for len(tr.words) > 0 && tr.words[len(tr.words)-1].entry >= n {
		tr.words = tr.words[:len(tr.words)-1]
	}
}

func (tr *trail) forget() { tr.cut(0) }

// wrote forgets what has read the bytes [low, high).
func (tr *trail) wrote(low, high uint64) {
	keep := len(tr.entries)
	for i := keep - 1; i >= 0 && tr.entries[i].all.meets(low, high); i-- {
		if tr.entries[i].own.meets(low, high) {
			keep = i
		}
	}
	if len(tr.words) > 0 && tr.bounds.meets(low, high) {
		for _, w := range tr.words {
			if low < w.addr+8 && high > w.addr {
				keep = min(keep, w.entry)
				break
			}
		}
	}
	if keep < len(tr.entries) {
		tr.cut(keep)
	}
}

// Resume implements [unwind.Resumer].
func (w *Walker) Resume(task *unwind.Task, t *unwind.Trace) (known, kept int) {
	mem, ok := task.Mem.(unwind.Witness)
	w.known, w.joint = 0, unwind.Joint{}
	if !ok {
		w.trail.forget()
		w.Walk(task, t)
		return 0, 0
	}
	if low, high := mem.Shown(); w.profile.AtException == Refuse && low < high { // it will end there, after two frames
		w.Walk(task, t)
		if t.Reliable {
			w.trail.forget()
		}
		return 0, len(w.trail.entries)
	}
	w.trail.begin(task, mem)
	w.known = w.walk(task, t, &w.trail)
	if w.known > 0 {
		w.joint = unwind.Joint{Depth: w.known - 1, Name: w.trail.entries[w.known-1].name}
	}
	if w.known+len(t.Frames) > unwind.MaxFrames {
		panic("kunwind: a walk that doesn't end")
	}
	if room := w.profile.Room; room > 0 && w.known+len(t.Frames) >= room { // the outermost ones are not among them
		w.Complete(t)
		t.Frames = t.Frames[:room]
	}
	return w.known, w.trail.kept
}

// Complete implements [unwind.Resumer].
func (w *Walker) Complete(t *unwind.Trace) {
	for i := w.known - 1; i >= 0; i-- {
		st := &w.trail.entries[i].state
		t.Add(unwind.Frame{PC: st.pc, Source: st.source, Flags: st.flags})
	}
	w.known = 0
}

// Joint implements [unwind.Resumer].
func (w *Walker) Joint() unwind.Joint { return w.joint }

// Holds implements [unwind.Resumer].
func (w *Walker) Holds(j unwind.Joint) bool {
	return j.Depth < len(w.trail.entries) && w.trail.entries[j.Depth].name == j.Name
}

// Wrote implements [unwind.Resumer].
func (w *Walker) Wrote(addr, size uint64) { w.trail.wrote(addr, addr+size) }

// Forget implements [unwind.Resumer].
func (w *Walker) Forget() { w.trail.forget() }
