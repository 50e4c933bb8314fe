// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadelf compares dumps of generated sections with those of the readelf that knows the version best.
func TestReadelf(t *testing.T) {
	tests := []struct {
		name  string
		tools toolset
		v     Version
		abis  []ABI
		keep  func(*Section) bool // leaves out what this readelf doesn't know
	}{
		{"V1 by 2.40", binutilsV1, V1, []ABI{AArch64LE, AArch64BE, AMD64}, oneFlag},
		{"V2 by 2.44", binutilsV2, V2, []ABI{AArch64LE, AMD64}, beforeErrata},
		{"V2 by 2.47", binutilsV3, V2, []ABI{AArch64LE, AArch64BE, AMD64, S390X}, nil},
		{"V3 by 2.47", binutilsV3, V3, []ABI{AArch64LE, AArch64BE, AMD64, S390X}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			readelf := tt.tools.readelf(t)
			dir := t.TempDir()
			var files []string
			var want []string
			for _, abi := range tt.abis {
				gen := genSection(tt.v, abi)
				for seed := range 100 {
					s := gen.Example(seed)
					if tt.keep != nil && !tt.keep(s) {
						continue
					}
					name := filepath.Join(dir, fmt.Sprintf("%d-%d.so", abi, seed))
					if err := os.WriteFile(name, wrapELF(t, mustEncode(t, s), abi, s.Addr), 0o644); err != nil {
						t.Fatal(err)
					}
					var dump bytes.Buffer
					if err := Dump(&dump, s); err != nil {
						t.Fatal(err)
					}
					files = append(files, name)
					want = append(want, "\nFile: "+name+"\n"+dump.String())
				}
			}
			out, err := exec.Command(readelf, append([]string{"--sframe"}, files...)...).CombinedOutput()
			if err != nil {
				t.Fatalf("readelf: %v\n%s", err, out)
			}
			got := strings.Split(string(out), "\nFile: ")[1:]
			if len(got) != len(want) {
				t.Fatalf("readelf printed %d sections of %d", len(got), len(want))
			}
			for i := range got {
				if diff := cmp.Diff(strings.Split("\nFile: "+got[i], "\n"), strings.Split(want[i], "\n")); diff != "" {
					t.Fatal("(-readelf +ours):\n", diff)
				}
			}
		})
	}
}

// oneFlag leaves s with no more than one flag: of several, older readelf prints only one.
func oneFlag(s *Section) bool {
	if s.Flags&FramePointer != 0 {
		s.Flags = FramePointer
	}
	return true
}

// beforeErrata says whether V2 before its errata can say what s says. The generator draws the flag of erratum 1 and the
// outermost rows of erratum 2.
func beforeErrata(s *Section) bool {
	s.Flags &^= FuncStartPCRel
	oneFlag(s)
	for _, f := range s.FDEs {
		for _, r := range f.FREs {
			if len(r.Words) == 0 {
				return false
			}
		}
	}
	return true
}
