// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"errors"
	"fmt"
	"math/bits"

	"stacksweep/emu"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// Livepatch executes live patching's own decision about a task: klp_check_and_switch_task of the image, which takes a
// reliable trace and looks for functions of a patch in it, or __klp_sched_try_switch, which __schedule calls for a task
// that is about to sleep. A patch of one function is on its way out, so that the function's address range is looked for
// as it is (klp_check_stack_func with klp_target_state KLP_TRANSITION_UNPATCHED).
//
// klp_check_and_switch_task is what klp_try_switch_task has executed under the task's runqueue lock (task_call_func);
// the lock and the decision that the task isn't running are left out.
type Livepatch struct {
	native *native

	check, sched         uint64 // functions
	transition, target   uint64 // klp_transition_patch, a pointer, and klp_target_state, an int
	objList, objNode     uint64 // list_heads of struct klp_patch and struct klp_object
	funcList, funcNode   uint64 // of struct klp_object and struct klp_func
	patched              uint64 // klp_object.patched, a bool
	newFunc, newSize     uint64 // of struct klp_func
	patchState, refs     uint64 // of struct task_struct; refs is its stack's
	flags                uint64 // thread_info.flags
	objectAt, functionAt uint64 // addresses of our structs
}

// States of a task (include/linux/livepatch.h, KLP_TRANSITION_*).
const (
	Unpatched = 0
	Patched   = 1
)

// A Decision is what became of a task.
type Decision struct {
	// Result is 0 or a negative errno: -EADDRINUSE if the function is on its stack, -EINVAL if its trace isn't
	// reliable. __klp_sched_try_switch returns nothing, so that it is 0 there.
	Result int32
	// State is the task's patch_state, which was Patched.
	State int32
	// Pending reports whether its TIF_PATCH_PENDING is still set.
	Pending bool
}

