// SPDX-License-Identifier: GPL-2.0-only

package scenarios

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/scenarios/corpus"
	"stacksweep/unwind"
)

// Stacks are 16 KiB in places aligned to 32 KiB, as with the kernel's VMAP_STACK: bit 14 of SP tells an overflow.
const (
	stackSize = 16 << 10
	pageSize  = 4 << 10
)

// Indices of the stacks in [unwind.Task.Stacks] of the corpus. Real kernels have the first two.
const (
	StackTask = iota
	StackIRQ
	StackOverflow     // for exceptions that find no room on the stack that they interrupt
	StackSDEINormal   // for events of normal priority
	StackSDEICritical // for those that may interrupt them
)

// stackPlaces are the corpus's stacks, in the order in which the kernel's unwinder offers them. The kernel's overflow stack has
// 4 KiB; here there is room for a shift.
var stackPlaces = []struct {
	name       string
	base, size uint64
}{
	StackTask:         {"task stack", 0xffff800081008000, stackSize},
	StackIRQ:          {"irq stack", 0xffff800081018000, stackSize},
	StackOverflow:     {"overflow stack", 0xffff800081028000, stackSize / 2},
	StackSDEINormal:   {"SDEI normal stack", 0xffff800081038000, stackSize},
	StackSDEICritical: {"SDEI critical stack", 0xffff800081048000, stackSize},
}

// userMemory is where user space has a page to be written and one to be read, with nothing behind.
const userMemory = 0x0000000000400000

// preemptOn is a preempt_count of zero with no reschedule due (the upper half is inverted).
const preemptOn = 1 << 32

// spec is a scenario of the corpus, as data.
type spec struct {
	entry  string   // C function that start calls
	args   []string // its arguments: symbols or numbers
	hook   string   // the return_to_handler in use, unless the variant has one; empty: return_to_handler
	traced []string // functions whose entry is patched to call ftrace_caller
	probed []probe  // functions whose entry is patched to raise a kprobe's exception
	set    []setting
	checks []check
	pac    bool // pointer authentication is on
	faults bool // some accesses to memory fault, on purpose
}

// setting is a 64-bit word of the corpus's memory that is written before the run.
type setting struct {
	symbol string
	offset uint64
	value  string // a symbol or a number
}

// check is the value that a 64-bit variable must have after the run.
type check struct {
	symbol string
	want   uint64
}

// The instructions at the entry of a traced function (arch/arm64/kernel/ftrace.c).
const (
	insnNOP      = 0xd503201f
	insnMovX9X30 = 0xaa1e03e9 // mov x9, x30
	insnBL       = 0x94000000 // bl, with the distance in words in the low 26 bits
)

// insnKprobe is what displaces the first instruction of a probed function: brk #KPROBES_BRK_IMM.
const insnKprobe = 0xd4200080

// A probe says how many kretprobes want to see the return of a function.
type probe struct {
	function   string
	kretprobes uint64
}

// fromCorpus returns the way to build a scenario from a spec.
func fromCorpus(s spec) func(Variant, Options) (*Run, error) {
	return func(v Variant, o Options) (*Run, error) {
		b := &builder{layout: layout{types: corpus.Types{}, image: corpus.Image()}, shift: o.Shift}
		return b.build(s, v)
	}
}

type builder struct {
	layout
	shift   uint64
	regions []emu.Region
}

