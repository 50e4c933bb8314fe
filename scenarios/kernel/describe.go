package kernel

import (
	"fmt"

	"stacksweep/unwind/fgraph"
)

// A Fact is something about a kernel that decides how it is unwound.
type Fact struct{ What, Is string }

// Facts says how the kernel is unwound, as its symbols and its BTF have it.
func (k *Kernel) Facts() []Fact {
	l := k.layout()
	g := l.kernel().Graph
	record := "an ordinary frame record {x29, pc}"
	if k.meta {
		record = "a metadata frame record {0, 0, type}"
	}
	shadow := fmt.Sprintf("an array of structs of %d bytes", g.EntrySize)
	if g.Generation == fgraph.Words {
		shadow = fmt.Sprintf("an array of words, %d for an entry and one above it", g.EntrySize/8)
	}
	trampoline := "instructions"
	if l.insn(l.symbol("__kretprobe_trampoline"))&^insnBRKImmediate == insnBRK {
		trampoline = "BRK"
	}
	reliable := "none"
	if k.reliable {
		reliable = "arch_stack_walk_reliable"
	}
	return []Fact{
		{"symbols", fmt.Sprint(k.image.Symbols.Len() - k.stubs.Symbols.Len())},
		{"link address", fmt.Sprintf("%#x", k.image.Segments[0].Addr)},
		{"struct pt_regs", fmt.Sprintf("%d bytes, at %d %s", k.regs.Size, k.regs.FrameRecord, record)},
		{"shadow stack", shadow},
		{"kretprobe trampoline", trampoline},
		{"reliable unwinder", reliable},
	}
}
