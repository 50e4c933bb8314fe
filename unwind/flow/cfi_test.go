// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"maps"
	"path/filepath"
	"testing"

	"stacksweep/image"
	"stacksweep/internal/testkit"
	"stacksweep/unwind/cfi"
)

// A share counts instructions by how flow's result compares with a table.
type share struct {
	agree, undecided, disagree int // instructions
	functions, decided         int // decided: those without an undecided instruction
}

func (s share) percent() float64 {
	return 100 * float64(s.agree+s.disagree) / float64(s.agree+s.disagree+s.undecided)
}

// compareWithCFI interprets every function that has call frame information, and compares with it.
func compareWithCFI(t *testing.T, path string) share {
	t.Helper()
	im, err := image.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	kind, name := cfi.EHFrame, ".eh_frame"
	addr, data, ok := im.Section(name)
	if !ok {
		kind, name = cfi.DebugFrame, ".debug_frame"
		if addr, data, ok = im.Section(name); !ok {
			t.Fatalf("%s: no call frame information", path)
		}
	}
	info, err := cfi.Parse(data, addr, kind)
	if err != nil {
		t.Fatal(err)
	}
	var ranges []Range
	var fdes []*cfi.FDE
	for _, f := range info.FDEs {
		if f.Start == f.End {
			continue
		}
		rows, err := f.Rows()
		if err != nil {
			t.Fatal(err)
		}
		first, _ := FromCFI(&rows[0])
		ranges = append(ranges, Range{Start: f.Start, End: f.End, Part: first != Rule{}})
		fdes = append(fdes, f)
	}
	code := func(start, end uint64) []byte {
		b, _ := im.Bytes(start, end-start)
		return b
	}
	functions := Program(ranges, code, nil)
	var sum share
	known := map[string]int{}
	for i, f := range functions {
		rows, _ := fdes[i].Rows()
		sum.functions++
		whole := true
		for k := range rows {
			r := &rows[k]
			rule, ok := FromCFI(r)
			if !ok {
				continue
			}
			for _, j := range f.Compare(nil, uint32(r.Start-f.Addr), uint32(r.End-f.Addr), rule) {
				n := int(j.To-j.From) / 4
				switch j.Verdict {
				case Agrees:
					sum.agree += n
				case Undecided:
					sum.undecided += n
					whole = false
				case Disagrees:
					s, _ := im.Symbols.At(f.Addr)
					if wrongTables[s.Name] > 0 {
						known[s.Name] += n
						continue
					}
					sum.disagree += n
					t.Errorf("%s %#x+%#x..%#x: %v: %s is %v since %#x (%v)", s.Name, f.Addr, j.From, j.To, rule, j.Fact,
						j.Actual, f.Addr+uint64(j.Actual.By), j.How)
				}
			}
		}
		if whole {
			sum.decided++
		}
	}
	if filepath.Base(path) == "libc.so.6" && !maps.Equal(known, wrongTables) {
		t.Errorf("of the functions with wrong tables there are %v instructions wrong, want %v", known, wrongTables)
	}
	t.Logf("%d of %d functions wholly decided; %d instructions agree, %d undecided, %d disagree: %.2f%% decided",
		sum.decided, sum.functions, sum.agree, sum.undecided, sum.disagree, sum.percent())
	return sum
}

// wrongTables are the functions of glibc whose call frame information is wrong, by name, with the number of
// instructions: swapcontext keeps its return address in memory while X30 is the address of a label, then in X22 across
// a call, and no directive says so.
var wrongTables = map[string]int{"swapcontext": 43}

func TestLibc(t *testing.T) {
	path := testkit.Libc(t)
	if s := compareWithCFI(t, path); s.percent() < 95 {
		t.Errorf("only %.2f%% decided", s.percent())
	}
}

// shapes are builds of shapes.c whose call frame information is gcc's own.
var shapes = []struct {
	name  string
	flags []string
}{
	{"shapes-O0", []string{"-O0"}},
	{"shapes-O2", []string{"-O2"}},
	{"shapes-O2-nofp", []string{"-O2", "-fomit-frame-pointer"}},
	{"shapes-O2-pac", []string{"-O2", "-mbranch-protection=standard", "-fstack-protector-all"}},
	{"shapes-Os-pac-b", []string{"-Os", "-mbranch-protection=pac-ret+leaf+b-key"}},
	{"shapes-O3-clash", []string{"-O3", "-fstack-clash-protection", "-fno-shrink-wrap"}},
}

// TestCompiler compares with the call frame information that gcc gives its own code.
func TestCompiler(t *testing.T) {
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			path := filepath.Join("testdata", s.name+".so")
			if *update {
				flags := append([]string{"-fPIC", "-shared", "-nostdlib", "-fasynchronous-unwind-tables"}, s.flags...)
				flags = append(flags, "-Wl,--build-id=none,--no-eh-frame-hdr,-z,max-page-size=4096,-z,noseparate-code")
				compile(t, path, append(flags, filepath.Join("testdata", "src", "shapes.c"))...)
			}
			if sum := compareWithCFI(t, path); sum.percent() < 95 {
				t.Errorf("only %.2f%% decided", sum.percent())
			}
		})
	}
}
