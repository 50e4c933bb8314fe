// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"stacksweep/emu"
)

// stopped reads a stop reply. It remembers which CPU stopped.
func (t *Target) stopped(request string, answer []byte) (signal byte, err error) {
	if err := refusal(request, answer); err != nil {
		return 0, err
	}
	if len(answer) < 3 {
		return 0, nonsense(request, answer)
	}
	high, low := hexDigit(answer[1]), hexDigit(answer[2])
	if high < 0 || low < 0 {
		return 0, nonsense(request, answer)
	}
	switch answer[0] {
	case 'W', 'X':
		return 0, fmt.Errorf("%w: it has ended", ErrGone)
	case 'S', 'T':
	default:
		return 0, nonsense(request, answer)
	}
	if answer[0] == 'T' {
		for field := range strings.SplitSeq(string(answer[3:]), ";") {
			if id, ok := strings.CutPrefix(field, "thread:"); ok {
				t.thread = id
			}
		}
	}
	return byte(high<<4 | low), nil
}

// await receives the stop reply to a request, without what the target prints until then.
func (t *Target) await(request string, wait time.Duration) (signal byte, err error) {
	for {
		answer, err := t.conn.receive(wait)
		if err != nil {
			return 0, err
		}
		if len(answer) > 0 && answer[0] == 'O' && string(answer) != "OK" {
			continue
		}
		return t.stopped(request, answer)
	}
}

// stepRequest is the packet that steps the CPU that stopped. The others stand still, or run until it has.
func (t *Target) stepRequest(others bool) string {
	if !t.threads || t.thread == "" {
		return "s"
	}
	if others {
		return "vCont;s:" + t.thread + ";c"
	}
	return "vCont;s:" + t.thread
}

// Step executes one instruction of the CPU that stopped.
func (t *Target) Step(ctx context.Context) error {
	defer t.conn.guard(ctx)()
	request := t.stepRequest(false)
	if err := t.conn.send(request); err != nil {
		return orCancelled(ctx, err)
	}
	_, err := t.await(request, t.conn.timeout)
	return orCancelled(ctx, err)
}

// leave steps the CPU that stopped off a breakpoint that it stands at, where a stub would stop it at once again.
func (t *Target) leave(ctx context.Context) error {
	if len(t.breaks) == 0 {
		return nil
	}
	r, err := t.Regs()
	if err != nil || !t.breaks[r.PC] {
		return err
	}
	if err := t.Unbreak(r.PC); err != nil {
		return err
	}
	if err := t.Step(ctx); err != nil {
		return err
	}
	return t.Break(r.PC)
}

// Continue lets all CPUs run until one of them arrives at a breakpoint. It fails with ErrTimeout when that takes too
// long; the target then runs on, and can only be closed.
func (t *Target) Continue(ctx context.Context, wait time.Duration) error {
	defer t.conn.guard(ctx)()
	if err := t.leave(ctx); err != nil {
		return orCancelled(ctx, err)
	}
	request := "c"
	if t.threads {
		request = "vCont;c"
	}
	if err := t.conn.send(request); err != nil {
		return orCancelled(ctx, err)
	}
	t.running = true
	_, err := t.await(request, wait)
	t.running = errors.Is(err, ErrTimeout)
	return orCancelled(ctx, err)
}

// Break sets a hardware breakpoint, which the target's memory doesn't show.
func (t *Target) Break(addr uint64) error {
	err := t.conn.order(fmt.Sprintf("Z1,%x,4", addr))
	if err == nil {
		t.breaks[addr] = true
	}
	return err
}

// Unbreak takes a breakpoint away.
func (t *Target) Unbreak(addr uint64) error {
	delete(t.breaks, addr)
	return t.conn.order(fmt.Sprintf("z1,%x,4", addr))
}

// RunTo lets the target run until a CPU arrives at an address with registers that are wanted; nil: any. A CPU that
// stands there already leaves it first.
func (t *Target) RunTo(ctx context.Context, addr uint64, wait time.Duration,
	wanted func(*emu.Regs) bool) (emu.Regs, error) {
	if err := t.Break(addr); err != nil {
		return emu.Regs{}, err
	}
	r, err := t.runTo(ctx, addr, wait, wanted)
	if err != nil && !isRefusal(err) {
		return r, err
	}
	return r, errors.Join(err, t.Unbreak(addr))
}

func (t *Target) runTo(ctx context.Context, addr uint64, wait time.Duration,
	wanted func(*emu.Regs) bool) (r emu.Regs, err error) {
	deadline := time.Now().Add(wait)
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return r, fmt.Errorf("%w: nothing that is waited for has come by %#x", ErrTimeout, addr)
		}
		if err := t.Continue(ctx, left); err != nil {
			if errors.Is(err, ErrTimeout) {
				err = fmt.Errorf("%w: nothing has come by %#x within %v", ErrTimeout, addr, wait)
			}
			return r, err
		}
		if r, err = t.Regs(); err != nil {
			return r, err
		}
		if r.PC == addr && (wanted == nil || wanted(&r)) {
			return r, nil
		}
	}
}

// isRefusal reports whether the stub is still there after an error.
func isRefusal(err error) bool {
	var refused *stubError
	return errors.As(err, &refused)
}

// A Call is a function of the target's that is called while it is stopped.
type Call struct {
	Function uint64
	Args     []uint64 // at most 8
	Return   uint64   // where it returns to: an address at which nothing happens but the breakpoint's stop
	SP       uint64   // a multiple of 16, on memory that nothing needs
	Wait     time.Duration
}

// Do calls the function on the CPU that stopped, with interrupts masked, and returns X0. Registers are afterwards what
// they were before. Memory is what the function has made of it.
func (t *Target) Do(ctx context.Context, c Call) (result uint64, err error) {
	before, err := t.Regs()
	if err != nil {
		return 0, err
	}
	r := before
	copy(r.X[:8], c.Args)
	r.X[30], r.SP, r.PC = c.Return, c.SP, c.Function
	r.PState |= emu.PStateDAIF
	if err := t.SetRegs(r); err != nil {
		return 0, err
	}
	thread := t.thread
	after, err := t.RunTo(ctx, c.Return, c.Wait, func(r *emu.Regs) bool { return r.SP == c.SP && t.thread == thread })
	if err != nil {
		return 0, err
	}
	return after.X[0], t.SetRegs(before)
}
