// SPDX-License-Identifier: GPL-2.0-only

package live

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stacksweep/emu"
	"stacksweep/emu/remote"
	"stacksweep/internal/boot"
	"stacksweep/scenarios/kernel"
)

// What can be wrong with a target that is otherwise sound. Errors wrap one of these.
var (
	// ErrKASLR: the kernel doesn't run where it was linked.
	ErrKASLR = errors.New("KASLR is on")
	// ErrOtherImage: another kernel runs than the one whose Image is at hand.
	ErrOtherImage = errors.New("another kernel runs than that of the Image")
	// ErrNoVectors: the stub doesn't show VBAR_EL1, without which it can't be told what runs.
	ErrNoVectors = errors.New("the GDB stub doesn't show VBAR_EL1")
)

// A Session is a kernel that runs, stopped for now, and its Image.
type Session struct {
	Kernel *kernel.Kernel
	Target *remote.Target
	layout kernel.LiveLayout
	cpus   int
	wait   time.Duration // for anything to happen

	machine *boot.Machine // nil: it isn't ours
}

// waitDefault is how long a session waits for something to happen in the guest: much longer than that takes.
const waitDefault = 60 * time.Second

// BootWait is how long a kernel may take to boot: ten times what it takes on a machine with nothing else to do, and
// more.
const BootWait = 4 * time.Minute

// Ready is what a script prints when everything is set up.
const Ready = "stacksweep: ready"

// Boot boots a kernel's Image with a script, waits until it has said that it is ready, and stops it.
func Boot(ctx context.Context, k *kernel.Kernel, image string, cpus int, script string,
	more ...boot.File) (*Session, error) {
	if err := boot.Available(); err != nil {
		return nil, err
	}
	busybox, err := boot.Busybox(ctx)
	if err != nil {
		return nil, err
	}
	m, err := boot.Start(ctx, boot.Config{Kernel: image, Initramfs: boot.Initramfs(busybox, script, more...),
		CPUs: cpus})
	if err != nil {
		return nil, err
	}
	if err := m.Console().WaitFor(ctx, Ready, BootWait); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	s, err := attach(ctx, k, m.GDB, cpus)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	s.machine = m
	return s, nil
}

// Attach connects to the GDB stub of a machine that runs a kernel, which stops it.
func Attach(ctx context.Context, k *kernel.Kernel, address string) (*Session, error) {
	return attach(ctx, k, address, 1)
}

func attach(ctx context.Context, k *kernel.Kernel, address string, cpus int) (*Session, error) {
	layout, err := k.LiveLayout()
	if err != nil {
		return nil, err
	}
	t, err := remote.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	s := &Session{Kernel: k, Target: t, layout: layout, cpus: cpus, wait: waitDefault}
	if err := s.check(ctx); err != nil {
		t.Close()
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return s, nil
}

// check complains about a machine that runs something else than the Image, or elsewhere.
func (s *Session) check(ctx context.Context) error {
	vectors, err := s.register("VBAR_EL1", "VBAR")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoVectors, err)
	}
	moved := vectors - s.layout.Vectors
	const page, kernelHalf = 1 << 12, 1 << 55 // VBAR_EL1 of a kernel is in the upper half of the address space
	if moved%page != 0 || vectors&kernelHalf == 0 {
		return fmt.Errorf("%w: its exception vectors are at %#x, not at %#x", ErrOtherImage, vectors, s.layout.Vectors)
	}
	if err := s.enterKernel(ctx, vectors); err != nil {
		return err
	}
	if moved != 0 {
		there := func(addr uint64, p []byte) error { return s.Target.Read(addr+moved, p) }
		if err := s.Kernel.SameCode(there); err != nil {
			return fmt.Errorf("%w: its exception vectors are at %#x, not at %#x", ErrOtherImage, vectors,
				s.layout.Vectors)
		}
		return fmt.Errorf("%w: its exception vectors are at %#x, not at %#x; boot it with nokaslr", ErrKASLR, vectors,
			s.layout.Vectors)
	}
	if err := s.Kernel.SameCode(s.Target.Read); err != nil {
		return fmt.Errorf("%w: %w", ErrOtherImage, err)
	}
	return nil
}

