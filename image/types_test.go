// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"errors"
	"strings"
	"testing"

	"stacksweep/internal/blind"
)

func TestTypes(t *testing.T) {
	im, err := Parse("fake", fake(1, false).build())
	if err != nil {
		t.Fatal(err)
	}
	types, err := im.Types()
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := im.Types(); again != types {
		t.Error("the types are read again")
	}
	for _, tt := range []struct {
		name, member string
		want         uint64
		reason       error
		text         string
	}{
		{"task", "state", 0, nil, ""},
		{"task", "word", 8, nil, ""},
		{"task", "inner", 16, nil, ""},
		{"task", "regs", 32, nil, ""},
		{"task", "regs.sp", 40, nil, ""},
		{"regs_t", "sp", 8, nil, ""},
		{"task", "regs.low", 48, nil, ""},
		{"regs", "high", 0, nil, "member high is a bit field"},
		{"task", "regs.fp", 0, ErrNoMember, "struct task: no such member regs.fp"},
		{"task", "state.x", 0, ErrNoMember, "no such member state.x"},
		{"task", "", 0, ErrNoMember, ""},
		{"task", "regs.", 0, ErrNoMember, ""},
		{"nothing", "state", 0, ErrNoType, "struct nothing: no such type"},
		{"ulong_t", "state", 0, ErrNoType, ""},
		{"twice", "a", 0, nil, "struct twice: several types have this name"},
	} {
		got, err := types.Offset(tt.name, tt.member)
		wrong := tt.reason != nil || tt.text != ""
		if got != tt.want || (err != nil) != wrong || types.Has(tt.name, tt.member) == wrong {
			t.Errorf("Offset(%q, %q) = %d, %v; want %d", tt.name, tt.member, got, err, tt.want)
		}
		if tt.reason != nil && !errors.Is(err, tt.reason) || wrong && !strings.Contains(err.Error(), tt.text) {
			t.Errorf("Offset(%q, %q): %v; want %s", tt.name, tt.member, err, tt.text)
		}
	}
	for name, want := range map[string]uint64{"task": 56, "regs": 24, "regs_t": 24} {
		if got, err := types.Size(name); got != want || err != nil {
			t.Errorf("Size(%q) = %d, %v", name, got, err)
		}
	}
	if _, err := types.Size("unsigned int"); !errors.Is(err, ErrNoType) {
		t.Errorf("the size of what is no struct: %v", err)
	}
}

func TestNoTypes(t *testing.T) {
	k := fake(1, false)
	for name, blob := range map[string][]byte{"none": nil, "cut": fakeBTF()[:100], "header": btfHeader} {
		k.btf = blob
		im, err := Parse("fake", k.build())
		if err != nil {
			t.Fatal(err)
		}
		if types, err := im.Types(); types != nil || !errors.Is(err, ErrNoTypes) {
			t.Errorf("%s: %v, %v", name, types, err)
		}
	}
	k.btf = fakeBTF()
	k.symbols = append(k.symbols, fakeSymbol{"D__start_BTF", fakeSize - 8})
	im, err := Parse("fake", k.build())
	if err != nil {
		t.Fatal(err)
	}
	if types, err := im.Types(); types != nil || err == nil ||
		!strings.Contains(err.Error(), "__start_BTF is not at the kernel's BTF") {
		t.Errorf("BTF in another place than the symbol says: %v, %v", types, err)
	}
	elf, err := Load("testdata/elf/prog")
	if err != nil {
		t.Fatal(err)
	}
	if types, err := elf.Types(); types != nil || !errors.Is(err, ErrNoTypes) {
		t.Errorf("an ELF file without BTF: %v, %v", types, err)
	}
}

// TestELFTypes reads the types of an ELF file, as of a vmlinux or a module.
func TestELFTypes(t *testing.T) {
	ef := elfFile{file: &file{"vmlinux", nil}, sections: []elfSection{{}, {name: ".BTF", data: fakeBTF()}}}
	im := &Image{}
	ef.elfTypes(im)
	types, err := im.Types()
	if err != nil {
		t.Fatal(err)
	}
	if size, err := types.Size("task"); size != 56 || err != nil {
		t.Errorf("Size = %d, %v", size, err)
	}
	ef.sections[1].data = fakeBTF()[:50]
	ef.elfTypes(im)
	if types, err := im.Types(); types != nil || err == nil || !strings.HasPrefix(err.Error(), "vmlinux: 0x0: BTF: ") {
		t.Errorf("half of it: %v, %v", types, err)
	}
}

// FuzzTypes reads any bytes as BTF: it must not panic, and what is found lies within the struct.
func FuzzTypes(f *testing.F) {
	f.Add(fakeBTF())
	blind.Fuzz(f, func(t *testing.T, data []byte) {
		file := &file{"fuzz", data}
		types, err := file.loadTypes(data, 0)
		if (types == nil) != (err != nil) {
			t.Fatalf("types %v, error %v", types != nil, err)
		}
		if err != nil {
			return
		}
		size, err := types.Size("task")
		if err != nil && size != 0 {
			t.Errorf("size %d, error %v", size, err)
		}
		for _, member := range []string{"state", "inner", "regs.sp", "regs.high"} {
			if off, err := types.Offset("task", member); err != nil && off != 0 {
				t.Errorf("offset %d, error %v", off, err)
			}
		}
	})
}
