// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"debug/elf"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/blind"
	"stacksweep/internal/testkit"
)

// lsdaObject assembles and links testdata/src/lsda.S.
func lsdaObject(t *testing.T) *elf.File {
	t.Helper()
	testkit.Tools(t, "aarch64-linux-gnu-as", "aarch64-linux-gnu-ld")
	dir := t.TempDir()
	object, linked := filepath.Join(dir, "lsda.o"), filepath.Join(dir, "lsda.so")
	for _, command := range [][]string{
		{"aarch64-linux-gnu-as", "-o", object, "testdata/src/lsda.S"},
		{"aarch64-linux-gnu-ld", "-shared", "-Bsymbolic", "-o", linked, object},
	} {
		if text, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", command, err, text)
		}
	}
	file, err := elf.Open(linked)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// TestLSDA reads what the assembler has made of labels, and compares with where the linker has put them.
func TestLSDA(t *testing.T) {
	file := lsdaObject(t)
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]uint64{}
	for _, s := range symbols {
		at[s.Name] = s.Value
	}
	frames, tables := file.Section(".eh_frame"), file.Section(".gcc_except_table")
	data, err := frames.Data()
	if err != nil {
		t.Fatal(err)
	}
	table, err := tables.Data()
	if err != nil {
		t.Fatal(err)
	}
	info, err := Parse(data, frames.Addr, EHFrame)
	if err != nil {
		t.Fatal(err)
	}
	got := map[uint64][]CallSite{}
	for _, f := range info.FDEs {
		var sites []CallSite
		if f.LSDA != 0 {
			if sites, err = ParseLSDA(table[f.LSDA-tables.Addr:], f.LSDA, f.Start); err != nil {
				t.Error(err)
			}
		}
		got[f.Start] = sites
	}
	want := map[uint64][]CallSite{
		at["plain"]:   {{at["plain_call"], at["plain_after"], at["plain_pad"]}, {at["plain_pad"], at["plain_end"], 0}},
		at["based"]:   {{at["based"], at["based_after"], at["based_pad"]}},
		at["without"]: nil,
	}
	for start, sites := range got { // the PLT has none
		if len(sites) == 0 && want[start] == nil {
			delete(got, start)
			delete(want, start)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("call sites, -want +got:\n%s", diff)
	}
	if at["plain_pad"] == 0 || len(info.FDEs) < 3 {
		t.Errorf("%d FDEs, and the pad at %#x", len(info.FDEs), at["plain_pad"])
	}
}

// FuzzLSDA reads anything: what comes out lies in the bytes that the table says it has, and doesn't end before it
// starts.
func FuzzLSDA(f *testing.F) {
	f.Add([]byte{0xff, 0x9b, 9, 1, 8, 4, 4, 12, 1, 12, 4, 0, 0}, uint64(0x1000))
	f.Add([]byte{0x1b, 0, 1, 0, 0, 0xff, 3, 13, 0, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 0}, uint64(0x2000))
	blind.Fuzz(f, func(t *testing.T, data []byte, start uint64) {
		sites, err := ParseLSDA(data, 0x1000, start)
		if err != nil {
			var where *Error
			if !errors.As(err, &where) || where.Offset > uint64(len(data)) || sites != nil {
				t.Fatalf("%v, with %d call sites", err, len(sites))
			}
			return
		}
		if len(sites)*4 > len(data) {
			t.Fatalf("%d call sites of %d bytes", len(sites), len(data))
		}
		for _, s := range sites {
			if s.End < s.Start {
				t.Fatalf("call site %+v", s)
			}
		}
	})
}
