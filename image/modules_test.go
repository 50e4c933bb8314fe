// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"stacksweep/internal/testkit"

	gocmp "github.com/google/go-cmp/cmp"
)

// realModules returns the paths of the modules of Debian's that were fetched, or skips the test.
func realModules(t *testing.T) []string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	modules, err := filepath.Glob(filepath.Join(cache, "stacksweep", "modules", "*.ko"))
	if err != nil {
		t.Fatal(err)
	}
	if len(modules) == 0 {
		t.Skip("no real module in the cache: go run ./tools/modules")
	}
	return modules
}

// stubs gives each name that is asked for an address of its own, within reach of a branch from base.
func stubs(base uint64, given map[string]uint64) Option {
	return Resolve(func(name string) (uint64, bool) {
		if given[name] == 0 {
			given[name] = base + 1<<20 + 16*uint64(len(given))
		}
		return given[name], true
	})
}

// TestRealModules compares modules of a distribution's kernel with what readelf says of them, and their code and data,
// relocated against the module itself and stubs for the rest, with what GNU ld makes of them at the same addresses.
func TestRealModules(t *testing.T) {
	testkit.Tools(t, "aarch64-linux-gnu-ld", "aarch64-linux-gnu-objcopy", "aarch64-linux-gnu-readelf")
	for _, path := range realModules(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			const base = 0x10000000
			given := map[string]uint64{}
			im, err := Load(path, At(base), stubs(base, given))
			if err != nil {
				t.Fatal(err)
			}
			text, err := exec.Command("aarch64-linux-gnu-readelf", "-sW", "-lW", path).Output()
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			checkReadelf(t, data, text, im)
			checkLinked(t, path, im, given)
		})
	}
}

// checkLinked links an object with GNU ld at the addresses of its image, and compares the bytes.
func checkLinked(t *testing.T, path string, im *Image, given map[string]uint64) {
	t.Helper()
	dir := t.TempDir()
	object, script, out := filepath.Join(dir, "object"), filepath.Join(dir, "script"), filepath.Join(dir, "linked")
	layout := "SECTIONS {\n"
	for _, s := range im.Segments {
		layout += fmt.Sprintf("%s %#x : { *(%s) }\n", s.Name, s.Addr, s.Name)
	}
	if err := os.WriteFile(script, []byte(layout+"}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	// Strings would be merged, and move: their sections lose the flag that allows it.
	plain := exec.Command("aarch64-linux-gnu-objcopy", "--set-section-flags", "*str*=alloc,readonly,data",
		"--set-section-flags", ".rodata*=alloc,readonly,data", path, object)
	if out, err := plain.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	args := []string{"-o", out, "-T", script, "-e", "0", "--no-relax", "--no-check-sections"}
	for name, addr := range given {
		args = append(args, fmt.Sprintf("--defsym=%s=%#x", name, addr))
	}
	if out, err := exec.Command("aarch64-linux-gnu-ld", append(args, object)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	linked, err := elf.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer linked.Close()
	compared := 0
	for _, s := range linked.Sections {
		seg, ok := im.Segment(s.Addr)
		if s.Type != elf.SHT_PROGBITS || !ok || seg.Addr != s.Addr || seg.Name != s.Name {
			continue
		}
		want, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, seg.Data) {
			t.Errorf("section %s (-ld +image):\n%s", s.Name, gocmp.Diff(want, seg.Data))
		}
		compared++
	}
	if compared < 3 {
		t.Errorf("only %d sections were compared", compared)
	}
}
