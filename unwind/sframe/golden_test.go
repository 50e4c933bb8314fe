// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "assemble testdata/src again and rewrite testdata")

// goldens are sections that GNU as and ld made of testdata/src. Of the linked object, testdata keeps the section alone,
// in an ELF file of its own that readelf can read (NAME.elf), and what readelf of the same binutils printed (NAME.txt).
var goldens = []struct {
	name    string
	tools   toolset
	target  string
	sources []string
	gcc     []string // options for C
	as, ld  []string
}{
	{"v1-c", binutilsV1, "aarch64", []string{"functions.c"}, nil, nil, nil},
	{"v2-c", binutilsV2, "aarch64", []string{"functions.c"}, nil, nil, nil},
	{"v3-c", binutilsV3, "aarch64", []string{"functions.c"}, nil, nil, nil},
	{"v1-pac", binutilsV1, "aarch64", []string{"functions.c"}, []string{"-mbranch-protection=pac-ret"}, nil, nil},
	{"v2-pac", binutilsV2, "aarch64", []string{"functions.c"}, []string{"-mbranch-protection=pac-ret"}, nil, nil},
	{"v3-pac", binutilsV3, "aarch64", []string{"functions.c"}, []string{"-mbranch-protection=pac-ret"}, nil, nil},
	{"v3-pac-b", binutilsV3, "aarch64", []string{"functions.c"}, []string{"-mbranch-protection=pac-ret+leaf+b-key"},
		nil, nil},
	{"v1-asm", binutilsV1, "aarch64", []string{"aarch64.S"}, nil, nil, nil},
	{"v2-asm", binutilsV2, "aarch64", []string{"aarch64.S"}, nil, nil, nil},
	{"v3-asm", binutilsV3, "aarch64", []string{"aarch64.S"}, nil, nil, nil},
	{"v3-only", binutilsV3, "aarch64", []string{"aarch64-v3.S"}, nil, nil, nil},
	{"v3-merged", binutilsV3, "aarch64", []string{"aarch64-v3.S", "functions.c", "aarch64.S"}, nil, nil, nil},
	{"v1-be", binutilsV1, "aarch64", []string{"aarch64.S"}, nil, []string{"-EB"}, []string{"-EB"}},
	{"v3-be", binutilsV3, "aarch64", []string{"aarch64.S"}, nil, []string{"-EB"}, []string{"-EB"}},
	{"v1-amd64", binutilsV1, "x86_64", []string{"amd64.s"}, nil, nil, nil},
	{"v2-amd64", binutilsV2, "x86_64", []string{"amd64.s"}, nil, nil, nil},
	{"v3-amd64", binutilsV3, "x86_64", []string{"amd64.s", "amd64-v3.s"}, nil, nil, nil},
	{"v3-s390x", binutilsV3, "s390x", []string{"s390x.s"}, nil, nil, nil},
}

// regenerate writes the two files of a golden section.
func regenerate(t *testing.T, i int) {
	g := goldens[i]
	dir := t.TempDir()
	var objects []string
	for _, source := range g.sources {
		path := filepath.Join("testdata/src", source)
		object := filepath.Join(dir, source+".o")
		if strings.HasSuffix(source, ".c") {
			assembly := filepath.Join(dir, source+".s")
			run(t, g.target+"-linux-gnu-gcc", append([]string{"-O2", "-S", "-o", assembly, path}, g.gcc...)...)
			path = assembly
		}
		run(t, g.tools.tool(t, g.target, "as"), append([]string{g.tools.flag, "-o", object, path}, g.as...)...)
		objects = append(objects, object)
	}
	linked := filepath.Join(dir, "linked.so")
	args := append([]string{"-shared", "-z", "noseparate-code", "-o", linked}, g.ld...)
	run(t, g.tools.tool(t, g.target, "ld"), append(args, objects...)...)
	file, err := os.ReadFile(linked)
	if err != nil {
		t.Fatal(err)
	}
	data, addr, err := sectionOf(file)
	if err != nil {
		t.Fatal(err)
	}
	text := run(t, g.tools.readelf(t), "--sframe", linked)
	for name, content := range map[string][]byte{".elf": wrapELF(t, data, ABI(data[4]), addr), ".txt": text} {
		if err := os.WriteFile(filepath.Join("testdata", g.name+name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// golden returns a section of testdata and the address where it is loaded.
func golden(t testing.TB, name string) (data []byte, addr uint64) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name+".elf"))
	if err != nil {
		t.Fatal(err)
	}
	data, addr, err = sectionOf(file)
	if err != nil {
		t.Fatal(err)
	}
	return data, addr
}

// TestGolden holds what GNU binutils wrote against everything that this package does with a section.
func TestGolden(t *testing.T) {
	for i, g := range goldens {
		t.Run(g.name, func(t *testing.T) {
			if *update {
				regenerate(t, i)
			}
			data, addr := golden(t, g.name)
			s, err := Decode(data, addr)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.FDEs) == 0 {
				t.Fatal("no FDEs: the golden section tests nothing")
			}

			want, err := os.ReadFile(filepath.Join("testdata", g.name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			var dump bytes.Buffer
			if err := Dump(&dump, s); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(dump.String(), "\n")); diff != "" {
				t.Error("dump (-readelf +ours):\n", diff)
			}

			encoded, err := s.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(encoded, data) {
				t.Errorf("encoded differently:\n%x\nwant\n%x", encoded, data)
			}
			if problems := Verify(data, addr); len(problems) > 0 {
				t.Errorf("problems: %v", problems)
			}

			rebuilt, err := rebuild(s).Encode()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(rebuilt, data) {
				t.Errorf("built from rows differently:\n%x\nwant\n%x", rebuilt, data)
			}
		})
	}
}

// rebuild makes the section again from what its rows mean, leaving all widths to this package.
func rebuild(s *Section) *Section {
	out := NewSection(s.Version, s.ABI, s.Addr)
	out.Flags = s.Flags
	for i, f := range s.FDEs {
		rows := make([]Row, len(f.FREs))
		for j := range rows {
			row, err := s.Row(i, j)
			if err != nil {
				panic(err)
			}
			rows[j] = row
		}
		offset := f.FREOffset
		f.Width = 0
		if err := out.AddFunc(f, rows...); err != nil {
			panic(err)
		}
		out.FDEs[i].FREOffset = offset
	}
	return out
}
