// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// program makes an FDE of the instructions given, covering 0x1000 to 0x1100, with extra instructions in the CIE.
func program(t *testing.T, inCIE, inFDE []byte) *FDE {
	t.Helper()
	s := newSection(EHFrame)
	s.fde(s.cieWith("zR", []byte{0}, inCIE...), 0x1000, 0x100, inFDE...)
	info, err := Parse(s.data, 0, EHFrame)
	if err != nil {
		t.Fatal(err)
	}
	return info.FDEs[0]
}

// TestPrograms runs instructions whose outcome readelf doesn't show, or that GNU as doesn't emit.
func TestPrograms(t *testing.T) {
	for _, test := range []struct {
		name       string
		cie, fde   []byte
		want       []string // rows as readelf would write them
		wantStates []RAState
	}{
		{name: "restore goes back to the CIE's rule",
			cie: []byte{0x9e, 1, 0x08, 19},
			fde: []byte{0x41, 0x9e, 2, 0x93, 3, 0x94, 4, 0x41, 0xde, 0xd3, 0xd4, 0x41, 0x07, 30, 0x41, 0x06, 30},
			want: []string{"0x1000 sp+0 x19=s ra=c-8", "0x1004 sp+0 x19=c-24 x20=c-32 ra=c-16",
				"0x1008 sp+0 x19=s ra=c-8", "0x100c sp+0 x19=s", "0x1010 sp+0 x19=s ra=c-8"}},
		{name: "the CIE's rules don't change",
			cie:  []byte{0x9e, 1},
			fde:  []byte{0x9e, 2, 0x41, 0xde},
			want: []string{"0x1000 sp+0 ra=c-16", "0x1004 sp+0 ra=c-8"}},
		{name: "a remembered state holds the CFA, the rules and the signature",
			fde:        []byte{0x2d, 0x0a, 0x0e, 16, 0x9e, 1, 0x2d, 0x41, 0x0b, 0x41, 0x2d},
			want:       []string{"0x1000 sp+16 ra=c-8", "0x1004 sp+0", "0x1008 sp+0"},
			wantStates: []RAState{RANotSigned, RASignedSP, RANotSigned}},
		{name: "signed by the CIE",
			cie:        []byte{0x2d},
			fde:        []byte{0x41, 0x2d},
			want:       []string{"0x1000 sp+0", "0x1004 sp+0"},
			wantStates: []RAState{RASignedSP, RANotSigned}},
		{name: "set_ra_state",
			fde:        []byte{0x2b, 1, 0, 0x41, 0x2b, 2, 0x7f, 0x41, 0x2b, 0, 0},
			want:       []string{"0x1000 sp+0", "0x1004 sp+0", "0x1008 sp+0"},
			wantStates: []RAState{RASignedSP, RASignedSPPC, RANotSigned}},
		{name: "advances of no distance make no row",
			fde:  []byte{0x0e, 16, 0x02, 0, 0x0e, 32, 0x41, 0x40, 0x0e, 48},
			want: []string{"0x1000 sp+32", "0x1004 sp+48"}},
		{name: "set_loc and the eight-byte advance",
			fde:  []byte{0x01, 8, 0x10, 0, 0, 0, 0, 0, 0, 0x0e, 16, 0x1d, 1, 0, 0, 0, 0, 0, 0, 0, 0x0e, 32},
			want: []string{"0x1000 sp+0", "0x1008 sp+16", "0x100c sp+32"}},
		{name: "a row at the very end covers nothing",
			fde:  []byte{0x03, 0x40, 0, 0x0e, 16},
			want: []string{"0x1000 sp+0"}},
		{name: "rules of vector and pseudo registers",
			fde:  []byte{0x05, 72, 1, 0x16, 34, 1, 0x31, 0x05, 127, 2},
			want: []string{"0x1000 sp+0 ra_sign_state=vexp v8=c-8 z31=c-16"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, err := program(t, test.cie, test.fde).Rows()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, rowLines(rows)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			for i, r := range rows {
				want := RANotSigned
				if test.wantStates != nil {
					want = test.wantStates[i]
				}
				if r.RAState != want {
					t.Errorf("%#x: return address is %v, want %v", r.Start, r.RAState, want)
				}
			}
		})
	}
}

