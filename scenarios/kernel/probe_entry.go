// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"stacksweep/internal/arm64"
	"stacksweep/unwind"
)

// sentOn is a traced call of which the kernel's own code makes all that follows: it goes on in stub_new_function, whose
// probe's BRK makes the instance. It goes there by a branch after the traced entry, or because the ftrace_ops of the
// traced function says so, as live patching's does.
func (b *builder) sentOn(byOps bool) {
	b.enterProbed()
	if byOps {
		b.SetWord(b.Symbol("stub_callee"), b.Symbol("ftrace_graph_func"))
		b.traceThrough("stub_redirect")
		return
	}
	site := b.traceThrough("ftrace_graph_func")
	b.SetWord32(site, arm64.Branch(arm64.B, site, b.Symbol("stub_new_function")))
}

// traceThrough calls a function whose entry is patched to call ftrace_caller, which calls a function for it. It returns
// the address of the instruction after the patched ones.
func (b *builder) traceThrough(function string) (site uint64) {
	const traced = "int_sqrt"
	ops := b.traceWith("stub_tracer_entry", b.Symbol("stub_tracer_return"))
	b.trace(traced, ops)
	if ops != 0 {
		b.SetWord(ops+b.Offset("ftrace_ops", "func"), b.Symbol(function))
	}
	if call, ok := b.lookup("ftrace_call"); ok {
		b.SetWord32(call, arm64.Branch(arm64.BL, call, b.Symbol(function)))
	}
	registers := "__arch_ftrace_regs"
	if !b.Has(registers, "pc") {
		registers = "ftrace_regs"
	}
	b.SetWord(b.Symbol("stub_regs_pc"), b.Offset(registers, "pc"))
	at := b.call(b.Symbol("stub_call_through"), 1_000_000, 0, b.Symbol(traced))
	b.check(traced, at, 0x600d)
	return b.patched(traced)
}

// patched returns the address after the two instructions of a function's traced entry.
func (b *builder) patched(name string) uint64 {
	entry := b.Symbol(name)
	for b.Word32(entry) != arm64.MovX9X30 {
		entry += 4
	}
	return entry + 8
}

// probes reports whether a kretprobe can be entered as the kernel does it: by a BRK, with a pool of instances.
func (k *Kernel) probes() bool {
	l := k.layout()
	for _, name := range []string{"__cpu_possible_mask", "pre_handler_kretprobe", "get_kprobe"} {
		if _, ok := k.lookup(name); !ok {
			return false
		}
	}
	return l.trapsOnReturn() && l.Has("kretprobe_holder", "pool")
}

// enterProbed registers a kretprobe at stub_new_function, with one instance: a BRK in the place of its NOP, an entry in
// the kernel's table of probes, and a way to simulate the NOP (kernel/kprobes.c, arch/arm64/kernel/probes/kprobes.c).
func (b *builder) enterProbed() {
	function := b.Symbol("stub_new_function")
	handler, simulate := b.Symbol("stub_tracer_return"), b.Symbol("stub_simulate_nop")
	if b.typeHash() != 0 { // that one is the tracer's, and of one type only
		handler = b.Symbol("stub_tracer_probe")
		b.typed(simulate, "simulate_nop", "simulate_adr_adrp")
	}
	holder := b.probe(handler)
	probe := b.probesOf[holder] + b.Offset("kretprobe", "kp")
	b.register(probe, function, arm64.NOP)
	b.SetWord(probe+b.Offset("kprobe", "pre_handler"), b.Symbol("pre_handler_kretprobe"))
	b.SetWord(probe+b.Offset("kprobe", "ainsn.api.handler"), simulate)
	b.SetWord(b.Symbol("stub_pt_regs_pc"), b.regs.PC)
	b.fill(holder)
}

// register puts a BRK in the place of an instruction, and its probe into the kernel's table, which is one of lists,
// chosen by a hash of the address (hash_ptr with 6 bits).
func (b *builder) register(probe, addr uint64, opcode uint32) {
	const goldenRatio, tableBits = 0x61c8864680b583eb, 6
	head := b.variable("kprobe_table", "get_kprobe") + 8*(addr*goldenRatio>>(64-tableBits))
	node := probe + b.Offset("kprobe", "hlist")
	next, pprev := b.Offset("hlist_node", "next"), b.Offset("hlist_node", "pprev")
	if first := uint64(b.Word32(head)) | uint64(b.Word32(head+4))<<32; first != 0 {
		b.SetWord(node+next, first)
		b.SetWord(first+pprev, node+next)
	}
	b.SetWord(head, node)
	b.SetWord(node+pprev, head)
	b.SetWord32(addr, arm64.BRKKprobe)
	b.SetWord(probe+b.Offset("kprobe", "addr"), addr)
	b.SetWord32(probe+b.Offset("kprobe", "opcode"), opcode)
}

// fill puts an unused instance into a probe's pool. An unwinder may read it.
func (b *builder) fill(holder uint64) {
	instance := b.alloc(b.Size("kretprobe_instance"))
	b.SetWord(instance+b.Offset("kretprobe_instance", "rph"), holder)
	slot := b.slots[holder]
	b.SetWord(slot+b.Offset("objpool_slot", "entries"), instance)
	b.SetWord32(slot+b.Offset("objpool_slot", "tail"), 1)
	b.SetWord32(slot+b.Offset("objpool_slot", "last"), 1)
	b.SetWord(b.Symbol("__cpu_possible_mask"), 1) // the pool asks the slots of all possible CPUs
	b.run.Readable = append(b.run.Readable, unwind.Range{Start: instance, End: instance + b.Size("kretprobe_instance")})
}