func (b *builder) build(s spec, v Variant) (*Run, error) {
	b.mapImage()
	stacks := b.mapStacks()
	stack := stacks[StackTask]
	task := b.symbol("init_task")

	b.setWord(b.field(task, "stack"), stack.Low)
	b.setWord(b.field(task, "preempt_count"), preemptOn)
	b.setWord(b.field(task, "ret_stack"), b.symbol("shadow_stack"))
	b.setWord32(b.field(task, "curr_ret_depth"), 0xffffffff)
	b.setWord(b.symbol("task_stack_top"), stack.High)
	b.setWord(b.symbol("irq_stack_top"), stacks[StackIRQ].High)
	b.setWord(b.symbol("overflow_stack_top"), stacks[StackOverflow].High)
	b.setWord(b.symbol("sdei_stack_tops"), stacks[StackSDEINormal].High)
	b.setWord(b.symbol("sdei_stack_tops")+8, stacks[StackSDEICritical].High)
	if s.faults {
		b.mapUser()
	}
	hook := cmp.Or(v.hook, s.hook, "return_to_handler")
	b.setWord(b.symbol("fgraph_return_hook"), b.symbol(hook))
	trampoline := b.symbol(cmp.Or(v.trampoline, "kretprobe_trampoline"))
	b.setWord(b.symbol("kretprobe_return_hook"), trampoline)
	for _, set := range [][]setting{s.set, v.set} {
		for _, w := range set {
			b.setWord(b.symbol(w.symbol)+w.offset, b.value(w.value))
		}
	}
	for _, name := range s.traced {
		b.trace(name)
	}
	for i, p := range s.probed {
		b.probe(i, p)
	}

	kernel := b.kernel()
	if len(s.probed) == 0 {
		kernel.Kretprobe = nil
	}
	kernel.KretprobeTrampoline = trampoline
	kernel.ReturnToHandler = b.function(hook)
	run := &Run{
		Image:      b.image,
		ELF:        corpus.ELF(),
		Config:     emu.Config{Regions: b.regions, SPEL0: task, DataAborts: s.faults},
		Until:      b.symbol("finish"),
		Limit:      20_000_000,
		Kernel:     kernel,
		Task:       unwind.Task{Stacks: stacks, Struct: task, PtRegs: stack.High - kernel.Regs.Size},
		Hooks:      []uint64{kernel.ReturnToHandler.Start, trampoline},
		SwitchTo:   b.symbol("cpu_switch_to"),
		SourceLine: corpus.SourceLine,
	}
	b.exceptions(run)
	if s.pac || v.pac {
		run.Config.PAC = &pacKeys
		kernel.PACMask = pacMask
	}
	run.Start = emu.Regs{PC: b.symbol("start"), SP: stack.High, PState: emu.ModeEL1h | emu.PStateDAIF}
	run.Start.X[0] = b.symbol(s.entry)
	args := s.args
	if v.args != nil {
		args = v.args
	}
	for i, a := range args {
		run.Start.X[1+i] = b.value(a)
	}
	run.Readable = []unwind.Range{
		{Start: task, End: task + b.size("task_struct")},
		b.object("shadow_stack"),
		b.object("kretprobe_pool"),
	}
	for i, stack := range stacks {
		run.Readable = slices.Insert(run.Readable, i, unwind.Range{Start: stack.Low, End: stack.High})
	}
	if len(s.probed) > 0 || s.faults {
		run.Config.Vectors = b.symbol(cmp.Or(v.vectors, "vectors"))
	}
	for _, c := range s.checks {
		run.Checks = append(run.Checks, Check{What: c.symbol, Addr: b.symbol(c.symbol), Want: c.want})
	}
	return run, b.err
}

// mapImage makes the image's segments memory, whole pages each.
func (b *builder) mapImage() {
	for i, s := range b.image.Segments {
		start := s.Addr &^ (pageSize - 1)
		end := (s.End() + pageSize - 1) &^ (pageSize - 1)
		data := make([]byte, end-start)
		copy(data[s.Addr-start:], s.Data)
		name := s.Name
		if name == "" {
			name = fmt.Sprintf("segment %d", i)
		}
		b.regions = append(b.regions, emu.Region{Name: name, Base: start, Size: end - start, Data: data, Perm: perm(s.Perm)})
	}
}

func perm(p image.Perm) (q emu.Perm) {
	for _, bit := range []struct {
		from image.Perm
		to   emu.Perm
	}{{image.Read, emu.Read}, {image.Write, emu.Write}, {image.Exec, emu.Exec}} {
		if p&bit.from != 0 {
			q |= bit.to
		}
	}
	return q
}

