// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSymbolsAt(t *testing.T) {
	im, err := Load("testdata/elf/names.o")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for off := uint64(0); off < 0x44; off += 4 {
		s, ok := im.Symbols.At(im.Base + off)
		if !ok {
			got = append(got, "-")
			continue
		}
		got = append(got, fmt.Sprintf("%s+%d/%d", s.Name, im.Base+off-s.Addr, s.Size))
	}
	want := []string{
		"outer+0/20", "inner+0/8", "inner+4/8", "outer+12/20", "outer+16/20",
		"inside+4/8", // after the end of outer, only the label before it is left
		"bare+0/4",
		"entry_code+0/12", "entry_code+4/12", "entry_code+8/12",
		"copx+0/4", // of copy, copx, __pi_copy and local_copy
		"unsized+0/8", "unsized+4/8",
		"-", // data among code
		"-", // the next section, without a name up to the label
		"twice+0/4",
		"-", // after the last section with code
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Errorf("code at each word (-want +got):\n%s", d)
	}
	if s, ok := im.Symbols.Lookup("datum"); !ok || s.Kind != Object || s.Size != 8 {
		t.Errorf("datum = %+v, %v", s, ok)
	}
	if s, ok := im.Symbols.At(mustLookup(t, im, "datum").Addr); ok {
		t.Errorf("data is code of %+v", s)
	}
	for _, name := range []string{"$x", "$d", "number", "nowhere", ""} {
		if s, ok := im.Symbols.Lookup(name); ok {
			t.Errorf("%q names %+v", name, s)
		}
	}
}

func mustLookup(t *testing.T, im *Image, name string) Symbol {
	t.Helper()
	s, ok := im.Symbols.Lookup(name)
	if !ok {
		t.Fatalf("%s: no symbol %s", im.Name, name)
	}
	return s
}

func TestSymbolsOrder(t *testing.T) {
	text := []Segment{{Addr: 0x1000, Size: 0x1000, Perm: Read | Exec}}
	symbols := newSymbols([]Symbol{
		{Name: "twice", Addr: 0x1400, Kind: Func},
		{Name: "zz", Addr: 0x1100, Size: 16, Kind: Func, Global: true},
		{Name: "aaa", Addr: 0x1100, Size: 16, Kind: Func, Global: true},
		{Name: "b", Addr: 0x1100, Size: 16, Kind: Func},
		{Name: "a", Addr: 0x1100, Size: 16, Global: true},
		{Name: "yy", Addr: 0x1100, Size: 16, Kind: Func, Global: true},
		{Name: "twice", Addr: 0x1300, Kind: Other},
		{Name: "$x.3", Addr: 0x1100},
		{Name: "$xylophone", Addr: 0x1200, Kind: Func},
	}, text)
	var names []string
	for s := range symbols.All() {
		names = append(names, s.Name)
	}
	if d := gocmp.Diff([]string{"yy", "zz", "aaa", "b", "a", "$xylophone", "twice", "twice"}, names); d != "" {
		t.Errorf("order (-want +got):\n%s", d)
	}
	if s, _ := symbols.At(0x110f); s.Name != "yy" {
		t.Errorf("At prefers %q", s.Name)
	}
	if s, _ := symbols.Lookup("twice"); s.Addr != 0x1400 {
		t.Errorf("Lookup prefers the label at 0x%x to the function", s.Addr)
	}
	if s, _ := symbols.Lookup("twice"); s.Size != 0xc00 {
		t.Errorf("the last symbol has size 0x%x, not up to the end of the segment", s.Size)
	}
}

