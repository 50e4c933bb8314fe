// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/internal/testkit"
)

// TestDWARFAlone checks call frame information that no SFrame section goes with. What is wrong in each object was read
// off objdump -d and readelf -wF.
//
// testdata/oz.o is testdata/src/oz.c by clang 19.1.7 with -Oz -fno-omit-frame-pointer: no row says that SP has moved
// before the record is complete, nor that the epilogue has reloaded X29.
func TestDWARFAlone(t *testing.T) {
	for name, want := range map[string][]string{
		"oz.o":       {"framed+0x4..+0x10 cfa", "framed+0x34..+0x48 cfa"},
		"epilogue.o": {"framed+0x88..+0x8c cfa"},
	} {
		t.Run(name, func(t *testing.T) {
			im, err := image.Load(filepath.Join("testdata", name), image.Static())
			if err != nil {
				t.Fatal(err)
			}
			compareDisagree(t, im, want)
		})
	}
}

// TestOzOfClang compiles what testdata/oz.o was made of again, by the clang in the cache.
func TestOzOfClang(t *testing.T) {
	clang := testkit.Cached(t, "stacksweep kernel compilers", "llvm-19-trixie", "bin", "clang")
	object := made(t, clang, "--target=aarch64-linux-gnu", "-Oz", "-fno-omit-frame-pointer", "-c", "testdata/src/oz.c")
	im, err := image.Load(object, image.Static())
	if err != nil {
		t.Fatal(err)
	}
	compareDisagree(t, im, []string{"framed+0x4..+0x10 cfa", "framed+0x34..+0x48 cfa"})
}

// TestMissingRAState checks assembly that signs the return address and says nothing of it.
func TestMissingRAState(t *testing.T) {
	if _, err := exec.LookPath("aarch64-linux-gnu-as"); err != nil {
		t.Skip("no cross assembler here")
	}
	object := filepath.Join(t.TempDir(), "pac.o")
	if out, err := exec.Command("aarch64-linux-gnu-as", "-march=armv8.3-a", "-o", object,
		"testdata/src/pac.S").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	im, err := image.Load(object, image.Static())
	if err != nil {
		t.Fatal(err)
	}
	compareDisagree(t, im, []string{"unsaid+0x4..+0x8 signed", "unsaid+0x8..+0x14 signed", "unsaid+0x14..+0x18 signed",
		"late+0x4..+0x8 signed"})
}

func compareDisagree(t *testing.T, im *image.Image, want []string) {
	t.Helper()
	check, err := Run(im, Options{DWARF: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range check.Disagree {
		got = append(got, check.Span(d.From, d.To)+" "+string(d.Judged.Fact))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if check.Clean() == (len(want) > 0) {
		t.Errorf("clean %v", check.Clean())
	}
}

// TestNoDWARF makes sure that a file without a table is told from one whose table is right.
func TestNoDWARF(t *testing.T) {
	im, err := image.Load(filepath.Join("..", "..", "unwind", "flow", "testdata", "hand.o"), image.Static())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(im, Options{DWARF: true}); !errors.Is(err, ErrNoTable) {
		t.Errorf("error %v, want ErrNoTable", err)
	}
}
