// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"stacksweep/emu"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// A LiveTask is a task of a booted kernel, and what belongs to it: addresses are those of the running machine.
type LiveTask struct {
	Struct      uint64 // its task_struct
	Stack       uint64 // the lowest address of its stack
	IRQStack    uint64 // the lowest address of its CPU's stack for interrupts
	ShadowStack uint64 // 0: it has none
	TCR         uint64 // TCR_EL1, from which the bits of pointer authentication follow
	// Instances are the kretprobe instances that the task had, each of InstanceSize bytes.
	Instances []uint64
}

// ShadowStackSize is the size of a task's shadow stack in bytes (kernel/trace/fgraph.c: SHADOW_STACK_SIZE).
const ShadowStackSize = guest.PageSize

// A LiveLayout is where in a booted kernel things are that a recording of it needs to know.
type LiveLayout struct {
	TaskSize     uint64 // of struct task_struct
	StackSize    uint64 // of a stack
	InstanceSize uint64 // of struct kretprobe_instance

	// Offsets in struct task_struct.
	Stack, RetStack, CurrRetStack, Flags, PreemptCount, Instances uint64

	Node         uint64 // offset of the list's node in struct kretprobe_instance
	RegsSize     uint64 // of struct pt_regs
	X8           uint64 // offset of the number of a system call in pt_regs
	Vectors      uint64
	EntryCall    uint64 // the BL of the C handler of exceptions from user space
	SwitchTo     uint64 // cpu_switch_to
	SwitchToRet  uint64 // its RET
	IRQStackPtr  uint64 // the per-CPU variable, at the address that it is linked at
	Hook         uint64 // return_to_handler
	ReliableWalk uint64 // stack_trace_save_tsk_reliable; 0 if the kernel has none
}

// LiveLayout tells where things are.
func (k *Kernel) LiveLayout() (LiveLayout, error) {
	b := &builder{layout: k.layout()}
	l := LiveLayout{
		TaskSize:     b.Size("task_struct"),
		StackSize:    k.stackSize,
		InstanceSize: b.Size("kretprobe_instance"),
		Stack:        b.Offset("task_struct", "stack"),
		RetStack:     b.Offset("task_struct", "ret_stack"),
		CurrRetStack: b.Offset("task_struct", "curr_ret_stack"),
		Flags:        b.Offset("task_struct", "thread_info.flags"),
		PreemptCount: b.Offset("task_struct", "thread_info.preempt_count"),
		Instances:    b.Offset("task_struct", "kretprobe_instances"),
		Node:         b.Offset("kretprobe_instance", "llist"),
		RegsSize:     b.regs.Size,
		X8:           b.Offset("pt_regs", "regs") + 8*8,
		Vectors:      b.Symbol("vectors"),
		SwitchTo:     b.Symbol("cpu_switch_to"),
		IRQStackPtr:  b.variable("irq_stack_ptr", "call_on_irq_stack"),
		Hook:         b.Symbol("return_to_handler"),
	}
	if addr, ok := k.lookup("stack_trace_save_tsk_reliable"); ok && k.reliable {
		l.ReliableWalk = addr
	}
	const el0Slot = 0x400
	entry, err := guest.FindEntry(b.image, l.Vectors+el0Slot, "el0t_64_sync", "ret_to_user")
	if err != nil {
		return l, err
	}
	l.EntryCall = entry.Frame - 4
	f := b.Object("cpu_switch_to")
	for pc := f.Start; pc < f.End; pc += 4 {
		if b.insn(pc) == arm64.RET {
			l.SwitchToRet = pc
		}
	}
	return l, b.layout.Err()
}

// PACMask has the bits of a kernel address that pointer authentication uses: all above the size of addresses, as
// TCR_EL1 has it, but bit 55. (With TBI1, as kernels set it with TBID1, this is so for code.)
func PACMask(tcr uint64) uint64 {
	t1sz := tcr >> 16 & 0x3f
	return ^uint64(0) << (64 - t1sz) &^ (1 << 55)
}

