// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"debug/elf"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"stacksweep/internal/testkit"
	"stacksweep/unwind/sframe"
)

// gasDiffers lists the functions in testdata for which GNU as 2.47 makes other rows than ToSFrame, and why.
var gasDiffers = map[string]string{
	"nested":            "only the last remembered state is restored",
	"nested_states":     "only the last remembered state is restored",
	"ra_at_cfa":         "the return address at CFA+0 becomes padding",
	"no_cfa":            "no rows, which make it an outermost frame",
	"sp_saved":          "the rule of SP is ignored",
	"escaped_arguments": "the escaped bytes aren't looked into",
	"escaped_offset":    "the escaped bytes aren't looked into",
	"fp_expression":     "a flexible row with a padding word for the return address",
}

// TestToSFrame compares the conversion of .eh_frame with the .sframe that GNU as made of the same source, function by
// function.
func TestToSFrame(t *testing.T) {
	differing := make(map[string]bool)
	for _, o := range objects {
		if o.noSFrame {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			path := "testdata/" + o.name + ".so"
			gas := loadSFrame(t, path)
			names := functionNames(t, path)
			section, skipped := ToSFrame(loadSection(t, path, ".eh_frame"), gas.Addr)

			want, got := byFunction(gas), byFunction(section)
			for start := range want {
				if _, ok := got[start]; !ok {
					got[start] = nil
				}
			}
			for _, s := range skipped {
				if !errors.Is(s.Err, sframe.ErrInexpressible) {
					t.Errorf("%v: %v", s.FDE, s.Err)
				}
				if got[s.FDE.Start] != nil {
					t.Errorf("%s was converted and skipped", names[s.FDE.Start])
				}
			}
			for start, f := range got {
				name := names[start]
				diff := cmp.Diff(want[start], f)
				if reason, ok := gasDiffers[name]; ok {
					differing[name] = true
					if diff == "" {
						t.Errorf("%s: GNU as no longer differs (%s)", name, reason)
					}
				} else if diff != "" {
					t.Errorf("%s (-GNU as +ToSFrame):\n%s", name, diff)
				}
			}
			if diff := cmp.Diff(header(gas), header(section)); diff != "" {
				t.Errorf("header (-GNU as +ToSFrame):\n%s", diff)
			}
		})
	}
	for name, reason := range gasDiffers {
		if !differing[name] && !t.Failed() {
			t.Errorf("no object has a function %q, for which GNU as differs: %s", name, reason)
		}
	}
}

// byFunction returns the functions of a section by address, in the form to be compared: without what an encoder
// chooses, without rows that cover nothing or say what the row before says.
func byFunction(s *sframe.Section) map[uint64]*sframe.FDE {
	functions := make(map[uint64]*sframe.FDE)
	for _, f := range s.FDEs {
		f.Width, f.FREOffset = 0, 0
		f.FREs = slices.Clone(f.FREs)
		for i := range f.FREs {
			f.FREs[i].WordSize = 0
			if len(f.FREs[i].Words) == 0 {
				f.FREs[i].Words = nil
			}
		}
		f.FREs = slices.DeleteFunc(f.FREs, func(r sframe.FRE) bool { return r.Start >= f.Size && f.Size > 0 })
		f.FREs = slices.CompactFunc(f.FREs, sameFrame)
		functions[f.Start] = &f
	}
	return functions
}

// header is a section without its functions.
func header(s *sframe.Section) sframe.Section {
	h := *s
	h.FDEs, h.Aux = nil, nil
	return h
}

// TestToSFrameOfCompiledCode checks that of what a compiler writes nothing is skipped, and that the rows
// are those of GNU as without any allowance.
func TestToSFrameOfCompiledCode(t *testing.T) {
	for _, name := range []string{"frames-O2", "frames-O0", "frames-pac", "frames-pac-b"} {
		path := "testdata/" + name + ".so"
		gas := loadSFrame(t, path)
		section, skipped := ToSFrame(loadSection(t, path, ".eh_frame"), gas.Addr)
		if len(skipped) != 0 {
			t.Errorf("%s: %v", name, skipped)
		}
		chosen := cmpopts.IgnoreFields(sframe.FDE{}, "Width", "FREOffset")
		widths := cmpopts.IgnoreFields(sframe.FRE{}, "WordSize")
		if diff := cmp.Diff(gas.FDEs, section.FDEs, chosen, widths); diff != "" {
			t.Errorf("%s (-GNU as +ToSFrame):\n%s", name, diff)
		}
	}
}

