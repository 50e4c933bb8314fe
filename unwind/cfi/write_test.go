// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"debug/elf"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestDebugFrameSaysTheSame writes the tables of all test objects as one .debug_frame, and reads it again: every
// function has the rows that it had.
func TestDebugFrameSaysTheSame(t *testing.T) {
	var sections []*Info
	var want []*FDE
	for _, o := range objects {
		file, err := elf.Open(filepath.Join("testdata", o.name+".so"))
		if err != nil {
			t.Fatal(err)
		}
		for name, kind := range map[string]Kind{".eh_frame": EHFrame, ".debug_frame": DebugFrame} {
			s := file.Section(name)
			if s == nil {
				continue
			}
			data, err := s.Data()
			if err != nil {
				t.Fatal(err)
			}
			info, err := Parse(data, s.Addr, kind)
			if err != nil {
				t.Fatal(err)
			}
			sections = append(sections, info)
		}
		file.Close()
	}
	for _, info := range sections {
		want = append(want, info.FDEs...)
	}
	got, err := Parse(WriteDebugFrame(sections...), 0, DebugFrame)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) < 100 {
		t.Errorf("only %d functions", len(want))
	}
	found := map[uint64][]*FDE{}
	for _, f := range got.FDEs {
		found[f.Start] = append(found[f.Start], f)
	}
	left := 0
	for _, f := range want {
		if f.setsLocation() {
			left++
			continue
		}
		rows, _ := f.Rows()
		same := false
		for _, g := range found[f.Start] {
			others, err := g.Rows()
			if err != nil {
				t.Fatal(err)
			}
			same = same || f.CIE.BKey == g.CIE.BKey && f.CIE.SignalFrame == g.CIE.SignalFrame &&
				cmp.Equal(rows, others, cmpopts.IgnoreFields(Row{}, "FDE"), cmpopts.EquateEmpty())
		}
		if !same {
			t.Errorf("%v has other rows", f)
		}
	}
	if len(got.FDEs)+left != len(want) {
		t.Errorf("%d functions and %d left out, of %d", len(got.FDEs), left, len(want))
	}
}