// enterKernel lets a machine run that is in user mode, from where the kernel's memory can't be seen, until it isn't.
func (s *Session) enterKernel(ctx context.Context, vectors uint64) error {
	r, err := s.Target.Regs()
	if err != nil || r.PState&0xf != 0 {
		return err
	}
	entries := []uint64{vectors + 0x400, vectors + 0x480} // of exceptions, and of interrupts
	for _, e := range entries {
		if err := s.Target.Break(e); err != nil {
			return err
		}
	}
	if err := s.Target.Continue(ctx, s.wait); err != nil {
		return err
	}
	for _, e := range entries {
		if err := s.Target.Unbreak(e); err != nil {
			return err
		}
	}
	if r, err = s.Target.Regs(); err == nil && r.PState&0xf == 0 {
		return fmt.Errorf("%w at %#x, and doesn't leave it", remote.ErrUser, r.PC)
	}
	return err
}

// register returns a register by the first of some names that the stub has.
func (s *Session) register(names ...string) (value uint64, err error) {
	for _, name := range names {
		if value, err = s.Target.Register(name); err == nil {
			return value, nil
		}
	}
	return 0, err
}

// Close ends the machine if it is ours, and lets it go on otherwise.
func (s *Session) Close() error {
	if s.machine == nil {
		return s.Target.Close()
	}
	return errors.Join(s.Target.Kill(), s.machine.Close())
}

// Console is what the guest has printed.
func (s *Session) Console() string { return s.machine.Console().String() }

// Numbers of system calls (include/uapi/asm-generic/unistd.h).
const (
	sysRead           = 63
	sysClockNanosleep = 115
)

// systemCall lets the machine run until a task enters a system call, and describes the task.
func (s *Session) systemCall(ctx context.Context, number uint64) (task kernel.LiveTask, err error) {
	t, l := s.Target, &s.layout
	_, err = t.RunTo(ctx, l.EntryCall, s.wait, func(r *emu.Regs) bool {
		const svc = 0x15 // ESR_ELx.EC
		nr, err1 := t.Word(r.SP + l.X8)
		esr, err2 := t.Register("ESR_EL1")
		return err1 == nil && err2 == nil && nr == number && esr>>26 == svc
	})
	if err != nil {
		return task, fmt.Errorf("system call %d: %w", number, err)
	}
	return s.currentTask()
}

// currentTask describes the task of the CPU that stopped, which is in the kernel.
func (s *Session) currentTask() (task kernel.LiveTask, err error) {
	t, l := s.Target, &s.layout
	if task.Struct, err = t.Register("SP_EL0"); err != nil {
		return task, err
	}
	if task.TCR, err = t.Register("TCR_EL1"); err != nil {
		return task, err
	}
	perCPU, err := t.Register("TPIDR_EL1")
	if err != nil {
		return task, err
	}
	for _, w := range []struct {
		to   *uint64
		addr uint64
	}{{&task.Stack, task.Struct + l.Stack}, {&task.ShadowStack, task.Struct + l.RetStack},
		{&task.IRQStack, l.IRQStackPtr + perCPU}} {
		if *w.to, err = t.Word(w.addr); err != nil {
			return task, err
		}
	}
	return task, nil
}

// watch is the memory of a task whose changes are recorded.
func (s *Session) watch(task *kernel.LiveTask) []remote.Watch {
	all := []remote.Watch{
		{Name: "task stack", Base: task.Stack, Size: s.layout.StackSize},
		{Name: "irq stack", Base: task.IRQStack, Size: s.layout.StackSize},
		{Name: "task", Base: task.Struct, Size: s.layout.TaskSize},
	}
	if task.ShadowStack != 0 {
		all = append(all, remote.Watch{Name: "shadow stack", Base: task.ShadowStack, Size: kernel.ShadowStackSize})
	}
	return all
}

// instances watches kretprobe instances as they are put into the task's list.
func (s *Session) instances(task *kernel.LiveTask) func(*emu.Store) []remote.Watch {
	watched := map[uint64]bool{}
	return func(store *emu.Store) []remote.Watch {
		if store.Addr != task.Struct+s.layout.Instances || store.New == 0 {
			return nil
		}
		at := store.New - s.layout.Node
		if watched[at] {
			return nil
		}
		watched[at] = true
		task.Instances = append(task.Instances, at)
		return []remote.Watch{{Name: "kretprobe instance", Base: at, Size: s.layout.InstanceSize}}
	}
}
