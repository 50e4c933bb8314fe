// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"stacksweep/internal/kernels"
	"stacksweep/internal/testkit"
)

// TestRealRelocations checks that each kernel has its pointers in one form or the other, and none was missed.
func TestRealRelocations(t *testing.T) {
	for _, actual := range realKernels(t) {
		t.Run(actual.Release, func(t *testing.T) {
			f := readReal(t, actual)
			size, err := f.imageHeader()
			if err != nil {
				t.Fatal(err)
			}
			k := &kernel{file: f, size: size}
			if err := k.relocate(); err != nil {
				t.Fatal(err)
			}
			few := func(n int) bool { return n < 1000 }
			if few(k.packed) == few(k.relocated) {
				t.Errorf("%d pointers filled in, %d were: not the one form nor the other", k.relocated, k.packed)
			}
			known, ok := knownKernels[actual.Release]
			if ok && (k.relocated != known.rela || k.packed != known.packed) {
				t.Errorf("%d pointers filled in, %d were; not %d and %d", k.relocated, k.packed, known.rela,
					known.packed)
			}
		})
	}
}

// debugKernels returns the vmlinux of kernels whose Image is there, where a user has installed it, by the Image: as
// Debian's packages for debugging do, or as the two variables name a pair of one's own.
func debugKernels(t *testing.T) map[string]string {
	found := map[string]string{}
	if file := os.Getenv("STACKSWEEP_VMLINUX"); file != "" {
		found[os.Getenv("STACKSWEEP_IMAGE")] = file
	}
	for _, actual := range realKernels(t) {
		path := "/usr/lib/debug/boot/vmlinux-" + actual.Release
		if _, err := os.Stat(path); err == nil {
			found[actual.Image] = path
		}
	}
	if len(found) == 0 {
		t.Skip("no vmlinux of a kernel that is there: none in /usr/lib/debug/boot, no STACKSWEEP_IMAGE and " +
			"STACKSWEEP_VMLINUX")
	}
	return found
}

// TestDebugKernels compares the symbols that an Image has with those of the vmlinux that it was made of.
func TestDebugKernels(t *testing.T) {
	for flat, linked := range debugKernels(t) {
		a, err := Load(flat)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Load(linked)
		if err != nil {
			t.Fatal(err)
		}
		type place struct {
			name string
			addr uint64
		}
		there := map[place]SymbolKind{}
		for s := range b.Symbols.All() {
			there[place{s.Name, s.Addr}] = s.Kind
		}
		listed := map[place]bool{}
		for s := range a.Symbols.All() {
			p := place{s.Name, s.Addr}
			if _, ok := there[p]; !ok {
				t.Errorf("%s: %s at %#x is not in %s", flat, s.Name, s.Addr, linked)
			}
			listed[p] = true
		}
		// The Image has all functions; of variables it depends on the configuration.
		functions := 0
		for p, kind := range there {
			if kind != Func || strings.HasPrefix(p.name, "__efistub_") { // of the boot stub, which kallsyms leaves out
				continue
			}
			if functions++; !listed[p] {
				t.Errorf("%s: the function %s at %#x of %s is missing", flat, p.name, p.addr, linked)
			}
		}
		t.Logf("%s: %d symbols, %d functions in %s", flat, len(listed), functions, linked)
	}
}

// TestRealCompressed packs a real Image as kernels are installed, by the tool that does it for those: it must read the
// same.
func TestRealCompressed(t *testing.T) {
	testkit.Tools(t, "gzip")
	list := realKernels(t)
	newest := list[len(list)-1]
	flat, err := Load(newest.Image)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := exec.Command("gzip", "-1", "-n", "-c", newest.Image).Output()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"gzip": packed, "EFI zboot": zboot("gzip", packed)} {
		im, err := Parse(name, data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if im.Base != flat.Base || im.Symbols.Len() != flat.Symbols.Len() ||
			!bytes.Equal(im.Segments[0].Data, flat.Segments[0].Data) {
			t.Errorf("%s: another image: base %#x, %d symbols", name, im.Base, im.Symbols.Len())
		}
	}
}

func readReal(t testing.TB, actual kernels.Entry) *file {
	t.Helper()
	data, err := os.ReadFile(actual.Image)
	if err != nil {
		t.Fatal(err)
	}
	return &file{actual.Image, data}
}
