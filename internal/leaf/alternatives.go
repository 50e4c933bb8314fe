// SPDX-License-Identifier: GPL-2.0-only

package leaf

import (
	"encoding/binary"
	"fmt"
	"slices"

	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/internal/usage"
)

// alternativeSize is the size of struct alt_instr: two 32-bit distances from themselves, to the instructions that are
// replaced and to those that replace them, the CPU's capability, and the two lengths in bytes
// (arch/arm64/include/asm/alternative.h).
const alternativeSize = 12

// parseAlternatives returns the addresses of the instructions that a section .altinstructions, at an address, says may
// be replaced when the kernel starts, in order; each counts once, however many alternatives it has.
func parseAlternatives(addr uint64, data []byte, isCode func(uint64) bool) (at []uint64, err error) {
	if len(data)%alternativeSize != 0 {
		return nil, fmt.Errorf("%d bytes are no multiple of %d", len(data), alternativeSize)
	}
	for off := 0; off < len(data); off += alternativeSize {
		entry := addr + uint64(off)
		from := entry + uint64(int64(int32(binary.LittleEndian.Uint32(data[off:]))))
		if !isCode(from) {
			return nil, fmt.Errorf("the entry at %#x is about %#x, which is no code", entry, from)
		}
		at = append(at, from)
	}
	slices.Sort(at)
	return slices.Compact(at), nil
}

// addAlternatives counts, for each function, the places that may be patched.
func (r *Report) addAlternatives() error {
	addr, data, _ := r.Image.Section(".altinstructions")
	at, err := parseAlternatives(addr, data, func(a uint64) bool {
		s, ok := r.Image.Segment(a)
		return ok && s.Perm&image.Exec != 0
	})
	if err != nil {
		return usage.Errorf("", "%s: .altinstructions: %v", r.Image.Name, err)
	}
	r.alternativesKnown = len(at) > 0
	for i := range r.Functions {
		f := &r.Functions[i]
		from, _ := slices.BinarySearch(at, f.Flow.Addr)
		to, _ := slices.BinarySearch(at, f.Flow.Addr+uint64(f.Flow.Size))
		f.alternatives = to - from
		if first := patchSite(r.Image, f.Flow.Addr); f.Flow.Class.Patchable {
			_, is := slices.BinarySearch(at, first)
			_, next := slices.BinarySearch(at, first+4)
			if is || next {
				flow := *f.Flow // which isn't ours to change
				flow.Class.Patchable = false
				f.Flow = &flow
			}
		}
	}
	return nil
}

// patchSite is the first NOP of a function that may be ftrace's patch site.
func patchSite(im *image.Image, addr uint64) uint64 {
	const most = 3 // a landing pad, and signing X30, may be before it
	for i := range uint64(most) {
		if b, ok := im.Bytes(addr+4*i, 4); ok && binary.LittleEndian.Uint32(b) == arm64.NOP {
			return addr + 4*i
		}
	}
	return addr
}
