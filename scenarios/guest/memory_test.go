// SPDX-License-Identifier: GPL-2.0-only

package guest

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"stacksweep/emu"
	"stacksweep/image"
)

// Whatever is written where, memory reads as if it were one array, regions neither overlap nor leave gaps, and the
// image's own bytes stay as they are.
func TestMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const base, pages = 0x10000, 6
		stored := rapid.IntRange(0, pages*PageSize).Draw(t, "stored")
		data := make([]byte, stored)
		for i := range data {
			data[i] = byte(i%251) + 1
		}
		original := bytes.Clone(data)
		model := make([]byte, pages*PageSize)
		copy(model, data)
		m := &Memory{}
		// The boundary may lie in front of the segment, or behind it.
		writable := uint64(rapid.IntRange(0, 0x10+pages+2).Draw(t, "writable") * PageSize)
		m.ShareImage(&image.Image{Segments: []image.Segment{{Addr: base, Data: data, Size: pages * PageSize, Perm: image.Read | image.Write | image.Exec}}}, writable)
		for range rapid.IntRange(0, 6).Draw(t, "writes") {
			p := rapid.SliceOfN(rapid.Byte(), 1, 2*PageSize).Draw(t, "bytes")
			off := rapid.IntRange(0, len(model)-len(p)).Draw(t, "offset")
			m.Write(base+uint64(off), p)
			copy(model[off:], p)
		}
		if m.err != nil {
			t.Fatal(m.err)
		}
		machine, err := emu.New(emu.Config{Regions: m.Regions()})
		if err != nil {
			t.Fatal(err)
		}
		defer machine.Close()
		got := make([]byte, len(model))
		if err := machine.Read(base, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, model) {
			t.Fatal("memory is not what was written")
		}
		if !bytes.Equal(data, original) {
			t.Fatal("the image was changed")
		}
		for _, r := range machine.Regions() {
			want := emu.Read | emu.Exec
			if r.Base >= writable {
				want = emu.Read | emu.Write
			}
			if r.Perm != want {
				t.Fatalf("%v: permissions, want %v", r, want)
			}
		}
	})
}

func TestWriteOutsideMemory(t *testing.T) {
	m := &Memory{}
	m.Map("some", 0x10000, PageSize)
	m.SetWord(0x10000+PageSize-4, 1)
	if m.err == nil {
		t.Error("a write across the end of memory is not an error")
	}
}
