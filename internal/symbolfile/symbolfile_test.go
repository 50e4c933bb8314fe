// SPDX-License-Identifier: GPL-2.0-only

package symbolfile

import (
	"bytes"
	"debug/elf"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/scenarios/corpus"
)

// The file has the symbols of the image, where they are, and none of its contents.
func TestMake(t *testing.T) {
	im := corpus.Image()
	file := Make(im)
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if f.Machine != elf.EM_AARCH64 || f.Type != elf.ET_EXEC {
		t.Errorf("machine %v, type %v", f.Machine, f.Type)
	}
	got := map[string]image.Symbol{}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		kind := image.Other
		switch elf.ST_TYPE(s.Info) {
		case elf.STT_FUNC:
			kind = image.Func
		case elf.STT_OBJECT:
			kind = image.Object
		}
		got[s.Name] = image.Symbol{Name: s.Name, Addr: s.Value, Size: s.Size, Kind: kind}
		if in := f.Sections[s.Section]; s.Value < in.Addr || s.Value >= in.Addr+in.Size {
			t.Errorf("%s is not in its section %s", s.Name, in.Name)
		}
	}
	want := map[string]image.Symbol{}
	for s := range im.Symbols.All() {
		if _, ok := im.Segment(s.Addr); ok {
			s.Global = false
			want[s.Name] = s
		}
	}
	for name := range want { // of several with a name either may be there
		if _, ok := got[name]; ok {
			got[name] = want[name]
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("symbols (-image +file)\n%s", diff)
	}
	for i, s := range im.Segments {
		section := f.Sections[i+1]
		if section.Type != elf.SHT_NOBITS || section.Addr != s.Addr || section.Size != s.Size ||
			(section.Flags&elf.SHF_EXECINSTR != 0) != (s.Perm&image.Exec != 0) {
			t.Errorf("section %v, segment %#x, %d bytes, %v", section.SectionHeader, s.Addr, s.Size, s.Perm)
		}
	}
}
