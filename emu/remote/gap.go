// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stacksweep/emu"
)

// gap leaves out what happens until the context that stands at Gap.From arrives at Gap.To.
func (r *recorder) gap(ctx context.Context) error {
	t := r.target
	r.out.Gaps = append(r.out.Gaps, r.n)
	next, err := r.leave(ctx, r.now.SP)
	if err != nil {
		return fmt.Errorf("the task that was switched out at step %d hasn't come back: %w", r.n, err)
	}
	parts := r.memory.everything()
	for _, p := range parts {
		if err := t.Read(p.addr, p.data); err != nil {
			return err
		}
	}
	r.log.step(&r.now)
	r.memory.store(r.log.at(), parts, r.stores)
	r.now = next
	r.n++
	return r.discover()
}

// leave lets the target run until a CPU arrives at Gap.To with a stack pointer.
func (r *recorder) leave(ctx context.Context, sp uint64) (at emu.Regs, err error) {
	t, g := r.target, r.o.Gap
	if err := t.Break(g.To); err != nil {
		return at, err
	}
	away := g.Away
	deadline := time.Now().Add(g.Wait)
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return at, ErrTimeout
		}
		if err := t.Continue(ctx, left); err != nil {
			return at, err
		}
		if at, err = t.Regs(); err != nil {
			return at, err
		}
		if at.PC != g.To {
			return at, fmt.Errorf("%w: it has stopped at %#x", ErrProtocol, at.PC)
		}
		if at.SP == sp {
			return at, t.Unbreak(g.To)
		}
		if away != nil {
			if err := errors.Join(t.Unbreak(g.To), away(ctx, r.n, &at), t.Break(g.To)); err != nil {
				return at, err
			}
			away = nil
		}
	}
}
