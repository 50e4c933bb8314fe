// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// fakeKernel says what to build a small flat Image from. Its tables are those of a real one.
type fakeKernel struct {
	base    uint64
	layout  int // index in layouts
	packed  bool
	rela    bool
	symbols []fakeSymbol // sorted by address
	twice   bool         // addresses also as in layout 1
	btf     []byte
}

type fakeSymbol struct {
	name string // with the type letter
	off  uint32 // from the base
}

const (
	fakeSize     = 0x40000 // in memory
	fakePointers = 0x1000  // where pointers are, and
	fakeCount    = 200     // how many
)

// fakeTokens are the tokens of all fake kernels: most characters for themselves, other bytes for pieces of names.
var fakeTokens = func() (t [256]string) {
	pieces := []string{"sys_", "__", "Tsys_", "_the_", "t__", "read", "write", "lock"}
	for i := range t {
		t[i] = string(rune(i))
		if i <= ' ' || i > '~' {
			t[i] = pieces[i%len(pieces)] + strings.Repeat("_", i/len(pieces)%4)
		}
	}
	return t
}()

// fakeFirst lists the tokens that begin with a character, the longest first.
var fakeFirst = func() (first [256][]int) {
	for i, t := range fakeTokens {
		first[t[0]] = append(first[t[0]], i)
	}
	for _, tokens := range first {
		slices.SortStableFunc(tokens, func(i, j int) int { return len(fakeTokens[j]) - len(fakeTokens[i]) })
	}
	return first
}()

// fakeName compresses a name, preferring long tokens.
func fakeName(name string) []byte {
	var out []byte
	for name != "" {
		best := fakeFirst[name[0]][slices.IndexFunc(fakeFirst[name[0]], func(i int) bool {
			return strings.HasPrefix(name, fakeTokens[i])
		})]
		out = append(out, byte(best))
		name = name[len(fakeTokens[best]):]
	}
	if n := len(out); n > 0x7f {
		return append([]byte{byte(n) | 0x80, byte(n >> 7)}, out...)
	}
	return append([]byte{byte(len(out))}, out...)
}

func pad(b []byte, align int) []byte {
	for len(b)%align != 0 {
		b = append(b, 0)
	}
	return b
}

