// SPDX-License-Identifier: GPL-2.0-only

package deliver

import (
	"bytes"
	"encoding/binary"
	"testing"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// A walker sees the pt_regs of an exception wherever they lie, aligned or not, and around them the machine's memory.
func TestViewOfOverlay(t *testing.T) {
	const base, size = 0x10000, emu.PageSize
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i%253) + 1
	}
	m, err := emu.New(
		emu.Config{Regions: []emu.Region{{Name: "stack", Base: base, Size: size, Data: data,
			Perm: emu.Read | emu.Write}}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	layout := unwind.RegsLayout{Size: 320, X29: 232, X30: 240, SP: 248, PC: 256, FrameRecord: 296}
	run := &scenarios.Run{Kernel: &unwind.Layout{Regs: layout},
		Readable: []unwind.Range{{Start: base, End: base + size}}}
	for _, off := range []uint64{0x400, 0x404, 0x401, 0x40f, 0, size - 320} {
		v := NewView(run, m.Snapshot())
		v.interrupt(base+off, 0x1122334455667788, 0x99, 0xaabb, 0xccdd, 5)
		want := append([]byte(nil), data...)
		copy(want[off:], make([]byte, layout.Size))
		for at, w := range map[uint64]uint64{layout.PC: 0x1122334455667788, layout.SP: 0x99, layout.X29: 0xaabb,
			layout.X30: 0xccdd, layout.PC + 8: 5, layout.FrameRecord + 16: unwind.MetaPtRegs} {
			binary.LittleEndian.PutUint64(want[off+at:], w)
		}
		for at := uint64(0); at+8 <= size; at++ {
			got, ok := v.Word(base + at)
			if aligned := at%8 == 0 || off%8 == 0 && at >= off && at+8 <= off+layout.Size; !aligned {
				continue // machines' memory is read by words
			}
			if w := binary.LittleEndian.Uint64(want[at:]); !ok || got != w {
				t.Fatalf("with pt_regs at +%#x the word at +%#x is %#x, %v, want %#x", off, at, got, ok, w)
			}
		}
		compareBlocks(t, v, base, size)
		v.Watch()
		compareBlocks(t, v, base, size)
		if _, ok := v.Word(base - 8); ok {
			t.Error("memory below the stack can be read")
		}
		v.Clear()
		if got, ok := v.Word(base + 0x400); !ok || got != binary.LittleEndian.Uint64(data[0x400:]) {
			t.Errorf("without the overlay the word is %#x", got)
		}
	}
}

// compareBlocks reads parts of memory as blocks and word by word: both must be the same, and what can't be read alike.
func compareBlocks(t *testing.T, v *View, base, size uint64) {
	t.Helper()
	for start := uint64(0); start <= size; start += 8 {
		for _, n := range []uint64{8, 24, 320, 328, 0x400, size} {
			got, want := make([]byte, n), make([]byte, n)
			seen := len(v.seen)
			ok := v.ReadBlock(base+start, got)
			noted := len(v.seen) - seen
			if wantOK := unwind.ReadWords(v, base+start, want); ok != wantOK || ok && !bytes.Equal(got, want) {
				t.Fatalf("the block [+%#x, +%#x) is not the words there", start, start+n)
			}
			if v.watched && noted != len(v.seen)-seen-noted {
				t.Fatalf("of the block [+%#x, +%#x) %d words were noted", start, start+n, noted)
			}
		}
	}
}