// Live makes a run of a recording of a booted kernel: a system call, from the call of the entry code's C handler until
// it has returned. Each part of the task lies within memory that was watched.
//
// word returns an instruction as it was executed: the Image has others where functions are traced or probed.
func (k *Kernel) Live(t LiveTask, recording *emu.Recording,
	word func(pc uint64) (uint32, bool)) (*scenarios.Run, error) {
	b := &builder{layout: k.layout()}
	live, err := k.LiveLayout()
	if err != nil {
		return nil, err
	}
	b.Share(k.memory())
	b.kernel = b.layout.kernel()
	b.kernel.PACMask = PACMask(t.TCR)
	stack := unwind.Stack{Name: "task stack", Low: t.Stack, High: t.Stack + k.stackSize}
	irq := unwind.Stack{Name: "irq stack", Low: t.IRQStack, High: t.IRQStack + k.stackSize}
	b.stack = stack
	readable := []unwind.Range{
		{Start: stack.Low, End: stack.High},
		{Start: irq.Low, End: irq.High},
		{Start: t.Struct, End: t.Struct + live.TaskSize},
	}
	if t.ShadowStack != 0 {
		readable = append(readable, unwind.Range{Start: t.ShadowStack, End: t.ShadowStack + ShadowStackSize})
	}
	for _, i := range t.Instances {
		readable = append(readable, unwind.Range{Start: i, End: i + live.InstanceSize})
	}
	pages := map[uint64]bool{}
	for _, r := range readable {
		for page := r.Start &^ (guest.PageSize - 1); page < r.End; page += guest.PageSize {
			if !pages[page] {
				pages[page] = true
				b.MapOver("live page", page) // the head of an Image is free to be used again: 6.1 has stacks there
			}
		}
	}
	for _, r := range recording.Initial.Regions() {
		if pages[r.Base&^(guest.PageSize-1)] {
			b.Write(r.Base, r.Data)
		}
	}
	b.run = &scenarios.Run{
		Image:      k.image,
		Config:     emu.Config{SPEL0: t.Struct, TCREL1: t.TCR, PAC: keys},
		Start:      recording.Start,
		Until:      recording.End.PC,
		Limit:      recording.Len() + 1,
		Kernel:     b.kernel,
		Task:       unwind.Task{Stacks: []unwind.Stack{stack, irq}, Struct: t.Struct, PtRegs: stack.High - b.regs.Size},
		Hooks:      []uint64{b.kernel.ReturnToHandler.Start, b.kernel.KretprobeTrampoline},
		SwitchTo:   b.Symbol("cpu_switch_to"),
		Model:      k.Model(),
		Traits:     k.traits(),
		Readable:   readable,
		Recorded:   recording,
		SourceLine: func(uint64) string { return "" },
	}
	b.run.Native = func(reliable bool) (unwind.Walker, error) { return newNative(k, b.run, reliable) }
	b.interrupts(irq.Low)
	if k.hasFixups() {
		b.run.Fixups = b.fixups()
	}
	b.run.Fixups = probed(b.run.Fixups, recording, word)
	b.run.Config.Regions = b.Regions()
	if err := cmp.Or(b.layout.Err(), b.Memory.Err()); err != nil {
		return nil, err
	}
	b.run.Recorded, err = recording.WithCode(k.executed(recording, word))
	return b.run, err
}

// executed is the kernel's code and what else it doesn't change, with the instructions as they were executed.
func (k *Kernel) executed(r *emu.Recording, word func(pc uint64) (uint32, bool)) (code []emu.Region) {
	var m guest.Memory
	m.Share(k.memory())
	seen := map[uint64]bool{}
	for _, c := range r.Chunks {
		for _, pc := range c.PC {
			if seen[pc] {
				continue
			}
			seen[pc] = true
			var have [4]byte
			if p, ok := k.image.Bytes(pc, 4); ok {
				copy(have[:], p)
			} else {
				continue // a module's, or a page that was allocated for it
			}
			if w, ok := word(pc); ok && w != binary.LittleEndian.Uint32(have[:]) {
				m.SetWord32(pc, w)
			}
		}
	}
	return slices.DeleteFunc(m.Regions(), func(r emu.Region) bool { return r.Perm&emu.Write != 0 })
}

// SameCode compares the Image with what a machine has in its memory, at some places that a running kernel doesn't
// change. The error names the first difference.
func (k *Kernel) SameCode(read func(addr uint64, p []byte) error) error {
	for _, name := range []string{"linux_banner", "return_to_handler", "call_on_irq_stack"} {
		s, ok := k.image.Symbols.Lookup(name)
		if !ok {
			continue
		}
		size := min(s.Size, 64)
		want, ok := k.image.Bytes(s.Addr, size)
		if !ok {
			continue
		}
		got := make([]byte, len(want))
		if err := read(s.Addr, got); err != nil {
			return fmt.Errorf("%s can't be read in the target: %w", name, err)
		}
		if string(got) != string(want) {
			return fmt.Errorf("the target has other bytes at %s, %#x, than %s: %x, not %x",
				name, s.Addr, k.image.Name, binary.BigEndian.Uint64(got), binary.BigEndian.Uint64(want))
		}
	}
	return nil
}

// probed adds where the BRKs of kprobes went on to a list of such places.
func probed(fixups map[uint64]uint64, r *emu.Recording, word func(pc uint64) (uint32, bool)) map[uint64]uint64 {
	all := maps.Clone(fixups)
	if all == nil {
		all = map[uint64]uint64{}
	}
	var open []uint64 // exceptions that have not returned, innermost last
	for _, c := range r.Chunks {
		for i := range c.Transfers {
			t := &c.Transfers[i]
			switch t.Kind {
			case emu.Exception:
				open = append(open, c.PC[t.Step])
			case emu.ExceptionReturn:
				if len(open) == 0 {
					continue
				}
				from := open[len(open)-1]
				open = open[:len(open)-1]
				if w, ok := word(from); ok && (w == arm64.BRKKprobe || w == arm64.BRKKprobeStep) {
					all[from] = t.To
				}
			}
		}
	}
	return all
}
