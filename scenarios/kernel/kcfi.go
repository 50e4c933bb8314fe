// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"encoding/binary"
	"fmt"
	"strings"

	"stacksweep/image"
	"stacksweep/scenarios/guest"
)

// A kernel that is compiled with kCFI compares, before each indirect call, the word before the function with
// a hash of the type that it expects (clang's -fsanitize=kcfi):
//
//	ldur  w16, [xN, #-distance]
//	movk  w17, #low
//	movk  w17, #high, lsl #16
//	cmp   w16, w17
//	b.eq  1f
//	brk   #0x8000 | ...
//	1: blr xN
const (
	insnLoadHash     = 0xb8400010 // ldur w16, with the register in bits 9:5 and the distance in bits 20:12
	insnLoadHashMask = 0xffe00c1f
	insnLowHash      = 0x72800011 // movk w17, with the value in bits 20:5
	insnHighHash     = 0x72a00011
	insnHashMask     = 0xffe0001f
	insnCompareHash  = 0x6b11021f
)

// loadsHash returns how far before a function a check of its type looks, if instructions are one.
func loadsHash(insns []uint32) (distance uint64, ok bool) {
	const nine = 1<<9 - 1
	imm := insns[0] >> 12 & nine
	if insns[0]&insnLoadHashMask != insnLoadHash || imm&0x100 == 0 {
		return 0, false
	}
	ok = insns[1]&insnHashMask == insnLowHash && insns[2]&insnHashMask == insnHighHash && insns[3] == insnCompareHash
	return uint64(nine + 1 - imm), ok
}

// findTypeHash returns how far before a function the kernel's checks expect the hash of its type; 0 if there are
// none.
func (k *Kernel) findTypeHash() uint64 {
	for _, s := range k.image.Segments {
		if s.Perm&image.Exec == 0 {
			continue
		}
		var window [4]uint32
		for off := 0; off+4 <= len(s.Data); off += 4 {
			copy(window[:], window[1:])
			window[3] = binary.LittleEndian.Uint32(s.Data[off:])
			if window[3] != insnCompareHash {
				continue
			}
			if distance, ok := loadsHash(window[:]); ok {
				return distance
			}
		}
	}
	return 0
}

// typed gives a stub that the kernel calls the type of one of the kernel's functions, the first of some candidates that
// exists.
func (b *builder) typed(stub uint64, like ...string) {
	distance := b.typeHash()
	if distance == 0 {
		return
	}
	for _, name := range like {
		if f, ok := b.lookup(name); ok {
			if hash := b.insn(f - distance); hash != 0 {
				b.SetWord32(stub-distance, hash)
				return
			}
		}
	}
	b.Fail(fmt.Errorf("%s: %w: it checks the types of what it calls (kCFI), and has none of %s to take a type from",
		b.image.Name, guest.ErrUnsuitable, strings.Join(like, ", ")))
}
