// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"debug/elf"
)

// A kernel that can be moved at boot carries a table of its pointers. Which form it has depends on the linker, not on
// the version of the kernel:
//
//   - RELA: 24-byte records of a place, the type R_AARCH64_RELATIVE and a value. The places themselves are 0 in the
//     file, or hold the same value.
//   - RELR: words that only list places, see eachRelr. The places hold their values. A few records of RELA remain for
//     places that RELR can't list.

// chance is the length below which a run of words that looks like a table may be none.
const chance = 64

// table is a run of records in the file.
type table struct {
	off, n int // file offset; number of records
}

// relocate finds the tables, takes the link base from them, and fills in the pointers.
func (k *kernel) relocate() error {
	runs := k.relaRuns()
	longest := table{}
	for _, r := range runs {
		if r.n > longest.n {
			longest = r
		}
	}
	if longest.n >= chance {
		k.base = linkBase(le.Uint64(k.data[longest.off:]))
	}
	relr, base := k.relr()
	if relr.n >= chance {
		if k.base != 0 && k.base != base {
			return k.errorf(uint64(relr.off), "the packed relocations are for base 0x%x, those at 0x%x for 0x%x", base,
				longest.off, k.base)
		}
		k.base = base
	} else {
		k.packed = 0
	}
	if k.base == 0 {
		return nil // not relocatable: the symbols may tell the base
	}
	return k.rela(runs)
}

// relaRuns finds the runs of records that may be RELA relocations of a kernel.
func (k *kernel) relaRuns() []table {
	var runs []table
	d := k.data
	for off := 0; off+relaSize <= len(d); {
		if !isRelative(d[off:]) {
			off += 8
			continue
		}
		run := table{off: off}
		for ; off+relaSize <= len(d) && isRelative(d[off:]); off += relaSize {
			run.n++
		}
		runs = append(runs, run)
	}
	return runs
}

// isRelative reports whether b begins with a relocation of type R_AARCH64_RELATIVE for a kernel address.
func isRelative(b []byte) bool {
	return le.Uint64(b[8:]) == uint64(elf.R_AARCH64_RELATIVE) && isKernelAddress(le.Uint64(b))
}

// isKernelAddress reports whether addr is in the upper half of the address space.
func isKernelAddress(addr uint64) bool { return addr>>48 == 0xffff }

// rela picks the table among the runs, and fills in its pointers. The table is the run whose places and values are
// all of this kernel; other runs are something else that happens to look like relocations.
func (k *kernel) rela(runs []table) error {
	found := table{}
	for _, run := range runs {
		if bad := k.badRela(run); bad >= 0 {
			if run.n >= chance {
				return k.errorf(uint64(bad), "relocation for address 0x%x, value 0x%x: not of the kernel at base 0x%x",
					le.Uint64(k.data[bad:]), le.Uint64(k.data[bad+16:]), k.base)
			}
			continue
		}
		if found.n > 0 {
			return k.errorf(uint64(run.off), "a second table of relocations; the first is at 0x%x", found.off)
		}
		found = run
	}
	if found.n == 0 {
		return nil
	}
	if err := k.oddRela(found); err != nil {
		return err
	}
	if !k.owned {
		k.data, k.owned = bytes.Clone(k.data), true
	}
	for i := range found.n {
		r := readRela(k.data[found.off+i*relaSize:])
		le.PutUint64(k.data[r.offset-k.base:], r.addend)
	}
	k.relocated = found.n
	return nil
}

// badRela returns the file offset of the first record of a run that can't be of this kernel, or -1. A value of 0 is
// a weak symbol that is not defined.
func (k *kernel) badRela(run table) int {
	for i := range run.n {
		off := run.off + i*relaSize
		r := readRela(k.data[off:])
		if !k.stored(r.offset) || r.addend != 0 && !k.inside(r.addend) {
			return off
		}
	}
	return -1
}

// stored reports whether the eight bytes at addr are in the file.
func (k *kernel) stored(addr uint64) bool {
	return addr >= k.base && addr-k.base <= uint64(len(k.data)) && uint64(len(k.data))-(addr-k.base) >= 8
}

// oddRela makes sure that the table ends where its run does, and not at a relocation of another type.
func (k *kernel) oddRela(t table) error {
	for _, off := range []int{t.off - relaSize, t.off + t.n*relaSize} {
		if off < 0 || off+relaSize > len(k.data) {
			continue
		}
		r := readRela(k.data[off:])
		if k.stored(r.offset) && r.kind >= elf.R_AARCH64_ABS64 && r.kind < 0x500 && r.symbol < 1<<16 {
			return k.errorf(uint64(off), "relocation of type %s in a kernel", typeName(r.kind))
		}
	}
	return nil
}

// relr finds the table of packed relocations: the run of words that lists the most places, each with a pointer into
// the kernel in it. It returns the base that the places are for.
func (k *kernel) relr() (best table, base uint64) {
	for off := 0; off+relrSize <= len(k.data); {
		if w := le.Uint64(k.data[off:]); !isKernelAddress(w) || w&7 != 0 {
			off += relrSize // no table begins like this
			continue
		}
		run, places := k.relrRun(off)
		if run.n > best.n && places > run.n {
			best, base, k.packed = run, linkBase(le.Uint64(k.data[off:])), places
		}
		off += relrSize * max(1, run.n)
	}
	return best, base
}

// relrRun returns the run of words at off that can be a RELR table, and the number of places that it lists, which are
// in order.
func (k *kernel) relrRun(off int) (run table, places int) {
	first := le.Uint64(k.data[off:])
	if !isKernelAddress(first) || first&7 != 0 {
		return table{}, 0
	}
	at := kernel{file: k.file, size: k.size, base: linkBase(first)}
	last, next := first-1, uint64(0) // the last place; where a bitmap begins
	run.off = off
	for ; off+relrSize <= len(k.data); off += relrSize {
		w := le.Uint64(k.data[off:])
		if w&1 == 0 {
			if w <= last || !at.pointer(w) {
				break
			}
			last, next = w, w+8
			places++
		} else {
			n, end := at.bitmap(w, next)
			if n <= 0 || run.n == 0 {
				break
			}
			last, next = end, next+63*8
			places += n
		}
		run.n++
	}
	return run, places
}

// bitmap counts the pointers that the bitmap w lists from addr on, and returns the address of the last; the count is
// -1 if there is something else.
func (k *kernel) bitmap(w, addr uint64) (n int, last uint64) {
	for bits := w >> 1; bits != 0; bits >>= 1 {
		if bits&1 == 1 {
			if !k.pointer(addr) {
				return -1, 0
			}
			n, last = n+1, addr
		}
		addr += 8
	}
	return n, last
}

// pointer reports whether there is a pointer into the kernel at addr, or a null pointer: a weak symbol that nothing
// defines is 0, listed anyway.
func (k *kernel) pointer(addr uint64) bool {
	if !k.stored(addr) {
		return false
	}
	p := le.Uint64(k.data[addr-k.base:])
	return p == 0 || k.inside(p)
}
