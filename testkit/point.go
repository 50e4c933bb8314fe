// SPDX-License-Identifier: GPL-2.0-only

package testkit

import "encoding/binary"

// A Mode says how the walk of a point came about.
type Mode uint32

const (
	Sync    Mode = iota // the code has called the unwinder: PC is the return address
	Blocked             // the code has called the scheduler, and another task walks
	IRQ                 // an interrupt arrived before the instruction at PC
	NMI                 // the same, where interrupts may be masked
)

func (m Mode) String() string {
	if names := [...]string{"sync", "blocked", "irq", "nmi"}; int(m) < len(names) {
		return names[m]
	}
	return "unknown mode"
}

// Regs are the general registers of the context to be walked.
type Regs struct {
	X      [31]uint64 // X29 is the frame pointer, X30 the link register
	SP, PC uint64
}

// A Stack is a range of addresses [Low, High) that holds frames.
type Stack struct{ Low, High uint64 }

// A Point is a moment at which the stack is to be walked. It is valid until the next one is read.
type Point struct {
	Step   uint64 // of the scenario's run: the point is called scenario@step
	Mode   Mode
	Regs   Regs
	Task   uint64 // address of the task_struct
	PtRegs uint64 // address of the pt_regs at the bottom of the task's stack
	// StartPC and StartFP are where the kernel's unwinder would start. At an exception that is in the entry code, with
	// the frame record of the exception's pt_regs.
	StartPC, StartFP uint64
	Stacks           []Stack
	Memory           *Memory

	// Truth is the true call stack, innermost first. At an exception its first address is the entry code's, StartPC.
	Truth []Frame
}

// A Frame is a frame of the true call stack.
type Frame struct {
	Addr uint64 // the PC, or the return address
	Or   uint64 // the other address by which it may be reported; 0 if there is none
}

// is reports whether an unwinder that says addr means this frame.
func (f Frame) is(addr uint64) bool { return addr == f.Addr || f.Or != 0 && addr == f.Or }

// Memory is what may be read at a point, besides the image.
type Memory struct{ ranges []memoryRange }

type memoryRange struct {
	addr uint64
	data []byte
}

// Word returns the little-endian 64-bit word at addr, which may be unaligned. It reports false where nothing may be
// read.
func (m *Memory) Word(addr uint64) (uint64, bool) {
	if b := m.at(addr, 8); b != nil {
		return binary.LittleEndian.Uint64(b), true
	}
	return 0, false
}

// at returns size bytes at addr, or nil if they don't all lie in one range.
func (m *Memory) at(addr, size uint64) []byte {
	for i := range m.ranges {
		r := &m.ranges[i]
		if off := addr - r.addr; off < uint64(len(r.data)) && size <= uint64(len(r.data))-off {
			return r.data[off:][:size]
		}
	}
	return nil
}

// set changes memory, or adds a range where there was none.
func (m *Memory) set(addr uint64, data []byte) {
	if b := m.at(addr, uint64(len(data))); b != nil {
		copy(b, data)
		return
	}
	m.ranges = append(m.ranges, memoryRange{addr, append([]byte(nil), data...)})
}