func TestSigningPC(t *testing.T) {
	fde := []byte{
		0x41, 0x2c, 0x41, 0x0e, 16, // 0x1004: negate_ra_state_with_pc; 0x1008: the same state
		0x41, 0x2c, // 0x100c: not signed
		0x41, 0x2b, 2, 0x7e, // 0x1010: signed two instructions before
		0x41, 0x2b, 1, 0, // 0x1014: signed, with SP only
	}
	rows, err := program(t, nil, fde).Rows()
	if err != nil {
		t.Fatal(err)
	}
	want := []uint64{0, 0x1004, 0x1004, 0, 0x1008, 0}
	var got []uint64
	for _, r := range rows {
		got = append(got, r.SigningPC)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestExpressions checks that expressions are kept as the bytes that they are.
func TestExpressions(t *testing.T) {
	rows, err := program(t, nil, []byte{0x0f, 2, 0x8f, 8, 0x10, 30, 1, 0x31, 0x16, 29, 3, 0x8f, 16, 0x06}).Rows()
	if err != nil {
		t.Fatal(err)
	}
	r := rows[0]
	if r.CFA.Kind != CFAExpression || !bytes.Equal(r.CFA.Expr, []byte{0x8f, 8}) {
		t.Errorf("CFA %+v", r.CFA)
	}
	if r.RA.Kind != Expression || !bytes.Equal(r.RA.Expr, []byte{0x31}) {
		t.Errorf("RA %+v", r.RA)
	}
	if r.FP.Kind != ValExpression || !bytes.Equal(r.FP.Expr, []byte{0x8f, 16, 0x06}) {
		t.Errorf("FP %+v", r.FP)
	}
}

// TestBadPrograms checks the reasons for which programs are refused, and the instruction that is blamed. The FDE's
// first instruction is at section offset 0x2d, the CIE's at 0x14.
func TestBadPrograms(t *testing.T) {
	many := func(n int, b ...byte) []byte { return bytes.Repeat(b, n) }
	for _, test := range []struct {
		name     string
		cie, fde []byte
		err      string
		is       error
	}{
		{name: "unknown instruction", fde: []byte{0x00, 0x17},
			err: "+0x2e: unsupported call frame information: instruction DW_CFA_0x17", is: ErrUnsupported},
		{name: "operand cut", fde: []byte{0x0c, 31},
			err: "+0x2f: malformed call frame information: offset needs 1 bytes, 0 are left", is: ErrMalformed},
		{name: "register", fde: []byte{0x07, 0x80, 1},
			err: "+0x2e: unsupported call frame information: register 128: AArch64 has 0 to 127", is: ErrUnsupported},
		{name: "expression cut", fde: []byte{0x0f, 0xff, 0x7f, 0},
			err: "+0x30: malformed call frame information: expression needs 16383 bytes, 1 are left", is: ErrMalformed},
		{name: "expression of 4 GiB", fde: []byte{0x0f, 0xff, 0xff, 0xff, 0xff, 0x0f},
			err: "+0x33: malformed call frame information: expression needs 4294967295 bytes, 0 are left",
			is:  ErrMalformed},
		{name: "restore_state", fde: []byte{0x0a, 0x0b, 0x0b},
			err: "+0x2f: malformed call frame information: DW_CFA_restore_state without a remembered state",
			is:  ErrMalformed},
		{name: "remembered by the CIE", cie: []byte{0x0a}, fde: []byte{0x0b},
			err: "+0x2e: malformed call frame information: DW_CFA_restore_state without a remembered state",
			is:  ErrMalformed},
		{name: "remember_state without end", fde: many(2000, 0x0a),
			err: "+0x42d: unsupported call frame information: DW_CFA_remember_state nested more than 1024 deep",
			is:  ErrUnsupported},
		{name: "advance in the CIE", cie: []byte{0x41},
			err: "+0x14: malformed call frame information: DW_CFA_advance_loc in a CIE", is: ErrMalformed},
		{name: "backwards", fde: []byte{0x42, 0x01, 4, 0x10, 0, 0, 0, 0, 0, 0},
			err: "+0x2e: malformed call frame information: DW_CFA_set_loc goes back from 0x1008 to 0x1004",
			is:  ErrMalformed},
		{name: "past the end", fde: []byte{0x03, 0x41, 0},
			err: "+0x2d: malformed call frame information: DW_CFA_advance_loc2 goes to 0x1104, past the end of the " +
				"function at 0x1100", is: ErrMalformed},
		{name: "around the address space", fde: []byte{0x1d, 0, 0, 0, 0, 0, 0, 0, 0x40},
			err: "+0x2d: malformed call frame information: DW_CFA_MIPS_advance_loc8: 0x4000000000000000 × 4 leaves " +
				"the address space", is: ErrMalformed},
		{name: "offset on an expression", fde: []byte{0x0f, 0, 0x0e, 16},
			err: "+0x2f: malformed call frame information: DW_CFA_def_cfa_offset while the CFA isn't a register " +
				"and an offset", is: ErrMalformed},
		{name: "register on an expression", fde: []byte{0x0f, 0, 0x0d, 29},
			err: "+0x2f: malformed call frame information: DW_CFA_def_cfa_register while the CFA isn't a register " +
				"and an offset", is: ErrMalformed},
		{name: "huge offset", fde: append([]byte{0x0e}, binary.AppendUvarint(nil, 1<<63)...),
			err: "+0x2d: malformed call frame information: DW_CFA_def_cfa_offset: offset 0x8000000000000000 has more " +
				"than 63 bits", is: ErrMalformed},
		{name: "factored offset", fde: append([]byte{0x9e}, binary.AppendUvarint(nil, 1<<62)...),
			err: "+0x2d: malformed call frame information: DW_CFA_offset: offset 4611686018427387904 × -8 has more " +
				"than 64 bits", is: ErrMalformed},
		{name: "two ways of signing", fde: []byte{0x2d, 0x2c},
			err: "+0x2e: malformed call frame information: DW_CFA_AARCH64_negate_ra_state_with_pc while the return " +
				"address is signed", is: ErrMalformed},
		{name: "unknown way of signing", fde: []byte{0x2b, 3, 0},
			err: "+0x2d: unsupported call frame information: DW_CFA_AARCH64_set_ra_state: state 3", is: ErrUnsupported},
		{name: "bad CIE", cie: []byte{0x3f}, err: "+0x14: unsupported call frame information: instruction DW_CFA_0x3f",
			is: ErrUnsupported},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := program(t, test.cie, test.fde)
			rows, err := f.Rows()
			if err == nil || rows != nil {
				t.Fatalf("Rows = %v, %v", rowLines(rows), err)
			}
			if want := ".eh_frame" + test.err; err.Error() != want || !errors.Is(err, test.is) {
				t.Errorf("error %v\nwant  %s", err, want)
			}
		})
	}
}

