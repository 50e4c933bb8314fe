// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// place is what of a Problem tells where it is.
type place struct {
	Kind     Kind
	Offset   int
	FDE, FRE int
}

func places(problems []Problem) []place {
	var all []place
	for _, p := range problems {
		all = append(all, place{p.Kind, p.Offset, p.FDE, p.FRE})
	}
	return all
}

// Where things are in the encoded kernelLike: 5 FDEs from 28 on, then the FRE sub-section from 108 on.
const (
	fde0, fde1, fde2 = 28, 44, 60
	attr0, row00     = 108, 113
	attr3, row30     = 142, 147
	attr4, row40     = 152, 157
	sectionEnd       = 163
)

func put32(at int, v uint32) func([]byte) []byte {
	return func(b []byte) []byte { binary.LittleEndian.PutUint32(b[at:], v); return b }
}

func put64(at int, v uint64) func([]byte) []byte {
	return func(b []byte) []byte { binary.LittleEndian.PutUint64(b[at:], v); return b }
}

func put(at int, v ...byte) func([]byte) []byte {
	return func(b []byte) []byte { copy(b[at:], v); return b }
}

func set(at int, bits byte) func([]byte) []byte {
	return func(b []byte) []byte { b[at] |= bits; return b }
}

func TestVerify(t *testing.T) {
	tests := []struct {
		name   string
		change func([]byte) []byte
		want   []place
		decode bool // whether Decode accepts it all the same
	}{
		{"nothing", func(b []byte) []byte { return b }, nil, true},
		{"empty", func(b []byte) []byte { return nil }, []place{{BadSize, 0, -1, -1}}, false},
		{"cut in the header", func(b []byte) []byte { return b[:27] }, []place{{BadSize, 0, -1, -1}}, false},
		{"cut at the end", func(b []byte) []byte {
			return b[:sectionEnd-1]
		}, []place{{BadSubsection, 16, -1, -1}}, false},
		{"trailing bytes", func(b []byte) []byte {
			return append(b, 0, 0)
		}, []place{{BadLayout, sectionEnd, -1, -1}}, true},
		{"magic", put(0, 0x7f), []place{{BadMagic, 0, -1, -1}}, false},
		{"version 0", put(2, 0), []place{{BadVersion, 2, -1, -1}}, false},
		{"version 4 and ABI 9", put(2, 4, 5, 9), []place{{BadVersion, 2, -1, -1}, {BadABI, 4, -1, -1}}, false},
		{"flags", put(3, 0xf7), []place{{BadFlags, 3, -1, -1}}, true},
		{"ABI of the other byte order", put(4, byte(AArch64BE)), []place{{BadABI, 4, -1, -1}}, false},
		{"ABI without signed RA", put(4, byte(AMD64)), []place{
			{BadFixed, 6, -1, -1},
			{BadReserved, 117, 0, 1}, {BadReserved, 122, 0, 2}, {BadReserved, 131, 1, -1},
		}, true},
		{"fixed offsets", put(5, 0xf0, 0xf8),
			[]place{{BadFixed, 5, -1, -1}, {BadFixed, 6, -1, -1}, {BadWords, 117, 0, 1}, {BadWords, 122, 0, 2}}, true},
		{"auxiliary header too long", put(7, 200), []place{
			{BadSubsection, 7, -1, -1}, {BadSubsection, 8, -1, -1}, {BadSubsection, 16, -1, -1},
		}, false},
		{"number of FDEs", put32(8, 1<<31), []place{{BadSubsection, 8, -1, -1}, {BadSubsection, 24, -1, -1}}, false},
		{"number of FREs", put32(12, 10), []place{{BadCount, 12, -1, -1}}, true},
		{"FRE length", put32(16, 0xffff_ffff), []place{{BadSubsection, 16, -1, -1}}, false},
		{"FRE length a byte short", put32(16, sectionEnd-108-1),
			[]place{{BadData, 160, 4, 1}, {BadLayout, 160, -1, -1}, {BadLayout, 162, -1, -1}}, false},
		{"FDE offset", put32(20, 0xffff_fff0), []place{{BadSubsection, 8, -1, -1}, {BadSubsection, 24, -1, -1}}, false},
		{"FRE offset into the FDEs", put32(24, 72), []place{{BadSubsection, 24, -1, -1}}, false},
		{"start swapped", func(b []byte) []byte {
			b[fde0+1], b[fde1+1] = b[fde1+1], b[fde0+1]
			return b
		}, []place{{BadOrder, fde1, 1, -1}}, true},
		{"functions overlap", put32(fde0+8, 0x101), []place{{BadOverlap, fde1, 1, -1}}, true},
		{"function covers all others", put32(fde0+8, 0x1000), []place{
			{BadOverlap, fde1, 1, -1}, {BadOverlap, fde2, 2, -1}, {BadOverlap, fde2 + 16, 3, -1},
			{BadOverlap, fde2 + 32, 4, -1},
		}, true},
		{"function wraps around", put64(fde0, ^uint64(3)-(loadAddr+fde0)),
			[]place{{BadRange, fde0, 0, -1}, {BadOrder, fde1, 1, -1}}, true},
		{"data outside", put32(fde1+12, 1<<30),
			[]place{{BadCount, 12, -1, -1}, {BadData, fde1, 1, -1}, {BadLayout, 129, -1, -1}}, false},
		{"attribute partly outside", put32(fde1+12, sectionEnd-108-4),
			[]place{{BadCount, 12, -1, -1}, {BadData, fde1, 1, -1}, {BadLayout, 129, -1, -1}}, false},
		{"data of another FDE", put32(fde1+12, attr3-108), []place{
			{BadCount, 12, -1, -1}, {BadData, fde2 + 16, 3, -1}, {BadLayout, 129, -1, -1},
		}, false},
		{"number of rows", put(attr4, 3), []place{{BadCount, 12, -1, -1}, {BadData, sectionEnd, 4, 2}}, false},
		{"no rows left", put(attr0, 0), []place{{BadCount, 12, -1, -1}, {BadLayout, row00, -1, -1}}, true},
		{"code of the start width", set(attr4+2, 3), []place{{BadType, attr4 + 2, 4, -1}, {BadLayout, row40, -1, -1}},
			false},
		{"reserved bit", set(attr0+2, 0x40), []place{{BadReserved, attr0 + 2, 0, -1}}, true},
		{"reserved bits of info2", set(attr0+3, 0xe0), []place{{BadReserved, attr0 + 3, 0, -1}}, true},
		{"FDE type", set(attr0+3, 2), []place{{BadType, attr0 + 3, 0, -1}}, false},
		{"flexible by mistake", set(attr3+3, 1), []place{{BadWords, row30 + 3, 3, 1}}, true},
		{"flexible without rows", set(140, 1), []place{{BadNoRows, fde2, 2, -1}}, true},
		{"repeated block of 0 bytes", put(attr4+4, 0), []place{{BadRepSize, attr4 + 4, 4, -1}}, true},
		{"repeated block beyond the function", put(attr4+4, 65), []place{{BadRepSize, attr4 + 4, 4, -1}}, true},
		{"row beyond the block", put(attr4+4, 12), []place{{BadRowStart, row40 + 3, 4, 1}}, true},
		{"row at the end of the function", put(126, 20), nil, true},
		{"row beyond the function", put(126, 21), []place{{BadRowStart, 126, 0, 3}}, true},
		{"rows out of order", put(121, 3), []place{{BadRowOrder, 121, 0, 2}}, true},
		{"rows at the same place", put(121, 4), []place{{BadRowOrder, 121, 0, 2}}, true},
		{"word size", set(row40+3+1, 0x60), []place{{BadLayout, 160, -1, -1}, {BadType, 161, 4, 1}}, false},
		{"too many words", put(row40+1, 2*4+1), []place{
			{BadWords, row40 + 1, 4, 0}, {BadData, sectionEnd, 4, 1},
		}, false},
	}
	good := mustEncode(t, kernelLike())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := tt.change(append([]byte(nil), good...))
			problems := Verify(data, loadAddr)
			if diff := cmp.Diff(tt.want, places(problems)); diff != "" {
				t.Errorf("(-want +got):\n%s%v", diff, problems)
			}
			s, err := Decode(data, loadAddr)
			if (err == nil) != tt.decode {
				t.Errorf("Decode: %v", err)
			}
			if err != nil && (s != nil || !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrUnsupported)) {
				t.Errorf("Decode returned %v and %v", s, err)
			}
			if err != nil && !strings.Contains(err.Error(), " 0x") {
				t.Errorf("error without an offset: %v", err)
			}
		})
	}
}

