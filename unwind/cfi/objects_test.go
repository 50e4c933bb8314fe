// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stacksweep/internal/testkit"
)

var update = flag.Bool("update", false,
	"rebuild the objects in testdata from their sources, and what readelf says of them")

// objects are the test objects: shared libraries, because a linker has resolved the addresses in their sections.
var objects = []struct {
	name, source string
	flags        []string
	noSFrame     bool // .sframe needs .eh_frame
}{
	{name: "frames-O2", source: "frames.c", flags: []string{"-O2"}},
	{name: "frames-O0", source: "frames.c", flags: []string{"-O0"}},
	{name: "frames-pac", source: "frames.c", flags: []string{"-O2", "-mbranch-protection=pac-ret"}},
	{name: "frames-pac-b", source: "frames.c", flags: []string{"-O2", "-mbranch-protection=pac-ret+b-key"}},
	{name: "frames-debug", source: "frames.c", flags: []string{"-O2", "-DDEBUG_FRAME"}, noSFrame: true},
	{name: "frames-debug-v3", source: "frames.c", flags: []string{"-O2", "-DDEBUG_FRAME", "-Wa,--gdwarf-cie-version=3"},
		noSFrame: true},
	{name: "frames-debug-v4", source: "frames.c", flags: []string{"-O2", "-DDEBUG_FRAME", "-Wa,--gdwarf-cie-version=4"},
		noSFrame: true},
	{name: "directives", source: "directives.S"},
	{name: "sframe", source: "sframe.S"},
}

// build compiles and links a source into a shared library. The same tools make the same bytes.
func build(t *testing.T, out, source string, flags ...string) {
	t.Helper()
	object := filepath.Join(t.TempDir(), "object.o")
	compile := append([]string{"-c", "-fPIC", "-o", object}, flags...)
	run(t, crossCC, append(compile, filepath.Join("testdata", "src", source))...)
	link := append([]string{"-shared", "-nostdlib", "-o", out}, flags...)
	run(t, crossCC, append(link, "-Wl,--build-id=none,--no-eh-frame-hdr,-z,max-page-size=4096,-z,noseparate-code",
		object)...)
}

// TestGolden compares the tables of the prebuilt objects with what readelf said when they were built.
func TestGolden(t *testing.T) {
	for _, o := range objects {
		t.Run(o.name, func(t *testing.T) {
			path := filepath.Join("testdata", o.name+".so")
			golden := filepath.Join("testdata", o.name+".readelf")
			if *update {
				flags := append([]string{"-B" + newBinutils()}, o.flags...)
				if !o.noSFrame {
					flags = append(flags, "-Wa,--gsframe-3")
				}
				build(t, path, o.source, flags...)
				text := run(t, crossReadelf, "--debug-dump=frames-interp", path)
				if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			text, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if n := compareWithReadelf(t, path, string(text)); n < 9 {
				t.Errorf("compared %d FDEs; more are expected", n)
			}
		})
	}
}

// TestReadelf compares the tables of objects built now, with the tools that are here, and of a C library.
func TestReadelf(t *testing.T) {
	for _, readelf := range readelfs() {
		version := "installed"
		if strings.Contains(readelf, "/") {
			version = "sid"
		}
		for _, o := range objects {
			t.Run(version+"/"+o.name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "object.so")
				build(t, path, o.source, o.flags...)
				compareWithReadelf(t, path, run(t, readelf, "--debug-dump=frames-interp", path))
			})
		}
		t.Run(version+"/libc", func(t *testing.T) {
			path := testkit.Libc(t)
			n := compareWithReadelf(t, path, run(t, readelf, "--debug-dump=frames-interp", path))
			t.Logf("%d FDEs", n)
			if n < 3000 {
				t.Errorf("compared %d FDEs; a C library has some 3,300", n)
			}
		})
	}
}
