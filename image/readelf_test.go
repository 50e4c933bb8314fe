// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bufio"
	"bytes"
	"cmp"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stacksweep/internal/testkit"

	gocmp "github.com/google/go-cmp/cmp"
)

// readelf is what "readelf -sW -lW" says about a file, in the terms of the package.
type readelf struct {
	segments []Segment           // without Data; Perm, Offset, Addr and Size only
	fileSize []int               // of each segment
	symbols  map[Symbol]struct{} // of the table that the package uses; sizes as in the file
}

// parseReadelf reads the output of readelf about the file of im. Of an object, the sections of f have the addresses
// that the image gave them.
func parseReadelf(t *testing.T, text []byte, im *Image, f *elfFile) readelf {
	t.Helper()
	r := readelf{symbols: map[Symbol]struct{}{}}
	want := "'.dynsym'"
	if bytes.Contains(text, []byte("'.symtab'")) {
		want = "'.symtab'"
	}
	inTable := false
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		w := strings.Fields(s.Text())
		switch {
		case len(w) == 0:
		case w[0] == "Symbol" && len(w) > 2:
			inTable = w[2] == want
		case w[0] == "LOAD":
			perm := Perm(0)
			for _, c := range strings.Join(w[6:len(w)-1], "") {
				perm |= map[rune]Perm{'R': Read, 'W': Write, 'E': Exec}[c]
			}
			r.segments = append(r.segments, Segment{Offset: number(t, w[1]), Addr: im.Base + number(t, w[2]),
				Size: number(t, w[5]), Perm: perm})
			r.fileSize = append(r.fileSize, int(number(t, w[4])))
		case inTable && len(w) == 8 && strings.HasSuffix(w[0], ":"):
			kind, known := map[string]SymbolKind{"FUNC": Func, "IFUNC": Func, "OBJECT": Object, "NOTYPE": Other}[w[3]]
			index, err := strconv.Atoi(w[6])
			if !known || err != nil || w[7][0] == '$' || !f.sections[index].loaded() {
				continue
			}
			name, _, _ := strings.Cut(w[7], "@")
			sym := Symbol{Name: name, Addr: im.Base + number(t, "0x"+w[1]), Size: number(t, w[2]), Kind: kind,
				Global: w[4] != "LOCAL"}
			if im.Kind == Relocatable {
				sym.Addr += f.sections[index].addr - im.Base
			}
			r.symbols[sym] = struct{}{}
		}
	}
	return r
}

func number(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// checkReadelf compares an image with readelf's output about its file.
func checkReadelf(t *testing.T, data, text []byte, im *Image) {
	t.Helper()
	f, err := readELF(&file{im.Name, data})
	if err != nil {
		t.Fatal(err)
	}
	if im.Kind == Relocatable {
		// An object's addresses are the package's own choice: take them from its sections.
		for i := range f.sections {
			if s := &f.sections[i]; s.loaded() {
				s.addr = layoutAddr(t, im, s)
			}
		}
	}
	want := parseReadelf(t, text, im, f)
	if im.Kind == Relocatable {
		for i := range f.sections {
			if s := &f.sections[i]; s.loaded() && s.size > 0 {
				want.segments = append(want.segments,
					Segment{Addr: s.addr, Size: s.size, Perm: permissions(s), Offset: s.offset})
				want.fileSize = append(want.fileSize, len(s.data))
			}
		}
		slices.SortFunc(want.segments, func(a, b Segment) int { return cmp.Compare(a.Addr, b.Addr) })
	}
	var got []Segment
	for _, s := range im.Segments {
		got = append(got, Segment{Addr: s.Addr, Size: s.Size, Perm: s.Perm, Offset: s.Offset})
	}
	if d := gocmp.Diff(want.segments, got); d != "" {
		t.Errorf("segments (-readelf +image):\n%s", d)
	}
	symbols := map[Symbol]struct{}{}
	for s := range im.Symbols.All() {
		if _, ok := want.symbols[s]; !ok {
			s.Size = 0 // was not in the file
		}
		s.Name = control.ReplaceAllStringFunc(s.Name, func(c string) string { return "^" + string(c[3]-'0'+'@') })
		symbols[s] = struct{}{}
	}
	if d := gocmp.Diff(want.symbols, symbols); d != "" {
		t.Errorf("symbols (-readelf +image):\n%s", d)
	}
}

// control are characters that an image has escaped, and that readelf writes as ^A to ^F. Local labels of assemblers,
// of which some get into real modules, have them.
var control = regexp.MustCompile(`\\x0[1-6]`)

// layoutAddr is the address that the layout of an object should give a section, worked out anew.
func layoutAddr(t *testing.T, im *Image, s *elfSection) uint64 {
	t.Helper()
	for _, seg := range im.Segments {
		if seg.Name == s.name && seg.Offset == s.offset {
			if seg.Addr%s.align != 0 {
				t.Errorf("section %s at 0x%x is not aligned to 0x%x", s.name, seg.Addr, s.align)
			}
			return seg.Addr
		}
	}
	if s.size > 0 {
		t.Errorf("section %s is not loaded", s.name)
	}
	return im.Base
}

var prebuilt = []string{"relocs.o", "names.o", "prog", "prog.gz.o", "lib.so", "relr.so"}

// relocSymbols are the symbols that relocs.s leaves to others.
var relocSymbols = map[string]uint64{
	"outside": 0x123456c, "far": 0x7654321, "small": 0x1234, "big": 0xfedcba9876543210,
	"number32": 0xfedcba98, "number16": 0xfedc, "near": 0x12345,
}

func fromMap(m map[string]uint64) Option {
	return Resolve(func(name string) (uint64, bool) { a, ok := m[name]; return a, ok })
}

func TestSameAsReadelf(t *testing.T) {
	for _, name := range prebuilt {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", "elf", name)
			text, err := os.ReadFile(path + ".readelf")
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			im, err := Parse(name, data, fromMap(relocSymbols))
			if err != nil {
				t.Fatal(err)
			}
			checkReadelf(t, data, text, im)
		})
	}
}