// mapUser makes the memory of user space, with words in it that differ.
func (b *builder) mapUser() {
	words := make([]byte, pageSize)
	for i := range words {
		words[i] = byte(i*37 + i>>8*11)
	}
	b.regions = append(b.regions,
		emu.Region{Name: "user memory", Base: userMemory, Size: pageSize, Perm: emu.Read | emu.Write},
		emu.Region{Name: "user memory, read-only", Base: userMemory + pageSize, Size: pageSize, Data: words, Perm: emu.Read})
	b.setWord(b.symbol("user_memory"), userMemory)
}

// mapStacks makes memory for the stacks, and a page more for each, so that a look at what SP points to finds something at
// the top, too. A shift lowers the top: above it, bit 14 of SP would tell of an overflow.
func (b *builder) mapStacks() (stacks []unwind.Stack) {
	for _, p := range stackPlaces {
		b.regions = append(b.regions, emu.Region{Name: p.name, Base: p.base, Size: p.size + pageSize, Perm: emu.Read | emu.Write})
		stacks = append(stacks, unwind.Stack{Name: p.name, Low: p.base, High: p.base + p.size - b.shift})
	}
	return stacks
}

// trace patches a function's entry, as the kernel does when tracing is switched on.
func (b *builder) trace(name string) {
	entry := b.symbol(name)
	caller := b.symbol("ftrace_caller")
	m := b.memory(entry, 8)
	if m == nil {
		return
	}
	if binary.LittleEndian.Uint32(m) != insnNOP || binary.LittleEndian.Uint32(m[4:]) != insnNOP {
		b.fail(fmt.Errorf("%s can't be traced: its entry has no two NOPs", name))
		return
	}
	binary.LittleEndian.PutUint32(m, insnMovX9X30)
	binary.LittleEndian.PutUint32(m[4:], insnBL|uint32(int64(caller-(entry+4))/4)&0x3ffffff)
}

// probe patches a function's entry, as the kernel does when a probe is registered, and enters the probe in the table.
func (b *builder) probe(i int, p probe) {
	entry := b.symbol(p.function)
	m := b.memory(entry, 4)
	if m == nil {
		return
	}
	record := b.symbol("kprobes") + uint64(i)*b.size("kprobe")
	b.setWord(record+b.offset("kprobe", "addr"), entry)
	b.setWord(record+b.offset("kprobe", "insn"), uint64(binary.LittleEndian.Uint32(m)))
	b.setWord(record+b.offset("kprobe", "kretprobes"), p.kretprobes)
	binary.LittleEndian.PutUint32(m, insnKprobe)
}

// field returns the address of a member of the task.
func (b *builder) field(task uint64, path string) uint64 { return task + b.offset("task_struct", path) }

// object returns the range of a variable.
func (b *builder) object(name string) unwind.Range {
	s, ok := b.image.Symbols.Lookup(name)
	if !ok {
		b.fail(fmt.Errorf("%s has no variable %s", b.image.Name, name))
	}
	return unwind.Range{Start: s.Addr, End: s.Addr + s.Size}
}

// value is the number that text is, or the address of the symbol that it names.
func (b *builder) value(text string) uint64 {
	var n uint64
	if _, err := fmt.Sscan(text, &n); err == nil {
		return n
	}
	return b.symbol(text)
}

func (b *builder) setWord(addr, w uint64) {
	if m := b.memory(addr, 8); m != nil {
		binary.LittleEndian.PutUint64(m, w)
	}
}

func (b *builder) setWord32(addr uint64, w uint32) {
	if m := b.memory(addr, 4); m != nil {
		binary.LittleEndian.PutUint32(m, w)
	}
}

// memory returns the n bytes at addr, to be written to.
func (b *builder) memory(addr, n uint64) []byte {
	for _, r := range b.regions {
		if off := addr - r.Base; addr >= r.Base && off < uint64(len(r.Data)) && n <= uint64(len(r.Data))-off {
			return r.Data[off : off+n]
		}
	}
	b.fail(fmt.Errorf("%s: %d bytes at %#x are not in the image", b.image.Name, n, addr))
	return nil
}