func TestVerifyOlderVersions(t *testing.T) {
	tests := []struct {
		name   string
		v      Version
		abi    ABI
		change func([]byte) []byte
		want   []place
	}{
		{"V2 padding", V2, AArch64LE, set(28+19, 1), []place{{BadReserved, 28 + 18, 0, -1}}},
		{"V2 signal bit", V2, AArch64LE, set(28+16, 0x80), []place{{BadReserved, 28 + 16, 0, -1}}},
		{"V2 without rows", V2, AArch64LE, put32(28+12, 0),
			[]place{{BadCount, 12, -1, -1}, {BadNoRows, 28, 0, -1}, {BadLayout, 48, -1, -1}}},
		{"V2 data outside", V2, AArch64LE, put32(28+8, 4),
			[]place{{BadCount, 12, -1, -1}, {BadData, 28, 0, -1}, {BadLayout, 48, -1, -1}}},
		{"V1 outermost", V1, AArch64LE, func(b []byte) []byte {
			b[16]--
			b[46] = 0
			return b[:47]
		}, []place{{BadWords, 46, 0, 0}}},
		{"V1 flag of an erratum to V2", V1, AArch64LE, set(3, 4), []place{{BadFlags, 3, -1, -1}}},
		{"V1 on s390x", V1, S390X, put(0), []place{{BadABI, 4, -1, -1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSection(tt.v, tt.abi, loadAddr)
			if err := s.AddFunc(FDE{Start: loadAddr, Size: 4}, Row{CFABase: SP, CFAOffset: 160}); err != nil {
				t.Fatal(err)
			}
			s.FDEs[0].FREs[0].WordSize, s.FDEs[0].FREs[0].Words = 1, []int32{0}
			problems := Verify(tt.change(mustEncode(t, s)), loadAddr)
			if diff := cmp.Diff(tt.want, places(problems)); diff != "" {
				t.Errorf("(-want +got):\n%s%v", diff, problems)
			}
		})
	}
}

func TestVerifyControlWord(t *testing.T) {
	s := NewSection(V3, AArch64LE, loadAddr)
	s.FDEs = []FDE{{Start: loadAddr, Size: 8, Type: Flexible,
		FREs: []FRE{{WordSize: 2, Words: []int32{31<<3 | 1, 4, 0, 6, -16}}}}}
	got := places(Verify(mustEncode(t, s), loadAddr))
	if diff := cmp.Diff([]place{{BadReserved, 44 + 5 + 2 + 3*2, 0, 0}}, got); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
}

// Three FDEs, of which the second shares the second row of the first, and the third its fourth: no byte is unused.
func TestVerifySharedRow(t *testing.T) {
	s := NewSection(V2, AArch64LE, loadAddr)
	for i := range uint32(3) {
		f := FDE{Start: loadAddr + uint64(i)*16, Size: 16, FREs: []FRE{{Words: []int32{0}}}}
		for j := uint32(1); i == 0 && j < 4; j++ {
			f.FREs = append(f.FREs, FRE{Start: j, Words: []int32{0}})
		}
		s.FDEs = append(s.FDEs, f)
	}
	data := mustEncode(t, s)
	const rows = headerSize + 3*20
	data = data[:rows+4*3]
	put32(16, 4*3)(data)
	put32(headerSize+20+8, 3)(data)
	put32(headerSize+40+8, 9)(data)
	got := places(Verify(data, loadAddr))
	if diff := cmp.Diff([]place{{BadData, headerSize + 20, 1, -1}, {BadData, headerSize + 40, 2, -1}},
		got); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
}

// A count that the data can't hold must not be believed.
func TestDecodeCount(t *testing.T) {
	s := NewSection(V2, AArch64LE, loadAddr)
	s.FDEs = []FDE{{Start: loadAddr, Size: 8, FREs: []FRE{{Words: []int32{0}}}}}
	data := put32(headerSize+12, 0xffff_ffff)(mustEncode(t, s))
	if s, err := Decode(data, loadAddr); !errors.Is(err, ErrMalformed) || s != nil {
		t.Errorf("%v, %v", s, err)
	}
}

// overlapping is a section whose FDEs all share the same rows: as many as the format can count, in little space.
func overlapping(fdes int) []byte {
	s := NewSection(V3, AArch64LE, 0)
	f := FDE{Size: 4, Width: 4}
	for i := range uint32(2000) {
		f.FREs = append(f.FREs, FRE{Start: i, Base: SP, Words: []int32{0}})
	}
	s.FDEs = []FDE{f}
	one, err := s.Encode()
	if err != nil {
		panic(err)
	}
	fres := one[headerSize+16:]
	out := append([]byte(nil), one[:headerSize]...)
	binary.LittleEndian.PutUint32(out[8:], uint32(fdes))
	binary.LittleEndian.PutUint32(out[24:], uint32(fdes)*16)
	for range fdes {
		out = append(out, one[headerSize:headerSize+16]...)
	}
	return append(out, fres...)
}

// A few bytes that stand for very many rows must cost neither memory nor time.
func TestSharedRows(t *testing.T) {
	data := overlapping(20_000)
	if s, err := Decode(data, 0); !errors.Is(err, ErrMalformed) || s != nil {
		t.Errorf("Decode: %v", err)
	}
	allocated := testing.AllocsPerRun(1, func() { Decode(data, 0) })
	if allocated > 1000 {
		t.Errorf("Decode made %v allocations", allocated)
	}
	kinds := map[Kind]int{}
	for _, p := range Verify(data, 0) {
		kinds[p.Kind]++
	}
	if kinds[BadTruncated] == 0 || kinds[BadData] == 0 {
		t.Errorf("Verify found %v", kinds)
	}
}

func ExampleVerify() {
	s := NewSection(V3, AArch64LE, 0x10000)
	s.Flags |= FDESorted
	s.AddFunc(FDE{Start: 0x2000, Size: 8}, Row{CFABase: SP})
	s.AddFunc(FDE{Start: 0x1000, Size: 8}, Row{CFABase: SP})
	data, err := s.Encode()
	if err != nil {
		panic(err)
	}
	for _, p := range Verify(data, s.Addr) {
		fmt.Println(p)
	}
	// Output: 0x2c: FDE 1: function 0x1000 after 0x2000, but the section is flagged as sorted
}
