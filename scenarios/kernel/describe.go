// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"fmt"
	"strings"

	"stacksweep/unwind"
)

// A Fact is something about a kernel that decides how it is unwound.
type Fact struct{ What, Is string }

// Model names the profile of kunwind that describes the kernel's own unwinder, as its types and symbols tell: whether
// it claims anything, what an exception frame holds, and which shadow stack it searches.
func (k *Kernel) Model() string {
	_, early := k.lookup("sframe_find_kernel") // of the posted series until version 6
	_, late := k.lookup("sframe_find")         // from version 7 on
	switch {
	case k.reliable && k.readsSFrame() && early:
		return "sframe-v6"
	case k.reliable && k.readsSFrame() && late:
		return "sframe-v7"
	case k.reliable && k.readsSFrame(): // another reader: `-agree auto,image` tells
		return "sframe"
	case k.reliable:
		return "v6.17"
	case k.meta:
		return "fp"
	case k.layout().kernel().Graph.Generation == unwind.GraphWords:
		return "v6.12"
	}
	return "v6.1"
}

// readsSFrame reports whether the kernel's own unwinder looks into SFrame tables.
func (k *Kernel) readsSFrame() bool {
	_, ok := k.lookup("init_sframe_table")
	return ok
}

// traits are those of [scenarios.Run]: expectations depend on them, not on a version.
func (k *Kernel) traits() (all []string) {
	bare := !k.recordsInTrampoline()
	_, refuses := k.lookup("return_to_handler_last") // a label of the edit detect
	for trait, has := range map[string]bool{
		"no-claim":        !k.reliable,                 // no unwinder says whether a trace is reliable
		"plain-records":   !k.meta,                     // an exception frame holds an ordinary frame record
		"kretprobe-frame": !k.layout().trapsOnReturn(), // the kretprobe trampoline builds a frame, and is no BRK
		"bare-trampoline": bare,                        // return_to_handler has no frame record of its own
		"believed":        bare && !refuses,            // and no trace is refused for it
		"late-cfa":        k.lateCFA(),                 // rows of epilogues count from an X29 that was given back
		// a build with the edit loop does otherwise; the code doesn't show it
		"recovers-once": !strings.Contains(k.Name, "loop"),
	} {
		if has {
			all = append(all, trait)
		}
	}
	return all
}

// recordsInTrampoline reports whether return_to_handler makes a frame record: it sets X29 to somewhere above SP.
func (k *Kernel) recordsInTrampoline() bool {
	const addX29SP, mask = 0x910003fd, 0xffc003ff // add x29, sp, #imm
	l := k.layout()
	f := l.Object("return_to_handler")
	for pc := f.Start; pc < f.End; pc += 4 {
		if l.insn(pc)&mask == addX29SP {
			return true
		}
	}
	return false
}

// lateCFA reports whether the compiler goes on to compute the CFA from X29 after an epilogue has loaded the caller's
// (gcc 13 to 16, docs/gcc-epilogue.md), as the rows of the reliable unwinder show.
func (k *Kernel) lateCFA() bool {
	const ldpX29SP, ldrX29SP, mask = 0xa94003fd, 0xf94003fd, 0xffc003ff // of LDP the second register is any
	if !k.reliable || k.tables.SFrame == nil {
		return false
	}
	l := k.layout()
	f := l.Object("arch_stack_walk_reliable")
	for pc := f.Start; pc < f.End; pc += 4 {
		if word := l.insn(pc) & mask; word != ldpX29SP && word != ldrX29SP {
			continue
		}
		if row, failure := k.tables.SFrame.Row(pc + 4); !failure.Failed() && row.FromFP {
			return true
		}
	}
	return false
}

// Facts says how the kernel is unwound, as its symbols and its BTF have it.
func (k *Kernel) Facts() []Fact {
	l := k.layout()
	g := l.kernel().Graph
	record := "an ordinary frame record {x29, pc}"
	if k.meta {
		record = "a metadata frame record {0, 0, type}"
	}
	shadow := fmt.Sprintf("an array of structs of %d bytes", g.EntrySize)
	if g.Generation == unwind.GraphWords {
		shadow = fmt.Sprintf("an array of words, %d for an entry and one above it", g.EntrySize/8)
	}
	trampoline := "instructions"
	if l.trapsOnReturn() {
		trampoline = "BRK"
	}
	reliable := "none"
	if k.reliable {
		reliable = "arch_stack_walk_reliable"
	}
	return []Fact{
		{"symbols", fmt.Sprint(k.image.Symbols.Len() - k.stubs.Symbols.Len())},
		{"link address", fmt.Sprintf("%#x", k.image.Segments[0].Addr)},
		{"pages, stacks", fmt.Sprintf("%d KiB, %d KiB", l.pageSize()>>10, k.stackSize>>10)},
		{"struct pt_regs", fmt.Sprintf("%d bytes, at %d %s", k.regs.Size, k.regs.FrameRecord, record)},
		{"shadow stack", shadow},
		{"kretprobe trampoline", trampoline},
		{"reliable unwinder", reliable},
		{"SFrame table", k.tableFact()},
		{"shadow call stack", yesNo(l.hasShadowCalls())},
		{"KASAN", yesNo(k.shadow.Is())},
		{"kCFI", yesNo(k.typeHash() != 0)},
		{"preempted in the return handler", k.preemptionFact()},
		{"modelled by", k.Model()},
	}
}

// preemptionFact says how the return handler is preempted, or why there are no variants in which it is.
func (k *Kernel) preemptionFact() string {
	if name := k.Reschedules(); name != "" {
		return "yes, by " + name
	}
	if key, ok := k.lookup("sk_" + dynamicPreempt); ok {
		if b, ok := k.image.Bytes(key, 4); ok && b[0] == 0 {
			return "no: the static key sk_" + dynamicPreempt + " is off, so that no variant resched is there"
		}
	}
	return "no: " + k.returnHandler() + " calls no preempt_schedule_notrace, so that no variant resched is there"
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// tableFact says where the kernel's SFrame table comes from.
func (k *Kernel) tableFact() string {
	switch {
	case k.made:
		return "none; made of .eh_frame here"
	case k.tables.SFrame != nil:
		return "the kernel's own"
	}
	return "none"
}
