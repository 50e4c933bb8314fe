// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/codefile"
)

// realFiles is the folder of files that are not ours.
func realFiles(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	top := filepath.Join(cache, "stacksweep", "realfiles-arm64")
	if _, err := os.Stat(filepath.Join(top, "complete")); err != nil {
		t.Skip("no files of a distribution in the cache folder: go run ./tools/realfiles fetches them")
	}
	return filepath.Join(top, "root")
}

// archives are the static archives of Debian 12 that are looked at, with the number of their members that hold code, by
// GNU ar and objdump, and the functions whose rows are wrong.
var archives = map[string]struct {
	members int
	wrong   []string
}{
	"usr/lib/aarch64-linux-gnu/libc.a": {1722, []string{
		"swapcontext: X30 is overwritten", "_dl_runtime_resolve: SP is CFA-16", "_dl_runtime_profile: SP is CFA+16",
	}},
	"usr/lib/aarch64-linux-gnu/libcrypto.a":      {858, nil},
	"usr/lib/aarch64-linux-gnu/libgmp.a":         {515, nil},
	"usr/lib/aarch64-linux-gnu/libsodium.a":      {90, nil},
	"usr/lib/aarch64-linux-gnu/libx264.a":        {76, nil},
	"usr/lib/gcc/aarch64-linux-gnu/12/libgomp.a": {45, nil},
	"usr/lib/gcc/aarch64-linux-gnu/12/libgcc.a":  {222, nil},
}

// TestArchives reads every object of a distribution's static archives: none is refused, and where a table is called
// wrong it is known why. swapcontext of glibc 2.36 sets X30 with ADR and says nothing of it; _dl_runtime_resolve is
// entered by the linker's PLT0, with the return address on the stack already, and its CFA is 16 bytes too low: the
// caller's SP comes out wrong.
func TestArchives(t *testing.T) {
	root := realFiles(t)
	for name, want := range archives {
		t.Run(filepath.Base(name), func(t *testing.T) {
			path := filepath.Join(root, name)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			members, left := 0, 0
			var wrong []string
			err = codefile.Each(path, data, codefile.Options{}, func(f *codefile.File) error {
				members++
				if f.Image.Unrelocated.Count > 0 {
					left++
				}
				check, err := Run(f.Image, Options{DWARF: true})
				if errors.Is(err, ErrNoTable) {
					return nil
				}
				if err != nil {
					return err
				}
				for _, group := range check.ByFunction(check.Disagree) {
					d := &group[0]
					s, _ := symbolAround(check.symbols, d.From)
					wrong = append(wrong, s.Name+": "+subject(d.Rule, d.Judged.Fact)+" is "+d.Judged.Actual.String())
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			if members < want.members {
				t.Errorf("%d members with code, want %d", members, want.members)
			}
			if diff := cmp.Diff(want.wrong, wrong); diff != "" {
				t.Errorf("functions with wrong rows, -want +got:\n%s", diff)
			}
			t.Logf("%d objects, %d of them with relocations left alone", members, left)
		})
	}
}

// TestLibraries checks the call frame information of shared objects: what is wrong in them is known, and OpenSSL's ten
// thousand functions are all right. What can't be decided is listed by function: libgcc's unwinder loads SP, X29 and
// X30 with another function's, LuaJIT's interpreter is threaded code.
func TestLibraries(t *testing.T) {
	root := realFiles(t)
	for name, want := range map[string]struct {
		fdes      int // at least
		wrong     []string
		undecided int // at most
	}{
		"lib/aarch64-linux-gnu/libc.so.6":            {3300, []string{"swapcontext"}, 65},
		"lib/aarch64-linux-gnu/libgcc_s.so.1":        {160, nil, 64},
		"usr/lib/aarch64-linux-gnu/libavcodec.so.59": {8000, nil, 0},
		"usr/lib/aarch64-linux-gnu/libcrypto.so.3":   {10000, nil, 0},
		"usr/lib/aarch64-linux-gnu/libssl.so.3":      {1200, nil, 0},
		"usr/lib/aarch64-linux-gnu/libdav1d.so.6":    {800, nil, 0},
		// X29 is said to be saved at SP+8 where more has been pushed since (poly1305); in its middle SP is aligned.
		"usr/lib/aarch64-linux-gnu/libgcrypt.so.20": {1400, []string{"0x83260"}, 2113},
		// One FDE, with the CFA at X29+16 throughout, covers the interpreter and the routines that C calls.
		"usr/lib/aarch64-linux-gnu/libluajit-5.1.so.2": {1000, []string{"0x8a60"}, 234},
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			f, err := codefile.Parse(name, data, codefile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			check, err := Run(f.Image, Options{DWARF: true})
			if err != nil {
				t.Fatal(err)
			}
			var wrong []string
			for _, group := range check.ByFunction(check.Disagree) {
				s, _ := symbolAround(check.symbols, group[0].From)
				wrong = append(wrong, s.Name)
			}
			if diff := cmp.Diff(want.wrong, wrong); diff != "" {
				t.Errorf("functions with wrong rows, -want +got:\n%s", diff)
			}
			if check.Counts.Undecided > want.undecided {
				t.Errorf("%d instructions undecided, want at most %d", check.Counts.Undecided, want.undecided)
			}
			if check.Counts.FDEs < want.fdes {
				t.Errorf("%d FDEs, want at least %d", check.Counts.FDEs, want.fdes)
			}
		})
	}
}
