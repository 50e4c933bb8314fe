// SPDX-License-Identifier: GPL-2.0-only

package userfile_test

import (
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"stacksweep/image"
	"stacksweep/internal/blind"
	"stacksweep/scenarios"
	"stacksweep/scenarios/userfile"
)

// FuzzParseFile changes an ELF file. It is refused with a place in the file, or all of its functions can be called: the
// memory of each run is as the machine wants it, on whole pages without overlap.
func FuzzParseFile(f *testing.F) {
	for _, name := range []string{"routines.o", "routines.so", "undefined.o"} {
		data, err := os.ReadFile(filepath.Join(userFolder, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, true)
		f.Add(data[:len(data)/2], false)
	}
	blind.Fuzz(f, func(t *testing.T, data []byte, stub bool) {
		file, err := userfile.Parse("fuzz", data, userfile.Options{Stub: stub, Limit: 1})
		var where *image.Error
		if err != nil {
			if file != nil || !errors.As(err, &where) {
				t.Fatalf("%v, %v", file, err)
			}
			return
		}
		if crc32.ChecksumIEEE(data)%8 != 0 {
			return // building runs takes ten times as long as parsing
		}
		for _, name := range file.Functions() {
			s, err := file.Scenario(name + `("text")`)
			if errors.Is(err, userfile.ErrCall) || errors.Is(err, userfile.ErrNoFunction) ||
				errors.Is(err, userfile.ErrResolver) {
				continue // a name that no one can type, that means something else, or chosen by code that fails
			} else if err != nil {
				t.Fatal(err)
			}
			run, err := s.Build("", scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range run.Config.Regions {
				for _, other := range run.Config.Regions[:i] {
					if r.Base < other.Base+other.Size && other.Base < r.Base+r.Size {
						t.Fatalf("%v overlaps %v", r, other)
					}
				}
				if r.Base%4096 != 0 || r.Size%4096 != 0 || uint64(len(r.Data)) > r.Size {
					t.Fatalf("%v with %d bytes of data", r, len(r.Data))
				}
			}
			run.SourceLine(run.Start.X[19])
		}
	})
}
