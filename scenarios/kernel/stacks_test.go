// SPDX-License-Identifier: GPL-2.0-only

package kernel

import "testing"

func TestPageSizeOf(t *testing.T) {
	header := func(flags byte) []byte {
		h := make([]byte, headerSize)
		h[24] = flags
		copy(h[56:], "ARM\x64")
		return h
	}
	for _, tt := range []struct {
		header []byte
		want   uint64
	}{
		{header(0b1010), 4 << 10}, {header(0b1100), 16 << 10}, {header(0b1110), 64 << 10},
		{header(0b1000), 4 << 10}, {make([]byte, headerSize), 4 << 10}, {nil, 4 << 10},
	} {
		if got := pageSizeOf(tt.header); got != tt.want {
			t.Errorf("%x: %d, want %d", tt.header, got, tt.want)
		}
	}
}

// TestStackAt: in all of a stack the bit of SP that tells of an overflow is clear, and set right below and above it.
func TestStackAt(t *testing.T) {
	for size := uint64(16 << 10); size <= maxStack; size *= 2 {
		k := &Kernel{stackSize: size}
		for _, which := range []uint64{taskStack, irqStack, walkStack} {
			base := k.stackAt(which)
			for addr, want := range map[uint64]uint64{base: 0, base + size - 1: 0, base - 1: size, base + size: size} {
				if got := addr & size; got != want {
					t.Errorf("stacks of %d KiB: %d at %#x, want %d", size>>10, got, addr, want)
				}
			}
			if calls := k.shadowCallsAt(which); calls < k.stackAt(walkStack)+2*size {
				t.Errorf("stacks of %d KiB: a shadow call stack at %#x", size>>10, calls)
			}
		}
	}
}
