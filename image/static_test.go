// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stacksweep/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// compile makes an object, or whatever the flags say, of a source in testdata/src.
func compile(t *testing.T, source string, flags ...string) (path string, data []byte) {
	t.Helper()
	testkit.Tools(t, "aarch64-linux-gnu-gcc")
	path = filepath.Join(t.TempDir(), "out.o")
	args := append([]string{"-o", path, filepath.Join("testdata/src", source)}, flags...)
	if out, err := exec.Command("aarch64-linux-gnu-gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc %v: %v\n%s", flags, err, out)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, data
}

// codeModels are the ways in which compilers refer to what a linker makes.
var codeModels = map[string][]string{
	"default":  {"-O2", "-c"},
	"pic":      {"-O2", "-c", "-fpic"},
	"PIC":      {"-O2", "-c", "-fPIC"},
	"PIC trad": {"-O2", "-c", "-fPIC", "-mtls-dialect=trad"},
	"no pie":   {"-O2", "-c", "-fno-pie"},
	"tiny":     {"-O2", "-c", "-mcmodel=tiny"},
	"tiny PIC": {"-O2", "-c", "-mcmodel=tiny", "-fpic"},
	"large":    {"-O2", "-c", "-fno-pie", "-mcmodel=large"},
	"O0":       {"-O0", "-c", "-fpic"},
}

// TestStatic makes sure that a file that is only looked at is never refused for a relocation, and that what needs a
// linker stays as it is. The reference for what is in the file is debug/elf.
func TestStatic(t *testing.T) {
	for name, flags := range codeModels {
		t.Run(name, func(t *testing.T) {
			path, data := compile(t, "got.c", flags...)
			im, err := Parse(path, data, Static())
			if err != nil {
				t.Fatal(err)
			}
			if im.Unrelocated.Count == 0 || !strings.Contains(im.Unrelocated.First, " at .text+0x") {
				t.Errorf("unrelocated: %+v", im.Unrelocated)
			}
			f, err := elf.NewFile(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			want, _ := f.Section(".text").Data()
			_, got, _ := im.Section(".text")
			left := 0
			rela, _ := f.Section(".rela.text").Data()
			for ; len(rela) > 0; rela = rela[relaSize:] {
				r := readRela(rela)
				if use, ok := uses[r.kind]; ok && use.entry != gotNone {
					left++
					if !bytes.Equal(got[r.offset:r.offset+4], want[r.offset:r.offset+4]) {
						t.Errorf("%s at 0x%x changed the word", typeName(r.kind), r.offset)
					}
				}
			}
			if left == 0 {
				t.Error("nothing was to be left as it is")
			}
			if len(im.Segments) > 0 && im.Segments[len(im.Segments)-1].Name == "" {
				t.Error("something was made for a file that isn't run")
			}
		})
	}
}

// TestStaticTables makes sure that in unwind information nothing is left as it is.
func TestStaticTables(t *testing.T) {
	path, data := compile(t, "starts.S", "-c", "-Wa,--gsframe")
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	s := f.Section(".rela.sframe")
	if s == nil {
		t.Skip("the assembler writes no .sframe")
	}
	le.PutUint32(data[s.Offset+8:], uint32(elf.R_AARCH64_ADR_GOT_PAGE))
	if _, err := Parse(path, data, Static()); !errors.Is(err, ErrReloc) {
		t.Errorf("error %v, want ErrReloc", err)
	}
}

// TestMade makes sure that the table that is made holds what ld's has: what a linked program's loads find, these find
// too.
func TestMade(t *testing.T) {
	for name, flags := range codeModels {
		t.Run(name, func(t *testing.T) {
			path, data := compile(t, "got.c", flags...)
			const counter = ObjectBase - 0x1000
			im, err := Parse(path, data, Resolve(func(name string) (uint64, bool) { return counter, name != "absent" }))
			if err != nil {
				t.Fatal(err)
			}
			if im.TLS == nil || im.TLS.Offset != 16 || !bytes.Equal(im.TLS.Data, []byte{42, 0, 0, 0}) {
				t.Errorf("thread-local storage %+v", im.TLS)
			}
			twice, _ := im.Symbols.Lookup("twice")
			if !twice.IFunc {
				t.Errorf("%+v is no IFUNC", twice)
			}
			if len(im.IFuncs) != 1 || im.IFuncs[0].Resolver != twice.Addr {
				t.Errorf("IFUNCs %x, want one with the resolver %x", im.IFuncs, twice.Addr)
			}
		})
	}
}

// TestOldStarts makes sure that functions of SFrame V1 and V2 tables are where they are in the file, in an object as in
// the linked file. The reference is the symbol table.
func TestOldStarts(t *testing.T) {
	for name, tool := range map[string]func(testing.TB) string{
		"installed": func(t testing.TB) string { return testkit.Tool(t, "aarch64-linux-gnu-as") },
		"trixie":    func(t testing.TB) string { return filepath.Join(testkit.Binutils(t, "trixie"), "as") },
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Tools(t, "aarch64-linux-gnu-gcc")
			as := tool(t)
			path := filepath.Join(t.TempDir(), "starts.o")
			if out, err := exec.Command(as, "--gsframe", "-o", path,
				"testdata/src/starts.S").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			im, err := Load(path, Static())
			if err != nil {
				t.Fatal(err)
			}
			addr, table, ok := im.Section(".sframe")
			if !ok {
				t.Skip("the assembler writes no .sframe")
			}
			version, fdes, fdeSize := table[2], le.Uint32(table[8:]), map[byte]int{1: 17, 2: 20}[table[2]]
			if fdeSize == 0 {
				t.Skipf("the assembler writes version %d", version)
			}
			var got, want []uint64
			for i := range int(fdes) {
				field := 28 + i*fdeSize
				got = append(got, addr+uint64(int64(int32(le.Uint32(table[field:])))))
			}
			for _, name := range []string{"first", "second", "third", "fourth"} {
				s, _ := im.Symbols.Lookup(name)
				want = append(want, s.Addr)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("version %d (-symbols +table):\n%s", version, diff)
			}
		})
	}
}

