// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"encoding/binary"
	"testing"

	"stacksweep/image"
)

// A check is what clang 19 makes of -fsanitize=kcfi, with and without NOPs in front of functions; nothing else is.
func TestFindTypeHash(t *testing.T) {
	for _, tt := range []struct {
		name  string
		insns []uint32
		perm  image.Perm
		want  uint64
	}{
		{"two NOPs in front", []uint32{0xf9400108, 0xb85f4110, 0x7280f291, 0x72a000b1, 0x6b11021f, 0x54000040},
			image.Read | image.Exec, 12},
		{"none", []uint32{0xb85fc110, 0x7280f291, 0x72a000b1, 0x6b11021f}, image.Read | image.Exec, 4},
		{"data", []uint32{0xb85fc110, 0x7280f291, 0x72a000b1, 0x6b11021f}, image.Read, 0},
		{"loads from ahead", []uint32{0xb840c110, 0x7280f291, 0x72a000b1, 0x6b11021f}, image.Read | image.Exec, 0},
		{"another register", []uint32{0xb85fc111, 0x7280f291, 0x72a000b1, 0x6b11021f}, image.Read | image.Exec, 0},
		{"half a check", []uint32{0x7280f291, 0x72a000b1, 0x6b11021f}, image.Read | image.Exec, 0},
	} {
		var data []byte
		for _, w := range tt.insns {
			data = binary.LittleEndian.AppendUint32(data, w)
		}
		k := &Kernel{
			image: &image.Image{Segments: []image.Segment{{Addr: 0x1000, Data: data, Size: uint64(len(data)),
				Perm: tt.perm}}}}
		if got := k.findTypeHash(); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// What the vectors test of SP tells how large stacks are.
func TestTestedBit(t *testing.T) {
	for word, want := range map[uint32]int{
		0x37700040: 14, // tbnz w0, #14, .+8
		0x37780040: 15,
		0xb7000040: 32, // tbnz x0, #32, .+8
		0x36700040: -1, // tbz
		0x37700041: -1, // of x1
		0xd503201f: -1,
	} {
		bit, ok := testedBit(word)
		if ok != (want >= 0) || ok && int(bit) != want {
			t.Errorf("%#x: %d, %v, want %d", word, bit, ok, want)
		}
	}
}
