// SPDX-License-Identifier: GPL-2.0-only

package flow

import "slices"

// An Interpreter interprets the functions of one image, perhaps several times: tables may disagree about where its
// functions begin and end. It remembers what it found of a function, and what of the rest of the program that depended
// on: whether the functions that it calls return, and whether what it jumps to is a function or a part of one. Where
// that is the same in another program, the function isn't interpreted again.
type Interpreter struct {
	code  func(start, end uint64) []byte
	known *Facts
	jobs  int
	found map[uint64]remembered // by start
}

type remembered struct {
	r Range
	f *Function
}

// NewInterpreter makes an Interpreter that works in so many goroutines, each of which calls code and what is in known;
// these are what [Program] takes. What it finds doesn't depend on how many there are.
func NewInterpreter(code func(start, end uint64) []byte, known *Facts, jobs int) *Interpreter {
	return &Interpreter{code: code, known: known, jobs: jobs, found: map[uint64]remembered{}}
}

// Program does what the function [Program] does. What it returns may be returned again: it must not be changed.
func (in *Interpreter) Program(ranges []Range) []*Function {
	p := newProgram(in, ranges)
	p.guessReturns()
	var list []int
	for i := range ranges {
		if f := in.recall(&ranges[i]); f != nil && p.sameAnswers(f.answers) {
			p.functions[i] = f
		} else {
			list = append(list, i)
		}
	}
	p.interpret(list)
	p.settleReturns()
	p.settleParts()
	for i, f := range p.functions {
		if len(p.seeds[i]) == 0 {
			in.found[ranges[i].Start] = remembered{ranges[i], f}
		}
	}
	return p.functions
}

// recall returns what was found last of the same range, or nil.
func (in *Interpreter) recall(r *Range) *Function {
	old, ok := in.found[r.Start]
	if !ok || old.r.End != r.End || old.r.Part != r.Part || old.r.Pushed != r.Pushed ||
		!slices.Equal(old.r.Entries, r.Entries) {
		return nil
	}
	return old.f
}

// An answer is all that a function is told of an address outside it that a branch or call of its leads to.
type answer struct {
	target                  uint64
	returns, inPart, starts bool
}

func (p *program) answer(target uint64) answer {
	return answer{target, p.returns(target), p.inPart(target), p.isStart(target)}
}

func (p *program) answers(targets []uint64) []answer {
	if len(targets) == 0 {
		return nil
	}
	list := make([]answer, len(targets))
	for i, t := range targets {
		list[i] = p.answer(t)
	}
	return list
}

// sameAnswers reports whether a function would be told the same in this program.
func (p *program) sameAnswers(list []answer) bool {
	return !slices.ContainsFunc(list, func(a answer) bool { return a != p.answer(a.target) })
}
