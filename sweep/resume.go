// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"fmt"

	"stacksweep/emu"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// A resumed walker goes on from its last walk, and its verdict from the last comparison.
type resumed struct {
	walker unwind.Resumer // nil: this walker can't
	trail  truth.Trail
}

// resumeWalks makes walkers that can do it resume their walks. The prober must from then on be told of all that is
// written to memory. whole asks for all frames of every trace; otherwise those of walks that are exact or refused may
// lack the outer ones.
func (p *Prober) resumeWalks(whole bool) {
	p.whole = whole
	p.resumed = make([]resumed, len(p.walkers))
	for w, walker := range p.walkers {
		p.resumed[w].walker, _ = walker.(unwind.Resumer)
	}
}

// recallNothing has walkers make every walk, even one that they know.
func (p *Prober) recallNothing() {
	for _, walker := range p.walkers {
		if w, ok := walker.(unwind.Recaller); ok {
			w.Recall(false)
		}
	}
}

// wrote tells the walkers of stores that were done, or taken back.
func (p *Prober) wrote(stores []emu.Store) {
	for i := range stores {
		s := &stores[i]
		if s.Old == s.New {
			continue // nothing has changed
		}
		for w := range p.resumed {
			if r := p.resumed[w].walker; r != nil {
				r.Wrote(s.Addr, uint64(s.Size))
			}
		}
	}
}

// forget is for memory of which it isn't known what has changed.
func (p *Prober) forget() {
	for w := range p.resumed {
		if r := p.resumed[w].walker; r != nil {
			r.Forget()
		}
		p.resumed[w].trail.Forget()
	}
}

// forgetTruth is for another truth about the same memory.
func (p *Prober) forgetTruth() {
	for w := range p.resumed {
		p.resumed[w].trail.Forget()
	}
}

// resume is Walk for a walker that resumes its walks.
func (p *Prober) resume(r *resumed) (v verdict.Verdict) {
	defer func() {
		if e := recover(); e != nil {
			r.walker.Forget()
			p.trace.Failure = unwind.Failure{Reason: unwind.ForeignFailure, Detail: fmt.Sprintf("panic: %v", e)}
			v = verdict.Fault
		}
	}()
	p.view.Begin()
	p.view.Watch()
	known, kept := r.walker.Resume(&p.task, &p.trace)
	if p.view.Outside() {
		r.walker.Complete(&p.trace)
		r.walker.Forget()
		return verdict.Fault
	}
	if !p.trace.Reliable {
		r.trail.Cut(kept)
		if p.whole {
			r.walker.Complete(&p.trace)
		}
		return verdictOf(&p.stack, &p.trace) // which doesn't depend on the frames
	}
	exact := p.stack.EqualFrom(p.trace.Frames, known, &r.trail)
	if !exact || p.whole {
		r.walker.Complete(&p.trace)
	}
	if exact || known > 0 && p.stack.EqualFrom(p.trace.Frames, 0, &r.trail) {
		return verdict.Exact
	}
	return verdictOf(&p.stack, &p.trace)
}
