// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"cmp"
	"encoding/binary"
	"slices"

	"stacksweep/image"
	"stacksweep/unwind"
	"stacksweep/unwind/flow"
)

// readFacts reads what a file says of its own code. A kernel tells which BRKs are bugs, where branches are patched in
// and out, and where faults go on; code with exceptions, where these go on. What a file has no tables of, or no types
// that tell what their entries look like, is left out.
func (s *Subject) readFacts() *flow.Facts {
	im := s.Image
	k := &flow.Facts{Data: im.Bytes, Pads: s.landingPads(), Breaks: breaks(im),
		Patches: slices.Concat(patchesOf(im, s.alternatives()), staticKeys(im), fixups(im))}
	slices.SortFunc(k.Patches, func(a, b flow.Patch) int {
		return cmp.Or(cmp.Compare(a.Addr, b.Addr), cmp.Compare(a.Target, b.Target))
	})
	return k
}

// records is an array of a struct whose layout the kernel's types tell.
type records struct {
	addr, size uint64 // of the array; of an entry, not 0
	data       []byte
	offset     func(member string) (uint64, error)
}

// openRecords finds an array between two symbols of the linker script's.
func openRecords(im *image.Image, start, end, typ string) (r records, ok bool) {
	first, ok1 := im.Symbols.Lookup(start)
	last, ok2 := im.Symbols.Lookup(end)
	types, err := im.Types()
	if !ok1 || !ok2 || last.Addr < first.Addr || err != nil {
		return r, false
	}
	r = records{addr: first.Addr, offset: func(member string) (uint64, error) { return types.Offset(typ, member) }}
	r.data, ok = im.Bytes(first.Addr, last.Addr-first.Addr)
	r.size, err = types.Size(typ)
	return r, ok && err == nil && r.size > 0
}

// members returns the places of members, which lie within a record with so many bytes each. It reports false if one
// isn't there.
func (r *records) members(size uint64, names ...string) (offsets []uint64, ok bool) {
	for _, name := range names {
		offset, err := r.offset(name)
		if err != nil || offset > r.size || size > r.size-offset {
			return nil, false
		}
		offsets = append(offsets, offset)
	}
	return offsets, true
}

// count is the number of records.
func (r *records) count() uint64 { return uint64(len(r.data)) / r.size }

func (r *records) bytes(i, member uint64) []byte { return r.data[i*r.size+member:] }

// relative returns the address that a member tells by the distance from itself, in 32 bits.
func (r *records) relative(i, member uint64) uint64 {
	distance := int32(binary.LittleEndian.Uint32(r.bytes(i, member)))
	return r.addr + i*r.size + member + uint64(int64(distance))
}

// bugWarning is the flag of an entry of the bug table that says that execution goes on (BUGFLAG_WARNING, linux/bug.h).
const bugWarning = 1

// breaks tells bugs from warnings by the bug table: to the code the two look alike. An entry has the distance from
// itself to the BRK (struct bug_entry with CONFIG_GENERIC_BUG_RELATIVE_POINTERS, which arm64 always has).
func breaks(im *image.Image) map[uint64]flow.Break {
	r, ok := openRecords(im, "__start___bug_table", "__stop___bug_table", "bug_entry")
	if !ok {
		return nil
	}
	return breaksIn(&r)
}

func breaksIn(r *records) map[uint64]flow.Break {
	disp, ok1 := r.members(4, "bug_addr_disp")
	flags, ok2 := r.members(2, "flags")
	if !ok1 || !ok2 {
		return nil
	}
	all := map[uint64]flow.Break{}
	for i := range r.count() {
		is := flow.BreakEnds
		if binary.LittleEndian.Uint16(r.bytes(i, flags[0]))&bugWarning != 0 {
			is = flow.BreakReturns
		}
		all[r.relative(i, disp[0])] = is
	}
	return all
}

// altCallback is the bit of a capability that says that a function patches the code (ARM64_CB_BIT, asm/alternative.h).
const altCallback = 1 << 15

// An alternative is code that takes the place of other code, for what the CPU can do (struct alt_instr,
// asm/alternative.h).
type alternative struct {
	at, from uint64 // the code that is replaced, and what replaces it
	n        uint64 // bytes
	callback bool   // a function writes it instead: it may put anything there
}

func readAlternatives(im *image.Image) []alternative {
	r, ok := openRecords(im, "__alt_instructions", "__alt_instructions_end", "alt_instr")
	if !ok {
		return nil
	}
	return alternativesIn(&r)
}