func words(b []byte, w ...uint32) []byte {
	for _, v := range w {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func (k fakeKernel) build() []byte {
	b := make([]byte, fakePointers)
	copy(b, "MZ")
	le.PutUint64(b[16:], fakeSize)
	le.PutUint64(b[24:], 0xa)
	copy(b[imageMagicAt:], imageMagic)

	// Pointers, all to the base, in the file or not. They are followed by what nothing points to.
	for range fakeCount {
		p := k.base
		if k.rela {
			p = 0
		}
		b = le.AppendUint64(b, p)
	}
	b = le.AppendUint64(b, 0x123456789)
	b, baseAt := k.kallsyms(b)
	b = pad(b, 8)
	if k.packed {
		first := k.base + fakePointers
		b = le.AppendUint64(b, first) // itself, then as many as two bitmaps have, and the rest in words of their own
		b = le.AppendUint64(b, ^uint64(0))
		b = le.AppendUint64(b, ^uint64(0))
		for i := 1 + 2*63; i < fakeCount; i++ {
			b = le.AppendUint64(b, first+uint64(i)*8)
		}
		b = append(b, make([]byte, 24)...)
	}
	if k.rela {
		record := func(at, value uint64) {
			b = le.AppendUint64(b, k.base+at)
			b = le.AppendUint64(b, 0x403)
			b = le.AppendUint64(b, value)
		}
		for i := range uint64(fakeCount) {
			record(fakePointers+8*i, k.base)
		}
		if baseAt > 0 {
			value := le.Uint64(b[baseAt:])
			le.PutUint64(b[baseAt:], 0)
			record(uint64(baseAt), value)
		}
		b = append(b, make([]byte, 24)...)
	}
	return append(b, k.btf...)
}

// kallsyms appends the symbol table, and returns where its relative base is, if it has one.
func (k fakeKernel) kallsyms(b []byte) (out []byte, baseAt int) {
	offsets := func(relative func(place int, off uint32) uint32) {
		for _, s := range k.symbols {
			b = words(b, relative(len(b), s.off))
		}
	}
	n := len(k.symbols)
	if k.layout == 0 {
		b = pad(b, 8)
		from := k.symbols[0].off
		offsets(func(_ int, off uint32) uint32 { return off - from })
		b = pad(b, 8)
		baseAt = len(b)
		b = le.AppendUint64(b, k.base+uint64(from))
	}
	align := 8
	if k.layout == 2 {
		align = 4
	}
	b = pad(words(pad(b, align), uint32(n)), align)
	var marks []uint32
	names := len(b)
	for i, s := range k.symbols {
		if i%256 == 0 {
			marks = append(marks, uint32(len(b)-names))
		}
		b = append(b, fakeName(s.name)...)
	}
	b = words(pad(b, align), marks...)
	b = pad(b, align)
	var index []uint16
	start := len(b)
	for _, t := range fakeTokens {
		index = append(index, uint16(len(b)-start))
		b = append(append(b, t...), 0)
	}
	b = pad(b, align)
	for _, i := range index {
		b = le.AppendUint16(b, i)
	}
	b = pad(b, align)
	switch {
	case k.layout == 1 || k.twice:
		offsets(func(_ int, off uint32) uint32 { return off })
		b = pad(b, 8)
		baseAt = len(b)
		b = le.AppendUint64(b, k.base)
	case k.layout == 2:
		offsets(func(place int, off uint32) uint32 { return off - uint32(place) })
	}
	return append(b, bytes.Repeat([]byte{0xee}, 16)...), baseAt // other data follows
}

// fakeSymbols are n symbols, the first two of which every kernel has.
func fakeSymbols(n int) []fakeSymbol {
	syms := []fakeSymbol{{"T_text", 0}, {"T_stext", 0x1000}}
	for i := range n - 2 {
		name := "tsys_" + string(rune('a'+i%26)) + "_the_" + strings.Repeat("x", i%7) + string(rune('0'+i%10))
		if i%100 == 99 {
			name = "T" + strings.Repeat("long.", 60) + name // has a length of two bytes
		}
		if i%10 == 9 {
			name = "d" + name
		}
		syms = append(syms, fakeSymbol{name, 0x1000 + uint32(i)*8})
	}
	return syms
}

// smallBTF is the BTF of a single type.
func smallBTF() []byte { return marshalBTF(&btf.Int{Name: "unsigned int", Size: 4}) }

// fakeBTF is the BTF of a few types that nest in different ways.
func fakeBTF() []byte {
	u32 := &btf.Int{Name: "unsigned int", Size: 4}
	u64 := &btf.Int{Name: "unsigned long", Size: 8}
	regs := &btf.Struct{Name: "regs", Size: 24, Members: []btf.Member{
		{Name: "x0", Type: u64},
		{Name: "sp", Type: &btf.Const{Type: &btf.Typedef{Name: "ulong_t", Type: u64}}, Offset: 64},
		{Name: "low", Type: u32, Offset: 128, BitfieldSize: 3},
		{Name: "high", Type: u32, Offset: 131, BitfieldSize: 5},
	}}
	named := &btf.Typedef{Name: "regs_t", Type: regs}
	task := &btf.Struct{Name: "task", Size: 56, Members: []btf.Member{
		{Name: "state", Type: u64},
		{Type: &btf.Union{Size: 24, Members: []btf.Member{
			{Name: "word", Type: u64},
			{Type: &btf.Struct{Size: 24, Members: []btf.Member{
				{Name: "first", Type: u64},
				{Name: "inner", Type: u64, Offset: 64},
			}}},
		}}, Offset: 64},
		{Name: "regs", Type: named, Offset: 256},
	}}
	twiceA := &btf.Struct{Name: "twice", Size: 8, Members: []btf.Member{{Name: "a", Type: u64}}}
	twiceB := &btf.Struct{Name: "twice", Size: 8, Members: []btf.Member{{Name: "b", Type: u64}}}
	return marshalBTF(u32, u64, task, named, twiceA, twiceB)
}

func marshalBTF(types ...btf.Type) []byte {
	b, err := btf.NewBuilder(types, nil)
	if err != nil {
		panic(err)
	}
	raw, err := b.Marshal(nil, &btf.MarshalOptions{Order: binary.LittleEndian})
	if err != nil {
		panic(err)
	}
	return slices.Clone(raw)
}

// fake is a fake kernel in each layout, with relocations in either form.
func fake(layout int, packed bool) fakeKernel {
	return fakeKernel{
		base:    0xffff800080000000,
		layout:  layout,
		packed:  packed,
		rela:    !packed,
		symbols: fakeSymbols(minSymbols),
		btf:     append(fakeBTF(), smallBTF()...),
	}
}
