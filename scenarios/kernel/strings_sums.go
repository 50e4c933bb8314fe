// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"hash/crc32"
	"strings"

	"stacksweep/internal/arm64"
)

// sums are CRCs and the Internet checksum.
func (r *routines) sums() {
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	// Until 6.17 the routines began with an alternative: a branch to the generic form, a NOP where the CPU has CRC32.
	for _, name := range []string{"crc32_le", "crc32_be", "__crc32c_le"} {
		if f, ok := r.lookup(name); ok && arm64.IsB(r.insn(f+4)) {
			r.SetWord32(f+4, arm64.NOP)
		}
	}
	for i, n := range sizes(130) {
		p := pattern(n)
		at := r.place(i%16, p)
		ieee, c := littleCRC(crc32.IEEETable, p), littleCRC(castagnoli, p)
		big := bigCRC(32, 0x04c11db7, firstCRC, p)
		r.crc("crc32_le", ieee, p, at)
		r.crc("crc32_le_arm64", ieee, p, at)
		r.crc("__crc32c_le", c, p, at)
		r.crc("crc32c_le_arm64", c, p, at)
		r.crc("crc32_be", big, p, at)
		r.crc("crc32_be_arm64", big, p, at)
		r.expect(uint64(checksum(p)), "do_csum", at, uint64(n))
	}
	// Those that multiply polynomials: four blocks at a time from a kilobyte on, sixteen bytes at least.
	for i, n := range []int{1024, 1088, 2048} {
		p := pattern(n)
		at := r.place(i*5%16, p)
		r.crc("crc32_le_arm64_4way", littleCRC(crc32.IEEETable, p), p, at)
		r.crc("crc32c_le_arm64_4way", littleCRC(castagnoli, p), p, at)
		r.crc("crc32_be_arm64_4way", bigCRC(32, 0x04c11db7, firstCRC, p), p, at)
	}
	for i, n := range append(sizes(300), 400, 1000) {
		if n >= 16 {
			p := pattern(n)
			r.crc("crc_t10dif_pmull_p64", bigCRC(16, 0x8bb7, firstCRC&0xffff, p), p, r.place(i%16, p))
		}
	}
}

// firstCRC is the CRC of what came before, of which the routines for 16 bits take the lower half.
const firstCRC = 0x12345678

// littleCRC is a CRC whose lowest bit is the highest power, not inverted, unlike Go's.
func littleCRC(table *crc32.Table, p []byte) uint32 {
	return ^crc32.Update(^uint32(firstCRC), table, p)
}

// bigCRC is a CRC of so many bits whose highest bit is the highest power.
func bigCRC(bits int, polynomial, crc uint32, p []byte) uint32 {
	for _, b := range p {
		crc ^= uint32(b) << (bits - 8)
		for range 8 {
			carry := crc >> (bits - 1) & 1
			crc = (crc<<1 ^ polynomial*carry) & (1<<bits - 1)
		}
	}
	return crc
}

// crc calls a routine that goes on from firstCRC.
func (r *routines) crc(name string, want uint32, p []byte, at uint64) {
	f, ok := r.lookup(name)
	// not a landing pad: a C function that chooses between several
	if !ok || r.insn(f)>>24 != arm64.NOP>>24 || r.insn(f) == arm64.NOP {
		return
	}
	start := uint64(firstCRC)
	if strings.Contains(name, "t10dif") {
		start &= 0xffff
	}
	r.expect(uint64(want), name, start, at, uint64(len(p)))
}

// checksum is the sum of RFC 1071, of little-endian words, without the final inversion.
func checksum(p []byte) uint16 {
	sum := uint32(0)
	for i, b := range p {
		sum += uint32(b) << (8 * (i & 1))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}