// TestSkipped checks the reasons for which functions are skipped.
func TestSkipped(t *testing.T) {
	const path = "testdata/sframe.so"
	names := functionNames(t, path)
	_, skipped := ToSFrame(loadSection(t, path, ".eh_frame"), 0)
	got := make(map[string]string)
	for _, s := range skipped {
		var e *Error
		if !errors.As(s.Err, &e) || e.Offset != s.FDE.Offset {
			t.Errorf("%v: the error doesn't name the place: %v", s.FDE, s.Err)
			continue
		}
		reason := strings.TrimPrefix(e.Err.Error(), "inexpressible: ")
		if _, after, ok := strings.Cut(reason, ": "); ok && strings.HasPrefix(reason, "row at ") {
			reason = after // the address is the linker's choice
		}
		got[names[s.FDE.Start]] = reason
	}
	want := map[string]string{
		"cfa_expression":      "CFA is exp",
		"cfa_register_x19":    "CFA is x19+0",
		"cfa_x19":             "CFA is x19+16",
		"fp_alone":            "x29 is saved, the return address isn't",
		"fp_expression":       "x29 is exp",
		"fp_in_register":      "x29 is x10",
		"fp_undefined":        "x29 is u",
		"fp_value":            "x29 is v-8",
		"no_cfa":              "the CFA is never defined",
		"offset_too_wide":     "offset 2147483648",
		"ra_at_cfa":           "return address is c+0",
		"ra_in_register":      "return address is x10",
		"ra_restored_first":   "x29 is saved, the return address isn't",
		"ra_value":            "return address is v-8",
		"ra_value_expression": "return address is vexp",
		"return_in_x16":       "return address in x16",
		"signed_with_pc":      "return address is signed with pc",
		"signed_with_pc_set":  "return address is signed with pc",
		"sp_in_register":      "sp is x10, not the CFA",
		"sp_saved":            "sp is c-8, not the CFA",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

// TestToSFrameLibc converts a whole C library, encodes and decodes it, and looks up every row.
func TestToSFrameLibc(t *testing.T) {
	info := loadSection(t, testkit.Libc(t), ".eh_frame")
	section, skipped := ToSFrame(info, 0x10000000)
	data, err := section.Encode()
	if err != nil {
		t.Fatal(err)
	}
	table, err := sframe.OpenTable(data, section.Addr, sframe.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	left := make(map[*FDE]bool)
	for _, s := range skipped {
		left[s.FDE] = true
		t.Log(s.Err)
	}
	rows := 0
	for _, f := range info.FDEs {
		table2, err := f.Rows()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range table2 {
			got, err := table.Lookup(want.Start)
			if left[f] {
				if !errors.Is(err, sframe.ErrNoFDE) {
					t.Errorf("%#x: skipped, but found: %v", want.Start, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%#x: %v", want.Start, err)
				continue
			}
			rows++
			if want.RA.Kind == Undefined {
				if !got.Outermost {
					t.Errorf("%#x: not outermost", want.Start)
				}
				continue
			}
			if got.CFAReg != uint32(want.CFA.Reg) || got.CFAOffset != want.CFA.Offset ||
				!sameRule(want.RA, got.RA) || !sameRule(want.FP, got.FP) || got.Mangled != want.RAState.Signed() {
				t.Errorf("%#x: CFI says %v RA %v FP %v, SFrame %+v", want.Start, want.CFA, want.RA, want.FP, got)
			}
		}
	}
	t.Logf("%d functions, %d skipped, %d rows, %d bytes of .eh_frame, %d of .sframe",
		len(info.FDEs), len(skipped), rows, len(info.sec.data), len(data))
}

// sameRule compares a rule with one of SFrame's.
func sameRule(r Rule, s sframe.Rule) bool {
	if r.Kind == Offset {
		return s.Kind == sframe.AtCFA && s.Offset == r.Offset
	}
	return s.Kind == sframe.Retained
}

// loadSFrame decodes the .sframe section of an ELF file.
func loadSFrame(t *testing.T, path string) *sframe.Section {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := f.Section(".sframe")
	if s == nil {
		t.Fatalf("%s has no .sframe", path)
	}
	data, err := s.Data()
	if err != nil {
		t.Fatal(err)
	}
	section, err := sframe.Decode(data, s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	return section
}

// functionNames returns the names of the functions of an ELF file by address.
func functionNames(t *testing.T, path string) map[uint64]string {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[uint64]string)
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC {
			names[s.Value] = s.Name
		}
	}
	return names
}
