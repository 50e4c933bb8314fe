// SPDX-License-Identifier: GPL-2.0-only

package deliver

import (
	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// An Access is the memory that an unwinder may look at. It notes whether the unwinder has looked at anything else.
type Access struct {
	ranges  []unwind.Range
	last    unwind.Range // the one that served last
	outside bool         // the walker asked for something else
}

func newAccess(run *scenarios.Run) Access {
	return Access{ranges: run.Readable, last: run.Readable[0]}
}

// allows reports whether the word at addr may be read.
func (r *Access) allows(addr uint64) bool {
	return addr >= r.last.Start && addr <= r.last.End-8 || r.find(addr)
}

// allowsAll reports whether all words of [addr, addr+size) may be read, for what lies in one range.
func (r *Access) allowsAll(addr, size uint64) bool {
	for _, candidate := range r.ranges {
		if addr >= candidate.Start && addr < candidate.End && size <= candidate.End-addr {
			return true
		}
	}
	return false
}

// find makes last the range that holds the word at addr.
func (r *Access) find(addr uint64) bool {
	for _, candidate := range r.ranges {
		if addr >= candidate.Start && addr <= candidate.End-8 {
			r.last = candidate
			return true
		}
	}
	r.outside = true
	return false
}

// Begin forgets what was read.
func (r *Access) Begin() { r.outside = false }

// Outside reports whether something was read, since Begin, that must not be.
func (r *Access) Outside() bool { return r.outside }

// machineMemory shows a walker the memory of a machine.
type machineMemory struct {
	Access
	m *emu.Machine
}

// Word implements [unwind.Memory].
func (v *machineMemory) Word(addr uint64) (uint64, bool) {
	if !v.allows(addr) {
		return 0, false
	}
	w, err := v.m.Word(addr)
	return w, err == nil
}
