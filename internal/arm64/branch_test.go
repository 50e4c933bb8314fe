// SPDX-License-Identifier: GPL-2.0-only

package arm64

import "testing"

func TestReference(t *testing.T) {
	const pc = 0xffff800008bae998
	for _, tt := range []struct {
		name       string
		adrp, next uint32
		want       uint64 // 0: none
	}{
		{"adrp x1; ldr x1, [x1, #616]", 0xd0001a41, 0xf9413421, 0xffff800008ef8268},
		{"adrp x16; add x16, x16, #0x50", 0xf000a590, 0x91014210, 0xffff80000a061050},
		{"adrp backwards; add x1, x1, #0x910", 0xf0ff9341, 0x91244021, 0xffff800007e19910},
		{"not the same register", 0xd0001a41, 0xf9413442, 0},
		{"not an adrp", 0x10000062, 0x91014042, 0},
		{"neither add nor ldr", 0xd0001a41, 0xd503201f, 0},
	} {
		got, ok := Reference(pc, tt.adrp, tt.next)
		if got != tt.want || ok != (tt.want != 0) {
			t.Errorf("%s: %#x, %t; want %#x", tt.name, got, ok, tt.want)
		}
	}
}

func TestBranch(t *testing.T) {
	for _, tt := range []struct {
		from, to uint64
		want     uint32
	}{{0x1000, 0x1000, 0x94000000}, {0x1000, 0x1008, 0x94000002}, {0x1000, 0xffc, 0x97ffffff}} {
		if got := Branch(BL, tt.from, tt.to); got != tt.want {
			t.Errorf("bl from %#x to %#x is %#08x, want %#08x", tt.from, tt.to, got, tt.want)
		}
	}
}
