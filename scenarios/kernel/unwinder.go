// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// What the kernel's unwinder needs in addition to the interrupted task's memory, and to stacks.
const (
	otherTask = 0xffff000010020000 // the current task while a blocked one is walked
	walkData  = 0xffff000010030000 // where frames are noted: a pointer to the next, then the frames
	maxFrames = guest.PageSize/8 - 1
	walkLimit = 1 << 16 // instructions of a walk that has run away
	walkLoads = 1 << 13 // loads of a walk that are noted
)

// native is the unwinder of the kernel that is being swept: it executes the image's arch_stack_walk_reliable or its
// arch_stack_walk in a machine of its own.
//
// Before each walk the memory that an unwinder may read is made equal to what the walk's task shows, an exception's
// pt_regs included. The walk then starts as if the function had been called from where the task stands: return
// address and X29 are all that it takes from its caller. What it changes is undone.
//
// arch_stack_walk makes no claim and returns nothing: its traces are all called reliable, taken at their word as a
// consumer has to.
type native struct {
	name     string
	machine  *emu.Machine
	preMeta  bool   // the kernel's exception frames hold an ordinary record
	reliable bool   // the function that is executed says whether the trace is
	entry    uint64 // of that function
	consume  uint64 // the function that it hands frames to

	savedFP, savedPC uint64 // where a blocked task's are, as offsets in struct task_struct

	mirror []mirrored
	shown  []byte // for the task's bytes of one of them
	buffer []byte
	recall recall
	always bool     // every walk is executed
	read   []uint64 // what the last walk has read of mirror, each word once

	symbols     *image.Symbols
	top         uint64 // of the stack that it runs on
	shadowCalls uint64 // X18: the shadow call stack that it runs on, 0 if the kernel has none
}

// mirrored is a range of the interrupted memory with the bytes that the machine has there, whole words of it.
type mirrored struct {
	unwind.Range
	bytes []byte
}

func newNative(k *Kernel, run *scenarios.Run, reliable bool) (unwind.Walker, error) {
	l := k.layout()
	w := &native{
		name:     "image-walk",
		preMeta:  !k.meta,
		reliable: reliable && k.reliable,
		entry:    l.Symbol("arch_stack_walk"),
		consume:  l.Symbol("stub_consume"),
		top:      k.stackAt(walkStack) + k.stackSize,
		savedFP:  l.saved("fp"),
		savedPC:  l.saved("pc"),
		buffer:   make([]byte, 8*(maxFrames+1)),
		symbols:  k.image.Symbols,
	}
	if reliable {
		w.name = "image"
	}
	if w.reliable {
		w.entry = l.Symbol("arch_stack_walk_reliable")
	}
	m := &guest.Memory{}
	m.Add(run.Config.Regions...)
	taskSize := l.taskSize()
	preempt := l.Offset("task_struct", "thread_info.preempt_count")
	if l.Err() != nil {
		return nil, l.Err()
	}
	m.Map("walk stack", k.stackAt(walkStack), k.stackSize)
	m.Map("other task", otherTask, taskSize)
	if l.hasShadowCalls() {
		w.shadowCalls = k.shadowCallsAt(walkStack)
		m.Map("walk shadow call stack", w.shadowCalls, shadowCallSize)
	}
	m.Map("walk data", walkData, guest.PageSize)
	m.SetWord(otherTask+preempt, guest.PreemptOn)
	config := run.Config
	config.Regions, config.Vectors, config.SPEL0 = m.Regions(), 0, run.Task.Struct
	config.Loads = walkLoads
	config.Regions = k.shadow.Fill(config.Regions)
	var err error
	if w.machine, err = emu.New(config); err != nil {
		return nil, err
	}
	for _, r := range run.Readable {
		have := make([]byte, 8*(r.End/8-r.Start/8))
		if err = w.machine.Read(r.Start, have); err != nil {
			w.machine.Close()
			return nil, err
		}
		w.mirror = append(w.mirror, mirrored{r, have})
		w.shown = append(w.shown, make([]byte, max(0, len(have)-len(w.shown)))...)
	}
	runtime.AddCleanup(w, (*emu.Machine).Close, w.machine)
	return w, nil
}

// Name implements [unwind.Walker].
func (w *native) Name() string { return w.name }

// PreMetadata implements [unwind.EarlyWalker].
func (w *native) PreMetadata() bool { return w.preMeta }

// Claims implements [unwind.Claimer].
func (w *native) Claims() bool { return w.reliable }

// Recall implements [unwind.Recaller].
func (w *native) Recall(may bool) {
	w.always = !may
	w.recall = recall{}
}

// Walk implements [unwind.Walker].
func (w *native) Walk(task *unwind.Task, t *unwind.Trace) {
	t.Reset()
	if known := w.recall.find(task); known != nil {
		t.Frames, t.Warnings = append(t.Frames, known.Frames...), append(t.Warnings, known.Warnings...)
		t.Reliable, t.Failure = known.Reliable, known.Failure
		return
	}
	err := w.show(task)
	if err == nil {
		w.machine.Loads()
		err = w.machine.Fork(func() error { return w.walk(task, t) })
	}
	if !w.always && err == nil && w.noteRead() {
		w.recall.remember(task, w.read, t)
	}
	if err != nil {
		t.Reliable = false
		t.Failure = unwind.Failure{Reason: unwind.NotRun, Detail: w.explain(err)}
	}
}

