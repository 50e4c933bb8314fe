// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"context"
	"fmt"

	"stacksweep/emu"
)

// step lets the target execute an instruction, and logs it.
func (r *recorder) step(ctx context.Context) error {
	t := r.target
	if r.o.Gap != nil && r.now.PC == r.o.Gap.From {
		return r.gap(ctx)
	}
	parts, err := r.stored()
	if err != nil {
		return err
	}
	if r.o.Change != nil {
		for _, w := range r.o.Change(r.n, &r.now) {
			if err := t.Write(w.Addr, w.Data); err != nil {
				return err
			}
			parts = append(parts, r.memory.parts(span{w.Addr, 1, len(w.Data), true})...)
		}
	}
	if wanted := r.interrupts(); wanted != r.letIn {
		if err := t.Interrupts(wanted); err != nil {
			return err
		}
		r.letIn = wanted
	}
	next, err := r.execute(parts)
	if err != nil {
		return err
	}
	if next.PState&0xf == 0 { // it was an ERET to user mode
		r.out.InUser = true
		return nil
	}
	return r.settle(parts, &next)
}

// stubborn is how often a step that does nothing is asked for again: QEMU answers some before it has done anything.
const stubborn = 8

// execute lets the target execute an instruction, and reads what came of it.
func (r *recorder) execute(parts []part) (next emu.Regs, err error) {
	t := r.target
	word, err := r.code.word(r.now.PC)
	if err != nil {
		return next, err
	}
	request := t.stepRequest(r.o.Others)
	for range stubborn {
		// Nothing is sent together with the step: the more often is it answered too early.
		if err := t.conn.send(request); err != nil {
			return next, err
		}
		if _, err := t.await(request, t.conn.timeout); err != nil {
			return next, err
		}
		if next, err = r.ask(parts); err != nil || next != r.now || mayStay(word) {
			return next, err
		}
	}
	return next, fmt.Errorf("%w: the instruction %#08x at %#x leaves the target where it is", ErrNoStep, word, r.now.PC)
}

// stored names the watched memory that the step may have stored to.
func (r *recorder) stored() ([]part, error) {
	word, err := r.code.word(r.now.PC)
	if err != nil {
		return nil, err
	}
	const zeroBlocks = 2048 // the largest that DC ZVA may clear
	span, ok := storesOf(word, &r.now, zeroBlocks)
	if !ok {
		return r.memory.everything(), nil
	}
	if span.bytes() == zeroBlocks {
		span.maybe = true
	}
	return r.memory.parts(span), nil
}

// ask reads memory and registers in one go.
func (r *recorder) ask(parts []part) (next emu.Regs, err error) {
	t := r.target
	r.requests = r.requests[:0]
	for _, p := range parts {
		for at := 0; at < len(p.data); at += t.packet {
			r.requests = append(r.requests, readRequest(p.addr+uint64(at), min(t.packet, len(p.data)-at)))
		}
	}
	if err := t.conn.send(append(r.requests, "g")...); err != nil {
		return next, err
	}
	for _, p := range parts {
		for at := 0; at < len(p.data); at += t.packet {
			if err := t.receiveMemory(p.data[at:min(at+t.packet, len(p.data))]); err != nil {
				return next, err
			}
		}
	}
	answer, err := t.conn.receive(t.conn.timeout)
	if err != nil {
		return next, err
	}
	if err := refusal("g", answer); err != nil {
		return next, err
	}
	return parseRegs(answer)
}
