// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stacksweep/emu"
	"stacksweep/internal/arm64"
)

// Record single-steps the CPU that stopped, with interrupts held back, and records every step, with all registers: a
// recording in mode emu.Full. It is complete before the instruction at Until, or before one that leads to user mode.
//
// If it can't be completed it returns the error and what there is until then, with Partial set; nothing if there is not
// even one step.
func (t *Target) Record(ctx context.Context, o RecordOptions) (*Result, error) {
	defer t.conn.guard(ctx)()
	r := &recorder{target: t, o: o, code: newCode(t), started: time.Now()}
	if r.o.Limit <= 0 {
		r.o.Limit = emu.DefaultLimit
	}
	err := r.begin()
	if err == nil {
		err = r.run(ctx)
	}
	return r.result(orCancelled(ctx, err))
}

// recorder is a recording under way.
type recorder struct {
	target  *Target
	o       RecordOptions
	code    *code
	memory  *replica
	started time.Time

	start emu.Regs
	now   emu.Regs // before step n
	n     int

	letIn     bool // interrupts are let in
	linked    bool // X30 holds a result, and no call, return or load has come since
	discovery []Watch
	requests  []string
	log       chunkLog
	out       Result
}

func (r *recorder) begin() (err error) {
	t := r.target
	if r.now, err = t.Regs(); err != nil {
		return err
	}
	r.start = r.now
	if r.now.PState&emu.PStateMode != emu.ModeEL1h {
		if r.now.PState&0xf == 0 {
			return fmt.Errorf("%w at %#x", ErrUser, r.now.PC)
		}
		return fmt.Errorf("%w: PSTATE.M is %#x where EL1h, %#x, is wanted", ErrArchitecture,
			r.now.PState&emu.PStateMode, emu.ModeEL1h)
	}
	if err := t.Interrupts(false); err != nil {
		return err
	}
	r.memory, err = newReplica(t, r.o.Watch)
	return err
}

// run records until the end.
func (r *recorder) run(ctx context.Context) error {
	for r.now.PC != r.o.Until {
		if r.n >= r.o.Limit {
			return fmt.Errorf("%w: the limit of %d is reached at %#x", ErrLimit, r.o.Limit, r.now.PC)
		}
		if err := r.step(ctx); err != nil {
			return err
		}
		if r.out.InUser {
			break
		}
		if r.n%512 == 0 && r.o.Progress != nil {
			r.progress()
		}
	}
	if r.o.Others { // they have gone on, and what they have done isn't seen
		return nil
	}
	return r.memory.verify(r.target)
}

// interrupts reports whether interrupts are to be let in at the next step.
func (r *recorder) interrupts() bool {
	if r.o.Interrupt == nil {
		return false
	}
	if len(r.out.Taken) > 0 && r.letIn {
		r.o.Interrupt = nil
		return false
	}
	return r.letIn || r.o.Interrupt(r.n, &r.now)
}

// settle logs the step, now that the registers after it are known, and makes the next step the current one.
func (r *recorder) settle(parts []part, next *emu.Regs) error {
	word, err := r.code.word(r.now.PC)
	if err != nil {
		return err
	}
	kind, isTransfer := transferOf(word)
	exception := r.entered(next.PC)
	if to, known := successors(word, r.now.PC); known && !exception && next.PC != to[0] && next.PC != to[1] {
		return fmt.Errorf("%w: the instruction %#08x at %#x has led to %#x", ErrNoStep, word, r.now.PC, next.PC)
	}
	if exception {
		kind, isTransfer = emu.Exception, true
		r.out.Taken = append(r.out.Taken, r.n)
	}
	if kind, isTransfer = r.follow(word, kind, isTransfer, next); kind == emu.Return || kind == emu.Call ||
		kind == emu.Exception {
		r.linked = false
	}
	r.log.step(&r.now)
	for i := range parts {
		parts[i].compare = parts[i].compare || exception // it may not have been executed
	}
	r.memory.store(r.log.at(), parts, r.stores)
	if isTransfer {
		r.log.transfer(kind, next)
	}
	r.now = *next
	r.n++
	return r.discover()
}

// follow finds what only the step before, or the step after, makes a transfer: results in X30, and branches that are
// taken while there is one.
func (r *recorder) follow(word uint32, kind emu.TransferKind, isTransfer bool,
	next *emu.Regs) (emu.TransferKind, bool) {
	switch {
	case isTransfer:
	case computesLR(word):
		r.linked = true
		return emu.Link, true
	case next.X[30] != r.now.X[30] || loadsLR(word) || signsLR(word):
		r.linked = false
	case r.linked && next.PC != r.now.PC+4:
		return emu.Jump, true
	}
	return kind, isTransfer
}

// stores logs a store.
func (r *recorder) stores(s emu.Store) {
	r.log.store(s)
	if r.o.Discover != nil {
		r.discovery = append(r.discovery, r.o.Discover(&s)...)
	}
}

// discover begins to watch more.
func (r *recorder) discover() error {
	for _, w := range r.discovery {
		if err := r.memory.add(r.target, w); err != nil {
			return err
		}
	}
	r.discovery = r.discovery[:0]
	return nil
}

// entered reports whether an instruction has gone to the exception vectors, which only an exception does.
func (r *recorder) entered(to uint64) bool {
	const size, entry = 0x800, 0x80
	return r.o.Vectors != 0 && to-r.o.Vectors < size && (to-r.o.Vectors)%entry == 0
}

// mayStay reports whether an instruction may leave all registers as they are, PC too: a branch to itself, a WFI or WFE.
func mayStay(word uint32) bool { return word == arm64.B || word == arm64.WFI || word == arm64.WFE }

func (r *recorder) progress() {
	elapsed := time.Since(r.started)
	r.o.Progress(Progress{r.n, elapsed, elapsed * time.Duration(r.o.Limit-r.n) / time.Duration(r.n)})
}

// result is what there is.
func (r *recorder) result(err error) (*Result, error) {
	if r.n == 0 || r.memory == nil {
		return nil, err
	}
	var failed error
	r.out.Recording, failed = emu.NewRecording(emu.Full, r.start, r.now, r.memory.initial, r.log.finish())
	if failed != nil {
		return nil, fmt.Errorf("%w (%w)", err, failed)
	}
	r.out.Code, r.out.Watch, r.out.Partial = r.code.all(), r.memory.watches, err
	if errors.Is(err, context.Canceled) {
		r.out.Partial = errInterrupted
	}
	r.out.Elapsed = time.Since(r.started)
	return &r.out, err
}
