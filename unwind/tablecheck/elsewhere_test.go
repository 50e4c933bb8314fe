// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"stacksweep/image"
	"stacksweep/internal/testkit"
	"stacksweep/unwind/flow"
)

// made runs a command that writes a file, and returns the file.
func made(t *testing.T, command string, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	if text, err := exec.Command(command, append(args, "-o", out)...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", command, args, err, text)
	}
	return out
}

// checked assembles source and checks its call frame information.
func checked(t *testing.T, source string) *Check {
	t.Helper()
	as := testkit.Tool(t, "aarch64-linux-gnu-as")
	file := filepath.Join(t.TempDir(), "source.s")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	im, err := image.Load(made(t, as, file))
	if err != nil {
		t.Fatal(err)
	}
	check, err := Run(im, Options{DWARF: true})
	if err != nil {
		t.Fatal(err)
	}
	return check
}

// requireReached checks a file's call frame information and makes sure that every instruction is on a path from an
// entry, so that nothing had to be inferred; wrong is the number of instructions that are described wrongly.
func requireReached(t *testing.T, path string, fdes, wrong int) {
	t.Helper()
	im, err := image.Load(path, image.Static())
	if err != nil {
		t.Fatal(err)
	}
	check, err := Open(im, Options{DWARF: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(check.Table) != fdes {
		t.Fatalf("%d FDEs, want %d", len(check.Table), fdes)
	}
	for _, f := range check.subject.Interpret(check.ranges())[:fdes] {
		for _, r := range f.Rows {
			if r.How != flow.Reached && r.How != flow.Filler {
				t.Errorf("%s: %v", Place(im, f.Addr+uint64(r.Start)), r.How)
			}
		}
	}
	check.compareWithCode()
	if c := check.Counts; c.Undecided > 0 || c.Disagree != wrong || c.Agree == 0 {
		t.Errorf("%d instructions agree, %d disagree, %d undecided", c.Agree, c.Disagree, c.Undecided)
	}
}

// TestSwitchesAndLandingPads follows computed branches by the tables that gcc and clang make of a switch, and
// exceptions to their landing pads.
func TestSwitchesAndLandingPads(t *testing.T) {
	const source = "testdata/src/elsewhere.c"
	for _, options := range [][]string{{"-O2"}, {"-O2", "-fPIC"}, {"-O3", "-fomit-frame-pointer"}, {"-Os"},
		{"-O2", "-mbranch-protection=standard"}} {
		args := append(options[:len(options):len(options)], "-fexceptions", "-fasynchronous-unwind-tables",
			"-c", source)
		t.Run("gcc"+options[len(options)-1], func(t *testing.T) {
			testkit.Tool(t, "aarch64-linux-gnu-gcc")
			requireReached(t, made(t, "aarch64-linux-gnu-gcc", args...), 2, 0)
		})
		t.Run("clang"+options[len(options)-1], func(t *testing.T) {
			wrong := 0
			if slices.Contains(options, "-mbranch-protection=standard") {
				wrong = 2 // between LDP and AUTIASP clang 19 says nothing of the reload
			}
			clang := testkit.Cached(t, "stacksweep kernel compilers", "llvm-19-trixie", "bin", "clang")
			requireReached(t, made(t, clang, append([]string{"--target=aarch64-linux-gnu"}, args...)...), 2, wrong)
		})
	}
}

// TestVeneer follows an instruction that the linker has moved, in a file without symbols.
func TestVeneer(t *testing.T) {
	testkit.Tools(t, "aarch64-linux-gnu-as", "aarch64-linux-gnu-ld", "aarch64-linux-gnu-objcopy")
	object := made(t, "aarch64-linux-gnu-as", "testdata/src/veneer.S")
	linked := made(t, "aarch64-linux-gnu-ld", "-shared", "-Bsymbolic", "--fix-cortex-a53-843419=adrp", object)
	stripped := filepath.Join(t.TempDir(), "stripped")
	if text, err := exec.Command("aarch64-linux-gnu-objcopy", "--strip-all", linked,
		stripped).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	requireReached(t, stripped, 1, 0)
}
