// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"stacksweep/internal/blind"
)

func TestSections(t *testing.T) {
	im, err := Load("testdata/elf/prog")
	if err != nil {
		t.Fatal(err)
	}
	addr, data, ok := im.Section(".eh_frame")
	if !ok || addr != 0x400190 || len(data) == 0 {
		t.Errorf(".eh_frame = 0x%x, %d bytes, %v", addr, len(data), ok)
	}
	if got, ok := im.Bytes(addr, uint64(len(data))); !ok || !bytes.Equal(got, data) {
		t.Error(".eh_frame differs from what is loaded at its address")
	}
	if _, _, ok := im.Section(".bss"); ok {
		t.Error(".bss has contents")
	}
	if _, _, ok := im.Section(".nowhere"); ok {
		t.Error("a section that doesn't exist")
	}
}

// TestDebugFrame checks that an object's .debug_frame is uncompressed and refers to the functions where they are.
func TestDebugFrame(t *testing.T) {
	im, err := Load("testdata/elf/prog.gz.o", At(0x40000))
	if err != nil {
		t.Fatal(err)
	}
	addr, data, ok := im.Section(".debug_frame")
	if !ok || addr != 0 {
		t.Fatalf(".debug_frame: address 0x%x, %v", addr, ok)
	}
	want := map[uint64]string{}
	for _, name := range []string{"add", "each", "entry"} {
		want[mustLookup(t, im, name).Addr] = name
	}
	for off := 0; off+24 <= len(data); off += 4 + int(le.Uint32(data[off:])) {
		if id := le.Uint32(data[off+4:]); id == 0xffffffff {
			continue // a CIE
		} else if id != 0 {
			t.Errorf("the FDE at 0x%x has its CIE at 0x%x, not at 0", off, id)
		}
		delete(want, le.Uint64(data[off+8:]))
	}
	if len(want) > 0 {
		t.Errorf("no FDE for %v", want)
	}
	if _, _, ok := im.Section(".debug_info"); ok {
		t.Error("a compressed section was offered as it is")
	}
}

// TestSharedBase checks the pointers of a shared object, whether listed as RELA or RELR, at its own base and another.
func TestSharedBase(t *testing.T) {
	for _, name := range []string{"lib.so", "relr.so"} {
		for _, base := range []uint64{0, 0xffff800000000000} {
			im, err := Load(filepath.Join("testdata/elf", name), At(base))
			if err != nil {
				t.Fatal(err)
			}
			where := mustLookup(t, im, "where")
			if where.Addr < base {
				t.Errorf("%s: where is at 0x%x", name, where.Addr)
			}
			counter, zeros, hidden := mustLookup(t, im, "counter").Addr, mustLookup(t, im, "zeros").Addr,
				mustLookup(t, im, "hidden").Addr
			want := []uint64{counter, zeros, zeros + 40}
			for i := range uint64(7) {
				want = append(want, hidden+4*i)
			}
			b, ok := im.Bytes(where.Addr, where.Size)
			if !ok {
				t.Fatalf("%s: nothing at 0x%x", name, where.Addr)
			}
			var got []uint64
			for ; len(b) > 0; b = b[8:] {
				got = append(got, le.Uint64(b))
			}
			if d := gocmp.Diff(want, got); d != "" {
				t.Errorf("%s at base 0x%x (-want +got):\n%s", name, base, d)
			}
		}
	}
}

func TestBytes(t *testing.T) {
	im := &Image{Segments: []Segment{{Addr: 0x1000, Data: []byte{1, 2, 3, 4}, Size: 8},
		{Addr: 0x1008, Data: []byte{5}, Size: 1}}}
	for _, tt := range []struct {
		addr, n uint64
		want    []byte
		ok      bool
	}{
		{0x1000, 4, []byte{1, 2, 3, 4}, true},
		{0x1002, 4, []byte{3, 4, 0, 0}, true},
		{0x1005, 3, []byte{0, 0, 0}, true},
		{0x1008, 1, []byte{5}, true},
		{0x1005, 4, nil, false}, // into the next segment
		{0xfff, 2, nil, false},
		{0x1009, 1, nil, false},
		{0x1000, ^uint64(0), nil, false},
		{0x1002, ^uint64(0), nil, false},
	} {
		got, ok := im.Bytes(tt.addr, tt.n)
		if ok != tt.ok || !bytes.Equal(got, tt.want) {
			t.Errorf("Bytes(0x%x, %d) = %v, %v; want %v, %v", tt.addr, tt.n, got, ok, tt.want, tt.ok)
		}
	}
}

func readTestdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checkImage checks what the package promises of any image, or error, made from data. data is nil if the segments are
// not from there, but from what it was uncompressed to.
func checkImage(t *testing.T, data []byte, im *Image, err error) {
	t.Helper()
	if err != nil {
		var e *Error
		if im != nil || !errors.As(err, &e) || strings.Contains(err.Error(), "\n") {
			t.Errorf("image %v with error %q", im != nil, err)
		}
		return
	}
	if len(im.Segments) == 0 || im.Symbols == nil || im.Symbols.Len() == 0 {
		t.Fatal("an image of nothing")
	}
	total := uint64(0)
	for i, s := range im.Segments {
		if s.Size == 0 || uint64(len(s.Data)) > s.Size || s.End() < s.Addr {
			t.Errorf("segment %d: address 0x%x, %d of %d bytes", i, s.Addr, len(s.Data), s.Size)
		}
		if data != nil && len(s.Data) > 0 &&
			(s.Offset > uint64(len(data)) || uint64(len(s.Data)) > uint64(len(data))-s.Offset) {
			t.Errorf("segment %d is from outside the file", i)
		}
		if i > 0 && im.Segments[i-1].End() > s.Addr {
			t.Errorf("segment %d is not after the one before it", i)
		}
		total += s.Size
	}
	if total > MaxSize {
		t.Errorf("0x%x bytes", total)
	}
	last := uint64(0)
	n := 0
	for s := range im.Symbols.All() {
		if n++; s.Addr < last || s.Name == "" || isMapping(s.Name) {
			t.Errorf("symbol %+v after address 0x%x", s, last)
		}
		last = s.Addr
		if found, ok := im.Symbols.Lookup(s.Name); !ok || found.Name != s.Name {
			t.Errorf("Lookup(%q) = %+v, %v", s.Name, found, ok)
		}
		found, ok := im.Symbols.At(s.Addr)
		if ok && (!found.Contains(s.Addr) || found.Kind == Object) {
			t.Errorf("At(0x%x) = %+v", s.Addr, found)
		}
		seg, inside := im.Segment(s.Addr)
		if code := inside && seg.Perm&Exec != 0 && s.Kind != Object; code && !ok {
			t.Errorf("At(0x%x) doesn't find %+v", s.Addr, s)
		}
	}
	if n != im.Symbols.Len() {
		t.Errorf("%d symbols of %d", n, im.Symbols.Len())
	}
}

// TestCodeSections compares what is called code with the flags that the ELF package of Go reads.
func TestCodeSections(t *testing.T) {
	for _, name := range []string{"prog", "lib.so", "names.o"} {
		path := filepath.Join("testdata/elf", name)
		im, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := elf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var want, got []string
		for _, s := range f.Sections {
			if s.Flags&elf.SHF_EXECINSTR != 0 && s.Size > 0 {
				want = append(want, s.Name)
			}
		}
		for _, s := range im.CodeSections() {
			got = append(got, s.Name)
			if code, ok := im.Bytes(s.Addr, s.Size); !ok || !bytes.Equal(code, s.Data) {
				t.Errorf("%s: section %s is not what is loaded at its address", name, s.Name)
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s, -want +got:\n%s", name, diff)
		}
	}
}

// addPrebuilt makes the ELF files that were built before seeds.
func addPrebuilt(f *testing.F) {
	f.Helper()
	for _, name := range append(prebuilt, "relocs.linked") {
		data, err := os.ReadFile(filepath.Join("testdata/elf", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

// FuzzELF checks that whatever is accepted keeps the promises of the package, and that an error comes without an image.
func FuzzELF(f *testing.F) {
	addPrebuilt(f)
	blind.Fuzz(f, func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		im, err := Parse("fuzz", data, fromMap(relocSymbols))
		if !bytes.Equal(before, data) {
			t.Error("the input was changed")
		}
		checkImage(t, data, im, err)
	})
}

// Names in a file may have anything in them; an error is one line of text anyway.
func TestErrorIsOneLine(t *testing.T) {
	err := &Error{File: "a\nb.o", Offset: 16, What: "symbol \"x\ny\x1b[31m\xff\" – “name”"}
	want := `a\nb.o: 0x10: symbol "x\ny\x1b[31m` + "\ufffd" + `" – “name”`
	if got := err.Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
