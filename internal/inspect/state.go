// SPDX-License-Identifier: GPL-2.0-only

package inspect

import (
	"fmt"

	"stacksweep/image"
	"stacksweep/unwind"
	"stacksweep/unwind/fgraph"
	"stacksweep/unwind/kretprobe"
)

// A Register is a register before the point's instruction.
type Register struct {
	Name    string
	Value   uint64
	Note    string // what the value points at, "" if nothing known
	Changed bool   // by the instruction before the point
}

// Registers lists the registers: all of them if the recording has them, else those that frames hang on.
func (in *Inspector) Registers() []Register {
	now := in.registers()
	step := in.At().Step()
	if step > 0 && in.Seek(step-1) == nil {
		before := in.registers()
		for i := range now {
			now[i].Changed = now[i].Value != before[i].Value
		}
		_ = in.Seek(step) // it was just there
	}
	for i := range now {
		now[i].Note = in.Describe(now[i].Value)
	}
	return now
}

func (in *Inspector) registers() []Register {
	c := in.At()
	var list []Register
	if regs, ok := c.Regs(); ok {
		for i, v := range regs.X {
			list = append(list, Register{Name: fmt.Sprintf("x%d", i), Value: v})
		}
	} else {
		list = append(list, Register{Name: "x29", Value: c.FP()}, Register{Name: "x30", Value: c.LR()})
	}
	return append(list, Register{Name: "sp", Value: c.SP()}, Register{Name: "pc", Value: c.PC()},
		Register{Name: "daif", Value: c.PState() >> 6 & 0xf})
}

// Describe says what an address is: a place in the code, or on a stack.
func (in *Inspector) Describe(addr uint64) string {
	if n := in.Name(addr); n != "" {
		return n
	}
	for _, s := range in.Run.Task.Stacks {
		if s.Contains(addr, 1) {
			return image.Place(s.Name, addr-s.Low)
		}
	}
	return ""
}

// A StackWord is a word on the stack.
type StackWord struct {
	Addr, Value uint64
	Note        string
}

// Stack lists up to n words from SP upwards, with frame records, pt_regs and return addresses named.
func (in *Inspector) Stack(n int) []StackWord {
	c := in.At()
	records := in.records()
	regs := in.Run.Task.PtRegs
	var words []StackWord
	for addr := c.SP() &^ 7; len(words) < n; addr += 8 {
		v, ok := c.Memory().Word(addr)
		if !ok || !in.onStack(addr) {
			break
		}
		w := StackWord{Addr: addr, Value: v}
		switch {
		case addr == regs+in.Run.Kernel.Regs.FrameRecord:
			w.Note = "FINAL record"
		case addr == regs:
			w.Note = "task_pt_regs"
		case records[addr]:
			w.Note = "frame record"
		}
		if d := in.Describe(v); d != "" {
			if w.Note != "" {
				w.Note += ": "
			}
			w.Note += "→ " + d
		}
		words = append(words, w)
	}
	return words
}

func (in *Inspector) onStack(addr uint64) bool {
	for _, s := range in.Run.Task.Stacks {
		if s.Contains(addr, 8) {
			return true
		}
	}
	return false
}

// records finds the frame records that X29 leads to.
func (in *Inspector) records() map[uint64]bool {
	c := in.At()
	found := map[uint64]bool{}
	for fp := c.FP(); in.onStack(fp) && !found[fp]; {
		found[fp] = true
		next, ok := c.Memory().Word(fp)
		if !ok || next <= fp {
			break
		}
		fp = next
	}
	return found
}

// ShadowStack lists the function graph tracer's entries, newest first.
func (in *Inspector) ShadowStack() []fgraph.Entry {
	if in.Run.Kernel.Graph == nil {
		return nil
	}
	s, ok := fgraph.Open(in.Run.Kernel.Graph, in.memory(), in.Run.Task.Struct)
	if !ok {
		return nil
	}
	var list []fgraph.Entry
	for pos := s.Top(); ; {
		e, below, ok := s.Next(pos)
		if !ok {
			return list
		}
		list = append(list, e)
		pos = below
	}
}

// maxInstances bounds a listing of kretprobe instances, whose list may be a ring.
const maxInstances = 64

// Kretprobes lists the task's kretprobe instances, newest first.
func (in *Inspector) Kretprobes() []kretprobe.Instance {
	if in.Run.Kernel.Kretprobe == nil {
		return nil
	}
	var list []kretprobe.Instance
	for cursor := uint64(0); len(list) < maxInstances; {
		e, next, ok := kretprobe.Next(in.Run.Kernel.Kretprobe, in.memory(), in.Run.Task.Struct, cursor)
		if !ok {
			break
		}
		list = append(list, e)
		cursor = next
	}
	return list
}

func (in *Inspector) memory() unwind.Memory { return in.At().Memory() }