// noteRead notes what a walk has read of the task's memory; all else is the same for every walk. It reports whether it
// knows all of it.
func (w *native) noteRead() (all bool) {
	loads, all := w.machine.Loads()
	w.read = w.read[:0]
	for _, addr := range loads {
		isMirrored := slices.ContainsFunc(w.mirror, func(r mirrored) bool { return r.Contains(addr) })
		if isMirrored && !slices.Contains(w.read, addr) {
			w.read = append(w.read, addr)
		}
	}
	return all
}

// explain says where the unwinder was when the machine gave up.
func (w *native) explain(err error) string {
	var failed *emu.RunError
	if !errors.As(err, &failed) {
		return err.Error()
	}
	return fmt.Sprintf("at %s: %v", w.symbols.Name(failed.PC), err)
}

// show makes the machine's memory equal to the task's.
func (w *native) show(task *unwind.Task) error {
	const block = 256 // most blocks are equal
	for i := range w.mirror {
		r := &w.mirror[i]
		shown := w.shown[:len(r.bytes)]
		if !unwind.ReadBlock(task.Mem, r.Start, shown) {
			return fmt.Errorf("the task's memory from %#x on can't be read", r.Start)
		}
		for at := 0; at < len(shown); at += block {
			end := min(at+block, len(shown))
			if bytes.Equal(shown[at:end], r.bytes[at:end]) {
				continue
			}
			if err := w.machine.Write(r.Start+uint64(at), shown[at:end]); err != nil {
				return err
			}
			copy(r.bytes[at:end], shown[at:end])
		}
	}
	return nil
}

// walk calls the kernel's unwinder.
func (w *native) walk(task *unwind.Task, t *unwind.Trace) error {
	m := w.machine
	if err := m.PutWord(walkData, walkData+8); err != nil {
		return err
	}
	if !task.Start.Current() {
		err := errors.Join(
			m.PutWord(task.Struct+w.savedFP, task.Start.FP), m.PutWord(task.Struct+w.savedPC, task.Start.PC),
			m.SetSysReg(emu.SP_EL0, otherTask))
		if err != nil {
			return err
		}
	}
	r := emu.Regs{PC: w.entry, SP: w.top, PState: emu.ModeEL1h | emu.PStateDAIF}
	r.X[0], r.X[1], r.X[2], r.X[3] = w.consume, walkData, task.Struct, 0
	r.X[18] = w.shadowCalls
	r.X[29], r.X[30] = task.Start.FP, task.Start.PC
	if err := m.SetRegs(r); err != nil {
		return err
	}
	if err := w.execute(task.Start.PC, t); err != nil {
		return err
	}
	return w.collect(t)
}

// execute runs until the unwinder returns, and goes on where it would print a WARN.
func (w *native) execute(until uint64, t *unwind.Trace) error {
	for range walkLimit {
		err := w.machine.Run(until, walkLimit)
		if err == nil {
			// The unwinder may itself be what is walked: then it comes by there, deeper in the stack.
			r, err := w.machine.Regs()
			if err != nil || r.SP == w.top {
				return err
			}
			if err := w.machine.Advance(1); err != nil {
				return err
			}
			continue
		}
		var failed *emu.RunError
		if !errors.As(err, &failed) || failed.Word != arm64.BRKBug {
			return err
		}
		t.Warn(unwind.ForeignFailure, failed.PC)
		r, err := w.machine.Regs()
		if err != nil {
			return err
		}
		r.PC += 4
		if err := w.machine.SetRegs(r); err != nil {
			return err
		}
	}
	return fmt.Errorf("the unwinder goes round at %#x", until)
}

// collect reads what the consumer has noted, and what the unwinder has returned.
func (w *native) collect(t *unwind.Trace) error {
	end, err := w.machine.Word(walkData)
	if err != nil {
		return err
	}
	n := (end - walkData - 8) / 8
	if n > maxFrames {
		return fmt.Errorf("the unwinder reported %d frames", n)
	}
	frames := w.buffer[:8*n]
	if err := w.machine.Read(walkData+8, frames); err != nil {
		return err
	}
	for i := range n {
		t.Add(unwind.Frame{PC: binary.LittleEndian.Uint64(frames[8*i:]), Source: unwind.FromForeign})
	}
	r, err := w.machine.Regs()
	if err != nil {
		return err
	}
	switch result := int32(r.X[0]); {
	case !w.reliable || result == 0:
		t.Reliable = true
	default:
		t.Failure = unwind.Failure{Reason: unwind.ForeignFailure,
			Detail: fmt.Sprintf("arch_stack_walk_reliable returned %d", result)}
	}
	return nil
}

// Close releases the machine.
func (w *native) Close() error {
	w.machine.Close()
	return nil
}
