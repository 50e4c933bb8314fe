// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"fmt"

	"stacksweep/emu"
	"stacksweep/internal/arm64"
)

// maxBreakpoints bounds the breakpoints and the watchpoints of a debugger.
const maxBreakpoints = 1024

// The types of the Z packet.
const (
	softwareBreakpoint = 0
	hardwareBreakpoint = 1
	writeWatchpoint    = 2
	readWatchpoint     = 3
	accessWatchpoint   = 4
)

// breakpoints are the places and the memory that a debugger wants to stop at. Nothing is patched into the code.
type breakpoints struct {
	software, hardware map[uint64]bool
	watched            map[watch]bool
}

// A watch is memory of which writes, reads or both are to be seen: size bytes from addr on.
type watch struct{ kind, addr, size uint64 }

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
	case writeWatchpoint, readWatchpoint, accessWatchpoint:
		if size == 0 || addr+size-1 < addr {
			return fmt.Errorf("a watchpoint on %d bytes at %#x", size, addr)
		}
		b.watched[watch{kind, addr, size}] = true
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
	case writeWatchpoint, readWatchpoint, accessWatchpoint:
		delete(b.watched, watch{kind, addr, size})
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

// hit returns the first watched byte that a store writes to, and as what it is watched.
func (b *breakpoints) hit(s *emu.Store) (addr uint64, r reason, ok bool) {
	return b.touched(s.Addr, uint64(s.Size), writeWatchpoint, hitWatch)
}

// read returns the first watched byte that an access reads, and as what it is watched.
func (b *breakpoints) read(a arm64.Access) (addr uint64, r reason, ok bool) {
	return b.touched(a.Addr, a.Size, readWatchpoint, hitRead)
}

// touched returns the first byte of size from addr on that is watched for accesses of a kind, or for all.
func (b *breakpoints) touched(from, size, kind uint64, why reason) (addr uint64, r reason, ok bool) {
	for w := range b.watched {
		if w.kind != kind && w.kind != accessWatchpoint || from > w.addr+w.size-1 || w.addr > from+size-1 {
			continue
		}
		at, as := max(from, w.addr), why
		if w.kind == accessWatchpoint {
			as = hitAccess
		}
		if !ok || at < addr || at == addr && as < r {
			addr, r, ok = at, as, true
		}
	}
	return addr, r, ok
}

// watchesReads reports whether reads matter.
func (b *breakpoints) watchesReads() bool {
	for w := range b.watched {
		if w.kind != writeWatchpoint {
			return true
		}
	}
	return false
}