// TestBounds checks that a small program can't ask for a large table.
func TestBounds(t *testing.T) {
	var registers, rows []byte
	for r := range 120 {
		registers = append(registers, 0x08, byte(r))
	}
	for range 5000 { // each row with its own 120 rules
		rows = append(rows, 0x41, 0x08, 121, 0x41, 0x06, 121)
	}
	for _, test := range []struct {
		name    string
		program []byte
		want    string
	}{
		{"rows", bytes.Repeat([]byte{0x41}, maxRows+1), "more than 65536 rows"},
		{"rules", append(registers, rows...), "more than 262144 rules"},
	} {
		s := newSection(EHFrame)
		s.fde(s.cie("zR", 0), 0x1000, 1<<32, test.program...)
		info, err := Parse(s.data, 0, EHFrame)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := info.FDEs[0].Rows(); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestRAStateFollowsCode compares the state of the return address with the instructions that change it.
func TestRAStateFollowsCode(t *testing.T) {
	const (
		paciasp = 0xd503233f
		pacibsp = 0xd503237f
		autiasp = 0xd50323bf
		autibsp = 0xd50323ff
	)
	for _, name := range []string{"frames-pac", "frames-pac-b"} {
		path := "testdata/" + name + ".so"
		f, err := elf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		text := f.Section(".text")
		code, err := text.Data()
		if err != nil {
			t.Fatal(err)
		}
		info := loadSection(t, path, ".eh_frame")
		signs, authenticates := 0, 0
		for _, fde := range info.FDEs {
			for pc := fde.Start; pc < fde.End; pc += 4 {
				var before, after RAState
				switch insn := binary.LittleEndian.Uint32(code[pc-text.Addr:]); insn {
				case paciasp, pacibsp:
					signs++
					before, after = RANotSigned, RASignedSP
					if fde.CIE.BKey != (insn == pacibsp) {
						t.Errorf("%s %#x: signed with another key than the CIE says", name, pc)
					}
				case autiasp, autibsp:
					authenticates++
					before, after = RASignedSP, RANotSigned
				default:
					continue
				}
				for at, want := range map[uint64]RAState{pc: before, pc + 4: after} {
					if row, err := info.Lookup(at); err != nil || row.RAState != want {
						t.Errorf("%s %#x: return address is %v (%v), want %v", name, at, row.RAState, err, want)
					}
				}
			}
		}
		if signs < 5 || authenticates < 5 {
			t.Errorf("%s: only %d instructions sign and %d authenticate", name, signs, authenticates)
		}
	}
}
