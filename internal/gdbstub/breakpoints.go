// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"fmt"

	"stacksweep/emu"
)

// maxBreakpoints bounds the breakpoints and the watchpoints of a debugger.
const maxBreakpoints = 1024

// The types of the Z packet.
const (
	softwareBreakpoint = 0
	hardwareBreakpoint = 1
	writeWatchpoint    = 2
)

// breakpoints are the places and the memory that a debugger wants to stop at. Nothing is patched into the code.
type breakpoints struct {
	software, hardware map[uint64]bool
	watched            map[watch]bool
}

// A watch is memory of which writes are to be seen: size bytes from addr on.
type watch struct{ addr, size uint64 }

func newBreakpoints() *breakpoints {
	return &breakpoints{software: map[uint64]bool{}, hardware: map[uint64]bool{}, watched: map[watch]bool{}}
}

// insert adds a breakpoint of one of the types above; size matters for watchpoints only. Adding one twice is the same
// as adding it once.
func (b *breakpoints) insert(kind, addr, size uint64) error {
	if len(b.software)+len(b.hardware)+len(b.watched) >= maxBreakpoints {
		return fmt.Errorf("more than %d breakpoints", maxBreakpoints)
	}
	switch kind {
	case softwareBreakpoint:
		b.software[addr] = true
	case hardwareBreakpoint:
		b.hardware[addr] = true
	case writeWatchpoint:
		if size == 0 || addr+size-1 < addr {
			return fmt.Errorf("a watchpoint on %d bytes at %#x", size, addr)
		}
		b.watched[watch{addr, size}] = true
	}
	return nil
}

// remove takes a breakpoint away, if it is there.
func (b *breakpoints) remove(kind, addr, size uint64) {
	switch kind {
	case softwareBreakpoint:
		delete(b.software, addr)
	case hardwareBreakpoint:
		delete(b.hardware, addr)
	case writeWatchpoint:
		delete(b.watched, watch{addr, size})
	}
}

// at tells which breakpoint is on an address, if any.
func (b *breakpoints) at(pc uint64) (r reason, ok bool) {
	switch {
	case b.software[pc]:
		return hitSoftware, true
	case b.hardware[pc]:
		return hitHardware, true
	}
	return 0, false
}

// hit returns the first watched byte that a store writes to.
func (b *breakpoints) hit(s *emu.Store) (addr uint64, ok bool) {
	first, last := s.Addr, s.Addr+uint64(s.Size)-1
	for w := range b.watched {
		if first <= w.addr+w.size-1 && w.addr <= last {
			if at := max(first, w.addr); !ok || at < addr {
				addr, ok = at, true
			}
		}
	}
	return addr, ok
}
