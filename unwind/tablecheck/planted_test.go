// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"bytes"
	"debug/elf"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/internal/testkit"
	"stacksweep/unwind/sframe"
)

var update = flag.Bool("update", false, "rebuild the objects in testdata from their sources")

// build links a source of testdata into a shared object.
func build(t *testing.T, out, source string) {
	t.Helper()
	args := []string{"-B" + testkit.Binutils(t, "sid"), "-O2", "-Wa,--gsframe-3", "-nostdlib", "-shared",
		"-Wl,--build-id=none,-z,max-page-size=4096",
		"-fasynchronous-unwind-tables", "-fpatchable-function-entry=2", "-o", out,
		filepath.Join("testdata", "src", source)}
	if text, err := exec.Command("aarch64-linux-gnu-gcc", args...).CombinedOutput(); err != nil {
		t.Skipf("no cross compiler here: %v\n%s", err, text)
	}
}

func planted(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join("testdata", "planted.so")
	if *update {
		build(t, path, "planted.S")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func isPatchableStart(h Hole) bool { return h.Kind == Start && h.Cause == Patchable }

// run checks a file.
func run(t *testing.T, data []byte) *Check {
	t.Helper()
	im, err := image.Parse("planted.so", data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Origins(im, data); err != nil {
		t.Fatal(err)
	}
	check, err := NewSubject(im, data, 0).Run(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return check
}

// listing is all that was found, a line each.
func listing(c *Check) (lines []string) {
	for _, p := range c.Problems {
		lines = append(lines, "problem "+string(p.Kind)+c.function(p))
	}
	for i := range c.Disagree {
		d := &c.Disagree[i]
		lines = append(lines, fmt.Sprintf("%s %s %s", d.Source, c.Span(d.From, d.To), d.Judged.Fact))
	}
	for i := range c.Unknown {
		d := &c.Unknown[i]
		lines = append(lines, fmt.Sprintf("undecided %s %s", c.Span(d.From, d.To), d.Judged.Fact))
	}
	for i := range c.Holes {
		if c.Holes[i].Kind == NoSymbol && c.Holes[i].Cause == Linker {
			continue // the PLT
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", c.Holes[i].Kind, c.Holes[i].Cause, &c.Holes[i]))
	}
	for _, s := range c.Wrong {
		lines = append(lines, "leaf "+s.Name)
	}
	for _, s := range c.Spans {
		lines = append(lines, "span "+s.Outer.Name+" "+s.Inner.Name)
	}
	return lines
}

// asPlanted is what is wrong in planted.S.
var asPlanted = []string{
	"code wrong_cfa+0x4..+0xc cfa",
	"code wrong_leaf+0x4..+0x10 cfa",
	"code wrong_ra+0x4..+0xc ra",
	"code wrong_signed+0x4..+0x8 signed",
	"code wrong_signed+0x8..+0x10 signed",
	"code wrong_signed+0x10..+0x14 signed",
	"undecided undecided+0xc..+0x14 cfa",
	"start landing landing_pad+0x0..+0x4",
	"start assembly patchable+0x0..+0x8",
	"start assembly patchable_pad+0x0..+0xc",
	"start assembly late+0x0..+0x4",
	"no-fde assembly bare+0x0..+0x8",
	"gap assembly gap_inside+0xc..+0x14",
	"gap assembly gap_behind+0x8..+0x10",
	"no-fde dwarf-only dwarf_only+0x0..+0xc",
	"no-fde linker e843419@0000_00000001_4+0x0..+0x8",
	"no-fde assembly entry_code+0x0..+0x8",
	"leaf wrong_leaf",
	"span outer inner",
}

// Everything that is planted is found, and nothing else.
func TestPlanted(t *testing.T) {
	check := run(t, planted(t))
	if diff := cmp.Diff(asPlanted, listing(check)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if check.Clean() {
		t.Error("the table is called clean")
	}
}

// A table that is spoilt after it was assembled is found out, each time in the one place.
func TestSpoilt(t *testing.T) {
	tests := []struct {
		name     string
		function string
		spoil    func(*sframe.FDE)
		// besides what is planted
		more []string
	}{
		{"row", "patched_row", func(f *sframe.FDE) { f.FREs[1].Words[0] += 16 },
			[]string{"code patched_row+0x4..+0x10 cfa", "dwarf patched_row+0x4..+0x10 "}},
		{"start of a row", "patched_row", func(f *sframe.FDE) { f.FREs[1].Start += 8 },
			[]string{"code patched_row+0x4..+0xc cfa", "dwarf patched_row+0x4..+0xc "}},
		{"register of the CFA", "patched_row", func(f *sframe.FDE) { f.FREs[1].Base = sframe.FP },
			[]string{"code patched_row+0x4..+0x8 cfa", "dwarf patched_row+0x4..+0x10 "}},
		{"no first row", "patched_start", func(f *sframe.FDE) { f.FREs[0].Start = 8 },
			[]string{"no-row dwarf-only patched_start+0x0..+0x8"}},
		{"too short", "patched_start", func(f *sframe.FDE) { f.Size = 8 },
			[]string{"gap dwarf-only patched_start+0x8..+0xc"}},
		{"too late", "patched_start", func(f *sframe.FDE) { f.Start += 4; f.Size -= 4 },
			[]string{"start dwarf-only patched_start+0x0..+0x4"}},
		{"over the next one", "patched_size", func(f *sframe.FDE) { f.Size = 0x14 },
			[]string{"problem overlap (last+0x0)", "span patched_size last"}},
		{"nothing", "last", func(*sframe.FDE) {}, nil},
	}
	file := planted(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := listing(run(t, spoil(t, file, tt.function, tt.spoil)))
			for _, line := range asPlanted {
				i := slices.Index(got, line)
				if i < 0 {
					t.Errorf("%s is not found any more", line)
					continue
				}
				got = slices.Delete(got, i, i+1)
			}
			if diff := cmp.Diff(tt.more, got, cmp.Transformer("sorted", sorted)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func sorted(list []string) []string {
	list = append([]string{}, list...)
	slices.Sort(list)
	return slices.Compact(list)
}

// spoil changes the descriptor of a function in the SFrame section of a file.
func spoil(t *testing.T, file []byte, function string, change func(*sframe.FDE)) []byte {
	t.Helper()
	im, err := image.Parse("planted.so", file)
	if err != nil {
		t.Fatal(err)
	}
	addr, data, _ := im.Section(".sframe")
	s, err := sframe.Decode(data, addr)
	if err != nil {
		t.Fatal(err)
	}
	f, ok := im.Symbols.Lookup(function)
	i := slices.IndexFunc(s.FDEs, func(d sframe.FDE) bool { return d.Start == f.Addr })
	if !ok || i < 0 {
		t.Fatalf("%s has no FDE", function)
	}
	change(&s.FDEs[i])
	spoilt, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	section := parsed.Section(".sframe")
	if len(spoilt) != int(section.Size) {
		t.Fatalf("the section has %d bytes, had %d", len(spoilt), section.Size)
	}
	file = bytes.Clone(file)
	copy(file[section.Offset:], spoilt)
	return file
}

// What is covered is what readelf prints descriptors of: in planted.S, and in C code whose functions begin with NOPs
// for ftrace, which gcc 12 leaves out.
func TestReadelf(t *testing.T) {
	bin := testkit.Binutils(t, "sid")
	dir := t.TempDir()
	for _, source := range []string{"planted.S", "patchable.c"} {
		t.Run(source, func(t *testing.T) {
			path := filepath.Join(dir, source+".so")
			build(t, path, source)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			check := run(t, data)
			covered := readelfCoverage(t, filepath.Join(bin, "readelf"), path)
			if len(covered) == 0 {
				t.Fatal("readelf shows nothing")
			}
			holes := map[uint64]bool{}
			for _, h := range check.Holes {
				for pc := h.From; pc < h.To; pc += 4 {
					holes[pc] = true
				}
			}
			inspected := 0
			for _, s := range Functions(check.Image) {
				code := Code(check.Image)(s.Addr, s.Addr+s.Size)
				for off := uint64(0); off < uint64(len(code)); off += 4 {
					inspected++
					pc := s.Addr + off
					isPadding := bytes.Equal(code[off:off+4], []byte{0x1f, 0x20, 0x03, 0xd5})
					if covered[pc] == holes[pc] && !isPadding {
						t.Errorf("%s+%#x: readelf covers it: %t, it is in a hole: %t", s.Name, off,
							covered[pc], holes[pc])
					}
				}
			}
			if inspected == 0 {
				t.Error("no instruction was compared")
			}
			if source == "patchable.c" && !slices.ContainsFunc(check.Holes, isPatchableStart) && len(check.Holes) > 0 {
				t.Errorf("holes in C: %s", listing(check))
			}
		})
	}
}

// readelfCoverage returns the instructions of which readelf shows a row.
func readelfCoverage(t *testing.T, readelf, path string) map[uint64]bool {
	t.Helper()
	out, err := exec.Command(readelf, "--sframe", path).CombinedOutput()
	if err != nil {
		t.Fatalf("readelf: %v\n%s", err, out)
	}
	covered := map[uint64]bool{}
	for _, m := range regexp.MustCompile(`pc = 0x([0-9a-f]+), size = (\d+) bytes`).FindAllStringSubmatch(string(out),
		-1) {
		start, err1 := strconv.ParseUint(m[1], 16, 64)
		size, err2 := strconv.ParseUint(m[2], 10, 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("readelf printed %q", m[0])
		}
		for pc := start; pc < start+size; pc += 4 {
			covered[pc] = true
		}
	}
	return covered
}