// TestSameAsReadelfLive builds the sources with whatever cross compiler the machine has.
func TestSameAsReadelfLive(t *testing.T) {
	testkit.Tools(t, "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-readelf")
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"exec":       {"-static", "-Wl,-e,entry", "prog.c"},
		"pie":        {"-static-pie", "-fPIE", "-Wl,-e,entry", "prog.c"},
		"shared":     {"-shared", "-fPIC", "prog.c"},
		"stripped":   {"-shared", "-fPIC", "-s", "prog.c"},
		"object":     {"-c", "-g", "prog.c"},
		"sections":   {"-c", "-ffunction-sections", "-fdata-sections", "-gz", "-g", "prog.c"},
		"names":      {"-c", "names.s"},
		"branchprot": {"-c", "-mbranch-protection=standard", "-O1", "prog.c"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name)
			cmd := exec.Command("aarch64-linux-gnu-gcc",
				append([]string{"-O2", "-nostdlib", "-ffreestanding", "-fno-common", "-o", path}, args...)...)
			cmd.Dir = "testdata/elf"
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %v\n%s", cmd, err, out)
			}
			text, err := exec.Command("aarch64-linux-gnu-readelf", "-sW", "-lW", path).Output()
			if err != nil {
				t.Fatal(err)
			}
			im, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			checkReadelf(t, data, text, im)
		})
	}
}

// TestSameAsLd compares the relocated sections of an object with those of GNU ld at the same addresses.
func TestSameAsLd(t *testing.T) {
	im, err := Load("testdata/elf/relocs.o", fromMap(relocSymbols))
	if err != nil {
		t.Fatal(err)
	}
	linked, err := elf.Open("testdata/elf/relocs.linked")
	if err != nil {
		t.Fatal(err)
	}
	defer linked.Close()
	compareSections(t, im, linked)
}

// TestSameAsLdLive does the same at other addresses, with the linker that the machine has.
func TestSameAsLdLive(t *testing.T) {
	testkit.Tools(t, "aarch64-linux-gnu-ld")
	dir := t.TempDir()
	for _, base := range []uint64{0x400000, 0x7fff000} {
		im, err := Load("testdata/elf/relocs.o", At(base), fromMap(moved(base)))
		if err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(dir, "linked")
		args := []string{"-o", out, "-e", "start", "--no-relax", "--unique=.text.second"}
		for _, s := range im.Segments {
			args = append(args, "--section-start="+s.Name+"=0x"+strconv.FormatUint(s.Addr, 16))
		}
		for name, addr := range moved(base) {
			args = append(args, "--defsym="+name+"=0x"+strconv.FormatUint(addr, 16))
		}
		cmd := exec.Command("aarch64-linux-gnu-ld", append(args, "testdata/elf/relocs.o")...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, out)
		}
		linked, err := elf.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		compareSections(t, im, linked)
		linked.Close()
	}
}

// moved is relocSymbols with the one moved along that must be near.
func moved(base uint64) map[string]uint64 {
	m := map[string]uint64{"near": base + 0x1fff}
	for name, addr := range relocSymbols {
		if name != "near" {
			m[name] = addr
		}
	}
	return m
}

func compareSections(t *testing.T, im *Image, linked *elf.File) {
	t.Helper()
	compared := 0
	for _, seg := range im.Segments {
		s := linked.Section(seg.Name)
		if s == nil || s.Addr != seg.Addr {
			t.Fatalf("ld put section %s elsewhere: %+v", seg.Name, s)
		}
		if s.Type == elf.SHT_NOBITS {
			continue
		}
		want, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		if d := gocmp.Diff(want, seg.Data); d != "" {
			t.Errorf("section %s at 0x%x (-ld +image):\n%s", seg.Name, im.Base, d)
		}
		compared++
	}
	if compared != 4 {
		t.Errorf("compared %d sections, not 4", compared)
	}
}
