// SPDX-License-Identifier: GPL-2.0-only

package live

import (
	"context"
	"encoding/binary"
	"fmt"

	"stacksweep/emu"
	"stacksweep/emu/remote"
	"stacksweep/scenarios/kernel"
)

// A Plan is what is to be recorded of a kernel that has been told what to trace.
type Plan struct {
	SystemCall uint64
	Limit      int
	// Due makes a reschedule due as soon as the run has arrived at the address, once: as if another task had been
	// woken.
	Due uint64
	// Interrupt lets interrupts in from the first arrival at the address on, until one was taken.
	Interrupt uint64

	Progress func(remote.Progress)
}

// A Record is what came of a plan.
type Record struct {
	*remote.Result
	Task  kernel.LiveTask
	Walks []Walk
}

// A Walk is one by the kernel itself, of the recorded task while it was switched out: called in the stopped machine.
type Walk struct {
	Step   int      // of the recording, at which the task had called the context switch
	Error  int64    // negative: it refuses
	Frames []uint64 // innermost first
}

// Run carries a plan out.
func (s *Session) Run(ctx context.Context, p Plan) (*Record, error) {
	task, err := s.systemCall(ctx, p.SystemCall)
	if err != nil {
		return nil, err
	}
	rec := &Record{Task: task}
	armed := false
	o := remote.RecordOptions{
		Watch: s.watch(&task), Discover: s.instances(&rec.Task),
		Until: s.layout.EntryCall + 4, Limit: p.Limit, Vectors: s.layout.Vectors,
		Others: s.cpus > 1, Progress: p.Progress,
		Gap: &remote.Gap{
			From: s.layout.SwitchTo, To: s.layout.SwitchToRet, Wait: s.wait,
			Away: func(ctx context.Context, step int, at *emu.Regs) error {
				w, err := s.walk(ctx, &task, at)
				if err != nil {
					return fmt.Errorf("the kernel's own walk: %w", err)
				}
				if w != nil {
					w.Step = step
					rec.Walks = append(rec.Walks, *w)
				}
				return nil
			},
		},
	}
	if p.Interrupt != 0 {
		o.Interrupt = func(_ int, r *emu.Regs) bool {
			armed = armed || r.PC == p.Interrupt
			return armed
		}
	}
	if p.Due != 0 {
		o.Change = s.due(&task, p.Due)
	}
	rec.Result, err = s.Target.Record(ctx, o)
	if rec.Result == nil {
		return nil, err
	}
	return rec, err
}

// due makes a reschedule due at an address: the flag of the task, and its copy in the upper half of the preempt count,
// which is inverted (arch/arm64/include/asm/preempt.h).
func (s *Session) due(task *kernel.LiveTask, at uint64) func(int, *emu.Regs) []remote.Write {
	done := false
	return func(_ int, r *emu.Regs) []remote.Write {
		if done || r.PC != at {
			return nil
		}
		done = true
		const needResched = 1 << 1 // _TIF_NEED_RESCHED
		flags, err := s.Target.Word(task.Struct + s.layout.Flags)
		if err != nil {
			return nil // the recording itself is about to find out
		}
		return []remote.Write{
			{Addr: task.Struct + s.layout.Flags, Data: binary.LittleEndian.AppendUint64(nil, flags|needResched)},
			{Addr: task.Struct + s.layout.PreemptCount + 4, Data: []byte{0, 0, 0, 0}},
		}
	}
}

// walk lets the kernel say what it takes for the reliable stack of a task that doesn't run, on the stack of the one
// that does. It is nil if the kernel has no such function.
func (s *Session) walk(ctx context.Context, task *kernel.LiveTask, at *emu.Regs) (*Walk, error) {
	if s.layout.ReliableWalk == 0 {
		return nil, nil
	}
	const (
		frames = 64
		below  = 0x200  // SP, of the call
		buffer = 0x1400 // below SP
	)
	sp := (at.SP - below) &^ 15
	addr := (at.SP - buffer) &^ 15
	result, err := s.Target.Do(ctx, remote.Call{
		Function: s.layout.ReliableWalk, Args: []uint64{task.Struct, addr, frames}, Return: s.layout.SwitchToRet,
		SP: sp, Wait: s.wait,
	})
	if err != nil {
		return nil, err
	}
	n := int64(int32(result))
	w := &Walk{Error: n}
	if n < 0 {
		return w, nil
	}
	if n > frames {
		return nil, fmt.Errorf("it returned %d frames", n)
	}
	w.Error = 0
	p := make([]byte, 8*n)
	if err := s.Target.Read(addr, p); err != nil {
		return nil, err
	}
	for i := range n {
		w.Frames = append(w.Frames, binary.LittleEndian.Uint64(p[8*i:]))
	}
	return w, nil
}
