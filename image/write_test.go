// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"debug/elf"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWriteELF makes sure that what is written is read again as the same image, by us and, as to the tables, by
// debug/elf.
func TestWriteELF(t *testing.T) {
	for _, name := range []string{"object.o", "shared.so"} {
		flags := map[string][]string{"object.o": {"-O2", "-c"},
			"shared.so": {"-O2", "-shared", "-nostdlib", "-fPIC"}}[name]
		path, data := compile(t, "got.c", flags...)
		im, err := Parse(path, data, At(0xffff_8000_9000_0000), Resolve(func(string) (uint64, bool) {
			return 0xffff_8000_8fff_0000, true
		}))
		if err != nil {
			t.Fatal(err)
		}
		frame := []byte("not looked at...")
		written := im.ELF(frame)
		again, err := Parse(name, written)
		if err != nil {
			t.Fatal(err)
		}
		if len(again.Segments) != len(im.Segments) {
			t.Fatalf("%d segments, want %d", len(again.Segments), len(im.Segments))
		}
		for i, s := range again.Segments {
			want := im.Segments[i]
			if s.Addr != want.Addr || s.Size != want.Size || s.Perm != want.Perm || !bytes.Equal(s.Data, want.Data) {
				t.Errorf("%s: segment %d differs: %#x %#x %v, want %#x %#x %v", name, i, s.Addr, s.Size, s.Perm,
					want.Addr, want.Size, want.Perm)
			}
		}
		names := func(im *Image) (list []Symbol) {
			for s := range im.Symbols.All() {
				s.IFunc = false
				list = append(list, s)
			}
			return list
		}
		if diff := cmp.Diff(names(im), names(again)); diff != "" {
			t.Errorf("%s: symbols, -want +got:\n%s", name, diff)
		}
		f, err := elf.NewFile(bytes.NewReader(written))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.Section(debugFrame).Data(); err != nil || !bytes.Equal(got, frame) {
			t.Errorf("%s: .debug_frame %q, %v", name, got, err)
		}
		symbols, err := f.Symbols()
		if err != nil || !slices.ContainsFunc(symbols, func(s elf.Symbol) bool {
			return s.Name == "use" && f.Sections[s.Section].Name == ".text"
		}) {
			t.Errorf("%s: use isn't in .text (%v)", name, err)
		}
	}
}

// A symbol in the zeroes at the end of a segment is in a section of its own when it is written, and read again.
func TestWriteZeroes(t *testing.T) {
	im := &Image{Name: "zeroes", Kind: Executable, Segments: []Segment{
		{Name: ".text", Addr: 0x10000, Data: make([]byte, 8), Size: 8, Perm: Read | Exec},
		{Name: ".data", Addr: 0x20000, Data: make([]byte, 8), Size: 0x1008, Perm: Read | Write},
	}}
	want := []Symbol{{Name: "counters", Addr: 0x20008, Size: 0x1000, Kind: Object, Global: true}}
	im.Symbols = newSymbols(want, im.Segments)
	again, err := Parse("again", im.ELF(nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, slices.Collect(again.Symbols.All())); diff != "" {
		t.Error(diff)
	}
	if got := again.Segments[1].Size; got != 0x1008 {
		t.Errorf("the segment has %#x bytes", got)
	}
}
