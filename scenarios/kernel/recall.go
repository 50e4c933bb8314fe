// SPDX-License-Identifier: GPL-2.0-only

package kernel

import "stacksweep/unwind"

// A recall knows the traces of walks that were executed, by what they read. A walk is a program that is started with
// some registers: which word it reads first depends on them alone, and which one next on what it has read. A walk that
// starts the same and finds the same words therefore ends the same.
//
//	start ──► word at A? ── 0x10 ──► word at B? ── 0x7c ──► trace
//	                     └─ 0x20 ──► word at C? ── 0 ─────► trace
type recall struct {
	starts map[walkStartKey]*question
	asked  int // questions in all
}

// A walkStartKey is what the registers of a walk are made of.
type walkStartKey struct {
	start unwind.Start
	task  uint64
}

// A question is a word that the walk reads next, or that it reads no more.
type question struct {
	addr  uint64
	trace *unwind.Trace // at the end of the walk

	value uint64 // of the first answer
	next  *question
	more  map[uint64]*question // the other answers
}

// maxQuestions bounds what is remembered: some tens of megabytes. Beyond it everything is forgotten.
const maxQuestions = 1 << 18

// find returns the trace of a walk of a task, nil if there is none.
func (r *recall) find(task *unwind.Task) *unwind.Trace {
	q := r.starts[walkStartKey{task.Start, task.Struct}]
	for q != nil && q.trace == nil {
		word, ok := task.Mem.Word(q.addr)
		if !ok {
			return nil
		}
		q = q.answer(word)
	}
	if q == nil {
		return nil
	}
	return q.trace
}

// answer returns what is asked after an answer, nil if it has not been given yet.
func (q *question) answer(word uint64) *question {
	if q.next != nil && q.value == word {
		return q.next
	}
	return q.more[word]
}

// ask returns what is asked after an answer.
func (q *question) ask(word uint64) *question {
	after := q.answer(word)
	switch {
	case after != nil:
		return after
	case q.next == nil:
		q.value, q.next = word, &question{}
		return q.next
	case q.more == nil:
		q.more = map[uint64]*question{}
	}
	after = &question{}
	q.more[word] = after
	return after
}

// remember keeps the trace of a walk of a task that has read the words at addrs, in this order.
func (r *recall) remember(task *unwind.Task, addrs []uint64, t *unwind.Trace) {
	if r.starts == nil || r.asked > maxQuestions {
		*r = recall{starts: map[walkStartKey]*question{}}
	}
	key := walkStartKey{task.Start, task.Struct}
	q := r.starts[key]
	if q == nil {
		q = &question{}
		r.starts[key] = q
	}
	for _, addr := range addrs {
		word, ok := task.Mem.Word(addr)
		if !ok || q.trace != nil || q.next != nil && q.addr != addr {
			return // the walk didn't do as a program does
		}
		q.addr = addr
		q = q.ask(word)
		r.asked++
	}
	if q.next != nil {
		return
	}
	q.trace = &unwind.Trace{
		Frames: append([]unwind.Frame(nil), t.Frames...), Reliable: t.Reliable, Failure: t.Failure,
		Warnings: append([]unwind.Failure(nil), t.Warnings...),
	}
}
