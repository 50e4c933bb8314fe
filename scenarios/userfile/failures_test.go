// SPDX-License-Identifier: GPL-2.0-only

package userfile_test

import (
	"bytes"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/userfile"
	"stacksweep/unwind/cfi"
	"stacksweep/unwind/sframe"
)

// TestUserFailures runs what doesn't come back.
func TestUserFailures(t *testing.T) {
	for _, test := range []struct {
		file, call string
		stub       bool
		want       error  // nil: it does come back
		text       string // in the message
		undefined  string
	}{
		{"routines.o", "trap", false, emu.ErrException, "at trap+0x0 (routines.c:36), pc 0x", ""},
		{"routines.o", "forever()", false, emu.ErrLimit, "at forever+0x", ""},
		{"routines.o", "read_word(16)", false, emu.ErrFault, "at read_word+0x0 (routines.c:48), pc 0xffff8000900", ""},
		{"routines.o", "read_word(0x10)", false, emu.ErrFault, ", step 2: read at 0x10, unmapped", ""},
		{"routines.o", "read_word(&counter)", false, nil, "", ""},
		{"undefined.so", "call_helper(1)", false, emu.ErrException, "at helper+0x0, ", "helper"},
		{"undefined.so", "read_table()", false, emu.ErrFault, "read at 0x", "table"},
		{"undefined.so", "call_helper(1)", true, nil, "", ""},
		{"undefined.so", "read_table()", true, emu.ErrFault, "read at 0x", "table"},
		{"undefined.o", "call_helper(1)", false, emu.ErrException, "at helper+0x0, ", "helper"},
		{"undefined.o", "read_table()", false, emu.ErrFault, "read at 0x", "table"},
		{"undefined.o", "guard()", false, nil, "", ""}, // needs nothing that isn't there
		{"undefined.o", "call_helper(1)", true, nil, "", ""},
		{"undefined.o", "call_perhaps(1)", true, nil, "", ""},
		{"undefined.o", "guard()", true, nil, "", ""},
		{"undefined.so", "guard()", false, nil, "", ""},
	} {
		f := loadUser(t, test.file, userfile.Options{Stub: test.stub})
		_, err := userRun(t, f, test.call, "sframe", scenarios.Options{})
		if !errors.Is(err, test.want) || err != nil && !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s of %s: %v; want %v, with %q", test.call, test.file, err, test.want, test.text)
		}
		var failure *scenarios.RunFailure
		if !errors.As(err, &failure) {
			continue
		}
		name, _ := f.Undefined(failure.Err.PC)
		if data, ok := f.Undefined(failure.Err.Addr); ok {
			name = data
		}
		if name != test.undefined {
			t.Errorf("%s of %s: failed at the undefined symbol %q, not %q", test.call, test.file, name, test.undefined)
		}
	}
}

// TestUserPlace loads executables: one that is linked for where the corpus is, and one that isn't.
func TestUserPlace(t *testing.T) {
	_, err := userfile.Parse("corpus.elf", corpus.ELF(), userfile.Options{Limit: 1})
	var where *image.Error
	if !errors.Is(err, userfile.ErrPlace) || !errors.As(err, &where) {
		t.Errorf("an executable at the corpus's addresses: %v", err)
	}
	f, err := userfile.Load("../../image/testdata/elf/prog", userfile.Options{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	r, err := userRun(t, f, "entry(7)", "fp", scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := r.Symbols.At(r.Points[len(r.Points)/2].PC); !ok || s.Addr >= 1<<32 {
		t.Errorf("in the middle of the run it was at %v, %v: not where the executable is linked", s, ok)
	}
}

// TestUserTable spoils the versions in a file's unwind information: the error names the section's place in the file.
func TestUserTable(t *testing.T) {
	for _, name := range []string{"routines.o", "routines.so"} {
		data, err := os.ReadFile(filepath.Join(userFolder, name))
		if err != nil {
			t.Fatal(err)
		}
		f, err := elf.NewFile(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			section string
			offset  uint64 // of the version
			want    error
		}{{".sframe", 2, sframe.ErrUnsupported}, {".eh_frame", 8, cfi.ErrUnsupported}} {
			at := f.Section(test.section).Offset
			spoilt := bytes.Clone(data)
			spoilt[at+test.offset] = 9
			_, err = userfile.Parse(name, spoilt, userfile.Options{Limit: 1})
			var where *image.Error
			if !errors.As(err, &where) || where.Offset != at || where.File != name || !errors.Is(err, test.want) {
				t.Errorf("version 9 in %s at %#x of %s: %v", test.section, at, name, err)
			}
		}
	}
}