// A file can call a symbol anything. What is printed of it is one line, without control characters, and it is found by
// the name that is printed.
func TestSymbolsArePrintable(t *testing.T) {
	text := []Segment{{Addr: 0x1000, Size: 0x1000, Perm: Read | Exec}}
	symbols := newSymbols([]Symbol{
		{Name: "a\n::error::b", Addr: 0x1000, Kind: Func},
		{Name: "\x1b[31mred\x9b", Addr: 0x1100, Kind: Func},
		{Name: "größe_\u202e", Addr: 0x1200, Kind: Func},
	}, text)
	var names []string
	for s := range symbols.All() {
		names = append(names, s.Name)
		if found, ok := symbols.Lookup(s.Name); !ok || found != s {
			t.Errorf("%s is not found", s.Name)
		}
	}
	if d := gocmp.Diff([]string{`a\n::error::b`, "\\x1b[31mred\ufffd", `größe_\u202e`}, names); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
}

// TestSymbolsAtRandom compares At with a plain search, for ranges that nest and overlap in any way.
func TestSymbolsAtRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		segments := []Segment{
			{Addr: 16, Size: 32, Perm: Read | Exec},
			{Addr: 60, Size: 20, Perm: Read | Exec},
			{Addr: 80, Size: 20, Perm: Read | Write},
		}
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Symbol {
			return Symbol{
				Name:   rapid.StringMatching(`[ab]{1,3}`).Draw(t, "name"),
				Addr:   rapid.Uint64Range(0, 110).Draw(t, "addr"),
				Size:   rapid.Uint64Range(0, 40).Draw(t, "size"),
				Kind:   rapid.SampledFrom([]SymbolKind{Func, Object, Other}).Draw(t, "kind"),
				Global: rapid.Bool().Draw(t, "global"),
			}
		}), 0, 12).Draw(t, "symbols")
		symbols := newSymbols(slices.Clone(all), segments)
		for addr := range uint64(112) {
			got, ok := symbols.At(addr)
			want, wantOK := slowAt(all, symbols, segments, addr)
			if ok != wantOK || got != want {
				t.Fatalf("At(%d) = %+v, %v; want %+v, %v", addr, got, ok, want, wantOK)
			}
		}
	})
}

// slowAt is what Symbols.At promises, by looking at every symbol.
func slowAt(in []Symbol, symbols *Symbols, segments []Segment, addr uint64) (best Symbol, ok bool) {
	seg, inside := find(segments, addr)
	if !inside || seg.Perm&Exec == 0 {
		return Symbol{}, false
	}
	bestSized := false
	for s := range symbols.All() {
		if s.Kind == Object || !s.Contains(addr) || !seg.Contains(s.Addr) {
			continue
		}
		sized := slices.ContainsFunc(in, func(i Symbol) bool {
			return i.Name == s.Name && i.Addr == s.Addr && i.Kind == s.Kind && i.Global == s.Global && i.Size != 0 &&
				min(i.Size, seg.End()-i.Addr) == s.Size
		})
		switch {
		case !ok || sized && !bestSized:
		case !sized && bestSized, s.Addr < best.Addr, s.Addr == best.Addr && s.Size > best.Size:
			continue
		case s.Addr == best.Addr && s.Size == best.Size && preferred(&s, &best) >= 0:
			continue
		}
		best, ok, bestSized = s, true, sized
	}
	return best, ok
}

// TestNewSymbols makes a table by hand. The list that it is made of stays as it is.
func TestNewSymbols(t *testing.T) {
	list := []Symbol{{Name: "b", Addr: 0x1008, Kind: Func}, {Name: "a", Addr: 0x1000, Kind: Func, Size: 4}}
	table := NewSymbols(list, []Segment{{Addr: 0x1000, Size: 0x20, Perm: Exec}})
	if list[0].Name != "b" || list[0].Size != 0 {
		t.Errorf("the list has become %v", list)
	}
	if s, ok := table.Lookup("b"); !ok || s.Size != 0x18 {
		t.Errorf("b is %v, %v", s, ok)
	}
	if s, ok := table.At(0x1003); !ok || s.Name != "a" {
		t.Errorf("at 0x1003 there is %v, %v", s, ok)
	}
}
