// SPDX-License-Identifier: GPL-2.0-only

package symbolfile

import (
	"debug/dwarf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/scenarios/corpus"
)

// rows lists the lines of a file's programs, by unit, which must have been compiled in a folder.
func rows(t *testing.T, file []byte, folder string) map[string][]string {
	t.Helper()
	_, all, err := readDWARF(file)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for r := all.Reader(); ; {
		unit, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if unit == nil {
			return found
		}
		r.SkipChildren()
		name, _ := unit.Val(dwarf.AttrName).(string)
		name = strings.TrimPrefix(name, "src/")
		if dir, _ := unit.Val(dwarf.AttrCompDir).(string); dir != folder {
			t.Errorf("%s was compiled in %s", name, dir)
		}
		lines, err := all.LineReader(unit)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var e dwarf.LineEntry
		for err = lines.Next(&e); err == nil; err = lines.Next(&e) {
			row := fmt.Sprintf("%#x %s:%d %v %v", e.Address, e.File.Name, e.Line, e.IsStmt, e.EndSequence)
			found[name] = append(found[name], row)
		}
		if !errors.Is(err, io.EOF) {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// The sources are where they are said to be, and every line is where it was: but for those with which functions that
// begin with two NOPs begin, perhaps after a landing pad, which have moved to the start.
func TestCorpusNamesSources(t *testing.T) {
	file, err := Corpus("/some/where")
	if err != nil {
		t.Fatal(err)
	}
	before, after := rows(t, corpus.ELF(), "src"), rows(t, file, "/some/where")
	if len(after) < 40 {
		t.Errorf("%d units", len(after))
	}
	moved := 0
	for unit, was := range before {
		now := slices.Clone(after[unit])
		for i := range min(len(was), len(now)) {
			address, rest, _ := strings.Cut(now[i], " ")
			s, _ := corpus.Image().Symbols.At(parse(t, address))
			old, same, _ := strings.Cut(was[i], " ")
			begins := fmt.Sprintf("%#x", s.Addr) == address && parse(t, old)-s.Addr <= 12
			if now[i] != was[i] && begins && rest == same {
				moved++
				now[i] = was[i]
			}
		}
		if d := cmp.Diff(was, now); d != "" {
			t.Errorf("%s (-before +after):\n%s", unit, d)
		}
		path, _, _ := strings.Cut(strings.Fields(now[0])[1], ":")
		if _, err := fs.Stat(corpus.Sources(), path); err != nil {
			t.Error(err)
		}
	}
	if moved < 100 {
		t.Errorf("%d functions begin earlier", moved)
	}
}

func parse(t *testing.T, hex string) (addr uint64) {
	t.Helper()
	if _, err := fmt.Sscanf(hex, "%v", &addr); err != nil {
		t.Fatal(err)
	}
	return addr
}
