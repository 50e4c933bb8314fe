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
		// The boundary may lie before the segment, or after it.
		writable := uint64(rapid.IntRange(0, 0x10+pages+2).Draw(t, "writable") * PageSize)
		m.Share(ShareImage(
			&image.Image{Segments: []image.Segment{{Addr: base, Data: data, Size: pages * PageSize,
				Perm: image.Read | image.Write | image.Exec}}}, writable))
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

// However segments lie next to each other, as lld's do within pages, memory is what they say, and a page has the
// permissions of all that lie in it.
func TestSharedPages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const base = 0x10000
		im := &image.Image{}
		at := uint64(base)
		for range rapid.IntRange(1, 5).Draw(t, "segments") {
			at += uint64(rapid.SampledFrom([]int{0, 8, 0x700, PageSize, 3 * PageSize}).Draw(t, "gap"))
			data := bytes.Repeat([]byte{byte(len(im.Segments) + 1)}, rapid.IntRange(0, 3*PageSize).Draw(t, "stored"))
			size := uint64(len(data) + rapid.IntRange(1, PageSize).Draw(t, "zeros"))
			perm := rapid.SampledFrom([]image.Perm{image.Read, image.Read | image.Exec,
				image.Read | image.Write}).Draw(t, "perm")
			im.Segments = append(im.Segments, image.Segment{Addr: at, Data: data, Size: size, Perm: perm})
			at += size
		}
		m := &Memory{}
		m.Share(ShareImage(im, base))
		machine, err := emu.New(emu.Config{Regions: m.Regions()}) // which fails if regions overlap
		if err != nil {
			t.Fatal(err)
		}
		defer machine.Close()
		perms := map[uint64]emu.Perm{}
		for _, s := range im.Segments {
			got := make([]byte, s.Size)
			if err := machine.Read(s.Addr, got); err != nil {
				t.Fatal(err)
			}
			want := append(bytes.Clone(s.Data), make([]byte, int(s.Size)-len(s.Data))...)
			if !bytes.Equal(got, want) {
				t.Fatalf("memory of the segment at %#x is not what it says", s.Addr)
			}
			for page := s.Addr &^ (PageSize - 1); page < s.End(); page += PageSize {
				perms[page] |= s.Perm
			}
		}
		for _, r := range machine.Regions() {
			for page := r.Base; page < r.Base+r.Size; page += PageSize {
				if r.Perm != perms[page] {
					t.Fatalf("the page at %#x is %v, want %v", page, r.Perm, perms[page])
				}
			}
		}
	})
}

// A page that is mapped over others has zeros, can be written to, and leaves all around it as it was.
func TestMapOver(t *testing.T) {
	const base, pages = 0x10000, 3
	data := bytes.Repeat([]byte{7}, pages*PageSize)
	for page := range uint64(pages + 1) {
		m := &Memory{}
		m.Share(ShareImage(
			&image.Image{Segments: []image.Segment{{Addr: base, Data: data, Size: pages * PageSize,
				Perm: image.Read | image.Exec}}}, 0))
		m.MapOver("over", base+page*PageSize)
		m.Write(base+page*PageSize, []byte{9})
		want := append(bytes.Clone(data), make([]byte, PageSize)...)
		clear(want[page*PageSize:][:PageSize])
		want[page*PageSize] = 9
		got, mapped := make([]byte, len(want)), uint64(0)
		for _, r := range m.Regions() {
			copy(got[r.Base-base:], r.Data)
			mapped += r.Size
		}
		if m.err != nil || !bytes.Equal(got, want) || mapped != (pages+page/pages)*PageSize {
			t.Errorf("page %d: %v, %d bytes are mapped", page, m.err, mapped)
		}
	}
}
