// SPDX-License-Identifier: GPL-2.0-only

package corpus

import (
	"cmp"
	"fmt"

	"stacksweep/emu"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// stackPlaces are the corpus's stacks, in the order in which the kernel's unwinder offers them. The kernel's overflow
// stack has 4 KiB; here there is room for a shift.
var stackPlaces = []struct {
	name       string
	base, size uint64
}{
	scenarios.StackTask:         {"task stack", 0xffff800081008000, guest.StackSize},
	scenarios.StackIRQ:          {"irq stack", 0xffff800081018000, guest.StackSize},
	scenarios.StackOverflow:     {"overflow stack", 0xffff800081028000, guest.StackSize / 2},
	scenarios.StackSDEINormal:   {"SDEI normal stack", 0xffff800081038000, guest.StackSize},
	scenarios.StackSDEICritical: {"SDEI critical stack", 0xffff800081048000, guest.StackSize},
}

// userMemory is where user space has a page to be written and one to be read, followed by an unmapped one.
const userMemory = 0x0000000000400000

// builder makes a run of the corpus.
type builder struct {
	guest.Layout
	guest.Memory
	shift     uint64
	taskStack uint64 // bytes

	tracerCalls []uint64 // as in [scenarios.Run]
}

func newBuilder(o scenarios.Options) *builder {
	return &builder{Layout: guest.Layout{Types: Types{}, Image: Image()}, shift: o.Shift, taskStack: guest.StackSize}
}

// fail notes an error.
func (b *builder) fail(err error) { b.Layout.Fail(err) }

// err is the first error.
func (b *builder) err() error { return cmp.Or(b.Layout.Err(), b.Memory.Err()) }

func (b *builder) build(s spec, v variant) (*scenarios.Run, error) {
	b.MapImage(b.Image)
	stacks := b.mapStacks()
	stack := stacks[scenarios.StackTask]
	task := b.Symbol("init_task")
	b.prepareTask(task, stacks)
	if s.faults {
		b.mapUser()
	}
	hook := cmp.Or(v.hook, s.hook, "return_to_handler")
	b.SetWord(b.Symbol("fgraph_return_hook"), b.Symbol(hook))
	trampoline := b.Symbol(cmp.Or(v.trampoline, "kretprobe_trampoline"))
	b.SetWord(b.Symbol("kretprobe_return_hook"), trampoline)
	for _, set := range [][]setting{s.set, v.set} {
		for _, w := range set {
			b.SetWord(b.Symbol(w.symbol)+w.offset, b.value(w.value))
		}
	}
	for _, name := range s.traced {
		b.trace(name, cmp.Or(s.caller, "ftrace_caller"))
	}
	for i, p := range s.probed {
		b.probe(i, p)
	}

	kernel, err := b.kernel()
	if err != nil {
		return nil, err
	}
	if len(s.probed) == 0 {
		kernel.Kretprobe = nil
	}
	kernel.KretprobeTrampoline = trampoline
	kernel.ReturnToHandler = b.Object(hook)
	run := &scenarios.Run{
		Image:      b.Image,
		ELF:        ELF(),
		Config:     emu.Config{SPEL0: task, DataAborts: s.faults},
		Until:      b.Symbol("finish"),
		Limit:      20_000_000,
		Kernel:     kernel,
		Task:       unwind.Task{Stacks: stacks, Struct: task, PtRegs: stack.High - kernel.Regs.Size},
		Hooks:      []uint64{kernel.ReturnToHandler.Start, trampoline},
		SwitchTo:   b.Symbol("cpu_switch_to"),
		SourceLine: SourceLine,

		TracerCalls: b.tracerCalls,
	}
	b.exceptions(run)
	if s.thread != "" {
		b.fork(run, s.thread, v.second)
	}
	if s.pac || v.pac {
		run.Config.PAC = &pacKeys
		kernel.PACMask = guest.PACMask
	}
	run.Start = emu.Regs{PC: b.Symbol("start"), SP: stack.High, PState: emu.ModeEL1h | emu.PStateDAIF}
	run.Start.X[0] = b.Symbol(s.entry)
	args := s.args
	if v.args != nil {
		args = v.args
	}
	for i, a := range args {
		run.Start.X[1+i] = b.value(a)
	}
	run.Readable = append(run.Readable, guest.Readable(stacks)...)
	run.Readable = append(run.Readable,
		unwind.Range{Start: task, End: task + b.Size("task_struct")},
		b.Object("shadow_stack"),
		b.Object("kretprobe_pool"),
	)
	if len(s.probed) > 0 || s.faults {
		run.Config.Vectors = b.Symbol(cmp.Or(v.vectors, "vectors"))
	}
	for _, c := range s.checks {
		run.Checks = append(run.Checks, scenarios.Check{What: c.symbol, Addr: b.Symbol(c.symbol), Want: c.want})
	}
	run.Config.Regions = b.Regions()
	return run, b.err()
}

// prepareTask writes what the corpus's code reads of its task and of its stacks.
func (b *builder) prepareTask(task uint64, stacks []unwind.Stack) {
	stack := stacks[scenarios.StackTask]
	b.SetWord(b.field(task, "stack"), stack.Low)
	b.SetWord(b.field(task, "preempt_count"), guest.PreemptOn)
	b.SetWord(b.field(task, "ret_stack"), b.Symbol("shadow_stack"))
	b.SetWord32(b.field(task, "curr_ret_depth"), 0xffffffff)
	b.SetWord(b.Symbol("task_stack_top"), stack.High)
	b.SetWord(b.Symbol("irq_stack_top"), stacks[scenarios.StackIRQ].High)
	b.SetWord(b.Symbol("overflow_stack_top"), stacks[scenarios.StackOverflow].High)
	b.SetWord(b.Symbol("sdei_stack_tops"), stacks[scenarios.StackSDEINormal].High)
	b.SetWord(b.Symbol("sdei_stack_tops")+8, stacks[scenarios.StackSDEICritical].High)
}

// kernel describes the corpus to an unwinder.
func (b *builder) kernel() (*unwind.Layout, error) {
	k := &unwind.Layout{
		Regs:            b.Regs(),
		Graph:           b.Graph(unwind.GraphWords),
		ReturnToHandler: b.Object("return_to_handler"),
		Kretprobe:       b.Kretprobe("next"),
	}
	tables, err := guest.OpenTables(b.Image)
	tables.Put(k)
	return k, err
}

// mapUser makes the memory of user space, with words in it that differ.
func (b *builder) mapUser() {
	words := make([]byte, guest.PageSize)
	for i := range words {
		words[i] = byte(i*37 + i>>8*11)
	}
	b.Add(
		emu.Region{Name: "user memory", Base: userMemory, Size: guest.PageSize, Perm: emu.Read | emu.Write},
		emu.Region{Name: "user memory, read-only", Base: userMemory + guest.PageSize, Size: guest.PageSize, Data: words,
			Perm: emu.Read})
	b.SetWord(b.Symbol("user_memory"), userMemory)
}

// mapStacks makes memory for the stacks.
func (b *builder) mapStacks() (stacks []unwind.Stack) {
	for i, p := range stackPlaces {
		base, size := p.base, p.size
		if i == scenarios.StackTask {
			base, size = base+size-b.taskStack, b.taskStack
		}
		stacks = append(stacks, b.MapStack(p.name, base, size, b.shift))
	}
	return stacks
}

// trace patches a function's entry, as the kernel does when tracing is switched on.
func (b *builder) trace(name, callee string) {
	entry := b.Symbol(name)
	caller := b.Symbol(callee)
	if b.Word32(entry) != arm64.NOP || b.Word32(entry+4) != arm64.NOP {
		b.fail(fmt.Errorf("%s can't be traced: its entry has no two NOPs", name))
		return
	}
	b.SetWord32(entry, arm64.MovX9X30)
	b.SetWord32(entry+4, arm64.Branch(arm64.BL, entry+4, caller))
	b.tracerCalls = append(b.tracerCalls, entry+4)
}

// probe patches a function's entry, as the kernel does when a probe is registered, and enters the probe in the table.
func (b *builder) probe(i int, p probe) {
	entry := b.Symbol(p.function)
	record := b.Symbol("kprobes") + uint64(i)*b.Size("kprobe")
	b.SetWord(record+b.Offset("kprobe", "addr"), entry)
	b.SetWord(record+b.Offset("kprobe", "insn"), uint64(b.Word32(entry)))
	b.SetWord(record+b.Offset("kprobe", "kretprobes"), p.kretprobes)
	b.SetWord32(entry, arm64.BRKKprobe)
}

// field returns the address of a member of the task.
func (b *builder) field(task uint64, path string) uint64 { return task + b.Offset("task_struct", path) }

// value is the number that text is, or the address of the symbol that it names.
func (b *builder) value(text string) uint64 {
	var n uint64
	if _, err := fmt.Sscan(text, &n); err == nil {
		return n
	}
	return b.Symbol(text)
}