// TestWithoutSymbols makes sure that a stripped executable can be looked at, and is still no file to run.
func TestWithoutSymbols(t *testing.T) {
	path, data := compile(t, "starts.S", "-nostdlib", "-static", "-s", "-Wl,-e,first")
	if _, err := Parse(path, data); !errors.Is(err, ErrNoSymbols) {
		t.Errorf("error %v, want ErrNoSymbols", err)
	}
	im, err := Parse(path, data, Static())
	if err != nil || im.Symbols.Len() != 0 || len(im.Segments) == 0 {
		t.Errorf("image %v, error %v", im, err)
	}
}

// TestDebugFile makes sure that a debug file is known as such, and lends its symbols to the file that it belongs to
// only.
func TestDebugFile(t *testing.T) {
	testkit.Tools(t, "aarch64-linux-gnu-objcopy")
	path, data := compile(t, "starts.S", "-nostdlib", "-shared", "-Wl,--build-id")
	out := filepath.Join(t.TempDir(), "out.debug")
	if text, err := exec.Command("aarch64-linux-gnu-objcopy", "--only-keep-debug", path,
		out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	debug, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range [][]Option{nil, {Static()}} {
		if _, err := Parse(out, debug, o...); !errors.Is(err, ErrNoCode) {
			t.Errorf("error %v, want ErrNoCode", err)
		}
	}
	if text, err := exec.Command("aarch64-linux-gnu-objcopy", "--strip-all", path, path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	stripped, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	im, err := Parse(path, stripped, Debug(out, debug))
	if err != nil {
		t.Fatal(err)
	}
	full, _ := Parse(path, data)
	want, _ := full.Symbols.Lookup("second")
	if got, _ := im.Symbols.Lookup("second"); got != want {
		t.Errorf("second is %+v, want %+v", got, want)
	}
	_, other := compile(t, "starts.S", "-nostdlib", "-shared", "-Wl,--build-id=0x1234")
	if _, err := Parse(path, other, Debug(out, debug)); !errors.Is(err, ErrOtherFile) {
		t.Errorf("error %v, want ErrOtherFile", err)
	}
}