// NewLivepatch returns an error if the kernel has no live patching.
func NewLivepatch(k *Kernel, run *scenarios.Run) (*Livepatch, error) {
	w, err := newNative(k, run, true)
	if err != nil {
		return nil, err
	}
	l := k.layout()
	p := &Livepatch{
		native: w.(*native),
		check:  l.Symbol("klp_check_and_switch_task"), sched: l.Symbol("__klp_sched_try_switch"),
		transition: l.Symbol("klp_transition_patch"), target: l.Symbol("klp_target_state"),
		objList: l.Offset("klp_patch", "obj_list"), objNode: l.Offset("klp_object", "node"),
		funcList: l.Offset("klp_object", "func_list"), funcNode: l.Offset("klp_func", "node"),
		patched: l.Offset("klp_object", "patched"),
		newFunc: l.Offset("klp_func", "new_func"), newSize: l.Offset("klp_func", "new_size"),
		patchState: l.Offset("task_struct", "patch_state"), refs: l.Offset("task_struct", "stack_refcount"),
		flags: l.Offset("task_struct", "thread_info.flags"),
	}
	p.objectAt = walkData + align(l.Size("klp_patch"))
	p.functionAt = p.objectAt + align(l.Size("klp_object"))
	if end := p.functionAt + align(l.Size("klp_func")); l.Err() == nil && end > walkData+guest.PageSize {
		l.Fail(errors.New("live patching's structs take more than a page"))
	}
	if err := l.Err(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func align(size uint64) uint64 { return (size + 15) &^ 15 }

// Close releases the machine.
func (p *Livepatch) Close() error { return p.native.Close() }

// Try asks whether the task may leave the patch that has function f. A blocked task is asked about from another one.
// The current one asks about itself, called from where it stands, which takes Task.Interrupted.
func (p *Livepatch) Try(task *unwind.Task, f unwind.Range) (d Decision, err error) {
	if err := p.native.show(task); err != nil {
		return d, err
	}
	err = p.native.machine.Fork(func() error {
		if err := p.prepare(task, f); err != nil {
			return err
		}
		d, err = p.decide(task)
		return err
	})
	if err != nil {
		return d, fmt.Errorf("live patching's check: %s", p.native.explain(err))
	}
	return d, nil
}

// prepare puts a transition under way, of a patch with one object that has one function.
func (p *Livepatch) prepare(task *unwind.Task, f unwind.Range) error {
	m := p.native.machine
	var errs []error
	word := func(addr, value uint64) { errs = append(errs, m.PutWord(addr, value)) }
	half := func(addr uint64, value uint32) {
		old, err := m.Word(addr &^ 7)
		shift := addr & 4 * 8
		errs = append(errs, err)
		word(addr&^7, old&^(0xffffffff<<shift)|uint64(value)<<shift)
	}
	list := func(head, node uint64) { // of one element
		word(head, node)
		word(head+8, node)
		word(node, head)
		word(node+8, head)
	}
	list(walkData+p.objList, p.objectAt+p.objNode)
	list(p.objectAt+p.funcList, p.functionAt+p.funcNode)
	errs = append(errs, m.Write(p.objectAt+p.patched, []byte{1}))
	word(p.functionAt+p.newFunc, f.Start)
	word(p.functionAt+p.newSize, f.End-f.Start)
	word(p.transition, walkData)
	half(p.target, Unpatched)
	half(task.Struct+p.patchState, Patched)
	half(task.Struct+p.refs, 1)
	word(task.Struct+p.flags, ^uint64(0)) // TIF_PATCH_PENDING among them
	return errors.Join(errs...)
}

// decide calls the kernel's function.
func (p *Livepatch) decide(task *unwind.Task) (d Decision, err error) {
	m := p.native.machine
	r := emu.Regs{PC: p.check, SP: p.native.top, PState: emu.ModeEL1h | emu.PStateDAIF}
	r.X[0], r.X[1] = task.Struct, walkData+guest.PageSize-8
	r.X[29], r.X[30] = task.Start.FP, task.Start.PC
	if task.Start.Current() {
		if task.Interrupted == nil {
			return d, errors.New("the registers aren't known")
		}
		r.PC, r.SP = p.sched, task.Interrupted.SP
	} else if err := errors.Join(
		m.PutWord(task.Struct+p.native.savedFP, task.Start.FP), m.PutWord(task.Struct+p.native.savedPC, task.Start.PC),
		m.SetSysReg(emu.SP_EL0, otherTask)); err != nil {
		return d, err
	}
	sp := r.SP
	if err := m.SetRegs(r); err != nil {
		return d, err
	}
	if err := p.run(task.Start.PC, sp); err != nil {
		return d, err
	}
	if r, err = m.Regs(); err != nil {
		return d, err
	}
	if !task.Start.Current() {
		d.Result = int32(r.X[0])
	}
	state, err := m.Word((task.Struct + p.patchState) &^ 7)
	if err != nil {
		return d, err
	}
	d.State = int32(state >> ((task.Struct + p.patchState) & 4 * 8))
	flags, err := m.Word(task.Struct + p.flags)
	if cleared := bits.OnesCount64(^flags); err == nil && cleared > 1 {
		return d, fmt.Errorf("%d flags of the task were cleared", cleared)
	}
	d.Pending = flags == ^uint64(0)
	return d, err
}

// run runs until the function has returned, past warnings.
func (p *Livepatch) run(until, sp uint64) error {
	m := p.native.machine
	for range walkLimit {
		err := m.Run(until, walkLimit)
		var failed *emu.RunError
		switch {
		case err == nil:
			r, err := m.Regs()
			if err != nil || r.SP == sp {
				return err
			}
			if err := m.Advance(1); err != nil {
				return err
			}
		case errors.As(err, &failed) && failed.Word == arm64.BRKBug:
			r, err := m.Regs()
			if err != nil {
				return err
			}
			r.PC += 4
			if err := m.SetRegs(r); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return fmt.Errorf("it goes round at %#x", until)
}
