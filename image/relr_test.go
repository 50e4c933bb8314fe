// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"debug/elf"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestADRP checks that it is the pages whose distance counts.
func TestADRP(t *testing.T) {
	for _, tt := range []struct {
		p, x uint64
		want uint32 // the immediate
	}{
		{0x10ffc, 0x11004, 1},
		{0x11000, 0x10fff, 1<<21 - 1},
		{0x10000, 0x10fff, 0},
		{0x10008, 0x17000, 7},
	} {
		place := make([]byte, 4)
		if err := relocate(place, elf.R_AARCH64_ADR_PREL_PG_HI21, tt.x, tt.p); err != nil {
			t.Error(err)
		}
		w := le.Uint32(place)
		if got := w>>29&3 | w>>5&(1<<19-1)<<2; got != tt.want {
			t.Errorf("ADRP at 0x%x of 0x%x: 0x%x, not 0x%x", tt.p, tt.x, got, tt.want)
		}
	}
}

// packRelr makes a RELR table of sorted, even addresses.
func packRelr(addrs []uint64) []byte {
	var table []byte
	for i := 0; i < len(addrs); {
		table = le.AppendUint64(table, addrs[i])
		next := addrs[i] + 8
		for i++; i < len(addrs); next += 63 * 8 {
			bits := uint64(0)
			for ; i < len(addrs) && addrs[i]-next < 63*8 && (addrs[i]-next)%8 == 0; i++ {
				bits |= 1 << ((addrs[i] - next) / 8)
			}
			if bits == 0 {
				break
			}
			table = le.AppendUint64(table, bits<<1|1)
		}
	}
	return table
}

func TestRelrRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var addrs []uint64
		at := uint64(0x1000)
		for range rapid.IntRange(1, 300).Draw(t, "places") {
			at += rapid.SampledFrom([]uint64{8, 8, 8, 8, 8, 16, 64, 10, 504, 512, 1024}).Draw(t, "distance")
			addrs = append(addrs, at)
		}
		var got []uint64
		if !eachRelr(packRelr(addrs), func(_ int, addr uint64) bool { got = append(got, addr); return true }) {
			t.Fatal("the table is not well-formed")
		}
		if d := gocmp.Diff(addrs, got); d != "" {
			t.Fatalf("places (-want +got):\n%s", d)
		}
	})
	if eachRelr([]byte{3, 0, 0, 0, 0, 0, 0, 0}, func(int, uint64) bool { return true }) {
		t.Error("a table that begins with a bitmap")
	}
}