func alternativesIn(r *records) (list []alternative) {
	offsets, ok1 := r.members(4, "orig_offset", "alt_offset")
	capability, ok2 := r.members(2, "cpucap")
	lengths, ok3 := r.members(1, "orig_len", "alt_len")
	if !ok1 || !ok2 || !ok3 {
		return nil
	}
	for i := range r.count() {
		a := alternative{at: r.relative(i, offsets[0]), from: r.relative(i, offsets[1]),
			n: uint64(r.bytes(i, lengths[1])[0])}
		if a.callback = binary.LittleEndian.Uint16(r.bytes(i, capability[0]))&altCallback != 0; a.callback {
			a.from, a.n = 0, uint64(r.bytes(i, lengths[0])[0])
		}
		list = append(list, a)
	}
	return list
}

// patchesOf lists the branches that alternatives may put in or take out. A callback may turn a branch into a NOP.
func patchesOf(im *image.Image, all []alternative) (list []flow.Patch) {
	for _, a := range all {
		if code, ok := im.Bytes(a.from, a.n); ok || a.callback {
			list = append(list, a.patches(code)...)
		}
	}
	return list
}

// patches are what an alternative does, instruction by instruction; code is its replacement.
func (a *alternative) patches(code []byte) (list []flow.Patch) {
	for off := uint64(0); off+4 <= a.n; off += 4 {
		p := flow.Patch{Addr: a.at + off, Falls: true}
		if !a.callback {
			word := binary.LittleEndian.Uint32(code[off:])
			p.Falls = !flow.Ends(word)
			if to, ok := flow.BranchTarget(word, a.from+off); ok {
				if p.Target = to; to-a.from < a.n { // within the replacement, which goes with it
					p.Target = a.at + (to - a.from)
				}
			}
		}
		list = append(list, p)
	}
	return list
}

// replacementsOf lists the code that alternatives put elsewhere, by address; what touches is one piece.
func replacementsOf(all []alternative) (list []unwind.Range) {
	for _, a := range all {
		if !a.callback && a.n > 0 {
			list = append(list, unwind.Range{Start: a.from, End: a.from + a.n})
		}
	}
	slices.SortFunc(list, func(a, b unwind.Range) int { return cmp.Compare(a.Start, b.Start) })
	n := 0
	for _, r := range list {
		if n > 0 && r.Start <= list[n-1].End {
			list[n-1].End = max(list[n-1].End, r.End)
			continue
		}
		list[n] = r
		n++
	}
	return list[:n]
}

// replacementAt reports whether an instruction is one that an alternative puts elsewhere, and up to where those after
// it are, or aren't either.
func (s *Subject) replacementAt(addr uint64) (is bool, until uint64) {
	all := s.replacements()
	i, _ := slices.BinarySearchFunc(all, addr, func(r unwind.Range, addr uint64) int {
		if r.End <= addr {
			return -1
		}
		return 1
	})
	switch {
	case i == len(all):
		return false, ^uint64(0)
	case all[i].Start > addr:
		return false, all[i].Start
	}
	return true, all[i].End
}

// staticKeys lists the branches of static keys, each a NOP as long as it isn't taken (struct jump_entry with
// CONFIG_HAVE_ARCH_JUMP_LABEL_RELATIVE, linux/jump_label.h).
func staticKeys(im *image.Image) []flow.Patch {
	return pairs(im, "__start___jump_table", "__stop___jump_table", "jump_entry", "code", "target")
}

// fixups lists where execution goes on when an instruction faults (struct exception_table_entry, asm/extable.h), in no
// particular order.
func fixups(im *image.Image) (list []flow.Patch) {
	r, ok := openRecords(im, "__start___ex_table", "__stop___ex_table", "exception_table_entry")
	if !ok {
		return nil
	}
	table, err := image.ExceptionTable(r.addr, r.data, r.size)
	if err != nil {
		return nil
	}
	for insn, fixup := range table {
		list = append(list, flow.Patch{Addr: insn, Target: fixup, Falls: true})
	}
	return list
}

// pairs reads an array of which each entry tells an instruction and where execution may go on instead of after it.
func pairs(im *image.Image, start, end, typ, from, to string) []flow.Patch {
	r, ok := openRecords(im, start, end, typ)
	if !ok {
		return nil
	}
	return pairsIn(&r, from, to)
}

func pairsIn(r *records, from, to string) (list []flow.Patch) {
	offsets, ok := r.members(4, from, to)
	if !ok {
		return nil
	}
	for i := range r.count() {
		list = append(list, flow.Patch{Addr: r.relative(i, offsets[0]), Target: r.relative(i, offsets[1]), Falls: true})
	}
	return list
}
