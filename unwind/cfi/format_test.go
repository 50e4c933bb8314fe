// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFormats parses the same function from sections of every form.
func TestFormats(t *testing.T) {
	for _, kind := range []Kind{EHFrame, DebugFrame} {
		for _, version := range []byte{1, 3, 4} {
			for _, wide := range []bool{false, true} {
				for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
					for _, augmentation := range []string{"", "zR", "eh", "zPLR", "zRS", "zRB", "zRG", "SB"} {
						name := fmt.Sprintf("%v/v%d/wide=%v/%v/%q", kind, version, wide, order, augmentation)
						t.Run(name, func(t *testing.T) {
							testFormat(t, kind, version, wide, order, augmentation)
						})
					}
				}
			}
		}
	}
}

func testFormat(t *testing.T, kind Kind, version byte, wide bool, order binary.AppendByteOrder, augmentation string) {
	s := newSection(kind)
	s.version, s.wide, s.order = version, wide, order
	var data []byte
	switch augmentation {
	case "zR", "zRS", "zRB", "zRG":
		data = []byte{byte(peAbsptr)}
	case "zPLR":
		data = []byte{byte(peIndirect | pePcrel | peSdata4), 1, 2, 3, 4, byte(pePcrel | peSdata4), byte(peAbsptr)}
	}
	cie := s.cie(augmentation, data...)
	s.data = append(s.data, 0, 0, 0, 0) // a terminator in the middle
	body := order.AppendUint64(nil, 0x1000)
	body = order.AppendUint64(body, 0x20)
	if strings.HasPrefix(augmentation, "z") {
		body = append(body, 2, 0xff, 0xff) // augmentation data
	}
	at := s.fdeRaw(cie, append(body, 0x42, 0x0e, 16, 0x9e, 2)) // advance_loc 2, def_cfa_offset 16, offset x30

	info, err := Config{ByteOrder: order.(binary.ByteOrder)}.Parse(s.data, 0x5000, kind)
	if err != nil {
		t.Fatal(err)
	}
	if len(info.FDEs) != 1 {
		t.Fatalf("%d FDEs", len(info.FDEs))
	}
	f := info.FDEs[0]
	if f.Offset != at || f.Start != 0x1000 || f.End != 0x1020 {
		t.Errorf("%v, want offset %#x", f, at)
	}
	wantCIE := CIE{
		Version: version, Augmentation: augmentation, CodeAlign: 4, DataAlign: -8, ReturnRegister: LR,
		SignalFrame: strings.Contains(augmentation, "S"),
		BKey:        strings.Contains(augmentation, "B"),
		MTETagged:   strings.Contains(augmentation, "G"),
	}
	got := *f.CIE
	got.enc, got.lsdaEnc, got.sized, got.begin, got.end = 0, 0, false, 0, 0
	if diff := cmp.Diff(wantCIE, got, cmp.AllowUnexported(CIE{})); diff != "" {
		t.Errorf("CIE (-want +got):\n%s", diff)
	}
	rows, err := f.Rows()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0x1000 sp+0", "0x1008 sp+16 ra=c-16"}, rowLines(rows)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// TestPointers reads function addresses in every encoding.
func TestPointers(t *testing.T) {
	const addr = 0x10000 // of the section
	le := binary.LittleEndian
	for _, test := range []struct {
		enc   pointerEncoding
		field []byte // the encoded address, then the encoded size
		start uint64 // relative to the field for pcrel
		size  uint64
		err   string
	}{
		{enc: peAbsptr, field: le.AppendUint64(le.AppendUint64(nil, 0x1234), 0x20), start: 0x1234, size: 0x20},
		{enc: peSigned, field: le.AppendUint64(le.AppendUint64(nil, 0x1234), 0x20), start: 0x1234, size: 0x20},
		{enc: peULEB128, field: []byte{0xb4, 0x24, 0x20}, start: 0x1234, size: 0x20},
		{enc: peSLEB128, field: []byte{0xb4, 0x24, 0x20}, start: 0x1234, size: 0x20},
		{enc: peSLEB128 | pePcrel, field: []byte{0x70, 0x20}, start: ^uint64(15), size: 0x20},
		{enc: peUdata2, field: []byte{0x34, 0xf2, 0x20, 0xf0}, start: 0xf234, size: 0xf020},
		{enc: peSdata2 | pePcrel, field: []byte{0x34, 0xf2, 0x20, 0xf0}, start: ^uint64(0xdcb), size: 0xf020},
		{enc: peUdata4, field: []byte{0, 0, 0, 0xf0, 0x20, 0, 0, 0}, start: 0xf0000000, size: 0x20},
		{enc: peUdata4 | pePcrel, field: []byte{0, 0, 0, 0xf0, 0x20, 0, 0, 0}, start: 0xf0000000, size: 0x20},
		{enc: peSdata4 | pePcrel, field: []byte{0, 0xff, 0xff, 0xff, 0, 0, 0, 0x90}, start: ^uint64(0xff),
			size: 0x90000000},
		{enc: peUdata8, field: le.AppendUint64(le.AppendUint64(nil, 1<<40), 0x20), start: 1 << 40, size: 0x20},
		{enc: peSdata8 | pePcrel, field: le.AppendUint64(le.AppendUint64(nil, 1<<40), 0x20), start: 1 << 40,
			size: 0x20},
		{enc: peSdata4 | peDatarel, field: []byte{0, 1, 0, 0, 0x20, 0, 0, 0}, start: 0xd100, size: 0x20},
		{enc: peSdata4 | peTextrel, field: []byte{0, 1, 0, 0, 0x20, 0, 0, 0}, start: 0xe100, size: 0x20},
		{enc: peAligned, field: append(make([]byte, 4), le.AppendUint64(le.AppendUint64(nil, 0x1234), 0x20)...),
			start: 0x1234, size: 0x20},

		{enc: peSdata4 | pePcrel | peIndirect, field: make([]byte, 8),
			err: "start address encoded as DW_EH_PE_indirect pcrel sdata4"},
		{enc: peSdata4 | peFuncrel, field: make([]byte, 8), err: "start address encoded as DW_EH_PE_funcrel sdata4"},
		{enc: peOmit, err: "start address encoded as DW_EH_PE_omit"},
		{enc: 0x05, field: make([]byte, 8), err: "start address encoded as DW_EH_PE_0x05"},
		{enc: 0x60, field: make([]byte, 8), err: "start address encoded as DW_EH_PE_0x60"},
	} {
		t.Run(test.enc.String(), func(t *testing.T) {
			s := newSection(EHFrame)
			cie := s.cie("zR", byte(test.enc))
			s.fdeRaw(cie, append(test.field, 0))
			field := uint64(len(s.data) - len(test.field) - 1)
			info, err := Config{DataBase: 0xd000, TextBase: 0xe000}.Parse(s.data, addr, EHFrame)
			if test.err != "" {
				want := fmt.Sprintf(".eh_frame+%#x: unsupported call frame information: %s", field, test.err)
				if err == nil || err.Error() != want || !errors.Is(err, ErrUnsupported) {
					t.Fatalf("error %v\nwant  %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			start := test.start
			if test.enc&peRelative == pePcrel {
				start += addr + field
			}
			if f := info.FDEs[0]; f.Start != start || f.End != start+test.size {
				t.Errorf("%v, want %#x..%#x", f, start, start+test.size)
			}
		})
	}
	t.Run("no base", func(t *testing.T) {
		s := newSection(EHFrame)
		s.fdeRaw(s.cie("zR", byte(peDatarel|peSdata4)), make([]byte, 9))
		_, err := Parse(s.data, addr, EHFrame)
		if err == nil || !strings.Contains(err.Error(), "that base isn't given") {
			t.Errorf("error %v", err)
		}
	})
}

func TestLEB128(t *testing.T) {
	tooWide := "more than 64 bits"
	ff := func(n int, last ...byte) []byte { return append([]byte(strings.Repeat("\xff", n)), last...) }
	zeros := func(n int, last ...byte) []byte { return append([]byte(strings.Repeat("\x80", n)), last...) }
	for _, test := range []struct {
		data     []byte
		unsigned uint64
		signed   int64
		uerr     string
		serr     string
	}{
		{data: []byte{0}},
		{data: []byte{0x3f}, unsigned: 63, signed: 63},
		{data: []byte{0x40}, unsigned: 64, signed: -64},
		{data: []byte{0x7f}, unsigned: 127, signed: -1},
		{data: []byte{0xe5, 0x8e, 0x26}, unsigned: 624485, signed: 624485},
		{data: []byte{0x80, 0x7f}, unsigned: 0x3f80, signed: -128},
		{data: ff(8, 0x7f), unsigned: 1<<63 - 1, signed: -1},
		{data: ff(8, 0x3f), unsigned: 1<<62 - 1, signed: 1<<62 - 1},
		{data: ff(9, 0), unsigned: 1<<63 - 1, signed: 1<<63 - 1},
		{data: ff(9, 1), unsigned: 1<<64 - 1, serr: tooWide},
		{data: ff(9, 2), uerr: tooWide, serr: tooWide},
		{data: ff(9, 0x7f), uerr: tooWide, signed: -1},
		{data: zeros(9, 0x7f), uerr: tooWide, signed: -1 << 63},
		{data: ff(12, 0x7f), uerr: tooWide, signed: -1},
		{data: zeros(9, 0x80, 0x80, 0x00)},
		{data: ff(9, 0xff, 0), uerr: tooWide, serr: tooWide},
		{data: ff(9, 0x80, 0), unsigned: 1<<63 - 1, signed: 1<<63 - 1},
		{data: []byte{0x80}, uerr: "needs 1 bytes, 0 are left", serr: "needs 1 bytes, 0 are left"},
	} {
		sec := &section{data: test.data}
		check := func(what, want string, err error) {
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("% x %s: error %v, want %q", test.data, what, err, want)
			}
		}
		r := reader{sec: sec, end: len(test.data)}
		if u := r.uleb("number"); u != test.unsigned {
			t.Errorf("% x: uleb %#x, want %#x", test.data, u, test.unsigned)
		}
		check("unsigned", test.uerr, r.err)
		r = reader{sec: sec, end: len(test.data)}
		if s := r.sleb("number"); s != test.signed {
			t.Errorf("% x: sleb %d, want %d", test.data, s, test.signed)
		}
		check("signed", test.serr, r.err)
	}
}

// TestMalformed checks that what is broken is refused, with the place where it is.
func TestMalformed(t *testing.T) {
	for _, test := range []struct {
		name  string
		build func(s *builder)
		err   string
		is    error
	}{
		{"length cut", func(s *builder) { s.data = []byte{1, 2, 3} },
			"+0x0: malformed call frame information: length of an entry needs 4 bytes, 3 are left", ErrMalformed},
		{"wide length cut", func(s *builder) { s.data = []byte{0xff, 0xff, 0xff, 0xff, 0} },
			"+0x4: malformed call frame information: length of an entry needs 8 bytes, 1 are left", ErrMalformed},
		{"length lies", func(s *builder) { s.data = []byte{0, 0, 0, 0x7f, 0, 0, 0, 0} },
			"+0x4: malformed call frame information: entry needs 2130706432 bytes, 4 are left", ErrMalformed},
		{"wide length lies", func(s *builder) {
			s.data = []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}
		}, "+0xc: malformed call frame information: entry needs 18446744073709551615 bytes, 1 are left", ErrMalformed},
		{"length reserved", func(s *builder) { s.data = []byte{0xf0, 0xff, 0xff, 0xff, 0} },
			"+0x0: unsupported call frame information: length 0xfffffff0 of an entry is reserved", ErrUnsupported},
		{"no id", func(s *builder) { s.data = []byte{2, 0, 0, 0, 0, 0} },
			"+0x4: malformed call frame information: CIE pointer needs 4 bytes, 2 are left", ErrMalformed},
		{"CIE before the section", func(s *builder) { s.entry(5, make([]byte, 20)) },
			"+0x4: malformed call frame information: CIE pointer 0x5 leads before the start of the section",
			ErrMalformed},
		{"no CIE there", func(s *builder) { s.cie("zR", 0); s.fde(4, 0x1000, 4) },
			"+0x14: malformed call frame information: FDE's CIE pointer leads to 0x4, where no CIE is", ErrMalformed},
		{"CIE is an FDE", func(s *builder) { c := s.cie("zR", 0); f := s.fde(c, 0x1000, 4); s.fde(f, 0x1000, 4) },
			"+0x2d: malformed call frame information: FDE's CIE pointer leads to 0x14, where no CIE is", ErrMalformed},
		{"version", func(s *builder) { s.version = 2; s.cie("") },
			"+0x8: unsupported call frame information: CIE version 2", ErrUnsupported},
		{"augmentation not terminated", func(s *builder) { s.entry(0, []byte{1, 'z', 'R'}) },
			"+0x9: malformed call frame information: augmentation string isn't terminated", ErrMalformed},
		{"augmentation unknown", func(s *builder) { s.cie("zQR", 0, 0) },
			"+0x9: unsupported call frame information: letter 'Q' of augmentation \"zQR\"", ErrUnsupported},
		{"augmentation data without length", func(s *builder) { s.cie("R") },
			"+0x9: unsupported call frame information: letter 'R' of augmentation \"R\"", ErrUnsupported},
		{"augmentation data too short", func(s *builder) { s.cie("zLR", 0) },
			"+0x12: malformed call frame information: encoding of addresses needs 1 bytes, 0 are left", ErrMalformed},
		{"augmentation data too long", func(s *builder) { s.entry(0, []byte{1, 'z', 0, 4, 0x78, 30, 9, 0}) },
			"+0xf: malformed call frame information: augmentation data needs 9 bytes, 1 are left", ErrMalformed},
		{"address size", func(s *builder) { s.entry(0, []byte{4, 0, 4, 0, 4, 0x78, 30}) },
			"+0xa: unsupported call frame information: address size 4", ErrUnsupported},
		{"segments", func(s *builder) { s.entry(0, []byte{4, 0, 8, 2, 4, 0x78, 30}) },
			"+0xb: unsupported call frame information: segment selectors of size 2", ErrUnsupported},
		{"return register", func(s *builder) { s.entry(0, []byte{1, 0, 4, 0x78, 200}) },
			"+0xc: unsupported call frame information: register 200: AArch64 has 0 to 127", ErrUnsupported},
		{"address cut", func(s *builder) { s.fdeRaw(s.cie("zR", 0), make([]byte, 7)) },
			"+0x1c: malformed call frame information: start address needs 8 bytes, 7 are left", ErrMalformed},
		{"size cut", func(s *builder) { s.fdeRaw(s.cie("zR", 0), make([]byte, 15)) },
			"+0x24: malformed call frame information: size of the function needs 8 bytes, 7 are left", ErrMalformed},
		{"end of the address space", func(s *builder) { s.fde(s.cie("zR", 0), 0x1000, ^uint64(0xfff)) },
			"+0x24: malformed call frame information: function at 0x1000 of size 0xfffffffffffff000 doesn't end " +
				"within the address space", ErrMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSection(EHFrame)
			test.build(s)
			info, err := Parse(s.data, 0, EHFrame)
			if err == nil || info != nil {
				t.Fatalf("Parse = %v, %v", info, err)
			}
			if want := ".eh_frame" + test.err; err.Error() != want || !errors.Is(err, test.is) {
				t.Errorf("error %v\nwant  %s", err, want)
			}
		})
	}
	if info, err := Parse(nil, 0, Kind(7)); err == nil || info != nil {
		t.Errorf("kind 7: %v, %v", info, err)
	}
}
