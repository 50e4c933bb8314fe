// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stacksweep/internal/testkit"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestSourceLine compares the source line of every instruction with what addr2line says. Of an object, addr2line is
// asked about offsets in each section with code.
func TestSourceLine(t *testing.T) {
	addr2line := testkit.Tool(t, "aarch64-linux-gnu-addr2line")
	for _, file := range []struct {
		path string
		base uint64
	}{
		{"../scenarios/corpus/corpus.elf", 0},
		{"../scenarios/userfile/testdata/routines.so", 0xffff800090000000},
		{"../scenarios/userfile/testdata/routines.o", 0xffff800090000000},
		{"testdata/elf/prog.gz.o", 0x20000},
	} {
		t.Run(filepath.Base(file.path), func(t *testing.T) {
			var options []Option
			if file.base != 0 {
				options = append(options, At(file.base))
			}
			im, err := Load(file.path, options...)
			if err != nil {
				t.Fatal(err)
			}
			known := 0
			for _, s := range im.Segments {
				if s.Perm&Exec == 0 {
					continue
				}
				args, bias := []string{"-e", file.path}, im.Base
				if im.Kind == Relocatable {
					args, bias = append(args, "-j", s.Name), s.Addr
				}
				var input strings.Builder
				for pc := s.Addr; pc < s.End(); pc += 4 {
					fmt.Fprintf(&input, "%#x\n", pc-bias)
				}
				cmd := exec.Command(addr2line, args...)
				cmd.Stdin = strings.NewReader(input.String())
				cmd.Stderr = os.Stderr
				out, err := cmd.Output()
				if err != nil {
					t.Fatal(err)
				}
				pc := s.Addr
				for want := range strings.Lines(string(out)) {
					want, _, _ = strings.Cut(strings.TrimSpace(want), " (discriminator")
					got := im.SourceLine(pc)
					if got != "" {
						known++
					}
					if strings.HasSuffix(want, ":?") || strings.HasSuffix(want, ":0") {
						want = ""
					}
					if strings.HasSuffix(got, ":0") { // code that is from no line
						got = ""
					}
					if filepath.Base(got) != filepath.Base(want) {
						t.Errorf("%#x: %q, but addr2line says %q", pc, got, want)
					}
					pc += 4
				}
			}
			if known == 0 {
				t.Error("no line is known")
			}
		})
	}
}

// TestSourceLineUnknown asks where there is nothing to tell.
func TestSourceLineUnknown(t *testing.T) {
	im, err := Load("testdata/elf/lib.so")
	if err != nil {
		t.Fatal(err)
	}
	other, err := Load("../scenarios/userfile/testdata/routines.o", At(0x10000))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("../scenarios/userfile/testdata/routines.o")
	if err != nil {
		t.Fatal(err)
	}
	broken, err := Parse("broken.o", spoilSection(t, data, ".debug_line"), At(0x10000))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		im   *Image
		addr uint64
	}{{im, im.Segments[0].Addr}, {im, 0}, {other, 0}, {other, 0xffff}, {other, 1 << 63}, {broken, 0x10000},
		{&Image{}, 0}} {
		if got := test.im.SourceLine(test.addr); got != "" {
			t.Errorf("%s, %#x: %q", test.im.Name, test.addr, got)
		}
	}
}

// spoilSection fills a section of an ELF file with ones.
func spoilSection(t *testing.T, data []byte, name string) []byte {
	t.Helper()
	ef, err := readELF(&file{"spoil", data})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range ef.sections {
		if s.name == name {
			spoilt := append([]byte(nil), data...)
			for i := range s.size {
				spoilt[s.offset+i] = 0xff
			}
			return spoilt
		}
	}
	t.Fatalf("no section %s", name)
	return nil
}

// TestSortLines has a sequence that ends where one that came before begins.
func TestSortLines(t *testing.T) {
	rows := []lineRow{{8, "b", 1}, {8, "b", 2}, {12, "", 0}, {4, "a", 1}, {8, "", 0}}
	sortLines(rows)
	want := []lineRow{{4, "a", 1}, {8, "", 0}, {8, "b", 1}, {8, "b", 2}, {12, "", 0}}
	if diff := gocmp.Diff(want, rows, gocmp.AllowUnexported(lineRow{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
