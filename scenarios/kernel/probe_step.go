// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
)

// probeStep is a kprobe at an instruction that is not simulated: the BRK's handler sends control to a copy of it, with
// everything masked, and a second BRK leads back. What is executed there is the push of the function's frame record.
func (k *Kernel) probeStep() *scenarios.Scenario {
	variants := []scenarios.Variant{
		{Name: "plain", Doc: "a probe whose handler calls something; the probed function sleeps"},
		{Name: "reentered", Doc: "the handler calls a function that is probed, too: its handler is passed over"},
	}
	if k.probes() {
		variants = append(variants, scenarios.Variant{Name: "hooked",
			Doc: "a kretprobe: X30 is the trampoline by the time that the copy pushes it; the function sleeps"})
	}
	variants = append(variants, authenticated)
	doc := "a kprobe whose instruction is executed out of line: PC in the slot, between two BRKs"
	return k.scenario("probe-step", doc, variants, func(b *builder, variant string) {
		b.takeBRK()
		b.run.Fixups = map[uint64]uint64{}
		calls, hits := "stub_observe", uint64(1)
		var probe uint64
		switch variant {
		case "hooked":
			holder := b.probe(b.Symbol("stub_tracer_probe"))
			b.fill(holder)
			probe = b.probesOf[holder] + b.Offset("kretprobe", "kp")
			b.SetWord(probe+b.Offset("kprobe", "pre_handler"), b.Symbol("pre_handler_kretprobe"))
			b.check("the list of instances", b.task("kretprobe_instances"), 0)
			b.check("the number of calls of the handler", b.Symbol("stub_nr_returns"), 1)
			hits = 0
		case "reentered":
			calls = "stub_probed_inner"
			inner := b.handled("stub_pre_handler")
			b.step(inner, b.Symbol("stub_probed_inner"), b.Symbol("stub_slot_inner"))
			b.check("how often the inner probe was missed", inner+b.Offset("kprobe", "nmissed"), 1)
		case "pac":
			b.run.Config.PAC = keys
		}
		if probe == 0 {
			probe = b.handled("stub_pre_handler")
		}
		b.step(probe, b.Symbol("stub_probed"), b.Symbol("stub_slot"))
		b.SetWord(b.Symbol("stub_handler_calls"), b.Symbol(calls))
		b.SetWord(b.Symbol("stub_probed_calls"), b.Symbol("stub_scheduler"))
		at := b.call(b.Symbol("stub_call_through"), 0, 0, b.Symbol("stub_probed"))
		b.check("stub_probed", at, 0x600d)
		b.check("the number of hits", b.Symbol("stub_nr_hits"), hits)
		b.check("the number of context switches", b.Symbol("stub_nr_switches"), 1)
	})
}

// handled makes a kprobe with a handler.
func (b *builder) handled(handler string) (probe uint64) {
	probe = b.alloc(b.Size("kprobe"))
	b.typed(b.Symbol(handler), "pre_handler_kretprobe")
	b.SetWord(probe+b.Offset("kprobe", "pre_handler"), b.Symbol(handler))
	return probe
}

// step registers a probe whose instruction is executed in a slot (arch/arm64/kernel/probes/kprobes.c). Both BRKs go on
// elsewhere.
//
//	┌─────────────┬──────┐
//	│ instruction │ BRK  │ 4 bytes each
//	└─────────────┴──────┘
func (b *builder) step(probe, addr, slot uint64) {
	opcode := b.insn(addr)
	b.register(probe, addr, opcode)
	b.SetWord32(slot, opcode)
	b.SetWord32(slot+4, arm64.BRKKprobeStep)
	insn, restore := "ainsn.xol_insn", "ainsn.xol_restore"
	if !b.Has("kprobe", insn) { // until 6.14
		insn, restore = "ainsn.api.insn", "ainsn.api.restore"
	}
	b.SetWord(probe+b.Offset("kprobe", insn), slot)
	b.SetWord(probe+b.Offset("kprobe", restore), addr+4)
	b.run.Fixups[addr], b.run.Fixups[slot+4] = slot, addr+4
}
